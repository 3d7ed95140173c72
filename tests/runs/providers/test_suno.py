"""Suno's gateways, row by row from sections 0.2 and 5 of the providers' reference, against stubs written from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import calling
import music_stub
import pytest
from samples import song
from vendor_server import Fault, Vendor, serve

from prompts.errors import WorkspaceError
from runs.provider import Failure

KEY = "planted-key-0123456789"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUNO_KEY", KEY)


def asked(prompt: str = "a slow song about rain", **more: Any) -> Any:
    return calling.request(prompt, "audio", stage="music", **more)


def made(kind: str, server: Vendor, model: str = "V5", **options: Any) -> Any:
    return calling.provider(kind, server.base_url, api_key_env="SUNO_KEY", model=model, options=options, timeout_s=60)


class TestSunoApi:
    """The convention of sunoapi.org."""

    SUBMIT, RECORD = "POST /api/v1/generate", "GET /api/v1/generate/record-info"

    @pytest.fixture
    def server(self) -> Iterator[music_stub.SunoApi]:
        with serve(music_stub.SunoApi()) as running:
            yield running

    def test_a_task_gives_two_songs(self, server: music_stub.SunoApi) -> None:
        answer, handed = calling.driven(made("suno", server), asked())
        assert handed == ["suno-1"]
        assert [(a.kind, a.media_type, a.data) for a in answer.outcome.assets] == [
            ("audio", "audio/mpeg", song() + bytes([n])) for n in range(2)
        ]
        assert (answer.outcome.usage.seconds, answer.outcome.model_resolved) == (123.0, "chirp-v5")
        assert server.calls("POST")[0].body == {
            "customMode": False, "instrumental": False, "model": "V5", "callBackUrl": "https://callback.invalid/",
            "prompt": "a slow song about rain",
        }  # fmt: skip
        assert server.calls("GET", "/files/stream") == [], "a stream is no file"

    def test_style_and_title_make_it_custom(self, server: music_stub.SunoApi) -> None:
        calling.submitted(made("suno", server), asked("la la", parameters={"style": "ballad", "title": "Rain", "vocal_gender": "f"}))
        body = server.calls("POST")[0].body
        assert (body["customMode"], body["style"], body["title"], body["vocalGender"]) == (True, "ballad", "Rain", "f")

    def test_one_song_can_be_kept(self, server: music_stub.SunoApi) -> None:
        outcome = calling.driven(made("suno", server, songs="first"), asked())[0].outcome
        assert (len(outcome.assets), outcome.usage.seconds) == (1, 123.0), "both were made and paid"

    @pytest.mark.parametrize(
        ("status", "state", "error"),
        [
            ("PENDING", "queued", None),
            ("TEXT_SUCCESS", "running", None),
            ("FIRST_SUCCESS", "running", None),
            ("SUCCESS", "running", None),
            ("CREATE_TASK_FAILED", "failed", "server"),
            ("GENERATE_AUDIO_FAILED", "failed", "server"),
            ("SENSITIVE_WORD_ERROR", "failed", "content_refused"),
            ("CALLBACK_EXCEPTION", "failed", "server"),
            ("SOMETHING_NEW", "running", None),
        ],
    )
    def test_states(self, server: music_stub.SunoApi, status: str, state: str, error: str | None) -> None:
        """Success without files is running still: the song may be heard, and not had."""
        songs = [{"audioUrl": "", "streamAudioUrl": "https://stream.example/1"}]
        server.fault(self.RECORD, Fault(200, {"code": 200, "data": {"status": status, "response": {"sunoData": songs}}}))
        got = calling.polled(made("suno", server), asked())
        assert got.state == state
        if error:
            assert calling.failure_of(got).error == error

    @pytest.mark.parametrize("body", [{"code": 200, "data": None}, {"code": 404, "msg": "no such task"}, {"code": 200, "data": {}}])
    def test_a_task_that_is_not_there_is_lost(self, server: music_stub.SunoApi, body: Any) -> None:
        server.fault(self.RECORD, Fault(200, body))
        assert calling.polled(made("suno", server), asked()).state == "lost"

    def test_songs_that_were_made_are_not_lost_to_a_callback(self, server: music_stub.SunoApi) -> None:
        url = server.host("a.mp3", song(), "audio/mpeg")
        data = {"status": "CALLBACK_EXCEPTION", "response": {"sunoData": [{"audioUrl": url, "duration": 60}]}}
        server.fault(self.RECORD, Fault(200, {"code": 200, "data": data}))
        got = calling.polled(made("suno", server), asked())
        assert got.state == "succeeded" and got.outcome and got.outcome.assets[0].data == song()

    @pytest.mark.parametrize(
        ("code", "message", "error"),
        [
            (400, "invalid parameters", "invalid_request"),
            (401, "You do not have access permissions", "auth"),
            (404, "no such path", "invalid_request"),
            (405, "Rate limit exceeded", "rate_limit"),
            (413, "The prompt is too long", "invalid_request"),
            (429, "Insufficient credits", "quota"),
            (430, "Your call frequency is too high", "rate_limit"),
            (455, "System maintenance", "server"),
            (500, "Server error", "server"),
            (501, "Audio generation failed", "server"),
            (400, "Your prompt contains sensitive words", "content_refused"),
            (400, "the song names a copyrighted work", "content_refused"),
        ],
    )
    @pytest.mark.parametrize("where", ["in an answer of 200", "by HTTP too"])
    def test_codes(self, server: music_stub.SunoApi, code: int, message: str, error: str, where: str) -> None:
        server.fault(self.SUBMIT, Fault(200 if "200" in where else code, {"code": code, "msg": message}))
        assert calling.failure_of(calling.submitted(made("suno", server), asked())).error == error
        assert len(server.calls("POST")) == 1

    @pytest.mark.parametrize(
        ("status", "body", "error"),
        [
            (429, {"msg": "no credits"}, "quota"),
            (429, "<html>slow down</html>", "rate_limit"),
            (502, "<html>", "timeout"),
            (200, {"code": 200, "data": {}}, "malformed"),
            (200, "<html>", "malformed"),
        ],
    )
    def test_answers_without_a_code(self, server: music_stub.SunoApi, status: int, body: Any, error: str) -> None:
        server.fault(self.SUBMIT, Fault(status, body))
        assert calling.failure_of(calling.submitted(made("suno", server), asked())).error == error

    @pytest.mark.parametrize(
        ("status", "code", "message", "error"),
        [
            ("GENERATE_AUDIO_FAILED", 429, "credits used up", "quota"),
            ("CREATE_TASK_FAILED", 400, "bad style", "invalid_request"),
            ("GENERATE_AUDIO_FAILED", None, "moderation failed", "content_refused"),
            ("GENERATE_AUDIO_FAILED", 531, "", "server"),
        ],
    )
    def test_a_failed_task_says_more_than_its_state(
        self, server: music_stub.SunoApi, status: str, code: Any, message: str, error: str
    ) -> None:
        data = {"status": status, "errorCode": code, "errorMessage": message}
        server.fault(self.RECORD, Fault(200, {"code": 200, "data": data}))
        assert calling.failure_of(calling.polled(made("suno", server), asked())).error == error

    @pytest.mark.parametrize(
        ("prompt", "model", "parameters", "words"),
        [
            ("x" * 501, "V5", {}, "500"),
            ("x" * 3001, "V4", {"style": "pop", "title": "t"}, "3000"),
            ("x" * 5001, "V5", {"style": "pop", "title": "t"}, "5000"),
            ("la", "V4", {"style": "x" * 201, "title": "t"}, "200"),
            ("la", "V5", {"style": "x" * 1001, "title": "t"}, "1000"),
            ("la", "V4", {"style": "pop", "title": "x" * 81}, "80"),
            ("la", "V4_5ALL", {"style": "pop", "title": "x" * 81}, "80"),
            ("la", "V5", {"style": "pop", "title": "x" * 101}, "100"),
            ("la", "V5", {"style": "pop"}, "title"),
            ("la", "V5", {"customMode": True}, "style"),
            ("  ", "V5", {"style": "pop", "title": "t"}, "instrumental"),
            ("la", "V5", {"style": "pop", "title": "t", "styleWeight": 1.5}, "0 to 1"),
            ("la", "V5", {"tempo": 120}, "tempo"),
        ],
    )
    def test_what_would_be_refused_is_not_sent(
        self, server: music_stub.SunoApi, prompt: str, model: str, parameters: Any, words: str
    ) -> None:
        failure = calling.submitted(made("suno", server, model), asked(prompt, parameters=parameters))
        assert isinstance(failure, Failure) and failure.error == "invalid_request" and words in failure.message
        assert server.seen == []

    def test_an_instrumental_needs_no_lyrics(self, server: music_stub.SunoApi) -> None:
        assert (
            calling.submitted(made("suno", server), asked("", parameters={"style": "pop", "title": "t", "instrumental": True})) == "suno-1"
        )

    def test_a_lost_answer_is_not_sent_again(self, server: music_stub.SunoApi) -> None:
        server.fault(self.SUBMIT, Fault(after=True))
        answer, _ = calling.driven(made("suno", server), asked())
        assert (answer.unknown, len(server.tasks)) == (True, 1)

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Fault(403, "expired"), "expired"),
            (Fault(200, "<html>"), "malformed"),
            (Fault(200, b"\0" * 50, {"Content-Type": "audio/mpeg"}), "malformed"),
        ],
    )
    def test_files_that_cannot_be_had(self, server: music_stub.SunoApi, fault: Fault, error: str) -> None:
        server.fault("GET /files/", fault)
        assert calling.failure_of(calling.driven(made("suno", server), asked())[0]).error == error

    def test_a_typo_in_the_options_is_an_error(self, server: music_stub.SunoApi) -> None:
        with pytest.raises(WorkspaceError, match="song"):
            made("suno", server, song="first")

    def test_no_key_comes_back(self, server: music_stub.SunoApi) -> None:
        server.fault(self.SUBMIT, Fault(200, {"code": 401, "msg": f"bad key {KEY}"}))
        server.fault(self.RECORD, Fault(200, {"code": 200, "data": {"status": "CREATE_TASK_FAILED", "errorMessage": KEY, "param": KEY}}))
        state = calling.polled(made("suno", server), asked())
        shown = calling.everything(state) + calling.everything(state.outcome)
        assert KEY not in shown + calling.everything(calling.submitted(made("suno", server), asked()))


class TestSunoCookie:
    """The convention of gcui-art/suno-api."""

    GET = "GET /api/get"

    @pytest.fixture
    def server(self) -> Iterator[music_stub.SunoCookie]:
        with serve(music_stub.SunoCookie()) as running:
            yield running

    def test_a_task_is_its_clips(self, server: music_stub.SunoCookie) -> None:
        answer, handed = calling.driven(made("suno-cookie", server, "chirp-v4"), asked())
        assert handed == ["clip-0,clip-1"]
        assert ([a.data for a in answer.outcome.assets], answer.outcome.usage.seconds) == ([song()] * 2, 120.0)
        sent = server.calls("POST")[0]
        assert (sent.path, sent.body["wait_audio"], sent.body["model"]) == ("/api/generate", False, "chirp-v4")
        assert server.calls("GET", "/files/stream") == []

    def test_style_or_title_make_it_custom(self, server: music_stub.SunoCookie) -> None:
        calling.submitted(made("suno-cookie", server), asked("la", parameters={"style": "pop", "title": "Rain"}))
        sent = server.calls("POST")[0]
        assert (sent.path, sent.body["tags"], sent.body["prompt"]) == ("/api/custom_generate", "pop", "la")

    @pytest.mark.parametrize(
        ("statuses", "state"),
        [
            (["submitted", "submitted"], "running"),
            (["queued", "queued"], "queued"),
            (["streaming", "complete"], "running"),
            (["streaming", "error"], "running"),
            (["error", "error"], "failed"),
            (["complete", "complete"], "running"),
            (["complete"], "lost"),
            ([], "lost"),
        ],
    )
    def test_states(self, server: music_stub.SunoCookie, statuses: list[str], state: str) -> None:
        """Complete without a file is running still."""
        server.fault(self.GET, Fault(200, [{"id": f"clip-{n}", "status": s} for n, s in enumerate(statuses)]))
        expected = "queued" if statuses == ["submitted", "submitted"] else state
        assert calling.polled(made("suno-cookie", server), asked(), "clip-0,clip-1").state == expected

    def test_one_clip_of_two_is_worth_having(self, server: music_stub.SunoCookie) -> None:
        url = server.host("a.mp3", song(), "audio/mpeg")
        clips = [{"id": "clip-0", "status": "complete", "audio_url": url}, {"id": "clip-1", "status": "error", "error_message": "x"}]
        server.fault(self.GET, Fault(200, clips))
        got = calling.polled(made("suno-cookie", server), asked(), "clip-0,clip-1")
        assert got.outcome and len(got.outcome.assets) == 1

    @pytest.mark.parametrize(
        ("status", "body", "error"),
        [
            (402, {"error": "Payment required"}, "quota"),
            (400, {"error": "Insufficient credits."}, "quota"),
            (422, {"error": "moderation: inappropriate lyrics"}, "content_refused"),
            (401, {"error": "Unauthorized"}, "auth"),
            (429, {"error": "Too many requests"}, "rate_limit"),
            (500, {"error": "Internal server error"}, "server"),
            (503, {"error": "getaddrinfo ENOTFOUND"}, "server"),
            (200, {"error": "it went wrong"}, "server"),
            (200, {"detail": "lyrics violate the rules"}, "content_refused"),
            (200, [], "malformed"),
            (200, {}, "malformed"),
            (200, [{"id": "a/../b"}], "malformed"),
        ],
    )
    def test_errors_of_a_submit(self, server: music_stub.SunoCookie, status: int, body: Any, error: str) -> None:
        server.fault("POST /api/generate", Fault(status, body))
        assert calling.failure_of(calling.submitted(made("suno-cookie", server), asked())).error == error

    def test_why_clips_failed(self, server: music_stub.SunoCookie) -> None:
        clips = [{"id": f"clip-{n}", "status": "error", "error_message": "Moderation failure"} for n in range(2)]
        server.fault(self.GET, Fault(200, clips))
        assert calling.failure_of(calling.polled(made("suno-cookie", server), asked(), "clip-0,clip-1")).error == "content_refused"


class TestSunoNewApi:
    """The convention of the new-api family."""

    FETCH = "GET /suno/fetch/task-1"

    @pytest.fixture
    def server(self) -> Iterator[music_stub.SunoNewApi]:
        with serve(music_stub.SunoNewApi()) as running:
            yield running

    def test_a_task_gives_its_clips(self, server: music_stub.SunoNewApi) -> None:
        answer, handed = calling.driven(made("suno-newapi", server, "chirp-v4"), asked())
        assert handed == ["na-1"]
        assert ([a.data for a in answer.outcome.assets], answer.outcome.usage.seconds) == ([song()], 30.0)
        sent = server.calls("POST")[0]
        assert sent.body == {"gpt_description_prompt": "a slow song about rain", "mv": "chirp-v4"}
        assert sent.headers["Authorization"] == f"Bearer {KEY}"

    def test_style_or_title_make_the_prompt_lyrics(self, server: music_stub.SunoNewApi) -> None:
        calling.submitted(made("suno-newapi", server, ""), asked("la", parameters={"style": "pop", "instrumental": True}))
        assert server.calls("POST")[0].body == {"prompt": "la", "tags": "pop", "make_instrumental": True}

    @pytest.mark.parametrize(
        ("status", "body", "state"),
        [
            (200, {"code": "success", "data": {"status": "NOT_START"}}, "queued"),
            (200, {"code": "success", "data": {"status": "SUBMITTED"}}, "queued"),
            (200, {"code": "success", "data": {"status": "QUEUED"}}, "queued"),
            (200, {"code": "success", "data": {"status": "IN_PROGRESS"}}, "running"),
            (200, {"code": "success", "data": {"status": "SUCCESS", "data": []}}, "running"),
            (200, {"code": "success", "data": {"status": "SUCCESS", "data": [{"audio_url": ""}]}}, "running"),
            (200, {"code": "success", "data": {"status": "FAILURE", "fail_reason": "x"}}, "failed"),
            (200, {"code": "success", "data": None}, "lost"),
            (200, {"code": "task_not_exist", "message": "task_not_exist"}, "lost"),
            (404, "not found", "lost"),
            (500, {"code": "server_error", "message": "boom"}, "running"),
        ],
    )
    def test_states(self, server: music_stub.SunoNewApi, status: int, body: Any, state: str) -> None:
        server.fault(self.FETCH, Fault(status, body))
        assert calling.polled(made("suno-newapi", server), asked()).state == state

    @pytest.mark.parametrize(
        ("status", "body", "error"),
        [
            (401, {"error": {"message": "invalid token", "code": "invalid_api_key"}}, "auth"),
            (403, {"code": "insufficient_user_quota", "message": "user quota is not enough"}, "quota"),
            (429, {"code": "rate_limit_exceeded", "message": "too fast"}, "rate_limit"),
            (200, {"code": "error", "message": "sensitive words"}, "content_refused"),
            (200, {"code": "error", "message": "upstream"}, "server"),
            (500, {"message": "boom"}, "server"),
            (200, {"code": "success", "data": ""}, "malformed"),
            (200, {}, "malformed"),
            (200, "<html>", "malformed"),
        ],
    )
    def test_errors_of_a_submit(self, server: music_stub.SunoNewApi, status: int, body: Any, error: str) -> None:
        server.fault("POST /suno/submit/music", Fault(status, body))
        assert calling.failure_of(calling.submitted(made("suno-newapi", server), asked())).error == error
