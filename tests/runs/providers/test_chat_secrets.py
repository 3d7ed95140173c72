"""No key in any outcome, exception or log line, whatever the server does with it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Iterator

import pytest
from aiohttp import web
from chat_server import ChatServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runs import secrets
from runs.errors import ProviderError
from runs.provider import Message, Outcome, Request
from runs.providers.chat import ChatProvider
from runs.settings import ProviderSettings

keys = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=60)


def echo_everywhere(server: ChatServer, status: int) -> None:
    """Answer with the caller's own key in every field, header and escape that a server could put it in."""

    async def reply(request: web.Request) -> web.StreamResponse:
        key = request.headers["Authorization"].removeprefix("Bearer ")
        body = {
            "model": key,
            "usage": {"note": key},
            "error": {"message": f"Incorrect API key provided: {key}", "code": key, "type": key} if status != 200 else None,
            "choices": [{"finish_reason": "stop", "message": {"content": f"my key is {key}!", "refusal": key if status == 201 else None}}],
            key: [key, {"deep": f"Bearer {key}"}],
        }
        text = json.dumps(body) if status != 500 else f"<html>{key} {json.dumps(key)}</html>"
        return web.Response(text=text, status=200 if status == 201 else status, headers={"x-request-id": key[:40], "Retry-After": "1"})

    server.reply = reply


def call(server: ChatServer, key: str) -> Outcome:
    os.environ["HOUSE_KEY"] = key
    config = ProviderSettings(type="chat", base_url=server.base_url, api_key_env="HOUSE_KEY", model="m")

    async def once() -> Outcome:
        async with ChatProvider("house", config) as provider:
            return await provider.generate(Request(key="j", stage="script", kind="text", messages=(Message("user", "x"),), model="m"))

    return asyncio.run(once())


def everything_of(outcome: Outcome) -> str:
    texts = [repr(outcome), json.dumps(dict(outcome.wire_request)), json.dumps(dict(outcome.wire_response)), str(outcome.failure)]
    return "\n".join([*texts, *(a.data.decode() for a in outcome.assets)])


@pytest.fixture
def records() -> Iterator[list[str]]:
    kept: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(self.format(record))

    handler, root = Keep(level=0), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(0)
    yield kept
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=keys, status=st.sampled_from([200, 201, 400, 401, 429, 500]))
def test_a_key_never_comes_back(server: ChatServer, monkeypatch: pytest.MonkeyPatch, records: list[str], key: str, status: int) -> None:
    monkeypatch.setenv("HOUSE_KEY", key)
    echo_everywhere(server, status)
    shown = everything_of(call(server, key)) + "\n".join(records)
    for form in (key, json.dumps(key)[1:-1], repr(key)[1:-1]):
        assert form not in shown


def test_an_exception_names_the_variable_not_the_key(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOUSE_KEY", raising=False)
    with pytest.raises(ProviderError) as caught:
        call_without_key(server)
    assert "HOUSE_KEY" in str(caught.value)


def call_without_key(server: ChatServer) -> None:
    config = ProviderSettings(type="chat", base_url=server.base_url, api_key_env="HOUSE_KEY", model="m")

    async def once() -> None:
        async with ChatProvider("house", config):
            pass

    asyncio.run(once())


def test_log_records_and_their_tracebacks_are_redacted_as_they_are_made(records: list[str]) -> None:
    secrets.guard_logging()
    secrets.remember("a-very-private-value")
    try:
        raise RuntimeError("failed with a-very-private-value")
    except RuntimeError:
        logging.getLogger("any.library").exception("sent %s", {"Authorization": "Bearer abcdefghijklmnop"})
    shown = "\n".join(records)
    assert "RuntimeError" in shown
    assert "a-very-private-value" not in shown and "abcdefghijklmnop" not in shown
