"""fal's queue, row by row from sections 0.2 and 6 of the providers' reference, against a stub written from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import calling
import fal_stub
import pytest
from samples import film, picture
from vendor_server import Fault, serve

from prompts.errors import WorkspaceError
from runs.provider import Failure
from runs.providers.links import links

KEY = "planted-key-0123456789"
MODEL = "fal-ai/kling-video/v3/pro/image-to-video"
TASK = "/fal-ai/kling-video/requests/fal-1"
STATUS, RESULT = f"GET {TASK}/status", f"GET {TASK}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[fal_stub.Fal]:
    monkeypatch.setenv("FAL_KEY", KEY)
    with serve(fal_stub.Fal()) as running:
        yield running


def made(server: fal_stub.Fal, *, path: str = "", **options: Any) -> Any:
    return calling.provider("fal", server.base_url + path, api_key_env="FAL_KEY", model=MODEL, options=options, timeout_s=60)


def asked(**more: Any) -> Any:
    return calling.request("the door opens", "video", stage="clip", **more)


def known(server: fal_stub.Fal) -> None:
    """Have a request that is complete."""
    server.before = []
    server._submit(MODEL.split("/"), {})


def test_a_request_is_queued_polled_and_fetched(server: fal_stub.Fal) -> None:
    request = asked(parameters={"duration": "5", "generate_audio": False})
    answer, handed = calling.driven(made(server, unit_usd={MODEL: 0.112}), request)
    assert handed == [TASK]
    assert [(a.kind, a.media_type, a.data) for a in answer.outcome.assets] == [("video", "video/mp4", film())]
    assert answer.outcome.cost_usd == pytest.approx(0.56), "what fal says is billed, times the price of a unit"
    assert (answer.outcome.usage.seconds, answer.outcome.model_resolved) == (5.0, MODEL)
    (submit,) = server.calls("POST")
    assert (submit.path, submit.body) == (f"/{MODEL}", {"prompt": "the door opens", "duration": "5", "generate_audio": False})
    assert submit.headers["Authorization"] == f"Key {KEY}"
    assert made(server).variant(request) == "silent"


def test_an_unknown_price_of_a_unit_is_an_unknown_cost(server: fal_stub.Fal) -> None:
    assert calling.driven(made(server), asked())[0].outcome.cost_usd is None


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (202, {"status": "IN_QUEUE", "queue_position": 3}, "queued"),
        (202, {"status": "IN_PROGRESS", "logs": []}, "running"),
        (200, {"status": "COMPLETED"}, "succeeded"),
        (200, {"status": "COMPLETED", "error": "Request timed out", "error_type": "request_timeout"}, "failed"),
        (200, {"status": "COMPLETED", "error": "it did not work"}, "failed"),
        (200, {"status": "COMPLETED", "error": "Client cancelled", "error_type": "client_cancelled"}, "cancelled"),
        (200, {"status": "CANCELLED"}, "cancelled"),
        (404, {"detail": "Request not found"}, "lost"),
        (200, {"status": "SOMETHING_NEW"}, "running"),
        (500, {"detail": "boom"}, "running"),
        (200, "<html>", "running"),
    ],
)
def test_states(server: fal_stub.Fal, status: int, body: Any, state: str) -> None:
    known(server)
    server.fault(STATUS, Fault(status, body))
    assert calling.polled(made(server), asked(), TASK).state == state


@pytest.mark.parametrize(
    ("status", "body", "headers", "state", "error"),
    [
        (422, {"detail": [{"loc": ["body", "prompt"], "msg": "field required", "type": "missing"}]}, {}, "failed", "invalid_request"),
        (
            422,
            {"detail": [{"loc": ["body", "prompt"], "msg": "flagged", "type": "content_policy_violation"}]},
            {},
            "failed",
            "content_refused",
        ),
        (422, [{"loc": ["body", "image"], "msg": "cannot load", "type": "image_load_error"}], {}, "failed", "invalid_request"),
        (500, {"detail": [{"loc": [], "msg": "oops", "type": "internal_server_error"}]}, {}, "failed", "server"),
        (503, {"detail": "Runner disconnected", "error_type": "runner_disconnected"}, {}, "failed", "server"),
        (504, {"detail": "Request timed out", "error_type": "request_timeout"}, {}, "failed", "server"),
        (504, {"detail": "Runner did not start", "error_type": "startup_timeout"}, {}, "failed", "server"),
        (400, {"detail": "bad"}, {"x-fal-error-type": "bad_request"}, "failed", "invalid_request"),
        (503, {"detail": "down"}, {"x-fal-error-type": "downstream_service_unavailable"}, "failed", "server"),
        (200, {"detail": "Runner failed", "error_type": "runner_server_error"}, {}, "failed", "server"),
        (200, {"images": []}, {}, "succeeded", "malformed"),
        (200, {}, {}, "succeeded", "malformed"),
        (404, {"detail": "Request not found"}, {}, "lost", None),
        (202, {"status": "IN_PROGRESS", "response_url": "https://queue.fal.run/x/y/requests/1"}, {}, "running", None),
        (502, "<html>nginx</html>", {}, "running", "server"),
        (429, {"detail": "slow down"}, {"Retry-After": "1"}, "running", "rate_limit"),
        (403, {"detail": "User is locked. Reason: Exhausted balance. Top up your balance."}, {}, "running", "quota"),
        (200, "<html>hello</html>", {}, "running", "malformed"),
    ],
)
def test_a_complete_request_may_have_failed(
    server: fal_stub.Fal, status: int, body: Any, headers: dict[str, str], state: str, error: str | None
) -> None:
    known(server)
    server.fault(STATUS, Fault(200, {"status": "COMPLETED"}))
    server.fault(RESULT, Fault(status, body, headers))
    got = calling.polled(made(server), asked(), TASK)
    assert got.state == state
    if error:
        assert calling.failure_of(got).error == error


def test_a_refused_input_may_be_billed_all_the_same(server: fal_stub.Fal) -> None:
    known(server)
    body = {"detail": [{"loc": ["body"], "msg": "flagged", "type": "content_policy_violation"}]}
    server.fault(STATUS, Fault(200, {"status": "COMPLETED"}))
    server.fault(RESULT, Fault(422, body, {"x-fal-billable-units": "2"}))
    outcome = calling.polled(made(server, unit_usd={"*": 0.5}), asked(), TASK).outcome
    assert outcome and (outcome.cost_usd, outcome.assets) == (1.0, ())


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"detail": "Authentication is required"}, "auth"),
        (403, {"detail": "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai."}, "quota"),
        (403, {"detail": "no access to this application"}, "auth"),
        (404, {"detail": "Application not found"}, "invalid_request"),
        (422, {"detail": [{"loc": ["body", "duration"], "msg": "unexpected value", "type": "literal_error"}]}, "invalid_request"),
        (422, {"detail": [{"loc": ["body", "prompt"], "msg": "flagged", "type": "content_policy_violation"}]}, "content_refused"),
        (429, {"detail": "Too many requests"}, "rate_limit"),
        (500, {"detail": "internal"}, "server"),
        (502, "<html>nginx</html>", "timeout"),
        (200, {"request_id": "x"}, "malformed"),
        (200, {"request_id": "x", "status_url": "javascript:alert(1)", "response_url": "://"}, "malformed"),
        (200, "<html>", "malformed"),
    ],
)
def test_errors_of_a_submit(server: fal_stub.Fal, status: int, body: Any, error: str) -> None:
    server.fault(f"POST /{MODEL}", Fault(status, body))
    assert calling.failure_of(calling.submitted(made(server), asked())).error == error
    assert len(server.calls("POST")) == 1


def test_the_field_at_fault_is_named(server: fal_stub.Fal) -> None:
    server.fault(
        f"POST /{MODEL}", Fault(422, {"detail": [{"loc": ["body", "duration"], "msg": "unexpected value", "type": "literal_error"}]})
    )
    assert calling.failure_of(calling.submitted(made(server), asked())).message == "duration: unexpected value"


class TestReturnedAddresses:
    def test_are_asked_for_at_our_own_host(self, server: fal_stub.Fal) -> None:
        """The stub, like fal, names queue.fal.run; a key that went there would be a key lost in this test."""
        calling.driven(made(server), asked())
        assert [s.path for s in server.calls("GET", TASK)][-1] == TASK

    def test_keep_the_prefix_of_a_server_in_between(self, server: fal_stub.Fal) -> None:
        server.fault(f"POST /gate/{MODEL}", Fault(200, {"status_url": "https://queue.fal.run/a/b/requests/1/status",
                                                        "response_url": "https://queue.fal.run/a/b/requests/1"}))  # fmt: skip
        server.fault("GET /gate/a/b/requests/1/status", Fault(202, {"status": "IN_QUEUE"}))
        task = calling.submitted(made(server, path="/gate"), asked())
        assert calling.polled(made(server, path="/gate"), asked(), str(task)).state == "queued"

    def test_that_hold_the_prefix_already_do_not_get_it_twice(self, server: fal_stub.Fal) -> None:
        server.fault("GET /gate/a/b/requests/1/status", Fault(202, {"status": "IN_QUEUE"}))
        assert calling.polled(made(server, path="/gate"), asked(), "/gate/a/b/requests/1").state == "queued"

    def test_that_do_not_belong_together_are_both_kept(self, server: fal_stub.Fal) -> None:
        answer = {"status_url": "https://q/a/b/status/1", "response_url": "https://q/a/b/result/1"}
        server.fault(f"POST /{MODEL}", Fault(200, answer))
        task = calling.submitted(made(server), asked())
        server.fault("GET /a/b/status/1", Fault(202, {"status": "IN_PROGRESS"}))
        assert calling.polled(made(server), asked(), str(task)).state == "running"


def test_a_lost_answer_is_not_sent_again(server: fal_stub.Fal) -> None:
    server.fault(f"POST /{MODEL}", Fault(after=True))
    answer, handed = calling.driven(made(server), asked())
    assert (answer.unknown, handed, len(server.requests)) == (True, [], 1)


def test_a_stuck_request_is_abandoned_with_its_name(server: fal_stub.Fal) -> None:
    server.before = ["IN_QUEUE"] * 10_000
    answer, _ = calling.driven(made(server), asked(), deadline_s=0.2)
    failure = calling.failure_of(answer)
    assert failure.error == "timeout" and TASK in failure.message
    assert not answer.unknown


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(404, "gone"), "expired"),
        (Fault(200, "<html>", {"Content-Type": "text/html"}), "malformed"),
        (Fault(200, picture(), {"Content-Type": "image/png"}), "malformed"),
        (Fault(200, film(), {"Content-Type": "video/mp4"}, declare=3 << 30), "malformed"),
        (Fault(302, "", {"Location": "http://10.1.2.3/v.mp4"}), "malformed"),
    ],
)
def test_files_that_cannot_be_had(server: fal_stub.Fal, fault: Fault, error: str) -> None:
    server.fault("GET /files/", fault)
    assert calling.failure_of(calling.driven(made(server), asked())[0]).error == error
    assert len(server.requests) == 1


class TestReferences:
    def test_one_picture(self, server: fal_stub.Fal, tmp_path: Path) -> None:
        calling.submitted(made(server), asked(references=(calling.reference(tmp_path),)))
        assert server.calls("POST")[0].body["image_url"].startswith("data:image/png;base64,")

    def test_a_list(self, server: fal_stub.Fal, tmp_path: Path) -> None:
        given = (calling.reference(tmp_path, "Mei"), calling.reference(tmp_path, "Lin"))
        calling.submitted(made(server, reference_field="image_urls[]"), asked(references=given))
        assert len(server.calls("POST")[0].body["image_urls"]) == 2

    def test_elements_one_for_each_person(self, server: fal_stub.Fal, tmp_path: Path) -> None:
        given = tuple(calling.reference(tmp_path, who, picture(f"{who}{n}")) for who in ("Mei", "Lin") for n in range(2))
        calling.submitted(made(server, reference_field="elements"), asked(references=given))
        elements = server.calls("POST")[0].body["elements"]
        assert [sorted(e) for e in elements] == [["frontal_image_url", "reference_image_urls"]] * 2

    def test_too_many_for_one_field_are_refused(self, server: fal_stub.Fal, tmp_path: Path) -> None:
        given = (calling.reference(tmp_path, "Mei"), calling.reference(tmp_path, "Lin"))
        failure = calling.failure_of(calling.submitted(made(server), asked(references=given)))
        assert failure.error == "invalid_request" and "reference_field" in failure.message
        assert server.seen == []


def test_fal_s_headers_come_from_the_options(server: fal_stub.Fal) -> None:
    calling.submitted(made(server, priority="low", request_timeout_s=90, keep_s=3600, store_io=False), asked())
    sent = server.calls("POST")[0].headers
    assert (sent["X-Fal-Queue-Priority"], sent["X-Fal-Request-Timeout"], sent["X-Fal-Store-IO"]) == ("low", "90", "0")
    assert sent["X-Fal-Object-Lifecycle-Preference"] == '{"expiration_duration_seconds": 3600}'


@pytest.mark.parametrize("model", ["", "../admin", "fal-ai/x?y=1", "https://evil.example/m", "fal ai"])
def test_what_is_no_model_is_not_sent(server: fal_stub.Fal, model: str) -> None:
    provider = calling.provider("fal", server.base_url, api_key_env="FAL_KEY")
    failure = calling.submitted(provider, asked(model=model))
    assert isinstance(failure, Failure) and failure.error == "invalid_request"
    assert server.seen == []


def test_a_typo_in_the_options_is_an_error(server: fal_stub.Fal) -> None:
    with pytest.raises(WorkspaceError, match="unit_used"):
        made(server, unit_used={})


def test_no_key_comes_back(server: fal_stub.Fal) -> None:
    server.fault(f"POST /{MODEL}", Fault(422, {"detail": [{"loc": ["body", KEY], "msg": KEY, "type": KEY, "input": {KEY: KEY}}]}))
    shown = calling.everything(calling.submitted(made(server), asked()))
    known(server)
    server.fault(STATUS, Fault(200, {"status": "COMPLETED", "error": f"Key {KEY}", "error_type": KEY}))
    state = calling.polled(made(server), asked(), TASK)
    assert KEY not in shown + calling.everything(state) + calling.everything(state.outcome)


@pytest.mark.parametrize(
    ("answer", "kind", "expected"),
    [
        ({"video": {"url": "https://c/v.mp4", "content_type": "video/mp4"}, "seed": 7}, "video", ["https://c/v.mp4"]),
        ({"images": [{"url": "https://c/1"}, {"url": "https://c/2"}]}, "image", ["https://c/1", "https://c/2"]),
        ({"video": "https://c/v.mp4", "thumbnail": "https://c/t.jpg"}, "video", ["https://c/v.mp4"]),
        ({"video": "https://c/v", "thumbnail": "https://c/t"}, "video", ["https://c/v"]),
        ({"audio": {"url": "https://c/a.mp3"}, "lyrics": "la"}, "audio", ["https://c/a.mp3"]),
        (["https://c/a.webp", "https://c/a.webp"], "image", ["https://c/a.webp"]),
        ("https://c/out", "image", ["https://c/out"]),
        ({"image": "data:image/png;base64,AAAA"}, "image", ["data:image/png;base64,AAAA"]),
        ({"file": {"url": "https://c/x", "mime_type": "audio/mpeg"}}, "image", []),
        ({"preview_image": "https://c/p"}, "video", []),
        ({"text": "no file"}, "image", []),
        (None, "image", []),
    ],
)
def test_files_are_found_in_whatever_a_model_returns(answer: Any, kind: Any, expected: list[str]) -> None:
    assert links(answer, kind) == expected
