"""The gateways whose tasks are handed in, asked for and fetched, each with its stub and settings: for tests of all of them alike."""

from __future__ import annotations

import json
from collections.abc import Callable
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
from vendor_server import Vendor

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


def made(gateway: Gateway, server: Vendor, root: Path, monkeypatch: pytest.MonkeyPatch, timeout_s: float = 20.0) -> Any:
    for name in ("GATE_KEY", "YOUCHUAN_APP"):
        monkeypatch.setenv(name, "planted-key-0123456789")
    (root / "still.json").write_text(json.dumps(comfy_stub.WORKFLOW))
    kind = gateway.adapter or next(k for k, g in GATEWAYS.items() if g is gateway)
    config = ProviderSettings(
        type=kind, base_url=server.base_url + gateway.path, api_key_env="GATE_KEY", model=gateway.model,
        options={"poll_s": 0.005, **gateway.options}, timeout_s=timeout_s, capabilities=gateway.capabilities,
    )  # fmt: skip
    config._root = root
    return calling._factory(kind)(kind, config)
