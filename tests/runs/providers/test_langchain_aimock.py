"""Streams and /v1/responses, through LangChain's OpenAI integration, against a server that others wrote (npm `@copilotkit/aimock`)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import aimock as aimock_server
import pytest

from runs.provider import Message, Outcome, Request
from runs.providers.langchain import LangChainProvider, _outcome
from runs.settings import ProviderSettings

pytestmark = pytest.mark.slow
STREAM = {"streaming": True, "stream_usage": True}
RESPONSES = {"use_responses_api": True}
WAYS = pytest.mark.parametrize("options", [STREAM, RESPONSES, {**RESPONSES, **STREAM}], ids=["stream", "responses", "both"])
TWO_WAYS = pytest.mark.parametrize("options", [STREAM, RESPONSES], ids=["stream", "responses"])


ERRORS: dict[str, tuple[int, dict[str, Any], str]] = {
    "refused": (400, {"message": "rejected", "type": "invalid_request_error", "code": "content_policy_violation"}, "content_refused"),
    "no money": (429, {"message": "quota", "type": "insufficient_quota", "code": "insufficient_quota"}, "quota"),
    "too fast": (429, {"message": "slow down", "code": "rate_limit_exceeded"}, "rate_limit"),
}
CHAOS = {"dropped": ("dropRate", "server"), "garbled": ("malformedRate", "malformed"), "hung up": ("disconnectRate", "timeout")}
USAGE = {"prompt_tokens": 120, "completion_tokens": 40, "input_tokens": 120, "output_tokens": 40, "total_tokens": 160}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSE_KEY", "sk-planted-0123456789abcdef")


def fixture(said: str, response: Any, **more: Any) -> dict[str, Any]:
    return {"match": {"userMessage": said}, "response": response, **more}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[aimock_server.Aimock]:
    """Run one server for all tests; what a prompt says decides the answer."""
    fixtures = [
        *(fixture(name, {"error": error, "status": status}) for name, (status, error, _) in ERRORS.items()),
        *(fixture(name, {"content": "x"}, chaos={rate: 1}) for name, (rate, _) in CHAOS.items()),
        fixture("scene", {"content": "INT. WELL - NIGHT", "model": "writer-1-0924", "usage": USAGE}),
        fixture("too long", {"content": "INT. WE", "finishReason": "length"}),
        fixture("filtered", {"content": "INT. WE", "finishReason": "content_filter"}),
    ]
    with aimock_server.serve(fixtures, tmp_path_factory.mktemp("aimock")) as running:
        yield running


def ask(server: aimock_server.Aimock, text: str, options: dict[str, Any]) -> Outcome:
    config = ProviderSettings(
        type="langchain", base_url=server.base_url, model="openai:writer-1", api_key_env="HOUSE_KEY", timeout_s=20, options=options
    )  # fmt: skip
    request = Request(key="job-1", stage="script", kind="text", messages=(Message("user", text),), model="")

    async def call() -> Outcome:
        async with LangChainProvider("lc", config) as provider:
            return await provider.generate(request)

    return asyncio.run(call())


@WAYS
def test_text_and_usage_come_back(server: aimock_server.Aimock, options: dict[str, Any]) -> None:
    outcome = ask(server, "write a scene", options)
    assert outcome.failure is None
    assert outcome.assets[0].data == b"INT. WELL - NIGHT"
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens) == (120, 40)
    assert server.journal()[-1]["path"] == ("/v1/responses" if "use_responses_api" in options else "/v1/chat/completions")


def test_a_stream_that_is_not_asked_for_usage_has_an_unknown_one(server: aimock_server.Aimock) -> None:
    """LangChain asks for it at OpenAI's own address only; unknown is None, never 0."""
    outcome = ask(server, "write a scene", {"streaming": True})
    assert (outcome.assets[0].data, outcome.usage.input_tokens, outcome.usage.output_tokens) == (b"INT. WELL - NIGHT", None, None)


@TWO_WAYS
@pytest.mark.parametrize("name", [*ERRORS, *CHAOS])
def test_errors_and_bad_lines(server: aimock_server.Aimock, options: dict[str, Any], name: str) -> None:
    before = len(server.journal())
    outcome = ask(server, name, options)
    assert outcome.failure is not None
    assert (outcome.failure.error, outcome.assets) == (ERRORS[name][2] if name in ERRORS else CHAOS[name][1], ())
    assert len(server.journal()) == before + 1, "what may have been billed is not asked for again"


@WAYS
def test_what_was_cut_off_is_no_script(server: aimock_server.Aimock, options: dict[str, Any]) -> None:
    outcome = ask(server, "too long", options)
    assert outcome.failure is not None
    assert (outcome.failure.error, outcome.failure.code) == ("malformed", "length")


@pytest.mark.parametrize("options", [RESPONSES, {**RESPONSES, **STREAM}], ids=["responses", "both"])
def test_what_the_server_broke_off_is_no_script(server: aimock_server.Aimock, options: dict[str, Any]) -> None:
    """The server's status is `failed`, and the text that it had so far stands in the answer all the same."""
    outcome = ask(server, "filtered", options)
    assert outcome.failure is not None and outcome.assets == ()
    assert (outcome.failure.error, outcome.failure.code) == ("server", "failed")


@pytest.mark.parametrize(
    ("metadata", "error", "code"),
    [
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "malformed", "length"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_refused", "content_filter"),
        ({"status": "incomplete"}, "malformed", "length"),
        ({"status": "failed"}, "server", "failed"),
        ({"status": "cancelled"}, "server", "cancelled"),
        ({"status": "completed"}, None, None),
        ({"status": "completed", "finish_reason": "length"}, "malformed", "length"),
    ],
)
def test_why_an_answer_of_the_newer_interface_ended(metadata: dict[str, Any], error: str | None, code: str | None) -> None:
    from langchain_core.messages import AIMessage

    failure = _outcome(AIMessage(content="INT. WE", response_metadata=metadata), {}, structured=False).failure
    assert (failure.error, failure.code) == (error, code) if failure else error is None
