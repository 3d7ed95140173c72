"""What goes wrong at Kling: the error table row by row, tasks that fail, files that cannot be had, answers that are lost."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from adapter_kit import FILM, error_of, opened, png, poll, request, run_task, submit
from kling_server import PERSON, Kling, error, made
from vendor_server import Fault

from runs.errors import ProviderError
from runs.provider import Failure

FRAMES = {"reference_role": "first_frame"}
T2V, DRAW, OMNI = "/v1/videos/text2video", "/v1/images/generations", "/v1/images/omni-image"
BARE = base64.b64encode(PERSON).decode()


# --- the error table, section 4.7, read like the document

TABLE = [
    (401, 1000, "auth"), (401, 1001, "auth"), (401, 1002, "auth"), (401, 1003, "auth"), (401, 1004, "auth"),
    (429, 1100, "quota"), (429, 1101, "quota"), (429, 1102, "quota"),
    (403, 1103, "auth"),
    (400, 1200, "invalid_request"), (400, 1201, "invalid_request"),
    (404, 1202, "invalid_request"), (404, 1203, "invalid_request"),
    (400, 1300, "content_refused"), (400, 1301, "content_refused"),
    (429, 1302, "rate_limit"), (429, 1303, "concurrency"), (429, 1304, "auth"),
    (500, 5000, "server"), (503, 5001, "server"), (504, 5002, "server"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "code", "expected"), TABLE)
@pytest.mark.parametrize("http", [True, False], ids=["with its status", "inside HTTP 200"])
def test_errors_row_by_row(tmp_path: Path, kling: Kling, status: int, code: int, expected: str, http: bool) -> None:
    refused = error(status if http else 200, code, "what it says")
    refused.headers = {"Retry-After": "9"}
    kling.fault("POST /", refused)
    failure = submit(made(tmp_path, kling), request("video"))
    assert isinstance(failure, Failure)
    assert (failure.error, failure.code, failure.retry_after_s) == (expected, str(code), 9)
    assert len(kling.calls("POST")) == 1


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Failure to pass the risk control system", "content_refused"),
        ("content violates our policy", "content_refused"),
        ("包含敏感内容", "content_refused"),
        ("out of memory", "malformed"),
        ("", "malformed"),
    ],
)
def test_a_task_that_fails_says_why_in_words_only(tmp_path: Path, kling: Kling, message: str, expected: str) -> None:
    kling.next_states, kling.next_message = ["processing", "failed"], message
    answer, _ = run_task(made(tmp_path, kling), request("video"))
    assert error_of(answer) == (expected, "task_failed")


@pytest.mark.parametrize(
    ("state", "expected"),
    [("submitted", "queued"), ("processing", "running"), ("warming_up", "running"), ("succeed", "succeeded"), ("failed", "failed")],
)
def test_states(tmp_path: Path, kling: Kling, state: str, expected: str) -> None:
    """Section 0.2."""
    kling.next_states = [state]
    task = submit(made(tmp_path, kling), request("video"))
    assert poll(made(tmp_path, kling), str(task), request("video")).state == expected


def test_a_dead_id_is_lost(tmp_path: Path, kling: Kling) -> None:
    answer, _ = run_task(made(tmp_path, kling), request("video"), task_id="k-99")
    assert error_of(answer)[0] == "lost"
    kling.fault("GET /v1/", Fault(404, "<html>no such page</html>"))
    assert poll(made(tmp_path, kling), "k-99", request("video")).state == "lost"


def test_polls_may_fail_and_files_may_stumble(tmp_path: Path, kling: Kling) -> None:
    kling.fault("GET /v1/", error(429, 1302, "too frequent"), error(500, 5000, ""), Fault(200, {"code": 0}), Fault(200, "<html>"))
    kling.fault("GET /files/", Fault(body=FILM, cut=True), Fault(503))
    answer, _ = run_task(made(tmp_path, kling), request("video"))
    assert answer.outcome.assets[0].data == FILM
    assert len(kling.calls("POST")) == 1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(404), ("expired", "404")),
        (Fault(302, headers={"Location": "http://192.168.0.1/v.mp4"}), ("malformed", "address_refused")),
        (Fault(body=FILM, declare=3 << 30), ("malformed", "too_large")),
        (Fault(body=png(), headers={"Content-Type": "video/mp4"}), ("malformed", "content_type")),
    ],
)
def test_files_that_cannot_be_had(tmp_path: Path, kling: Kling, fault: Fault, expected: Any) -> None:
    kling.fault("GET /files/", fault)
    answer, _ = run_task(made(tmp_path, kling), request("video"))
    assert error_of(answer) == expected
    assert answer.outcome.cost_usd == pytest.approx(0.084)


def test_a_stuck_task_is_abandoned(tmp_path: Path, kling: Kling) -> None:
    kling.next_states = ["processing"]
    answer, _ = run_task(made(tmp_path, kling), request("video"), deadline_s=0.2)
    assert error_of(answer)[0] == "timeout" and "billed" in answer.outcome.failure.message  # type: ignore[union-attr]


# --- a submit whose answer was lost


@pytest.mark.parametrize("fault", [Fault(after=True), Fault(drop=True)], ids=["taken", "not taken"])
def test_a_lost_submit_is_looked_up_by_the_jobs_id(tmp_path: Path, kling: Kling, fault: Fault) -> None:
    kling.fault("POST /", fault)
    answer, journal = run_task(made(tmp_path, kling), request("video"))
    if fault.after:
        assert (answer.outcome.assets[0].data, journal) == (FILM, ["k-1"])
    else:
        assert (error_of(answer), journal) == (("timeout", "disconnected"), [])
    assert len(kling.calls("POST")) == 1


def test_another_process_finds_what_the_first_has_handed_in(tmp_path: Path, kling: Kling) -> None:
    submit(made(tmp_path, kling), request("video"))
    answer, journal = run_task(made(tmp_path, kling), request("video"), look_first=True)
    assert (answer.outcome.assets[0].data, journal, len(kling.tasks)) == (FILM, ["k-1"], 1)


def test_not_being_able_to_ask_is_not_the_same_as_not_being_there(tmp_path: Path, kling: Kling) -> None:
    assert made(tmp_path, kling).look_up
    assert opened(made(tmp_path, kling), lambda p: p.find(request("video"))) is None
    kling.fault("GET /v1/", Fault(503, "down"))
    with pytest.raises(ProviderError, match="cannot be asked"):
        opened(made(tmp_path, kling), lambda p: p.find(request("video")))


def test_a_run_with_the_same_jobs_gets_tasks_of_its_own(tmp_path: Path, kling: Kling) -> None:
    """Job ids derive from what decides an output: another run of the same things has the same ones."""
    assert [submit(made(tmp_path, kling), request("video")) for _ in range(3)] == ["k-1", "k-2", "k-3"]
    assert [t.external for t in kling.tasks.values()] == ["job-1", "job-1-2", "job-1-3"]
    assert opened(made(tmp_path, kling), lambda p: p.find(request("video"))) == "k-3"
