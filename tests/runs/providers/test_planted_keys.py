"""No key in an outcome, a failure, a wire record, a log line or an exception, whatever a server does with it; every adapter."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from adapter_kit import generate, opened, poll, provider, request, submit
from vendor_server import Fault, Seen, Vendor, serve

from runs.errors import ProviderError
from runs.provider import Direct

KEYS = {
    "OPENAI_API_KEY": "planted-openai-0123456789abcdef",
    "DASHSCOPE_API_KEY": "planted-dashscope-0123456789abcdef",
    "KLING_API_KEY": "planted-kling-0123456789abcdef",
}
PAIR = {"KLING_ACCESS_KEY": "planted-access-0123456789abcdef", "KLING_SECRET_KEY": "planted-secret-0123456789abcdef-0123"}


class Echo(Vendor):
    """Says the caller's own key in every field, header and escape that it can, in every way an answer can end."""

    def __init__(self) -> None:
        super().__init__()
        self.status, self.shape = 200, "json"
        self.told: set[str] = set()

    def answer(self, seen: Seen) -> Any:
        key = seen.headers.get("Authorization", "none").removeprefix("Bearer ")
        self.told.add(key)
        said = f"Incorrect API key provided: {key}"
        choice = {"message": {"content": [{"image": f"http://10.0.0.1/{key}"}]}}
        body: dict[str, Any] = {
            "code": key,
            "message": said,
            "error": {"message": said, "code": key, "type": key, "moderation_details": {"categories": [key]}},
            key: [key, {"deep": key}],
            "output": {"task_id": key, "task_status": "FAILED", "code": key, "message": said, "choices": [choice]},
            "data": {"task_id": key, "task_status": "failed", "task_status_msg": said},
        }
        if self.shape == "no error":
            body = {k: v for k, v in body.items() if k not in ("error", "code")} | {"code": 0}
        text = f"<html>{key} {json.dumps(key)}</html>" if self.shape == "html" else body
        return Fault(self.status, text, {"x-request-id": key, "Location": f"http://10.0.0.1/?key={key}"})


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Echo]:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    for name in PAIR:
        monkeypatch.delenv(name, raising=False)
    with serve(Echo()) as running:
        yield running


@pytest.mark.parametrize("shape", ["json", "no error", "html"])
@pytest.mark.parametrize("name", ["openai-images", "qwen-image", "wan", "wanx", "kling", "kling with a pair"])
def test_no_key_comes_back(
    tmp_path: Path, echo: Echo, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str, shape: str
) -> None:
    caplog.set_level(logging.DEBUG)
    if name == "kling with a pair":
        for variable, value in PAIR.items():
            monkeypatch.setenv(variable, value)
    preset = name.partition(" ")[0]
    kind = "image" if preset in ("openai-images", "qwen-image", "wanx") else "video"
    said: list[Any] = []
    echo.shape = shape
    for status in (200, 302, 400, 401, 429, 500):
        echo.status = status
        wanted = request(kind, model="wan2.7-t2v" if preset == "wan" else "")

        def made() -> Any:
            return provider(tmp_path, preset, echo.base_url)

        if isinstance(made(), Direct):
            said.append(generate(made(), wanted))
            continue
        said += [submit(made(), wanted), poll(made(), "t-1", wanted)]
        try:
            said.append(opened(made(), lambda p, it=wanted: p.find(it)))  # type: ignore[misc]
        except ProviderError as error:
            said.append(f"{type(error).__name__}: {error} {error.__cause__!r}")
    assert echo.told and "none" not in echo.told, "the server was told the key"
    # A task id is the vendor's: where it is the key itself, nothing can be done but to keep it.
    everything = "\n".join(repr(s) for s in said if not isinstance(s, str) or s not in echo.told) + caplog.text
    secrets = echo.told | set(KEYS.values()) | set(PAIR.values())
    assert [s for s in secrets if s in everything] == []
