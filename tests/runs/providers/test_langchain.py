"""Chat models by their LangChain names, through the one integration that is installed, against servers on loopback."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest
from chat_server import ChatServer

from runs.errors import ProviderError
from runs.provider import Direct, Message, Outcome, Request
from runs.providers.langchain import LangChainProvider, _outcome
from runs.settings import Capabilities, ProviderSettings

pytestmark = pytest.mark.slow
KEY = "sk-test-0123456789abcdefghij"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSE_KEY", KEY)


def ask(base_url: str, *, request: dict[str, Any] | None = None, **config: Any) -> Outcome:
    settings = ProviderSettings(
        **{"type": "langchain", "base_url": base_url, "model": "openai:m", "api_key_env": "HOUSE_KEY", "timeout_s": 20, **config}
    )
    given = {
        "key": "job-1",
        "stage": "script",
        "kind": "text",
        "messages": (Message("system", "be brief"), Message("user", "write")),
        "model": "",
    }

    async def call() -> Outcome:
        async with LangChainProvider("lc", settings) as provider:
            assert isinstance(provider, Direct)
            return await provider.generate(Request(**{**given, **(request or {})}))

    return asyncio.run(call())


def error_of(outcome: Outcome) -> str:
    assert outcome.failure is not None and outcome.assets == ()
    return outcome.failure.error


def test_text_usage_and_model_come_back_and_parameters_go_out(server: ChatServer) -> None:
    server.say("a scene", reasoning_content="hm")
    outcome = ask(
        server.base_url, request={"parameters": {"max_tokens": 9, "temperature": 0.5}, "seed": 3}, capabilities=Capabilities(seed=True)
    )
    assert outcome.assets[0].data == b"a scene"
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens, outcome.usage.reasoning_tokens) == (10, 5, 3)
    assert outcome.model_resolved == "m-1"
    body = server.seen[0].body
    assert (body["temperature"], body["seed"], body["model"]) == (0.5, 3, "m")
    assert 9 in (body.get("max_tokens"), body.get("max_completion_tokens"))
    assert [m["role"] for m in body["messages"]] == ["system", "user"]
    assert KEY not in repr(outcome)
    json.dumps(dict(outcome.wire_response), allow_nan=False)


def test_an_independent_server_answers(aimock) -> None:  # type: ignore[no-untyped-def]
    server = aimock(
        [{"match": {"userMessage": "write"}, "response": {"content": "INT. WELL", "usage": {"prompt_tokens": 7, "completion_tokens": 2}}}]
    )
    outcome = ask(server.base_url)
    assert outcome.assets[0].data == b"INT. WELL"
    assert outcome.usage.input_tokens == 7


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (401, {"message": "Incorrect API key provided: " + KEY, "code": "invalid_api_key"}, "auth"),
        (429, {"message": "slow down", "code": "rate_limit_exceeded"}, "rate_limit"),
        (429, {"message": "no money", "code": "insufficient_quota"}, "quota"),
        (400, {"message": "no", "code": "data_inspection_failed"}, "content_refused"),
        (400, {"message": "no", "code": "content_policy_violation"}, "content_refused"),
        (400, {"message": "too long", "code": "context_length_exceeded"}, "invalid_request"),
        (400, {"message": "no money", "code": "Arrearage"}, "quota"),
        (402, {"message": "pay"}, "quota"),
        (403, {"message": "not here", "code": "unsupported_country_region_territory"}, "auth"),
        (408, {"message": "late"}, "timeout"),
        (422, {"message": "odd field"}, "invalid_request"),
        (429, {"message": "Too many concurrent requests", "code": "Throttling"}, "concurrency"),
        (500, {"message": "boom", "type": "server_error"}, "server"),
        (400, {"message": "no", "param": "top_k"}, "invalid_request"),
        (404, {"message": "no", "code": "model_not_found"}, "invalid_request"),
        (503, {"message": "no"}, "server"),
    ],
)
def test_each_error_answer_has_its_class_and_is_not_retried(server: ChatServer, status: int, error: dict[str, Any], expected: str) -> None:
    server.answer({"error": error}, status=status, headers={"Retry-After": "3"})
    outcome = ask(server.base_url)
    assert error_of(outcome) == expected
    assert outcome.failure and outcome.failure.retry_after_s == 3
    assert len(server.seen) == 1
    assert outcome.wire_response["status"] == status
    assert KEY not in repr(outcome)


def test_refusals_and_cut_off_answers_are_told_apart(server: ChatServer) -> None:
    server.say(None, refusal="I cannot.")
    assert error_of(ask(server.base_url)) == "content_refused"
    server.say("x", reason="content_filter")
    assert error_of(ask(server.base_url)) == "content_refused"
    server.say("INT. W", reason="length")
    assert error_of(ask(server.base_url)) == "malformed"
    server.say("")
    assert error_of(ask(server.base_url)) == "malformed"


def test_what_is_no_completion_is_a_failure(server: ChatServer) -> None:
    for body in ("<html>", {}, {"choices": []}, [1]):
        server.answer(body)
        assert error_of(ask(server.base_url)) == "malformed"


def test_an_error_inside_an_answer_of_success_is_one(server: ChatServer) -> None:
    for code, expected in (("insufficient_quota", "quota"), ("server_error", "server"), ("content_policy_violation", "content_refused")):
        server.answer({"error": {"message": "no", "code": code}})
        assert error_of(ask(server.base_url)) == expected, code


def test_an_answer_of_3_gb_is_not_read(server: ChatServer) -> None:
    async def endless(request: Any) -> Any:
        request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3221225472\r\n\r\n{")
        await asyncio.sleep(5)

    server.reply = endless
    assert error_of(ask(server.base_url)) == "malformed"


def test_answers_that_break_off_or_lead_elsewhere_are_failures(server: ChatServer) -> None:
    async def cut(request: Any) -> Any:
        request.transport.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"choices": [')
        request.transport.close()

    server.reply = cut
    assert error_of(ask(server.base_url)) == "timeout"
    server.answer("", status=302, headers={"Location": "http://10.0.0.1/"})
    assert error_of(ask(server.base_url)) == "invalid_request"
    assert len(server.seen) == 2, "nothing is asked twice, and nobody is followed"


def test_a_server_that_is_not_there_may_be_tried_again_and_a_slow_one_not(server: ChatServer) -> None:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    assert error_of(ask(f"http://127.0.0.1:{port}/v1")) == "server"

    async def never(request):  # type: ignore[no-untyped-def]
        await asyncio.sleep(30)

    server.reply = never
    assert error_of(ask(server.base_url, timeout_s=0.5)) == "timeout"


def test_blocks_of_reasoning_stay_out_of_the_text() -> None:
    """As Anthropic's models answer: a list of blocks, with their own words for the end and the counts."""
    from langchain_core.messages import AIMessage

    message = AIMessage(
        content=[
            {"type": "thinking", "thinking": "secret plan", "signature": "s"},
            {"type": "text", "text": "a "},
            {"type": "text", "text": "scene"},
        ],
        response_metadata={"stop_reason": "end_turn", "model": "claude-x"},
        usage_metadata={"input_tokens": 3, "output_tokens": 4, "total_tokens": 7, "input_token_details": {"cache_read": 2}},
    )
    outcome = _outcome(message, {}, structured=False)
    assert outcome.assets[0].data == b"a scene"
    assert (outcome.model_resolved, outcome.usage.cached_tokens) == ("claude-x", 2)
    assert "secret plan" in json.dumps(outcome.wire_response["content"])
    refused = _outcome(AIMessage(content="", response_metadata={"stop_reason": "refusal"}), {}, structured=False)
    assert refused.failure and refused.failure.error == "content_refused"


def test_a_missing_package_an_unknown_vendor_and_a_missing_key_are_said_before_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProviderError, match="pip install langchain-anthropic"):
        ask("", model="anthropic:claude-sonnet-4-5")
    with pytest.raises(ProviderError, match="nobody"):
        ask("", model="nobody:model")
    monkeypatch.delenv("HOUSE_KEY")
    with pytest.raises(ProviderError, match="HOUSE_KEY"):
        ask("")


def test_a_parameter_that_the_model_does_not_have_is_an_invalid_request(server: ChatServer) -> None:
    server.say("x")
    assert error_of(ask(server.base_url, request={"parameters": {"no_such_parameter": 1}})) == "invalid_request"


def test_a_wrong_option_is_said_without_its_values() -> None:
    with pytest.raises(ProviderError, match="temperature") as caught:
        ask("", parameters={"temperature": "very private value"})
    assert "private" not in str(caught.value)
