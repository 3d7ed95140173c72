"""The chat adapter against a server that others wrote (npm `@copilotkit/aimock`), over real sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import aimock as aimock_server
import pytest

from runs.prices import Price, cost
from runs.provider import Message, Outcome, Request
from runs.providers.chat import ChatProvider
from runs.settings import Capabilities, ProviderSettings

pytestmark = pytest.mark.slow
Start = Callable[..., aimock_server.Aimock]
SCHEMA = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"], "additionalProperties": False}


def ask(server: aimock_server.Aimock, text: str, timeout_s: float = 20, **more: Any) -> Outcome:
    config = ProviderSettings(
        type="chat",
        base_url=server.base_url,
        model="writer-1",
        timeout_s=timeout_s,
        capabilities=Capabilities(structured="json_schema", seed=True),
    )
    request = Request(key="job-1", stage="script", kind="text", messages=(Message("user", text),), model="writer-1", **more)

    async def call() -> Outcome:
        async with ChatProvider("house", config) as provider:
            return await provider.generate(request)

    return asyncio.run(call())


def test_text_usage_and_the_model_that_answered_come_back(aimock: Start) -> None:
    usage = {"prompt_tokens": 120, "completion_tokens": 40, "prompt_tokens_details": {"cached_tokens": 100}}
    server = aimock(
        [{"match": {"userMessage": "write"}, "response": {"content": "INT. WELL - NIGHT", "model": "writer-1-0924", "usage": usage}}]
    )
    outcome = ask(server, "write a scene", parameters={"temperature": 0.3, "max_tokens": 50}, seed=11)
    assert outcome.failure is None
    assert [(a.kind, a.media_type, a.data) for a in outcome.assets] == [("text", "text/plain", b"INT. WELL - NIGHT")]
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens) == (120, 40)
    assert outcome.model_resolved == "writer-1-0924"
    assert cost(Price(model="writer-1", kind="tokens", input=1, output=2), outcome.usage) == pytest.approx(200e-6)
    sent = server.journal()[-1]["body"]
    assert (sent["temperature"], sent["max_tokens"], sent["seed"]) == (0.3, 50, 11)
    assert {k: v for k, v in outcome.wire_request["body"].items() if k in sent} == {k: sent[k] for k in outcome.wire_request["body"]}


def test_a_structured_answer_is_asked_for_by_schema_and_comes_back_as_it_was(aimock: Start) -> None:
    server = aimock([{"match": {"responseFormat": "json_schema"}, "response": {"content": '{"title": "The Well"}'}}])
    outcome = ask(server, "write", schema=SCHEMA, schema_name="outline")
    assert outcome.assets[0].media_type == "application/json"
    assert server.journal()[-1]["body"]["response_format"]["json_schema"] == {"name": "outline", "schema": SCHEMA, "strict": True}


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (
            400,
            {"message": "Your request was rejected", "type": "invalid_request_error", "code": "content_policy_violation"},
            "content_refused",
        ),
        (400, {"message": "bad field", "type": "invalid_request_error", "param": "temperature"}, "invalid_request"),
        (401, {"message": "Incorrect API key provided", "code": "invalid_api_key"}, "auth"),
        (404, {"message": "no such model", "code": "model_not_found"}, "invalid_request"),
        (429, {"message": "You exceeded your current quota", "type": "insufficient_quota", "code": "insufficient_quota"}, "quota"),
        (500, {"message": "boom", "type": "server_error"}, "server"),
        (503, {"message": "overloaded"}, "server"),
    ],
)
def test_each_error_answer_has_its_class(aimock: Start, status: int, error: dict[str, Any], expected: str) -> None:
    outcome = ask(aimock([{"match": {"userMessage": "write"}, "response": {"error": error, "status": status}}]), "write")
    assert outcome.failure is not None
    assert (outcome.failure.error, outcome.assets) == (expected, ())
    assert outcome.wire_response["status"] == status


def test_a_limit_comes_back_with_the_wait_that_was_asked_for_and_is_not_retried(aimock: Start) -> None:
    error = {"message": "Rate limit reached", "type": "rate_limit_error", "code": "rate_limit_exceeded"}
    server = aimock([{"match": {"userMessage": "write"}, "response": {"error": error, "status": 429, "retryAfter": 7}}])
    outcome = ask(server, "write")
    assert outcome.failure is not None
    assert (outcome.failure.error, outcome.failure.retry_after_s) == ("rate_limit", 7.0)
    assert len(server.journal()) == 1


def test_an_answer_cut_off_by_the_token_limit_is_no_script(aimock: Start) -> None:
    server = aimock([{"match": {"userMessage": "write"}, "response": {"content": "INT. WE", "finishReason": "length"}}])
    outcome = ask(server, "write")
    assert outcome.failure is not None
    assert (outcome.failure.error, outcome.failure.code) == ("malformed", "length")
    assert outcome.wire_response["body"]["choices"][0]["message"]["content"] == "INT. WE"


def test_a_filtered_answer_is_a_refusal(aimock: Start) -> None:
    outcome = ask(aimock([{"match": {"userMessage": "write"}, "response": {"content": "x", "finishReason": "content_filter"}}]), "write")
    assert outcome.failure is not None
    assert outcome.failure.error == "content_refused"


def test_malformed_json_from_the_server_is_named(aimock: Start) -> None:
    outcome = ask(aimock([{"match": {"userMessage": "write"}, "response": {"content": "x"}, "chaos": {"malformedRate": 1}}]), "write")
    assert outcome.failure is not None
    assert outcome.failure.error == "malformed"


def test_a_broken_connection_is_not_retried_because_it_may_have_been_billed(aimock: Start) -> None:
    outcome = ask(aimock([{"match": {"userMessage": "write"}, "response": {"content": "x"}, "chaos": {"disconnectRate": 1}}]), "write")
    assert outcome.failure is not None
    assert (outcome.failure.error, outcome.failure.code) == ("timeout", "disconnected")


def test_a_slow_server_runs_into_the_timeout(aimock: Start) -> None:
    server = aimock([{"match": {"userMessage": "write"}, "response": {"content": "x"}, "chaos": {"latencyMs": 20000}}])
    begun = time.monotonic()
    outcome = ask(server, "write", timeout_s=0.5)
    assert outcome.failure is not None
    assert outcome.failure.error == "timeout"
    assert time.monotonic() - begun < 10


def test_a_dropped_call_is_the_server_s_fault_and_made_once(aimock: Start) -> None:
    server = aimock([{"match": {"userMessage": "write"}, "response": {"content": "x"}, "chaos": {"dropRate": 1}}])
    outcome = ask(server, "write")
    assert outcome.failure is not None
    assert (outcome.failure.error, outcome.wire_response["status"]) == ("server", 500)
    assert len(server.journal()) == 1
