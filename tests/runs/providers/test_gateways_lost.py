"""A submit whose answer was lost is never simply sent again, whichever gateway it was and however the answer was lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import calling
import comfy_stub
import fal_stub
import midjourney_stub
import music_stub
import openai_stub
import pytest
import replicate_stub
from vendor_server import Fault, Vendor, serve

from runs.settings import Capabilities, ProviderSettings


@dataclass(frozen=True)
class Gateway:
    """A stub, where a submit goes to, and how often the stub was asked for something paid."""

    stub: Callable[[], Any]
    submit: str
    paid: Callable[[Any], int]
    kind: Any
    options: dict[str, Any]
    path: str = ""
    model: str = ""
    looks_up: bool = False
    adapter: str = ""
    capabilities: Capabilities = field(default_factory=Capabilities)


GATEWAYS: dict[str, Gateway] = {
    "youchuan": Gateway(midjourney_stub.Youchuan, "POST /v1/tob/diffusion", lambda s: len(s.jobs), "image", {"accept_terms": True}),
    "midjourney-proxy": Gateway(
        midjourney_stub.Proxy, "POST /mj/submit/imagine", lambda s: len(s.tasks), "image", {"accept_terms": True}, "/mj", looks_up=True
    ),
    "fal": Gateway(fal_stub.Fal, "POST /a/b", lambda s: len(s.requests), "video", {}, model="a/b"),
    "replicate": Gateway(replicate_stub.Replicate, "POST /v1/models", lambda s: len(s.predictions), "video", {}, "/v1", "a/b"),
    "comfyui": Gateway(
        comfy_stub.Comfy, "POST /prompt", lambda s: len(s.prompts), "image",
        {"workflow": "still.json", "slots": {"prompt": "Positive.text", "seed": "Sampler.seed"}}, looks_up=True,
    ),
    "suno": Gateway(music_stub.SunoApi, "POST /api/v1/generate", lambda s: len(s.tasks), "audio", {}, model="V5"),
    "suno-cookie": Gateway(music_stub.SunoCookie, "POST /api/generate", lambda s: len(s.clips) // 2, "audio", {}),
    "suno-newapi": Gateway(music_stub.SunoNewApi, "POST /suno/submit/music", lambda s: len(s.tasks), "audio", {}),
    "openai": Gateway(
        openai_stub.OpenAi, "POST /responses", lambda s: len(s.orders), "text", {}, model="m-1", adapter="chat",
        capabilities=Capabilities(api="responses", background=True),
    ),
}  # fmt: skip
ANSWER = json.dumps({"code": 1, "result": "t"}).encode()
LOST = {
    "the connection closes after the request": Fault(after=True),
    "the answer is cut off": Fault(200, ANSWER, cut=True),
    "a page comes instead": Fault(200, "<html>we are moving</html>"),
    "the wrong kind of answer comes": Fault(200, b"\x89PNG\r\n\x1a\n", {"Content-Type": "image/png"}),
    "a gateway on the way gives up": Fault(502, "<html>bad gateway</html>"),
    "it takes too long": Fault(delay=1.0, body={}),
}


@pytest.fixture(params=GATEWAYS)
def gateway(request: pytest.FixtureRequest) -> Gateway:
    return GATEWAYS[request.param]


@pytest.fixture
def server(gateway: Gateway) -> Iterator[Vendor]:
    with serve(gateway.stub()) as running:
        yield running


def made(gateway: Gateway, server: Vendor, root: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("GATE_KEY", "YOUCHUAN_APP"):
        monkeypatch.setenv(name, "planted-key-0123456789")
    (root / "still.json").write_text(json.dumps(comfy_stub.WORKFLOW))
    kind = gateway.adapter or next(k for k, g in GATEWAYS.items() if g is gateway)
    config = ProviderSettings(
        type=kind, base_url=server.base_url + gateway.path, api_key_env="GATE_KEY", model=gateway.model,
        options={"poll_s": 0.005, **gateway.options}, timeout_s=0.4, capabilities=gateway.capabilities,
    )  # fmt: skip
    config._root = root
    return calling._factory(kind)(kind, config)


@pytest.mark.parametrize("how", LOST)
def test_one_submit_whatever_becomes_of_its_answer(
    gateway: Gateway, server: Vendor, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the stub took the request, a gateway that can be asked gives the output; the others leave it to a person."""
    provider = made(gateway, server, tmp_path, monkeypatch)
    server.fault(gateway.submit, LOST[how])
    answer, handed = calling.driven(provider, calling.request("rain", gateway.kind, stage="shot"))
    assert len([s for s in server.seen if f"{s.method} {s.path}".startswith(gateway.submit)]) == 1
    taken = gateway.paid(server)
    assert taken == (1 if LOST[how].after else 0)
    if taken and gateway.looks_up:
        assert answer.outcome.assets and len(handed) == 1
    else:
        assert answer.unknown and answer.outcome.assets == () and handed == []


def test_a_task_that_is_stuck_is_abandoned_by_its_name(
    gateway: Gateway, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = made(gateway, server, tmp_path, monkeypatch)
    if hasattr(server, "before"):
        server.before = [server.before[-1]] * 100_000
    elif isinstance(server, comfy_stub.Comfy):
        server.steps = 100_000
    else:
        server.tasks = _Endless()
    answer, handed = calling.driven(provider, calling.request("rain", gateway.kind, stage="shot"), deadline_s=0.4)
    failure = calling.failure_of(answer)
    assert (failure.error, answer.unknown) == ("timeout", False)
    assert handed[0] in failure.message and "may still be billed" in failure.message


class _Endless(dict[str, list[str]]):
    """Tasks that are always in progress."""

    def __setitem__(self, task: str, states: list[str]) -> None:
        super().__setitem__(task, ["IN_PROGRESS"] * 100_000)
