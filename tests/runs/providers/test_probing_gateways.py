"""`doctor --provider` at the gateways: a good key, a refused one, and what cannot be asked for free, at the contract stubs.

The stubs were written from providers.md, never compared with the real services: what is shown is that the question is free, that
it goes to an address of the document, and that answer and refusal are told apart.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from comfy_stub import WORKFLOW, Comfy
from dashscope_server import DashScope
from fal_stub import Fal
from kling_server import STATIC, Kling
from midjourney_stub import Proxy, Youchuan
from music_stub import ElevenLabs, SunoApi, SunoCookie, SunoNewApi
from replicate_stub import Replicate
from vendor_server import Fault, Vendor, serve

from runs.diagnosis import Check
from runs.probing import FREE, NEVER_WAS, probe
from runs.providers import BUILT_IN
from runs.settings import load

KEY = STATIC
"""Kling's stub knows one key; the others take any."""
AUTH = Fault(401, {"code": 401, "message": "no such key", "detail": "no such key"})
QUOTA = Fault(402, {"message": "no balance", "error": "Insufficient credits"})
# A key of another region is told the same as a wrong one.
OF_DASHSCOPE = (
    Fault(401, {"code": "InvalidApiKey", "message": "Invalid API-key provided.", "request_id": "r"}),
    Fault(400, {"code": "Arrearage", "message": "Access denied, please make sure your account is in good standing.", "request_id": "r"}),
)
REFUSALS = dict.fromkeys(("qwen-image", "wan", "wanx"), OF_DASHSCOPE)
ASKED: dict[str, tuple[Callable[[], Vendor], str]] = {
    "kling": (Kling, "/v1/videos/text2video"),
    "youchuan": (Youchuan, "/v1/tob/job/workbench-doctor"),
    "midjourney-proxy": (Proxy, "/mj/task/list"),
    "fal": (Fal, "/fal-ai/flux/requests/00000000-0000-0000-0000-000000000000/status"),
    "replicate": (Replicate, "/v1/account"),
    "suno": (SunoApi, "/api/v1/generate/record-info"),
    "suno-cookie": (SunoCookie, "/api/get_limit"),
    "suno-newapi": (SunoNewApi, "/suno/fetch/workbench-doctor"),
    "elevenlabs": (ElevenLabs, "/v1/user/subscription"),
    "comfyui": (Comfy, "/system_stats"),
    "qwen-image": (DashScope, "/api/v1/tasks/"),
    "wan": (DashScope, "/api/v1/tasks/"),
    "wanx": (DashScope, "/api/v1/tasks/"),
}
PATHS = {"midjourney-proxy": "/mj", "replicate": "/v1", **dict.fromkeys(REFUSALS, "/api/v1")}
"""What a preset's base URL ends with."""


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_KEY", KEY)
    monkeypatch.setenv("YOUCHUAN_APP", "app-planted-0123456789")


def asked(folder: Path, name: str, vendor: Vendor, model: str = "") -> dict[str, Check]:
    """Return what doctor says of a provider."""
    options = "accept_terms = true" if name in ("midjourney-proxy", "youchuan") else ""
    if name == "comfyui":
        (folder / "still.json").write_text(json.dumps(WORKFLOW), "utf-8")
        options = 'workflow = "still.json", slots = { prompt = "Positive.text", seed = [] }'
    (folder / "workbench.toml").write_text(
        f'[providers.{name}]\nbase_url = "{vendor.base_url}{PATHS.get(name, "")}"\napi_key_env = "GATEWAY_KEY"\n'
        f"{f'model = {json.dumps(model)}' if model else ''}\noptions = {{ {options} }}\n",
        "utf-8",
    )
    checks = {check.name: check for check in asyncio.run(probe(name, load(folder)))}
    assert "answer" in checks, checks
    return checks


@pytest.mark.parametrize("name", ASKED)
def test_a_good_key_is_told_by_a_question_that_is_free(tmp_path: Path, name: str) -> None:
    stub, path = ASKED[name]
    with serve(stub()) as vendor:
        found = asked(tmp_path, name, vendor, "fal-ai/flux/dev" if name == "fal" else "")["answer"]
    assert found.state == "ok", found
    assert [(seen.method, seen.path) for seen in vendor.seen] == [("GET", path)], "one question, and nothing is submitted"


@pytest.mark.parametrize("name", [name for name in ASKED if name != "comfyui"])
def test_a_refused_key_and_an_empty_account_are_told(tmp_path: Path, name: str) -> None:
    stub, path = ASKED[name]
    for fault, word in zip(REFUSALS.get(name, (AUTH, QUOTA)), ("auth", "quota"), strict=True):
        with serve(stub()) as vendor:
            vendor.fault(f"GET {path}", *[fault] * 5)
            found = asked(tmp_path, name, vendor, "fal-ai/flux/dev" if name == "fal" else "")["answer"]
        assert (found.state, found.found.partition(":")[0]) == ("failed", word), found
        assert found.todo
        assert KEY not in str(found)
        assert word != "auth" or "region" in found.todo


@pytest.mark.parametrize(("name", "good", "bad"), [("qwen-image", "qwen-image-plus", "qwem-image-plus"), ("kling", "kling-v3", "cling-v3")])
def test_a_model_that_no_list_names_is_looked_for_in_our_table(tmp_path: Path, name: str, good: str, bad: str) -> None:
    """Such services list their models nowhere for free."""
    with serve(ASKED[name][0]()) as vendor:
        known, unknown = (asked(tmp_path, name, vendor, model)["model"] for model in (good, bad))
    assert (known.state, unknown.state) == ("ok", "warning")
    assert f"{bad} fits none of" in unknown.found and "spelled right" in unknown.todo


def test_every_kind_is_asked_or_says_why_not(tmp_path: Path) -> None:
    """The only kind that calls somebody and cannot be asked is LangChain's: whose API is behind it, only its package knows."""
    calls_nobody = {"studio", "replay", "manual"}
    assert BUILT_IN.keys() - FREE.keys() - NEVER_WAS.keys() - {"chat", "openai-images"} - calls_nobody == {"langchain"}
    table = '[providers.other]\ntype = "langchain"\nmodel = "openai:gpt-4o"\napi_key_env = "GATEWAY_KEY"\n'
    (tmp_path / "workbench.toml").write_text(table, "utf-8")
    answer = {check.name: check for check in asyncio.run(probe("other", load(tmp_path)))}["answer"]
    assert (answer.state, answer.found) == ("warning", "not asked: langchain cannot be asked for free")
    assert "--limit 1" in answer.todo
