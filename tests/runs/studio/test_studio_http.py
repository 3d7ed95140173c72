"""`workbench studio serve`: real adapters and OpenAI's own client run end to end against the studio, and are marked simulated."""

from __future__ import annotations

import asyncio
import base64
import http.client
import io
import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest
import studio_server
from patience import HANGS_S
from PIL import Image

from prompts.story import Script
from runs import query
from runs.provider import Message, Reference, Request
from runs.providers import get
from runs.settings import load
from runs.starting import initialise
from runs.studio.reference import reference_from_bytes
from runs.studio_http import MAX_BODY, Refused, check_host

SHEET = "Character sheet: three views. A young woman, long black hair, narrow face, brown eyes, full lips."
SHOT = "A young woman, long black hair. Joy, close-up. Continuity: the face matches its reference picture exactly."


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with studio_server.served() as address:
        yield address


def settings(folder: Path, base_url: str) -> Any:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "workbench.toml").write_text(
        # With a seed, so that the studio says the same whatever the run is called.
        f'[providers.openai]\nbase_url = "{base_url}"\napi_key_env = ""\nmodel = "studio-1"\n'
        'capabilities = { structured = "json_schema", max_tokens_field = "max_completion_tokens", seed = true }\n'
        f'[providers.openai-images]\nbase_url = "{base_url}"\napi_key_env = ""\nmodel = "gpt-image-2"\n'
        '[providers.openai-images.parameters]\nsize = "96x160"\n',
        "utf-8",
    )
    return load(folder)


def test_openais_own_client_gets_a_script_whole_and_streamed(base_url: str) -> None:
    """The independent witness: the SDK, not our adapter."""
    client = openai.OpenAI(base_url=base_url, api_key="any")
    asked: Any = {
        "model": "any", "messages": [{"role": "user", "content": "Write the script of episode 1 as JSON with scenes."}], "seed": 5,
        "response_format": {"type": "json_schema", "json_schema": {"name": "script", "schema": {}}},
    }  # fmt: skip
    whole = client.chat.completions.with_raw_response.create(**asked)
    answer = whole.parse()
    Script.model_validate_json(answer.choices[0].message.content)
    assert answer.usage.completion_tokens > 0
    assert whole.headers["x-workbench-simulated"] == "offline-studio"
    chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == answer.choices[0].message.content
    assert chunks[-1].usage.total_tokens == answer.usage.total_tokens
    assert client.models.list().data[0].id == "studio-1"


def test_openais_own_client_draws_and_edits(base_url: str) -> None:
    client = openai.OpenAI(base_url=base_url, api_key="any")
    drawn = client.images.generate(model="m", prompt=SHOT, n=2, size="96x160", output_format="png")  # type: ignore[call-overload]
    pictures = [base64.b64decode(d.b64_json) for d in drawn.data]
    assert [(Image.open(io.BytesIO(p)).format, Image.open(io.BytesIO(p)).size) for p in pictures] == [("PNG", (96, 160))] * 2
    assert pictures[0] != pictures[1]
    edited = client.images.edit(model="m", prompt=SHOT, image=[("1.png", pictures[0], "image/png")], size="96x160")  # type: ignore[call-overload]
    assert Image.open(io.BytesIO(base64.b64decode(edited.data[0].b64_json))).format == "WEBP"


def test_a_sheet_that_goes_along_keeps_its_face_through_the_real_adapter(tmp_path: Path, base_url: str) -> None:
    provider = get("openai-images", settings(tmp_path, base_url))

    async def draw(prompt: str, stage: str, references: tuple[Reference, ...] = ()) -> bytes:
        outcome = await provider.generate(
            Request(stage, stage, "image", (Message("user", prompt),), "gpt-image-2", {"size": "96x160"}, references=references)
        )  # type: ignore[attr-defined]
        assert outcome.failure is None, outcome.failure
        assert (outcome.cost_usd, outcome.wire_response["headers"]["x-workbench-simulated"]) == (0.0, "offline-studio")
        return bytes(outcome.assets[0].data)

    async def main() -> tuple[bytes, bytes, bytes]:
        async with provider:
            sheet = await draw(SHEET, "character")
            path = tmp_path / "sheet.webp"
            path.write_bytes(sheet)
            return sheet, await draw(SHOT, "shot", (Reference("Mei", "0" * 64, "image/webp", path),)), await draw(SHOT, "shot")

    own, with_sheet, without = (face(data) for data in asyncio.run(main()))
    assert math.dist(own, with_sheet) < 0.5 * math.dist(own, without)


def face(data: bytes) -> list[float]:
    """Return the measures of the face that a picture of the studio carries."""
    found = reference_from_bytes(data)
    assert found is not None
    return [value for value in asdict(found.identity).values() if isinstance(value, float)]


def ask(base_url: str, method: str, path: str, body: bytes = b"{}", **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=HANGS_S)
    try:
        connection.request(method, f"/v1{path}", body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/chat/completions", b"not json", 400), ("/chat/completions", b"[]", 400), ("/chat/completions", b'{"messages": []}', 400),
        ("/images/generations", b'{"prompt": " "}', 400), ("/images/generations", b'{"prompt": "x", "n": 11}', 400),
        ("/images/edits", b'{"prompt": "x"}', 400),
        ("/images/edits", b'{"prompt": "x", "images": [{"image_url": "http://169.254.169.254/latest"}]}', 400),
        ("/images/edits", b'{"prompt": "x", "images": [{"image_url": "data:image/png;base64,%%%"}]}', 400),
    ],
)  # fmt: skip
def test_a_call_that_makes_no_sense_is_refused_in_openais_words(base_url: str, path: str, body: bytes, status: int) -> None:
    got, answer = ask(base_url, "POST", path, body)
    assert (got, answer["error"]["type"]) == (status, "invalid_request_error")


def test_only_this_machine_is_served_and_only_by_its_names(base_url: str) -> None:
    """A page of another site that resolves its name to this machine gets nothing."""
    assert ask(base_url, "GET", "/models")[0] == 200
    assert ask(base_url, "GET", "/models", Host="evil.example")[0] == 403
    assert ask(base_url, "GET", "/models", Origin="https://evil.example")[0] == 403
    assert urlsplit(base_url).hostname == "127.0.0.1"
    for good in ("localhost:8990", "127.0.0.1", "[::1]:80", "[::1]"):
        check_host({"host": good})
    for bad in ("", "localhost.evil.example", "127.0.0.1.nip.io:80", "evil@localhost:1x"):
        with pytest.raises(Refused):
            check_host({"host": bad})


def test_a_body_that_is_too_large_is_not_read(base_url: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=HANGS_S)
    connection.putrequest("POST", "/v1/images/generations")
    connection.putheader("Content-Length", str(MAX_BODY + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.slow
def test_a_run_through_the_real_adapters_is_logged_as_simulated_and_free(tmp_path: Path, base_url: str) -> None:
    """A chain of outline, script, sheets and shots through the chat and image adapters; with a budget, though the table has prices."""
    from click.testing import CliRunner

    import workbench

    ws = initialise(tmp_path / "drama")
    settings(ws.root, base_url)
    (ws.evals / "chains" / "pilot.yaml").write_text(
        "name: pilot\nepisodes: [appeal-below/e03]\nshots: 1\nbudget_usd: 50\nstages:\n"
        "  outline: {version: outline/episode, provider: openai, parameters: {max_tokens: 4000}, scorers: []}\n"
        "  script: {version: script/episode, provider: openai, parameters: {max_tokens: 8000}, scorers: []}\n"
        "  character: {version: character/sheet, provider: openai-images, scorers: []}\n"
        "  shot: {version: shot/keyframe, provider: openai-images, scorers: []}\n",
        "utf-8",
    )
    (ws.root / "workbench.toml").open("a", encoding="utf-8").write(
        '[[prices]]\nmodel = "studio-1"\nkind = "tokens"\ninput = 1\noutput = 2\n'
        '[[prices]]\nmodel = "gpt-image-2"\nkind = "image"\nimage = 0.04\n'
    )
    done = CliRunner().invoke(workbench.cli, ["-w", str(ws.root), "chain", "pilot", "--format", "json"])
    assert done.exit_code == 0, done.output
    generations = query.generations(ws)
    assert set(generations["status"]) == {"ok"}
    assert generations["simulated"].all()
    assert generations["cost_usd"].sum() == 0
    assert query.runs(ws)["simulated"].all()
