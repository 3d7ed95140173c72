"""The chat adapter against odd servers: what each answer becomes, and what is sent."""

from __future__ import annotations

import asyncio
import json
import socket
from email.utils import formatdate
from time import time
from typing import Any

import httpx2
import pytest
from aiohttp import web
from chat_server import ChatServer

from runs.errors import ProviderError
from runs.provider import Direct, Message, Outcome, Request
from runs.providers.chat import ChatProvider
from runs.providers.openai_client import Line, open_client
from runs.settings import Capabilities, ProviderSettings

KEY = "sk-test-0123456789abcdefghij"
SCHEMA = {"type": "object", "properties": {"title": {"type": "string"}, "note": {"type": "string", "default": ""}}}


def ask(base_url: str, *, request: dict[str, Any] | None = None, text: str = "write", **config: Any) -> Outcome:
    settings = ProviderSettings(**{"type": "chat", "base_url": base_url, "model": "m", "timeout_s": 20, **config})
    given = {
        "key": "job-1",
        "stage": "script",
        "kind": "text",
        "messages": (Message("system", "be brief"), Message("user", text)),
        "model": "m",
    }

    async def call() -> Outcome:
        async with ChatProvider("house", settings) as provider:
            assert isinstance(provider, Direct)
            return await provider.generate(Request(**{**given, **(request or {})}))

    return asyncio.run(call())


def error_of(outcome: Outcome) -> tuple[str, str]:
    assert outcome.failure is not None and outcome.assets == ()
    return outcome.failure.error, outcome.failure.code


# --- what is sent


def test_the_job_id_goes_along_as_idempotency_key_and_the_key_only_in_its_header(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSE_KEY", KEY)
    server.say("done")
    outcome = ask(server.base_url, api_key_env="HOUSE_KEY")
    (seen,) = server.seen
    assert seen.path == "/v1/chat/completions"
    assert (seen.headers["Idempotency-Key"], seen.headers["Authorization"]) == ("job-1", f"Bearer {KEY}")
    assert outcome.wire_request["body"] == seen.body
    assert outcome.wire_request["headers"] == {"idempotency-key": "job-1"}
    assert KEY not in repr(outcome)


def test_organisation_and_project_of_the_environment_are_not_told_to_other_servers(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-mine")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-mine")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_ADMIN_KEY", KEY)
    server.say("done")
    ask(server.base_url)
    assert not [v for v in server.seen[0].headers.values() if "mine" in v or KEY in v]


def test_a_call_has_the_headers_that_the_sdk_would_send_and_gives_no_cookie_back(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Headers are put together once for all calls: they must be the SDK's own, those of the settings and the key among them."""
    monkeypatch.setenv("HOUSE_KEY", KEY)
    config = ProviderSettings(
        type="chat", base_url=server.base_url, model="m", api_key_env="HOUSE_KEY", headers={"X-Team": "drama", "User-Agent": "ours/1"}
    )

    async def both() -> None:
        async with open_client("house", config) as client:
            line = Line(client, "/chat/completions")
            await line.post({"model": "m", "n": 10**30}, "key-1")
            await line.post({"model": "m"}, "key-2")
            options: Any = {"headers": {"Idempotency-Key": "key-2"}, "security": {"bearer_auth": True}}
            await client.post("/chat/completions", cast_to=httpx2.Response, body={"model": "m"}, options=options)

    server.say("done", headers={"Set-Cookie": "seen=1; Path=/"})
    asyncio.run(both())
    first, second, sdk = ({k.lower(): v for k, v in seen.headers.items()} for seen in server.seen)
    assert first["idempotency-key"] == "key-1"
    assert server.seen[0].body == {"model": "m", "n": 10**30}
    assert "cookie" not in second
    own = {"x-stainless-retry-count", "x-stainless-read-timeout", "cookie"}
    assert second == {name: value for name, value in sdk.items() if name not in own}
    assert (second["x-team"], second["user-agent"], second["authorization"]) == ("drama", "ours/1", f"Bearer {KEY}")


def test_parameters_go_under_the_names_that_the_endpoint_takes(server: ChatServer) -> None:
    server.say("done")
    capabilities = Capabilities(max_tokens_field="max_completion_tokens", drop=("top_p",), seed=False)
    given = {"parameters": {"max_tokens": 9, "top_p": 0.5, "top_k": 3, "stop": None}, "seed": 4}
    ask(server.base_url, request=given, capabilities=capabilities, parameters={"enable_thinking": False, "top_k": 1})
    body = server.seen[0].body
    assert {k: v for k, v in body.items() if k not in ("messages", "model")} == {
        "max_completion_tokens": 9,
        "top_k": 3,
        "enable_thinking": False,
    }


def test_a_parameter_that_the_workbench_sets_itself_is_refused_before_anything_is_sent(server: ChatServer) -> None:
    assert error_of(ask(server.base_url, request={"parameters": {"stream": True}}))[0] == "invalid_request"
    assert server.seen == []


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        (
            "json_schema",
            {"response_format": {"type": "json_schema", "json_schema": {"name": "outline", "schema": SCHEMA, "strict": False}}},
        ),
        ("json_object", {"response_format": {"type": "json_object"}}),
        (
            "tool_call",
            {
                "tools": [{"type": "function", "function": {"name": "outline", "parameters": SCHEMA}}],
                "tool_choice": {"type": "function", "function": {"name": "outline"}},
            },
        ),
        ("plain", {}),
    ],
)
def test_structure_is_asked_for_in_the_way_that_the_endpoint_has(server: ChatServer, way: str, expected: dict[str, Any]) -> None:
    server.say('{"title": 1}')
    outcome = ask(
        server.base_url, request={"schema": SCHEMA, "schema_name": "outline"}, text="as JSON", capabilities=Capabilities(structured=way)
    )
    body = server.seen[0].body
    assert {k: v for k, v in body.items() if k not in ("messages", "model")} == expected
    assert len(body["messages"]) == 2
    assert (outcome.assets[0].media_type, outcome.assets[0].data) == ("application/json", b'{"title": 1}'), (
        "raw, also where it breaks the schema"
    )


def test_json_mode_names_json_where_the_prompt_does_not(server: ChatServer) -> None:
    server.say("{}")
    outcome = ask(server.base_url, request={"schema": SCHEMA}, capabilities=Capabilities(structured="json_object"))
    assert "JSON" in server.seen[0].body["messages"][-1]["content"]
    assert outcome.wire_request["body"] == server.seen[0].body


# --- what comes back


def test_the_arguments_of_the_tool_call_are_the_answer(server: ChatServer) -> None:
    server.say(
        None, reason="tool_calls", tool_calls=[{"id": "t", "type": "function", "function": {"name": "x", "arguments": '{"title": "W"}'}}]
    )
    outcome = ask(server.base_url, request={"schema": SCHEMA}, capabilities=Capabilities(structured="tool_call"))
    assert outcome.assets[0].data == b'{"title": "W"}'


def test_reasoning_stays_out_of_the_artifact_and_in_the_wire_response(server: ChatServer) -> None:
    server.say("a scene", reasoning_content="let me think")
    outcome = ask(server.base_url)
    assert outcome.assets[0].data == b"a scene"
    assert outcome.usage.reasoning_tokens == 3
    assert outcome.wire_response["body"]["choices"][0]["message"]["reasoning_content"] == "let me think"


def test_fenced_json_is_kept_as_the_model_wrote_it(server: ChatServer) -> None:
    server.say('```json\n{"title": "W"}\n```')
    outcome = ask(server.base_url, request={"schema": SCHEMA})
    assert (outcome.assets[0].media_type, outcome.assets[0].data) == ("text/plain", b'```json\n{"title": "W"}\n```')


def test_a_refusal_is_an_outcome_with_the_models_own_words_and_its_usage(server: ChatServer) -> None:
    server.say(None, refusal="I cannot help with that.")
    outcome = ask(server.base_url)
    assert error_of(outcome) == ("content_refused", "refusal")
    assert outcome.failure and outcome.failure.message == "I cannot help with that."
    assert outcome.usage.input_tokens == 10


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<html>welcome</html>", "malformed"),
        (b"\xff\xfe\x00", "malformed"),
        (b"[" * 100_000, "malformed"),
        ([1, 2], "malformed"),
        ({}, "malformed"),
        ({"choices": []}, "malformed"),
        ({"choices": [{"message": {"content": ""}}]}, "malformed"),
        ({"choices": [{"message": {"content": None, "reasoning_content": "hm"}}]}, "malformed"),
        ({"choices": [{"message": "text"}], "usage": [3]}, "malformed"),
        ({"error": {"code": 429, "message": "upstream limit"}}, "rate_limit"),
        ({"error": {"code": 502, "message": "upstream down"}}, "server"),
        ({"error": {"code": "data_inspection_failed", "message": "Output data may contain inappropriate content."}}, "content_refused"),
    ],
)
def test_an_answer_of_another_shape_is_a_failure_and_never_an_exception(server: ChatServer, body: Any, expected: str) -> None:
    server.answer(body)
    assert error_of(ask(server.base_url))[0] == expected


def test_what_strict_json_cannot_hold_is_taken_out_of_the_journal_not_out_of_the_text(server: ChatServer) -> None:
    server.answer(b'{"choices":[{"message":{"content":"caf\\u00e9 \\ud800"},"logprobs":NaN}],"usage":{"prompt_tokens":1e400}}')
    outcome = ask(server.base_url)
    assert outcome.assets[0].data == "café ?".encode()
    json.dumps(outcome.wire_response, allow_nan=False).encode()


def test_a_gateway_that_reports_the_cost_is_believed(server: ChatServer) -> None:
    server.say("x", headers={"x-litellm-response-cost": "0.0123"})
    assert ask(server.base_url).cost_usd == 0.0123
    server.say("x", headers={"x-litellm-response-cost": "nan"})
    assert ask(server.base_url).cost_usd is None
    server.say("x")
    assert ask(server.base_url).cost_usd is None


def test_the_wait_is_read_from_milliseconds_seconds_and_dates(server: ChatServer) -> None:
    waits = [{"retry-after-ms": "700", "Retry-After": "9"}, {"Retry-After": "2.5"}, {"Retry-After": formatdate(time() + 60, usegmt=True)}]
    got = []
    for headers in [*waits, {"Retry-After": "soon"}, {}]:
        server.answer({"error": {"message": "slow down"}}, status=429, headers=headers)
        failure = ask(server.base_url).failure
        assert failure
        got.append(failure.retry_after_s)
    assert got[:2] == [0.7, 2.5]
    assert 50 < got[2] <= 60
    assert got[3:] == [None, None]


def test_a_redirect_is_not_followed(server: ChatServer) -> None:
    server.answer("", status=307, headers={"Location": "http://127.0.0.1:9/v1/chat/completions"})
    outcome = ask(server.base_url)
    assert error_of(outcome)[0] == "invalid_request"
    assert len(server.seen) == 1


def test_a_server_that_is_not_there_may_be_tried_again() -> None:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    outcome = ask(f"http://127.0.0.1:{port}/v1")
    assert error_of(outcome) == ("server", "connect")
    assert outcome.wire_request["body"]["model"] == "m"


def test_a_server_that_dribbles_for_ever_runs_into_the_timeout(server: ChatServer) -> None:
    async def dribble(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.05)

    server.reply = dribble
    assert error_of(ask(server.base_url, timeout_s=0.6)) == ("timeout", "timeout")


def test_many_calls_are_in_flight_at_once(server: ChatServer) -> None:
    waiting = 0
    enough: asyncio.Event | None = None

    async def together(request: web.Request) -> web.StreamResponse:
        """Answer nobody before all are there: a pool that holds some back would wait for ever."""
        nonlocal waiting, enough
        enough = enough or asyncio.Event()
        waiting += 1
        if waiting == 120:
            enough.set()
        await asyncio.wait_for(enough.wait(), 60)
        return web.json_response({"choices": [{"message": {"content": "x"}}]})

    server.reply = together
    config = ProviderSettings(type="chat", base_url=server.base_url, model="m", concurrency=120)

    async def call() -> list[Outcome]:
        async with ChatProvider("house", config) as provider:
            requests = [Request(key=str(n), stage="script", kind="text", messages=(Message("user", "x"),), model="m") for n in range(120)]
            return await asyncio.gather(*(provider.generate(r) for r in requests))

    assert all(o.failure is None for o in asyncio.run(call())), "the connection pool holds none of them back"


# --- configuration


def test_a_missing_key_is_named_by_its_variable(server: ChatServer) -> None:
    with pytest.raises(ProviderError, match="HOUSE_KEY"):
        ask(server.base_url, api_key_env="HOUSE_KEY")


def test_a_missing_address_and_a_missing_model_are_said(server: ChatServer) -> None:
    with pytest.raises(ProviderError, match="base_url"):
        ask("")
    assert error_of(ask(server.base_url, request={"model": ""}, model=""))[0] == "invalid_request"


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_larger_than_any_that_is_meant_is_not_read(server: ChatServer, monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    """Neither one that says so beforehand nor one that unpacks to it."""
    import gzip

    from runs.providers import openai_client

    monkeypatch.setattr(openai_client, "MAX_ANSWER", 1 << 20)
    if packed:
        server.answer(gzip.compress(b" " * (3 << 20)), headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
    else:
        server.reply = _three_gb
    assert error_of(ask(server.base_url)) == ("malformed", "too_large")


async def _three_gb(request: web.Request) -> web.StreamResponse:
    assert request.transport
    request.transport.write(  # type: ignore[attr-defined]
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3221225472\r\n\r\n{"
    )
    await asyncio.sleep(5)
    return web.Response()
