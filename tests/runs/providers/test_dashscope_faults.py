"""What goes wrong at DashScope: the error table row by row, states of tasks, files that cannot be had, answers that are lost."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest
from adapter_kit import FILM, KEY, error_of, generate, opened, png, poll, provider, request, run_task, submit
from dashscope_server import OLD_IMAGES, DashScope, made
from vendor_server import Fault


def data_url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


# --- the error table, section 2.7, read like the document

TABLE = [
    (401, "InvalidApiKey", "Invalid API-key provided.", "auth"),
    (401, "invalid_api_key", "", "auth"),
    (403, "AccessDenied", "Access denied.", "auth"),
    (403, "AccessDenied.Unpurchased", "Access to model denied.", "auth"),
    (400, "Arrearage", "Access denied, please make sure your account is in good standing.", "quota"),
    (429, "Throttling", "Requests throttling triggered.", "rate_limit"),
    (429, "Throttling.RateQuota", "Requests rate limit exceeded, please try again later.", "rate_limit"),
    (429, "Throttling.AllocationQuota", "Allocated quota exceeded, please increase your quota limit.", "rate_limit"),
    (429, "Throttling.AllocationQuota", "Free allocated quota exceeded.", "quota"),
    (429, "insufficient_quota", "You exceeded your current quota.", "quota"),
    (429, "insufficient_quota", "You exceeded your current quota, see https://host/error-code#token-limit", "rate_limit"),
    (429, "Throttling.BurstRate", "Request rate increased too quickly.", "rate_limit"),
    (429, "Throttling", "Too many concurrent tasks", "concurrency"),
    (400, "DataInspectionFailed", "Input data may contain inappropriate content.", "content_refused"),
    (400, "DataInspectionFailed", "Output data may contain inappropriate content.", "content_refused"),
    (400, "data_inspection_failed", "Output data may contain inappropriate content.", "content_refused"),
    (400, "IPInfringementSuspect", "Input data is suspected of being involved in IP infringement.", "content_refused"),
    (400, "InvalidParameter", "size is not valid", "invalid_request"),
    (400, "InvalidParameter.DataInspection", "Unable to download the media resource", "invalid_request"),
    (400, "InvalidParameter.Whatever", "", "invalid_request"),
    (400, "InvalidURL", "", "invalid_request"),
    (400, "InvalidURL.Timeout", "", "invalid_request"),
    (404, "ModelNotFound", "", "invalid_request"),
    (404, "Model.NotExist", "", "invalid_request"),
    (403, "AccessDenied", "current user api does not support synchronous calls.", "invalid_request"),
    (500, "InternalError", "", "server"),
    (500, "InternalError.Algo", "", "server"),
    (503, "ServiceUnavailable", "", "server"),
    (504, "GatewayTimeout", "", "server"),
]


@pytest.mark.parametrize(("status", "code", "message", "expected"), TABLE)
def test_errors_row_by_row(tmp_path: Path, vendor: DashScope, status: int, code: str, message: str, expected: str) -> None:
    """As the answer to a call, to a submit and, where it can be, as the end of a task."""
    body = {"code": code, "message": message, "request_id": "r"}
    vendor.fault("POST /", Fault(status, body, {"Retry-After": "4"}), Fault(status, body))
    outcome = generate(made(tmp_path, vendor, "qwen-image"), request("image"))
    assert error_of(outcome) == (expected, code)
    assert outcome.failure.retry_after_s in (4, None)
    assert error_of(submit(made(tmp_path, vendor, "wan"), request("video"))) == (expected, code)
    vendor.next_states, vendor.next_output = ["FAILED"], {"code": code, "message": message}
    task = submit(made(tmp_path, vendor, "wan"), request("video"))
    assert error_of(poll(made(tmp_path, vendor, "wan"), str(task), request("video"))) == (expected, code)


def test_a_wrong_key_is_told_what_belongs_together(tmp_path: Path, vendor: DashScope) -> None:
    vendor.fault("POST /", Fault(401, {"code": "InvalidApiKey", "message": f"Invalid API-key provided: {KEY}"}))
    outcome = generate(made(tmp_path, vendor, "qwen-image"), request("image"))
    assert "base_url must belong together" in outcome.failure.message
    assert KEY not in repr(outcome)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("PENDING", "queued"),
        ("RUNNING", "running"),
        ("SUSPENDED", "running"),
        ("PREPARING", "running"),
        ("CANCELED", "cancelled"),
        ("UNKNOWN", "lost"),
    ],
)
def test_states(tmp_path: Path, vendor: DashScope, state: str, expected: str) -> None:
    """Section 0.2; a state that nobody has heard of is waited for."""
    vendor.next_states = [state]
    wan = made(tmp_path, vendor, "wan")
    task = submit(wan, request("video"))
    assert poll(made(tmp_path, vendor, "wan"), str(task), request("video")).state == expected


def test_a_dead_id_is_lost_although_http_says_ok(tmp_path: Path, vendor: DashScope) -> None:
    answer, _ = run_task(made(tmp_path, vendor, "wan"), request("video"), task_id="t-99")
    assert error_of(answer) == ("lost", "")
    assert vendor.calls("POST") == []
    vendor.fault("GET /api/v1/tasks/", Fault(404, {"code": "NotFound", "message": "no such task"}))
    assert poll(made(tmp_path, vendor, "wan"), "t-99", request("video")).state == "lost"


def test_old_pictures_some_of_which_did_not_come_about(tmp_path: Path, vendor: DashScope) -> None:
    """Section 2.4: a task succeeds with any of its pictures."""
    refused = {"code": "DataInspectionFailed", "message": "Output data may contain inappropriate content."}
    vendor.next_output = {"results": [{"url": vendor.host("a.png", png(), "image/png")}, refused]}
    answer, _ = run_task(made(tmp_path, vendor, "wanx"), request("image", parameters={"n": 2, "negative_prompt": "text"}))
    (submitted,) = vendor.calls("POST")
    assert submitted.path == OLD_IMAGES
    assert submitted.body["input"] == {"prompt": "rain on tin", "negative_prompt": "text"}
    assert submitted.body["parameters"] == {"size": "752*1344", "n": 2, "prompt_extend": False, "watermark": False}
    assert (len(answer.outcome.assets), answer.outcome.usage.images) == (1, 1)
    assert answer.outcome.wire_response["body"]["output"]["results"][1] == refused
    vendor.next_output = {"results": [refused, refused]}
    answer, _ = run_task(made(tmp_path, vendor, "wanx"), request("image", parameters={"n": 2}))
    assert error_of(answer) == ("content_refused", "DataInspectionFailed")


def test_polls_may_fail_and_files_may_stumble(tmp_path: Path, vendor: DashScope) -> None:
    vendor.fault("GET /api/v1/tasks/", Fault(503), Fault(429, {"code": "Throttling", "message": ""}), Fault(200, {}), Fault(200, "<html>"))
    vendor.fault("GET /files/", Fault(body=FILM, cut=True), Fault(500))
    answer, journal = run_task(made(tmp_path, vendor, "wan"), request("video"))
    assert answer.outcome.assets[0].data == FILM
    assert (len(vendor.calls("POST")), journal) == (1, ["t-1"])


@pytest.mark.parametrize("name", ["wan", "wanx"])
def test_success_that_never_names_a_file_is_given_up(tmp_path: Path, vendor: DashScope, name: str) -> None:
    vendor.next_states, vendor.next_output = ["SUCCEEDED"], {"results": []}
    answer, _ = run_task(made(tmp_path, vendor, name, options={"file_wait_s": 0.02}), request("video" if name == "wan" else "image"))
    assert error_of(answer) == ("expired", "no_file")
    assert len(vendor.calls("POST")) == 1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(403), ("expired", "403")),
        (Fault(302, headers={"Location": "http://10.0.0.7/v.mp4"}), ("malformed", "address_refused")),
        (Fault(body=FILM, declare=3 << 30), ("malformed", "too_large")),
        (Fault(body="<html>", headers={"Content-Type": "text/html"}), ("malformed", "content_type")),
    ],
)
def test_files_that_cannot_be_had(tmp_path: Path, vendor: DashScope, fault: Fault, expected: Any) -> None:
    vendor.fault("GET /files/", fault)
    answer, _ = run_task(made(tmp_path, vendor, "wan"), request("video"))
    assert error_of(answer) == expected
    assert answer.outcome.usage.seconds == 5, "it was made, and will be billed"


# --- a submit whose answer was lost


def test_a_lost_submit_is_found_in_the_list_of_tasks(tmp_path: Path, vendor: DashScope) -> None:
    vendor.fault("POST /", Fault(after=True))
    answer, journal = run_task(made(tmp_path, vendor, "wan"), request("video"))
    # Its prompt can be told only once it is done: until then nobody knows whose it is.
    assert (error_of(answer), answer.unknown, journal) == (("timeout", "disconnected"), True, [])
    vendor.next_states = ["SUCCEEDED"]
    vendor.fault("POST /", Fault(after=True))
    answer, journal = run_task(made(tmp_path, vendor, "wan"), request("video", "another"))
    assert (answer.outcome.assets[0].data, journal, len(vendor.tasks)) == (FILM, ["t-2"], 2)


def test_what_may_be_one_of_two_is_claimed_by_none(tmp_path: Path, vendor: DashScope) -> None:
    vendor.next_states = ["SUCCEEDED"]
    vendor.fault("POST /", Fault(after=True), Fault(drop=True), Fault(drop=True))
    jobs = [request("video", key=f"job-{n}", seed=n) for n in range(2)]

    async def both(wan: Any) -> list[Any]:
        submitted = [await wan.submit(job) for job in jobs]
        return [*submitted, *[await wan.find(job) for job in jobs]]

    first, second, *found = opened(made(tmp_path, vendor, "wan"), both)
    assert (error_of(first), error_of(second)) == (("timeout", "disconnected"),) * 2
    assert found == [None, None]


def test_another_process_cannot_know_whose_a_listed_task_is(tmp_path: Path, vendor: DashScope) -> None:
    vendor.next_states = ["SUCCEEDED"]
    submit(made(tmp_path, vendor, "wan"), request("video"))
    assert opened(made(tmp_path, vendor, "wan"), lambda p: p.find(request("video"))) is None


def test_a_stuck_task_is_abandoned_and_said_to_be_billed(tmp_path: Path, vendor: DashScope) -> None:
    vendor.next_states = ["RUNNING"]
    answer, _ = run_task(made(tmp_path, vendor, "wan"), request("video"), deadline_s=0.2)
    assert error_of(answer)[0] == "timeout"
    assert "t-1" in answer.outcome.failure.message and "billed" in answer.outcome.failure.message  # type: ignore[union-attr]


def test_no_key_no_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DASHSCOPE_API_KEY", raising=False)
    with pytest.raises(Exception, match="DASHSCOPE_API_KEY"):
        opened(provider(tmp_path, "wan", "http://127.0.0.1:1"), lambda p: asyncio.sleep(0))
