"""Midjourney's proxies, row by row from sections 0.2 and 3.4 of the providers' reference, against a stub written from them."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import calling
import midjourney_stub
import pytest
from PIL import Image
from samples import picture
from vendor_server import Fault, serve

from prompts.errors import WorkspaceError
from runs.errors import ProviderError
from runs.provider import Asset, Failure
from runs.providers import grid

KEY = "planted-key-0123456789"
FETCH, SUBMIT, CHANGE, LIST = "GET /mj/task/task-1/fetch", "POST /mj/submit/imagine", "POST /mj/submit/change", "GET /mj/task/list"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[midjourney_stub.Proxy]:
    monkeypatch.setenv("MJ_KEY", KEY)
    with serve(midjourney_stub.Proxy()) as running:
        yield running


def made(server: midjourney_stub.Proxy, **options: Any) -> Any:
    given = {"accept_terms": True, **options}
    return calling.provider("midjourney-proxy", f"{server.base_url}/mj", api_key_env="MJ_KEY", options=given, timeout_s=60)


def colours(asset: Asset) -> tuple[int, ...]:
    with Image.open(io.BytesIO(asset.data)) as image:
        return image.convert("RGB").getpixel((5, 5))[1:]  # type: ignore[index, return-value]


class TestTheGrid:
    def test_is_cut_into_the_four_pictures_that_it_shows(self, server: midjourney_stub.Proxy) -> None:
        answer, handed = calling.driven(made(server), calling.request("a nurse", parameters={"ar": "9:16"}))
        assert handed == ["mj-1"]
        assert [colours(a) for a in answer.outcome.assets] == [(0, 255), (80, 195), (160, 135), (240, 75)]
        assert answer.outcome.usage.images == 4
        assert server.calls("POST")[0].body == {"prompt": "a nurse --ar 9:16 --v 7", "state": "job-1"}

    def test_stays_whole_where_the_settings_say_so(self, server: midjourney_stub.Proxy) -> None:
        answer, _ = calling.driven(made(server, images="whole"), calling.request())
        assert [a.data for a in answer.outcome.assets] == [picture("mj-1.png")]

    def test_or_single_pictures_are_asked_for(self, server: midjourney_stub.Proxy) -> None:
        answer, _ = calling.driven(made(server, images="upscale", upscale=[1, 4]), calling.request())
        assert [a.data for a in answer.outcome.assets] == [picture("mj-2.png"), picture("mj-3.png")]
        assert [c.body for c in server.calls("POST", "/mj/submit/change")] == [
            {"taskId": "mj-1", "action": "UPSCALE", "index": n, "state": f"job-1/mj-1/U{n}"} for n in (1, 4)
        ]

    def test_that_is_no_picture_is_malformed(self) -> None:
        assert isinstance(grid.split(Asset("image", "image/png", picture()[:60])), Failure)
        assert isinstance(grid.split(Asset("image", "image/png", picture(size=(20, 20)))), Failure)

    def test_of_odd_size_loses_no_more_than_its_last_row(self) -> None:
        four = grid.split(Asset("image", "image/png", picture(size=(131, 129))))
        assert not isinstance(four, Failure)
        assert {Image.open(io.BytesIO(a.data)).size for a in four} == {(65, 64)}


class TestUpscales:
    def test_of_an_earlier_process_are_not_asked_for_again(self, server: midjourney_stub.Proxy) -> None:
        provider = made(server, images="upscale", upscale=[1])
        calling.driven(provider, calling.request())
        answer, _ = calling.driven(made(server, images="upscale", upscale=[1]), calling.request(), task_id="mj-1")
        assert answer.outcome.assets
        assert len(server.calls("POST", "/mj/submit/change")) == 1

    def test_whose_answer_was_lost_are_found_in_the_list(self, server: midjourney_stub.Proxy) -> None:
        server.fault(CHANGE, Fault(after=True))
        answer, _ = calling.driven(made(server, images="upscale"), calling.request())
        assert answer.outcome.assets
        assert len(server.calls("POST", "/mj/submit/change")) == 1

    def test_whose_answer_was_lost_and_that_are_in_no_list_are_not_sent_again(self, server: midjourney_stub.Proxy) -> None:
        server.fault(CHANGE, Fault(drop=True))
        answer, _ = calling.driven(made(server, images="upscale"), calling.request())
        assert calling.failure_of(answer).error == "timeout"
        assert len(server.calls("POST", "/mj/submit/change")) == 1

    def test_need_a_proxy_that_lists_its_tasks(self, server: midjourney_stub.Proxy) -> None:
        server.fault(LIST, *[Fault(404, "no such page")] * 3)
        answer, _ = calling.driven(made(server, images="upscale"), calling.request())
        failure = calling.failure_of(answer)
        assert (failure.error, failure.code) == ("invalid_request", "no_list")
        assert server.calls("POST", "/mj/submit/change") == []

    def test_that_fail_fail_the_job(self, server: midjourney_stub.Proxy) -> None:
        server.fault("GET /mj/task/mj-2/fetch", Fault(200, {"id": "mj-2", "status": "FAILURE", "failReason": "Banned prompt"}))
        assert calling.failure_of(calling.driven(made(server, images="upscale"), calling.request())[0]).error == "content_refused"

    def test_of_another_try_are_asked_for_anew(self, server: midjourney_stub.Proxy) -> None:
        """The first try's enlargement failed; the second try has a grid of its own, and must not read that failure as its own."""
        provider = made(server, images="upscale")
        server.fault("GET /mj/task/mj-2/fetch", Fault(200, {"id": "mj-2", "status": "FAILURE", "failReason": "boom"}))
        assert calling.failure_of(calling.driven(provider, calling.request())[0]).error == "server"
        assert calling.driven(provider, calling.request())[0].outcome.assets

    def test_wait_while_the_queue_is_full(self, server: midjourney_stub.Proxy) -> None:
        server.fault(CHANGE, Fault(200, {"code": 23, "description": "队列已满"}))
        assert calling.driven(made(server, images="upscale"), calling.request())[0].outcome.assets


@pytest.mark.parametrize(
    ("task", "state"),
    [
        ({"status": "NOT_START"}, "queued"),
        ({"status": "SUBMITTED"}, "queued"),
        ({"status": "IN_PROGRESS", "progress": "37%"}, "running"),
        ({"status": "IN_PROGRESS", "imageUrl": "https://cdn.example/preview.webp"}, "running"),
        ({"status": "MODAL"}, "needs_input"),
        ({"status": "SUCCESS", "imageUrl": None}, "running"),
        ({"status": "FAILURE", "failReason": "x"}, "failed"),
        ({"status": "CANCEL"}, "cancelled"),
        ({"status": "SOMETHING_NEW"}, "running"),
        (None, "lost"),
        (b"", "lost"),
        ({"code": 3, "description": "task not found"}, "lost"),
    ],
)
def test_states(server: midjourney_stub.Proxy, task: Any, state: str) -> None:
    server.fault(FETCH, Fault(200, task))
    assert calling.polled(made(server), calling.request()).state == state


def test_http_404_is_lost(server: midjourney_stub.Proxy) -> None:
    server.fault(FETCH, Fault(404, "not found"))
    assert calling.polled(made(server), calling.request()).state == "lost"


def test_a_preview_is_no_result(server: midjourney_stub.Proxy) -> None:
    calling.driven(made(server), calling.request())
    assert [s.path for s in server.calls("GET", "/files/")] == ["/files/mj-1.png"]


@pytest.mark.parametrize(
    ("status", "body", "result"),
    [
        (200, {"code": 1, "description": "ok", "result": "8498455807619990"}, "8498455807619990"),
        (200, {"code": 1, "result": 8498455807619990}, "8498455807619990"),
        (200, {"code": 22, "description": "queued, 3 before it", "result": "t2"}, "t2"),
        (200, {"code": 21, "description": "exists", "result": "t3"}, "t3"),
        (200, {"code": 21, "description": "exists"}, "invalid_request"),
        (200, {"code": 1, "description": "ok"}, "malformed"),
        (200, {"code": 23, "description": "queue full"}, "rate_limit"),
        (200, {"code": 24, "description": "banned", "properties": {"bannedWord": "blood"}}, "content_refused"),
        (200, {"code": 3, "description": "no account available"}, "invalid_request"),
        (200, {"code": 4, "description": "prompt is empty"}, "invalid_request"),
        (200, {"code": 9, "description": "system error"}, "server"),
        (404, {"code": 3, "description": "not found"}, "invalid_request"),
        (401, "Unauthorized", "auth"),
        (403, "Forbidden", "auth"),
        (429, {"message": "too many requests"}, "rate_limit"),
        (500, {"message": "boom"}, "server"),
        (502, "<html>", "timeout"),
        (200, "<html>welcome</html>", "malformed"),
        (200, {}, "malformed"),
    ],
)
def test_answers_to_a_submit(server: midjourney_stub.Proxy, status: int, body: Any, result: str) -> None:
    server.fault(SUBMIT, Fault(status, body))
    got = calling.submitted(made(server), calling.request())
    assert (got.error if isinstance(got, Failure) else got) == result
    assert len(server.calls("POST")) == 1


def test_a_banned_word_is_named(server: midjourney_stub.Proxy) -> None:
    server.fault(SUBMIT, Fault(200, {"code": 24, "description": "可能包含敏感词", "properties": {"bannedWord": "blood"}}))
    assert "blood" in calling.failure_of(calling.submitted(made(server), calling.request())).message


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("Banned prompt detected", "content_refused"),
        ("[AI moderator] this prompt may violate the guidelines", "content_refused"),
        ("[Invalid parameter] Invalid value", "invalid_request"),
        ("Subscription required", "quota"),
        ("You have run out of fast hours. fast time exhausted", "quota"),
        ("Queue full", "rate_limit"),
        ("任务超时", "timeout"),
        ("timeout", "timeout"),
        ("something else", "server"),
        (None, "server"),
    ],
)
def test_reasons_of_failed_tasks(server: midjourney_stub.Proxy, reason: str | None, error: str) -> None:
    server.fault(FETCH, Fault(200, {"status": "FAILURE", "failReason": reason}))
    assert calling.failure_of(calling.polled(made(server), calling.request())).error == error


class TestALostAnswer:
    def test_is_looked_up_by_the_job_s_id(self, server: midjourney_stub.Proxy) -> None:
        server.fault(SUBMIT, Fault(after=True))
        answer, handed = calling.driven(made(server), calling.request())
        assert (handed, len(server.tasks), len(answer.outcome.assets)) == (["mj-1"], 1, 4)

    def test_of_an_earlier_process_is_looked_up_first(self, server: midjourney_stub.Proxy) -> None:
        assert calling.submitted(made(server), calling.request()) == "mj-1"
        assert calling.found(made(server), calling.request()) == "mj-1"
        assert calling.found(made(server), calling.request(key="job-2")) is None

    def test_that_cannot_be_looked_up_is_unknown(self, server: midjourney_stub.Proxy) -> None:
        server.fault(SUBMIT, Fault(after=True))
        server.fault(LIST, *[Fault(500, "down")] * 4)
        answer, handed = calling.driven(made(server), calling.request())
        assert (answer.unknown, handed) == (True, [])
        with pytest.raises(LookupError):
            calling.found(made(server), calling.request())


@pytest.mark.parametrize(
    ("auth", "name", "value"),
    [("mj-api-secret", "mj-api-secret", KEY), ("authorization", "Authorization", KEY), ("bearer", "Authorization", f"Bearer {KEY}")],
)
def test_the_key_goes_where_the_proxy_reads_it(server: midjourney_stub.Proxy, auth: str, name: str, value: str) -> None:
    server.needs = (name, value)
    assert calling.submitted(made(server, auth=auth), calling.request()) == "mj-1"
    wrong = "bearer" if auth != "bearer" else "authorization"
    assert calling.failure_of(calling.submitted(made(server, auth=wrong), calling.request())).error == "auth"


class TestReferences:
    def test_go_along_as_data(self, server: midjourney_stub.Proxy, tmp_path: Path) -> None:
        given = (calling.reference(tmp_path, "Mei"), calling.reference(tmp_path, "Lin"))
        calling.submitted(made(server), calling.request(references=given))
        sent = server.calls("POST")[0].body
        assert sent["base64Array"] == [f"data:image/png;base64,{base64.b64encode(r.path.read_bytes()).decode()}" for r in given]
        assert sent["prompt"] == "a nurse at a window --v 7"

    def test_as_omni_reference_need_an_address(self, server: midjourney_stub.Proxy, tmp_path: Path) -> None:
        given = (calling.reference(tmp_path),)
        failure = calling.failure_of(calling.submitted(made(server, reference_as="oref"), calling.request(references=given)))
        assert failure.code == "reference_needs_url"
        calling.submitted(
            made(server, reference_as="oref", reference_url="https://cdn.example/{sha256}.png"), calling.request(references=given)
        )
        assert f"--oref https://cdn.example/{given[0].sha256}.png" in server.calls("POST")[0].body["prompt"]

    def test_that_are_gone_are_named(self, server: midjourney_stub.Proxy, tmp_path: Path) -> None:
        gone = calling.reference(tmp_path)
        gone.path.unlink()
        failure = calling.failure_of(calling.submitted(made(server), calling.request(references=(gone,))))
        assert failure.error == "invalid_request" and "Mei" in failure.message

    def test_are_kept_in_the_wire_request_by_hash(self, server: midjourney_stub.Proxy, tmp_path: Path) -> None:
        given = calling.reference(tmp_path, data=picture("big", (300, 300)) + bytes(2000))
        answer, _ = calling.driven(made(server), calling.request(references=(given,)))
        (kept,) = answer.outcome.wire_request["body"]["base64Array"]
        assert given.sha256 in kept and len(kept) < 200


def test_bot_and_account_are_sent_where_the_settings_name_them(server: midjourney_stub.Proxy) -> None:
    calling.submitted(made(server, bot="NIJI_JOURNEY", account_filter={"modes": ["RELAX"]}), calling.request())
    sent = server.calls("POST")[0].body
    assert (sent["botType"], sent["accountFilter"]) == ("NIJI_JOURNEY", {"modes": ["RELAX"]})


def test_injection_is_refused_before_anything_is_sent(server: midjourney_stub.Proxy) -> None:
    failure = calling.failure_of(calling.submitted(made(server), calling.request("a nurse --chaos 100")))
    assert (failure.error, failure.code, server.seen) == ("invalid_request", "parameter_injection", [])


def test_it_is_off_until_the_user_accepts_the_terms(server: midjourney_stub.Proxy) -> None:
    with pytest.raises(ProviderError, match="Discord account"):
        calling.submitted(made(server, accept_terms=False), calling.request())
    assert server.seen == []


def test_a_typo_in_the_options_is_an_error(server: midjourney_stub.Proxy) -> None:
    with pytest.raises(WorkspaceError, match="image"):
        made(server, image="split")
    with pytest.raises(WorkspaceError, match="upscale"):
        made(server, upscale=[5])


def test_an_expired_link_is_named(server: midjourney_stub.Proxy) -> None:
    server.fault("GET /files/", Fault(404, "This content is no longer available."))
    assert calling.failure_of(calling.driven(made(server), calling.request())[0]).error == "expired"


def test_no_key_comes_back(server: midjourney_stub.Proxy) -> None:
    server.fault(FETCH, Fault(200, {"status": "FAILURE", "failReason": f"token {KEY} refused", "prompt": KEY}))
    state = calling.polled(made(server), calling.request())
    assert KEY not in calling.everything(state) + calling.everything(state.outcome)
    server.fault(SUBMIT, Fault(401, f"bad secret {KEY}"))
    assert KEY not in calling.everything(calling.submitted(made(server), calling.request()))
