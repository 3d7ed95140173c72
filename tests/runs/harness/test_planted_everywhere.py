"""Keys of every provider and every way to sign in, told back by the server wherever it can, and looked for in all that is left."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import comfy_stub
import kit
import log_story as story
import pytest
from click.testing import CliRunner
from vendor_server import Fault, Seen, Vendor, serve

import workbench
from prompts.errors import WorkbenchError
from runs import query, secrets
from runs.compare import compare_arms, find_arms
from runs.comparison_page import page
from runs.harness import Options, run
from runs.plan import Plan
from runs.pricing import Pricing
from runs.providers import get
from runs.providers.cassette import recording
from runs.pruning import prunable, prune
from runs.retry import Retry
from runs.sealing import seal_old
from runs.settings import load
from runs.workspace import Workspace

pytestmark = pytest.mark.slow
MIDJOURNEY = "accept_terms = true"
# preset, stage, what its table says beside the address, the variables that hold its keys
WAYS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "openai": ("openai", "script", 'model = "m"', ("OPENAI_API_KEY",)),
    "openai, responses": ("openai", "script", 'model = "m"\ncapabilities = { api = "responses" }', ("OPENAI_API_KEY",)),
    "qwen": ("qwen", "script", 'model = "qwen-plus"', ("DASHSCOPE_API_KEY",)),
    "a gateway": ("litellm", "script", 'model = "m"\napi_key_env = "HOUSE_TOKEN"\nheaders = { X-Studio = "night" }', ("HOUSE_TOKEN",)),
    "openai-images": ("openai-images", "shot", "", ("OPENAI_API_KEY",)),
    "qwen-image": ("qwen-image", "shot", "", ("DASHSCOPE_API_KEY",)),
    "wanx": ("wanx", "shot", "", ("DASHSCOPE_API_KEY",)),
    "wan": ("wan", "clip", 'model = "wan2.7-t2v"', ("DASHSCOPE_API_KEY",)),
    "kling, static": ("kling", "clip", "", ("KLING_API_KEY",)),
    "kling, a pair": ("kling", "clip", "", ("KLING_ACCESS_KEY", "KLING_SECRET_KEY")),
    "youchuan": ("youchuan", "shot", MIDJOURNEY, ("YOUCHUAN_SECRET", "YOUCHUAN_APP")),
    "proxy, own header": ("midjourney-proxy", "shot", f'{MIDJOURNEY}, auth = "mj-api-secret"', ("PROXY_SECRET",)),
    "proxy, bare": ("midjourney-proxy", "shot", f'{MIDJOURNEY}, auth = "authorization"', ("PROXY_SECRET",)),
    "proxy, bearer": ("midjourney-proxy", "shot", f'{MIDJOURNEY}, auth = "bearer"', ("PROXY_SECRET",)),
    "comfyui": ("comfyui", "shot", 'workflow = "still.json", slots = { prompt = "Positive.text", seed = [] }', ("COMFY_TOKEN",)),
    "fal": ("fal", "clip", 'model = "a/b"', ("FAL_KEY",)),
    "replicate": ("replicate", "clip", 'model = "a/b"', ("REPLICATE_API_TOKEN",)),
    "suno": ("suno", "music", 'model = "V5"', ("SUNO_API_KEY",)),
    "suno, a cookie's server": ("suno-cookie", "music", 'api_key_env = "COOKIE_SECRET"', ("COOKIE_SECRET",)),
    "suno, new api": ("suno-newapi", "music", 'model = "V5"', ("SUNO_API_KEY",)),
    "elevenlabs": ("elevenlabs", "music", "", ("ELEVENLABS_API_KEY",)),
}
OWN_VARIABLE = {"midjourney-proxy": "PROXY_SECRET", "comfyui": "COMFY_TOKEN"}
TEMPLATES = {
    "script/a.j2": "Write {{ series.title }}.", "script/b.j2": "Write {{ series.title }}, well.", "shot/a.j2": "Mei in the rain.",
    "clip/a.j2": "Mei walks.", "music/a.j2": "Strings.",
}  # fmt: skip


def planted(name: str) -> str:
    """Return a key that stands out, with signs that JSON and addresses write in other ways."""
    return f"planted-{name.lower().replace('_', '-')}/0123456789+abc=%41"


class Echo(Vendor):
    """Tells each caller its own keys, in every field, header and escape, and in every way in which an answer can end."""

    def __init__(self) -> None:
        super().__init__()
        self.told: set[str] = set()
        self.count = 0

    def answer(self, seen: Seen) -> Any:
        heads = {name.lower(): value for name, value in seen.headers.items()}
        keys = {re.sub(r"^(Bearer|Key) ", "", heads[n]) for n in ("authorization", "xi-api-key", "mj-api-secret") if n in heads}
        keys |= {value for name, value in heads.items() if name.startswith("x-youchuan")}
        self.told |= keys
        self.count += 1
        said = f"refused for {' and '.join(sorted(keys))}; see https://x.example/?api_key={quote(''.join(keys))}"
        key = "".join(keys)
        odd = {key: [key, {"deep": said, "api_key": key}], "url": f"https://user:{key}@x.example/?token={key}"}
        task = {"task_id": "t-1", "task_status": "FAILED", "code": key, "message": said, "task_status_msg": said}
        talk = {"finish_reason": "stop", "message": {"role": "assistant", "content": f"the key is {key}"}}
        body: dict[str, Any] = {"id": "t-1", "status": "failed", "error": None, "choices": [talk], "output": task, "model": key, **odd}
        body["data"] = {**task, "task_status": "failed"}
        wrong = {
            "error": {"message": said, "code": "x", "type": key},
            "message": said,
            "msg": said,
            "detail": said,
            "description": said,
            "code": 7,
        }
        status, shown = ((200, body), (400, wrong | odd), (200, wrong | odd), (422, f"<html>{said} {json.dumps(key)}</html>"))[
            self.count % 4
        ]
        return Fault(status, shown, {"x-request-id": key, "Set-Cookie": f"k={key}", "Location": f"https://x.example/?key={key}"})


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace of a team, with half of the keys in the environment and half in `.env`."""
    found = story.workspace(tmp_path / "drama")
    for path, text in TEMPLATES.items():
        (found.prompts / path).parent.mkdir(parents=True, exist_ok=True)
        (found.prompts / path).write_text(f"---\nstage: {path.partition('/')[0]}\n---\n{text}\n")
    (tmp_path / "store").mkdir()
    (found.root / "still.json").write_text(json.dumps(comfy_stub.WORKFLOW))
    names = sorted({name for way in WAYS.values() for name in way[3]})
    (found.root / ".env").write_text("".join(f"{name}='{planted(name)}'\n" for name in names[::2]))
    for name in names[1::2]:
        monkeypatch.setenv(name, planted(name))
    return found


def settled(ws: Workspace, way: str, address: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write the settings of one way, and return its provider."""
    preset, _, table, names = WAYS[way]
    options = [line for line in table.split("\n") if line.startswith((MIDJOURNEY, "workflow"))]
    lines = [line for line in table.split("\n") if line not in options]
    if preset in OWN_VARIABLE:
        lines.append(f'api_key_env = "{OWN_VARIABLE[preset]}"')
    if preset != "elevenlabs" and WAYS[way][1] != "script":
        options.append("poll_s = 0.005")
    if options and preset not in ("openai-images", "qwen-image"):
        lines.append(f"options = {{ {', '.join(options)} }}")
    team = f'[team]\nstore = "file://{ws.root.parent / "store"}"\nmachine = "alpha"\n'
    ws.config.write_text(f'provider = "{preset}"\n{team}[providers.{preset}]\nbase_url = "{address}"\n' + "\n".join(lines) + "\n")
    for name in ("KLING_ACCESS_KEY", "KLING_SECRET_KEY"):
        # A pair goes before a static key.
        monkeypatch.setenv(name, planted(name) if name in names else "")
    return get(preset, load(ws.root))


def planned(ws: Workspace, provider: Any, stage: str) -> Plan:

    versions = ["script/a", "script/b"] if stage == "script" else [f"{stage}/a"]
    return kit.plan(ws, provider, stage, versions=versions, series=1, cases=1 if stage == "script" else 2)


def called(ws: Workspace, *arguments: str) -> str:
    return CliRunner().invoke(workbench.cli, ["-w", str(ws.root), *arguments]).output


def left(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield everything that lies in a folder, unpacked: journals that are sealed, the tables of the log."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in (".env", "workbench.toml")):
        yield str(path.relative_to(folder)), path.read_bytes()
        if path.suffix == ".gz":
            yield f"{path.name}, unpacked", gzip.decompress(path.read_bytes())


def forms(key: str) -> set[bytes]:
    """Return a key as it is and as JSON, addresses and base64 write it."""
    texts = {
        key,
        json.dumps(key)[1:-1],
        quote(key),
        quote(key, safe=""),
        key.replace("%41", "A"),
        base64.b64encode(key.encode()).decode().rstrip("="),
    }
    return {text.encode() for text in texts}


def test_no_planted_key_is_in_anything_that_is_left(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secrets.guard_logging()
    caplog.set_level(logging.DEBUG)
    said: dict[str, bytes] = {}
    told: set[str] = set()
    options = Options(retry=Retry(base_s=0.001, tries={}), pricing=Pricing(free=True), accounts=tmp_path / "accounts")
    with serve(Echo()) as echo:
        for way, (_, stage, _, names) in WAYS.items():
            echo.told.clear()
            provider = settled(ws, way, echo.base_url, monkeypatch)
            run(ws, planned(ws, provider, stage), recording(provider, tmp_path / "tape" / way), options)
            told |= echo.told
            if way != "kling, a pair":
                assert {planted(name) for name in names} <= echo.told, f"{way}: the server was not told its keys"
            said[f"{way}: doctor"] = called(ws, "doctor", "--provider", provider.name).encode()
    assert any(token.startswith("eyJ") for token in told), "a token was signed with the pair"
    runs = list(query.runs(ws)["run_id"])
    assert len(runs) == len(WAYS)
    shown: list[tuple[str, ...]] = [("show", name, "--format", "json") for name in runs]
    for words in (("runs", "--format", "json"), ("config",), ("providers",), ("log", "errors"), ("team", "push"), *shown):
        said[" ".join(words)] = called(ws, *words).encode()
    for name in runs:
        for row in query.generations(ws, name).to_dict("records"):
            said[f"examine {name} {row['job_id']}"] = json.dumps(query.generation(ws, name, row["job_id"]), default=str).encode()
        said[f"errors of {name}"] = query.errors(ws, name).to_csv().encode()
    pair = compare_arms(ws, *find_arms(ws, f"{runs[-1]}:a", f"{runs[-1]}:b"))
    said["the report"] = page(ws, pair, "cost").encode()
    said["tables"] = repr(story.contents(ws)).encode()
    sealed = seal_old(ws, older_than_s=-60)
    assert prune(ws, prunable(ws, older_than_s=-60), tmp_path / "archive") > 0, sealed
    said["log lines"] = caplog.text.encode()
    found = [(where, data) for where, data in (*left(tmp_path), *said.items())]
    assert {"store", "tape", "archive"} <= {Path(where).parts[0] for where, _ in found}
    wanted = {form for key in told | {planted(n) for way in WAYS.values() for n in way[3]} for form in forms(key)}
    leaks = [(where, form) for where, data in found for form in wanted if form in data]
    assert leaks == []
    assert any(secrets.MASK.encode() in data for _, data in found), "and yet they were said"


def test_an_address_with_a_password_or_a_query_is_refused_and_not_repeated(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    for address in (
        "https://me:planted-0123456789@x.example",
        "https://x.example/v1?api_key=planted-0123456789",
        "https://x.example/#planted-0123456789",
    ):
        with pytest.raises(WorkbenchError) as caught:
            settled(ws, "openai", address, monkeypatch)
        assert "planted" not in str(caught.value)
        assert "without user name, password, query or fragment" in str(caught.value)
