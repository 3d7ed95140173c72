"""Youchuan, row by row from sections 0.2 and 3.2 of the providers' reference, against a stub written from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import calling
import midjourney_stub
import pytest
from samples import picture
from vendor_server import Fault, serve

from prompts.errors import WorkspaceError
from runs.errors import ProviderError
from runs.provider import Failure

SECRET, APP = "planted-secret-0123456789", "planted-app-0123456789"
JOB, SUBMIT = "GET /v1/tob/job", "POST /v1/tob/diffusion"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[midjourney_stub.Youchuan]:
    monkeypatch.setenv("YOUCHUAN_SECRET", SECRET)
    monkeypatch.setenv("YOUCHUAN_APP", APP)
    with serve(midjourney_stub.Youchuan()) as running:
        yield running


def made(server: midjourney_stub.Youchuan, **options: Any) -> Any:
    given = {"accept_terms": True, **options}
    return calling.provider("youchuan", server.base_url, api_key_env="YOUCHUAN_SECRET", options=given, timeout_s=60)


def test_a_job_gives_its_four_pictures(server: midjourney_stub.Youchuan) -> None:
    answer, handed = calling.driven(made(server), calling.request("a nurse\nat a window", parameters={"ar": "9:16"}))
    assert handed == ["yc-1"]
    assert [a.data for a in answer.outcome.assets] == [picture(f"yc-1-{n}.png") for n in range(4)]
    assert (answer.outcome.usage.images, answer.outcome.model_resolved) == (4, "midjourney 7")
    (submit,) = server.calls("POST")
    assert submit.body == {"text": "a nurse at a window --ar 9:16 --v 7"}
    assert (submit.headers["x-youchuan-app"], submit.headers["x-youchuan-secret"]) == (APP, SECRET)
    assert answer.outcome.wire_request["body"] == submit.body
    assert answer.outcome.wire_response["body"]["status"] == 2


def test_one_of_the_four_can_be_picked(server: midjourney_stub.Youchuan) -> None:
    answer, _ = calling.driven(made(server, pick=3), calling.request())
    assert [a.data for a in answer.outcome.assets] == [picture("yc-1-2.png")]
    assert answer.outcome.usage.images == 4, "four were made and paid"


@pytest.mark.parametrize(
    ("job", "state"),
    [
        ({"status": 0}, "queued"),
        ({"status": "CREATED"}, "queued"),
        ({"status": "QUEUED"}, "queued"),
        ({"status": 1}, "running"),
        ({"status": "RUNNING"}, "running"),
        ({"status": 2, "urls": []}, "running"),
        ({"status": 2}, "running"),
        ({"status": "SUCCESS", "urls": None}, "running"),
        ({"status": 3, "comment": "失败"}, "failed"),
        ({"status": "FAIL"}, "failed"),
        ({"status": "REJECT"}, "failed"),
        ({"status": "CANCELED"}, "cancelled"),
        ({"status": 77}, "running"),
        ({}, "running"),
        ({"data": {"status": 0}}, "queued"),
        ({"code": 404, "message": "no such job"}, "lost"),
    ],
)
def test_states(server: midjourney_stub.Youchuan, job: dict[str, Any], state: str) -> None:
    server.fault(JOB, Fault(200, job))
    assert calling.polled(made(server), calling.request()).state == state


def test_a_job_that_is_not_there_is_lost(server: midjourney_stub.Youchuan) -> None:
    assert calling.polled(made(server), calling.request()).state == "lost"


def test_success_before_the_addresses_is_polled_on(server: midjourney_stub.Youchuan) -> None:
    server.fault(JOB, *[Fault(200, {"status": 2, "urls": []})] * 8)
    answer, _ = calling.driven(made(server), calling.request())
    assert len(answer.outcome.assets) == 4


@pytest.mark.parametrize(
    ("comment", "error"),
    [
        ("Reject", "content_refused"),
        ("JobStatusReject", "content_refused"),
        ("JobStatusTextReject", "content_refused"),
        ("TextReject", "content_refused"),
        ("ImagePromptDenied", "content_refused"),
        ("BadPrompt", "invalid_request"),
        ("JobStatusInvalidParameter", "invalid_request"),
        ("InvalidImagePromptLink", "invalid_request"),
        ("Timeout", "timeout"),
        ("JobStatusCreditNotEnough", "quota"),
        ("失败", "server"),
        ("", "server"),
    ],
)
def test_names_of_failed_jobs(server: midjourney_stub.Youchuan, comment: str, error: str) -> None:
    server.fault(JOB, Fault(200, {"status": 3, "comment": comment}))
    state = calling.polled(made(server), calling.request())
    assert (state.state, calling.failure_of(state).error) == ("failed", error)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"message": "bad prompt"}, "invalid_request"),
        (401, {"message": "bad app"}, "auth"),
        (402, {"message": "no balance"}, "quota"),
        (403, {"message": "sensitive words"}, "content_refused"),
        (403, {"message": "no valid plan"}, "quota"),
        (403, {"message": "upscale jobs do not support this"}, "invalid_request"),
        (404, {"message": "no such job"}, "invalid_request"),
        (405, {"message": "advanced edits allow only upscale"}, "invalid_request"),
        (429, {"message": "plan concurrency reached"}, "concurrency"),
        (500, {"message": "internal"}, "server"),
        (200, {"code": 403, "message": "sensitive words"}, "content_refused"),
        (200, {"code": 402, "message": "no balance"}, "quota"),
        (200, {"status": 0}, "malformed"),
        (200, "<html>busy</html>", "malformed"),
        (302, {"message": "elsewhere"}, "invalid_request"),
        (502, "<html>bad gateway</html>", "timeout"),
    ],
)
def test_errors_of_a_submit(server: midjourney_stub.Youchuan, status: int, body: Any, error: str) -> None:
    server.fault(SUBMIT, Fault(status, body, {"Location": "http://10.0.0.1/"} if status == 302 else {}))
    assert calling.failure_of(calling.submitted(made(server), calling.request())).error == error
    assert len(server.calls("POST")) == 1


@pytest.mark.parametrize(
    ("answer", "job_id"),
    [({"id": "a"}, "a"), ({"jobId": "b"}, "b"), ({"data": {"jobId": "c"}}, "c"), ({"data": "d"}, "d"), ({"id": 7}, "7")],
)
def test_the_job_s_id_is_found_where_gateways_put_it(server: midjourney_stub.Youchuan, answer: Any, job_id: str) -> None:
    server.fault(SUBMIT, Fault(200, answer))
    assert calling.submitted(made(server), calling.request()) == job_id


def test_a_lost_answer_is_not_sent_again_and_nobody_can_look_it_up(server: midjourney_stub.Youchuan) -> None:
    server.fault(SUBMIT, Fault(after=True))
    answer, handed = calling.driven(made(server), calling.request())
    assert (answer.unknown, handed, len(server.jobs)) == (True, [], 1)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(403, "<html>signature expired</html>"), "expired"),
        (Fault(200, "<html>a page</html>"), "malformed"),
        (Fault(200, picture(), {"Content-Type": "image/png"}, declare=3 << 30), "malformed"),
        (Fault(302, "", {"Location": "http://169.254.169.254/latest"}), "malformed"),
    ],
)
def test_pictures_that_cannot_be_had(server: midjourney_stub.Youchuan, fault: Fault, error: str) -> None:
    server.fault("GET /files/", fault)
    answer, _ = calling.driven(made(server, pick=1), calling.request())
    assert calling.failure_of(answer).error == error
    assert len(server.jobs) == 1


def test_a_picture_that_is_cut_off_is_fetched_again(server: midjourney_stub.Youchuan) -> None:
    server.fault("GET /files/", Fault(200, picture(), cut=True))
    answer, _ = calling.driven(made(server), calling.request())
    assert len(answer.outcome.assets) == 4


class TestReferences:
    def test_a_local_file_is_refused_with_what_to_set(self, server: midjourney_stub.Youchuan, tmp_path: Path) -> None:
        failure = calling.failure_of(calling.submitted(made(server), calling.request(references=(calling.reference(tmp_path),))))
        assert (failure.error, failure.code) == ("invalid_request", "reference_needs_url")
        assert "reference_url" in failure.message
        assert server.seen == []

    @pytest.mark.parametrize(
        ("version", "people", "options", "expected"),
        [
            ("7", ["Mei"], {}, "a nurse --oref {0} --v 7"),
            ("6.1", ["Mei"], {}, "a nurse --cref {0} --v 6.1"),
            ("niji 6", ["Mei"], {}, "a nurse --cref {0} --niji 6"),
            ("8.1", ["Mei"], {}, "{0} a nurse --v 8.1"),
            ("7", ["Mei", "Lin"], {}, "{0} {1} a nurse --v 7"),
            ("7", ["Mei"], {"reference_as": "sref"}, "a nurse --sref {0} --v 7"),
            ("7", ["Mei"], {"reference_as": "image"}, "{0} a nurse --v 7"),
        ],
    )
    def test_a_published_store_gives_addresses(
        self, server: midjourney_stub.Youchuan, tmp_path: Path, version: str, people: list[str], options: dict[str, str], expected: str
    ) -> None:
        given = tuple(calling.reference(tmp_path, who) for who in people)
        provider = made(server, version=version, reference_url="https://cdn.example/m/{sha256}.{extension}", **options)
        calling.submitted(provider, calling.request("a nurse", references=given))
        urls = [f"https://cdn.example/m/{r.sha256}.png" for r in given]
        assert server.calls("POST")[0].body["text"] == expected.format(*urls)


@pytest.mark.parametrize("text", ["a nurse --ar 1:1", "https://evil.example/x.png a nurse", "a {red, blue} coat"])
def test_injection_is_refused_before_anything_is_sent(server: midjourney_stub.Youchuan, text: str) -> None:
    failure = calling.failure_of(calling.submitted(made(server), calling.request(text)))
    assert failure.error == "invalid_request" and failure.code.endswith("_injection")
    assert server.seen == []


def test_it_is_off_until_the_user_accepts_the_terms(server: midjourney_stub.Youchuan) -> None:
    with pytest.raises(ProviderError) as caught:
        calling.submitted(made(server, accept_terms=False), calling.request())
    assert "strictly prohibit" in str(caught.value) and "accept_terms = true" in str(caught.value.hint)
    assert server.seen == []


def test_a_typo_in_the_options_is_an_error(server: midjourney_stub.Youchuan) -> None:
    with pytest.raises(WorkspaceError, match="acept_terms"):
        made(server, acept_terms=True)
    with pytest.raises(WorkspaceError, match="version"):
        made(server, version="5")
    with pytest.raises(WorkspaceError, match="versions"):
        made(server, versions={"wierd": ["7"]})


def test_both_credentials_are_needed(server: midjourney_stub.Youchuan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YOUCHUAN_APP")
    with pytest.raises(ProviderError, match="YOUCHUAN_APP"):
        calling.submitted(made(server), calling.request())


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_no_credential_comes_back(server: midjourney_stub.Youchuan, status: int) -> None:
    echo = {"message": f"you sent {SECRET} and {APP}", "id": SECRET, "status": 3, "comment": SECRET, "code": APP}
    server.fault(SUBMIT, Fault(status, {**echo, "id": ""}))
    server.fault(JOB, Fault(200, echo))
    shown = calling.everything(calling.submitted(made(server), calling.request()))
    state = calling.polled(made(server), calling.request())
    shown += calling.everything(state) + calling.everything(state.outcome)
    assert SECRET not in shown and APP not in shown


def test_a_seed_is_sent_where_the_settings_say_so(server: midjourney_stub.Youchuan) -> None:
    provider = calling.provider(
        "youchuan", server.base_url, api_key_env="YOUCHUAN_SECRET", options={"accept_terms": True}, capabilities={"seed": True}
    )
    calling.submitted(provider, calling.request("a nurse", seed=2**32 + 5))
    assert server.calls("POST")[0].body["text"] == "a nurse --seed 5 --v 7"


def test_a_prompt_over_the_limit_is_not_sent(server: midjourney_stub.Youchuan) -> None:
    failure = calling.submitted(made(server), calling.request("word " * 2000))
    assert isinstance(failure, Failure) and failure.code == "too_long"
    assert server.seen == []


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("https://cdn.example/a.png", None),
        (["https://cdn.example/a.png"], None),
        (5, "reference_needs_url"),
        ({"url": 1}, "reference_needs_url"),
    ],
)
def test_a_picture_may_be_given_by_its_address(server: midjourney_stub.Youchuan, image: Any, code: str | None) -> None:
    got = calling.submitted(made(server), calling.request("a nurse", parameters={"image": image}))
    if code:
        assert calling.failure_of(got).code == code
    else:
        assert server.calls("POST")[0].body["text"] == "https://cdn.example/a.png a nurse --v 7"
