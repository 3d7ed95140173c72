"""The chat adapter against a server that others wrote (npm `@copilotkit/aimock`): both interfaces, whole and as events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import aimock as aimock_server
import pytest

from runs.prices import Price, cost
from runs.provider import Message, Outcome, Request
from runs.providers.chat import ChatProvider
from runs.settings import Capabilities, ProviderSettings

pytestmark = pytest.mark.slow
SCHEMA = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"], "additionalProperties": False}
WAYS = {"chat": {}, "events": {"stream": True}, "responses": {"api": "responses"}, "both": {"api": "responses", "stream": True}}
ALL = pytest.mark.parametrize("way", WAYS)
USAGE = {"prompt_tokens": 120, "completion_tokens": 40, "prompt_tokens_details": {"cached_tokens": 100}}
ERRORS: dict[str, tuple[int, dict[str, Any], str]] = {
    "refused": (400, {"message": "Your request was rejected", "code": "content_policy_violation"}, "content_refused"),
    "wrong field": (400, {"message": "bad field", "type": "invalid_request_error", "param": "temperature"}, "invalid_request"),
    "no key": (401, {"message": "Incorrect API key provided", "code": "invalid_api_key"}, "auth"),
    "no model": (404, {"message": "no such model", "code": "model_not_found"}, "invalid_request"),
    "no money": (429, {"message": "You exceeded your current quota", "code": "insufficient_quota"}, "quota"),
    "too fast": (429, {"message": "Rate limit reached", "type": "rate_limit_error", "code": "rate_limit_exceeded"}, "rate_limit"),
    "broken": (500, {"message": "boom", "type": "server_error"}, "server"),
    "crowded": (503, {"message": "overloaded"}, "server"),
}
CHAOS: dict[str, tuple[dict[str, float], tuple[str, str]]] = {
    "dropped": ({"dropRate": 1}, ("server", "chaos_drop")),
    "garbled": ({"malformedRate": 1}, ("malformed", "")),
    "hung up": ({"disconnectRate": 1}, ("timeout", "disconnected")),
}
LONG = "INT. WELL - NIGHT. " * 20


def fixture(said: str, response: Any, **more: Any) -> dict[str, Any]:
    return {"match": {"userMessage": said}, "response": response, **more}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[aimock_server.Aimock]:
    """Run one server for all tests; what a prompt says decides the answer."""
    fixtures = [
        *(fixture(name, {"error": error, "status": status, "retryAfter": 7}) for name, (status, error, _) in ERRORS.items()),
        *(fixture(name, {"content": "x"}, chaos=chaos) for name, (chaos, _) in CHAOS.items()),
        fixture("scene", {"content": LONG, "model": "writer-1-0924", "usage": USAGE, "reasoning": "who is there?"}),
        fixture("title", {"content": '{"title": "The Well"}'}),
        fixture("by tool", {"toolCalls": [{"name": "outline", "arguments": '{"title": "The Well"}'}]}),
        fixture("too long", {"content": "INT. WE", "finishReason": "length"}),
        fixture("filtered", {"content": "x", "finishReason": "content_filter"}),
        fixture("slow", {"content": "x"}, chaos={"latencyMs": 20000}),
        fixture("cut off", {"content": LONG}, truncateAfterChunks=4, chunkSize=20),
    ]
    with aimock_server.serve(fixtures, tmp_path_factory.mktemp("aimock")) as running:
        yield running


def ask(
    server: aimock_server.Aimock, text: str, way: str = "chat", timeout_s: float = 20, structured: str = "json_schema", **more: Any
) -> Outcome:
    capabilities = Capabilities(**{"structured": structured, "seed": True, **WAYS[way]})
    config = ProviderSettings(
        type="chat", base_url=server.base_url, model="writer-1", timeout_s=timeout_s, parameters={"reasoning_effort": "low"},
        capabilities=capabilities,
    )  # fmt: skip
    request = Request(key="job-1", stage="script", kind="text", messages=(Message("user", text),), model="writer-1", **more)

    async def call() -> Outcome:
        async with ChatProvider("house", config) as provider:
            return await provider.generate(request)

    return asyncio.run(call())


def error_of(outcome: Outcome) -> tuple[str, str]:
    assert outcome.failure is not None and outcome.assets == ()
    return outcome.failure.error, outcome.failure.code


@ALL
def test_text_usage_and_the_model_that_answered_come_back(server: aimock_server.Aimock, way: str) -> None:
    outcome = ask(server, "write a scene", way, parameters={"temperature": 0.3, "max_tokens": 50}, seed=11)
    assert outcome.failure is None
    assert [(a.kind, a.media_type, a.data) for a in outcome.assets] == [("text", "text/plain", LONG.encode())]
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens) == (120, 40)
    assert outcome.model_resolved == "writer-1-0924"
    assert cost(Price(model="writer-1", kind="tokens", input=1, output=2), outcome.usage) == pytest.approx(200e-6)
    newer, streamed = way in ("responses", "both"), way in ("events", "both")
    entry = server.journal()[-1]
    assert entry["path"] == ("/v1/responses" if newer else "/v1/chat/completions")
    assert (entry["body"]["temperature"], entry["body"]["max_tokens"], bool(entry["body"].get("stream"))) == (0.3, 50, streamed)
    sent = outcome.wire_request["body"]
    assert ("seed" in sent, "stream_options" in sent) == (not newer, way == "events"), (
        "the newer interface knows no seed, and tells usage unasked"
    )
    assert (outcome.wire_response["body"].get("events", 0) > 1) == streamed


@ALL
@pytest.mark.parametrize(("prompt", "structured"), [("a title", "json_schema"), ("by tool", "tool_call")])
def test_a_structured_answer_comes_back_as_it_was(server: aimock_server.Aimock, way: str, prompt: str, structured: str) -> None:
    outcome = ask(server, prompt, way, structured=structured, schema=SCHEMA, schema_name="outline")
    assert [(a.media_type, a.data) for a in outcome.assets] == [("application/json", b'{"title": "The Well"}')]


@ALL
@pytest.mark.parametrize("name", ERRORS)
def test_each_error_answer_has_its_class_and_is_not_asked_again(server: aimock_server.Aimock, way: str, name: str) -> None:
    status, _, expected = ERRORS[name]
    before = len(server.journal())
    outcome = ask(server, name, way)
    assert error_of(outcome)[0] == expected
    assert outcome.failure and outcome.wire_response["status"] == status
    assert outcome.failure.retry_after_s == (7.0 if status == 429 else None)
    assert len(server.journal()) == before + 1


@ALL
@pytest.mark.parametrize("name", CHAOS)
def test_what_a_bad_line_makes_of_an_answer_is_made_once(server: aimock_server.Aimock, way: str, name: str) -> None:
    before = len(server.journal())
    assert error_of(ask(server, name, way)) == CHAOS[name][1]
    assert len(server.journal()) == before + 1, "what may have been billed is not asked for again"


@pytest.mark.parametrize("way", ["events", "both"])
def test_a_stream_that_breaks_off_is_no_answer(server: aimock_server.Aimock, way: str) -> None:
    assert error_of(ask(server, "cut off", way)) == ("timeout", "disconnected")


@ALL
def test_an_answer_cut_off_by_the_token_limit_is_no_script(server: aimock_server.Aimock, way: str) -> None:
    outcome = ask(server, "too long", way)
    assert error_of(outcome) == ("malformed", "length")
    assert "INT. WE" in str(outcome.wire_response["body"])


@ALL
def test_a_filtered_answer_is_none(server: aimock_server.Aimock, way: str) -> None:
    """The newer interface of this server says `failed` without a reason, with the text so far all the same."""
    expected = ("content_refused", "content_filter") if way in ("chat", "events") else ("server", "failed")
    assert error_of(ask(server, "filtered", way)) == expected


def test_a_slow_server_runs_into_the_timeout(server: aimock_server.Aimock) -> None:
    begun = time.monotonic()
    assert error_of(ask(server, "slow", timeout_s=0.5))[0] == "timeout"
    assert time.monotonic() - begun < 10
