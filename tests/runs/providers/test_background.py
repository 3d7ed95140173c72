"""OpenAI's `/responses` in the background: handed in once, its id known at once, asked after until it is over."""

from __future__ import annotations

from typing import Any

import calling
import pytest
from adapter_kit import error_of
from openai_stub import OpenAi
from vendor_server import Fault, serve

from prompts.errors import WorkspaceError
from runs.prices import Price, cost
from runs.provider import Failure, Tasks
from runs.providers.chat import ChatProvider
from runs.settings import Capabilities

ASKED = calling.request("Write an outline.", "text", key="job-1", stage="outline")


def made(base_url: str, *, capabilities: dict[str, Any] | None = None, **settings: Any) -> Any:
    can = Capabilities(api="responses", background=True, **(capabilities or {}))
    return calling.provider("chat", base_url, name="house", model="m-1", timeout_s=60, capabilities=can, **settings)


def ended(status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "model": "m-1-0924",
        "status": status,
        "output": [],
        "usage": {"output_tokens": 7},
        **more,
    }


def said(text: str) -> list[dict[str, Any]]:
    return [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}]


def test_a_text_is_handed_in_under_the_jobs_key_and_fetched_when_it_is_written() -> None:
    with serve(OpenAi()) as openai:
        answer, handed = calling.driven(made(openai.base_url, parameters={"max_tokens": 400}), ASKED)
    (seen,) = openai.calls("POST")
    assert seen.body == {
        "model": "m-1", "background": True, "store": True, "metadata": {"workbench_key": "job-1"}, "max_output_tokens": 400,
        "input": [{"role": "user", "content": "Write an outline."}],
    }  # fmt: skip
    assert seen.headers["Idempotency-Key"] == "job-1"
    assert (handed, [s.path for s in openai.calls("GET")]) == (["texts-1"], ["/responses/texts-1"] * 3)
    outcome = answer.outcome
    assert outcome.assets[0].data.startswith(b"{")
    assert (outcome.wire_request["body"], outcome.wire_request["headers"]) == (seen.body, {"idempotency-key": "job-1"})
    assert (outcome.usage.input_tokens, outcome.model_resolved) == (4, "m-1")
    price = Price(provider="house", model="m-1", kind="tokens", input=1, output=2, as_of="2026-11-26")
    used = len(outcome.assets[0].data.decode()) // 4
    assert cost(price, outcome.usage) == pytest.approx((4 * 1 + used * 2) / 1e6)


def test_a_task_that_an_earlier_process_handed_in_is_asked_after_and_not_handed_in_again() -> None:
    with serve(OpenAi()) as openai:
        task = calling.submitted(made(openai.base_url), ASKED)
        answer, handed = calling.driven(made(openai.base_url), ASKED, task_id=str(task))
    assert len(openai.orders) == 1
    assert answer.outcome.assets and handed == []


@pytest.mark.parametrize(
    ("body", "state", "expected"),
    [
        (ended("queued"), "queued", None),
        (ended("in_progress"), "running", None),
        (ended("completed", output=said("INT. WELL")), "succeeded", None),
        (ended("completed", output=[]), "failed", ("malformed", "empty")),
        (ended("incomplete", incomplete_details={"reason": "max_output_tokens"}), "failed", ("malformed", "length")),
        (ended("incomplete", incomplete_details={"reason": "content_filter"}), "failed", ("content_refused", "content_filter")),
        (ended("failed", error={"code": "server_error", "message": "boom"}), "failed", ("server", "server_error")),
        (ended("failed", error={"code": "rate_limit_exceeded", "message": "slow"}), "failed", ("rate_limit", "rate_limit_exceeded")),
        (ended("failed", error={"code": "invalid_prompt", "message": "no"}), "failed", ("content_refused", "invalid_prompt")),
        (ended("cancelled"), "cancelled", None),
        (ended("paused"), "failed", ("malformed", "unfinished")),
        (Fault(404, {"error": {"message": "Response with id 'resp_1' not found."}}), "lost", None),
        (Fault(429, {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}), "running", ("rate_limit", "rate_limit_exceeded")),
        (Fault(502, "<html>bad gateway</html>"), "running", ("server", "502")),
        (Fault(200, "<html>"), "running", ("malformed", "")),
        (Fault(drop=True), "running", ("timeout", "disconnected")),
    ],
)
def test_every_status_of_a_response_has_its_state(body: Any, state: str, expected: tuple[str, str] | None) -> None:
    with serve(OpenAi()) as openai:
        fault = body if isinstance(body, Fault) else Fault(body=body)
        openai.fault("GET /responses/resp_1", *[fault] * 5)  # a question whose connection breaks may be asked twice
        found = calling.polled(made(openai.base_url), ASKED, "resp_1")
    assert found.state == state
    if expected:
        assert error_of(found) == expected
    elif state == "succeeded":
        assert found.outcome and found.outcome.assets[0].data == b"INT. WELL"
    else:
        assert found.outcome is None


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(401, {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}), "auth"),
        (Fault(429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}), "quota"),
        (Fault(429, {"error": {"message": "slow", "code": "rate_limit_exceeded"}}), "rate_limit"),
        (Fault(400, {"error": {"message": "no", "code": "content_policy_violation"}}), "content_refused"),
        (Fault(400, {"error": {"message": "background is not supported", "code": "unsupported_parameter"}}), "invalid_request"),
        (Fault(503, {"error": {"message": "overloaded", "type": "server_error"}}), "server"),
        (Fault(502, "<html>bad gateway</html>"), "timeout"),
        (Fault(body={"error": {"message": "boom", "code": "server_error"}}), "server"),
        (Fault(body={"status": "queued"}), "malformed"),
        (Fault(body=[]), "malformed"),
    ],
)
def test_a_submit_that_gives_no_task_says_why(fault: Fault, expected: str) -> None:
    with serve(OpenAi()) as openai:
        openai.fault("POST /responses", fault)
        failure = calling.submitted(made(openai.base_url), ASKED)
    assert isinstance(failure, Failure) and failure.error == expected, failure


def test_a_server_that_honours_the_key_gives_the_task_of_a_submit_whose_answer_was_lost() -> None:
    with serve(OpenAi(honours_keys=True)) as openai:
        openai.fault("POST /responses", Fault(after=True))
        answer, handed = calling.driven(made(openai.base_url, capabilities={"idempotent": True}), ASKED)
    assert (len(openai.calls("POST")), len(openai.orders), handed) == (2, 1, ["texts-1"])
    assert answer.outcome.assets


def test_what_does_not_go_together_is_refused_when_the_settings_are_read() -> None:
    with pytest.raises(ValueError, match='set api = "responses" too'):
        Capabilities(background=True)
    with pytest.raises(ValueError, match='stored goes with api = "chat"'):
        Capabilities(api="responses", stored=True)
    with pytest.raises(WorkspaceError, match="are not asked in the background"):
        made("http://house", options={"models": {"old-*": {"api": "chat", "background": False}}})


def test_only_calls_in_the_background_are_tasks() -> None:
    assert isinstance(made("http://house"), Tasks)
    assert isinstance(calling.provider("chat", "http://house"), ChatProvider)
