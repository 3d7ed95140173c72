"""ElevenLabs Music, from section 5.4 of the providers' reference, against a stub written from it: one call, the song is the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import calling
import music_stub
import pytest
from samples import picture, song
from vendor_server import Fault, serve

from prompts.errors import WorkspaceError
from runs.errors import ProviderError
from runs.provider import Outcome

KEY = "planted-key-0123456789"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[music_stub.ElevenLabs]:
    monkeypatch.setenv("ELEVENLABS_API_KEY", KEY)
    with serve(music_stub.ElevenLabs()) as running:
        yield running


def made(server: music_stub.ElevenLabs, options: Any = None, **settings: Any) -> Any:
    given = {"api_key_env": "ELEVENLABS_API_KEY", "model": "music_v1", "timeout_s": 5, **settings}
    return calling.provider("elevenlabs", server.base_url, options=options or {}, **given)


def sung(provider: Any, **more: Any) -> Outcome:
    asked = calling.request("a slow song about rain", "audio", stage="music", **more)
    return calling.within(provider, lambda p: p.generate(asked))


def test_the_answer_is_the_song(server: music_stub.ElevenLabs) -> None:
    outcome = sung(made(server), parameters={"seconds": 30, "instrumental": True})
    assert [(a.kind, a.media_type, a.data) for a in outcome.assets] == [("audio", "audio/mpeg", song())]
    assert (outcome.usage.seconds, outcome.model_resolved) == (30.0, "music_v1")
    (call,) = server.calls("POST")
    assert call.body == {"prompt": "a slow song about rain", "model_id": "music_v1", "music_length_ms": 30000, "force_instrumental": True}
    assert (call.headers["xi-api-key"], call.query) == (KEY, {"output_format": "mp3_44100_128"})
    assert "sha256" in outcome.wire_response["body"], "the song is kept in the media store, not in the journal"


def test_a_plan_goes_instead_of_the_prompt(server: music_stub.ElevenLabs) -> None:
    plan = {"positive_global_styles": ["pop"], "sections": [{"section_name": "A", "duration_ms": 12000}, {"duration_ms": 8000}]}
    outcome = sung(made(server), parameters={"composition_plan": plan})
    assert server.calls("POST")[0].body == {"composition_plan": plan, "model_id": "music_v1"}
    assert outcome.usage.seconds == 20.0


def test_a_seed_is_sent_where_the_settings_say_so(server: music_stub.ElevenLabs) -> None:
    sung(made(server, capabilities={"seed": True}), seed=5)
    sung(made(server), seed=5)
    assert [call.body.get("seed") for call in server.calls("POST")] == [5, None]


@pytest.mark.parametrize(
    ("status", "detail", "error"),
    [
        (400, {"status": "bad_prompt", "message": "names an artist", "data": {"prompt_suggestion": "a slow song"}}, "content_refused"),
        (400, {"status": "bad_composition_plan", "message": "names an artist"}, "content_refused"),
        (422, {"status": "bad_prompt", "message": "names an artist"}, "content_refused"),
        (401, {"status": "invalid_api_key", "message": "Invalid API key"}, "auth"),
        (401, {"status": "missing_permissions", "message": "the key lacks music_generation"}, "auth"),
        (401, {"status": "needs_authorization", "message": "no key"}, "auth"),
        (401, {"status": "detected_unusual_activity", "message": "free tier disabled"}, "auth"),
        (400, {"status": "content_policy_violation", "message": "no"}, "content_refused"),
        (400, {"status": "invalid_parameters", "message": "odd"}, "invalid_request"),
        (401, {"status": "quota_exceeded", "message": "You have 3 credits remaining"}, "quota"),
        (402, {"status": "payment_required", "message": "a paid plan is needed"}, "quota"),
        (402, "pay", "quota"),
        (403, {"status": "limited_access", "message": "upgrade"}, "quota"),
        (429, {"status": "too_many_concurrent_requests", "message": "too many"}, "concurrency"),
        (429, {"status": "system_busy", "message": "busy"}, "rate_limit"),
        (429, {"status": "rate_limit_exceeded", "message": "slow"}, "rate_limit"),
        (422, [{"loc": ["body", "music_length_ms"], "msg": "less than 3000", "type": "greater_than_equal"}], "invalid_request"),
        (404, {"status": "model_not_found", "message": "no such model"}, "invalid_request"),
        (500, {"status": "internal", "message": "boom"}, "server"),
        (502, "<html>", "timeout"),
        (503, {"status": "unavailable", "message": "later"}, "server"),
        (504, "<html>", "timeout"),
        (200, {"status": "bad_prompt", "message": "names an artist"}, "content_refused"),
        (200, {"status": "quota_exceeded", "message": "no credits"}, "quota"),
        (200, {"something": "else"}, "malformed"),
    ],
)
def test_errors(server: music_stub.ElevenLabs, status: int, detail: Any, error: str) -> None:
    server.fault("POST /v1/music", Fault(status, {"detail": detail} if not isinstance(detail, str) else detail))
    outcome = sung(made(server))
    assert calling.failure_of(outcome).error == error
    assert (outcome.assets, outcome.wire_response["status"], len(server.seen)) == ((), status, 1)


def test_what_elevenlabs_suggests_instead_is_told(server: music_stub.ElevenLabs) -> None:
    detail = {"status": "bad_prompt", "message": "It names an artist.", "data": {"prompt_suggestion": "a slow ballad"}}
    server.fault("POST /v1/music", Fault(400, {"detail": detail}))
    assert calling.failure_of(sung(made(server))).message == "It names an artist. ElevenLabs suggests: a slow ballad"


def test_the_field_at_fault_is_named(server: music_stub.ElevenLabs) -> None:
    detail = [{"loc": ["body", "music_length_ms"], "msg": "less than 3000", "type": "x"}]
    server.fault("POST /v1/music", Fault(422, {"detail": detail}))
    assert calling.failure_of(sung(made(server))).message == "music_length_ms: less than 3000"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(200, "<html>maintenance</html>"), "malformed"),
        (Fault(200, picture(), {"Content-Type": "audio/mpeg"}), "malformed"),
        (Fault(200, b"", {"Content-Type": "audio/mpeg"}), "malformed"),
        (Fault(200, song(), {"Content-Type": "audio/mpeg"}, cut=True), "timeout"),
        (Fault(200, song(), {"Content-Type": "audio/mpeg"}, declare=3 << 30), "malformed"),
        (Fault(after=True), "timeout"),
        (Fault(302, "", {"Location": "http://10.0.0.1/"}), "invalid_request"),
    ],
)
def test_songs_that_are_none(server: music_stub.ElevenLabs, fault: Fault, error: str) -> None:
    """What may have been billed is not asked for again: one call, whatever comes."""
    server.fault("POST /v1/music", fault)
    assert calling.failure_of(sung(made(server))).error == error
    assert len(server.seen) == 1


def test_a_slow_server_runs_into_the_timeout(server: music_stub.ElevenLabs) -> None:
    server.fault("POST /v1/music", Fault(delay=3))
    assert calling.failure_of(sung(made(server, timeout_s=0.2))).error == "timeout"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"tempo": 120}, "unknown_parameter"),
        ({"seconds": "long"}, "parameters"),
        ({"composition_plan": {}, "music_length_ms": 5000}, "parameters"),
    ],
)
def test_what_would_be_refused_is_not_sent(server: music_stub.ElevenLabs, parameters: Any, code: str) -> None:
    failure = calling.failure_of(sung(made(server), parameters=parameters))
    assert (failure.error, failure.code, server.seen) == ("invalid_request", code, [])


@pytest.mark.parametrize("options", [{"output_format": "pcm_44100"}, {"outputformat": "mp3_44100_128"}])
def test_wrong_options_are_an_error(server: music_stub.ElevenLabs, options: Any) -> None:
    with pytest.raises(WorkspaceError):
        made(server, options)


def test_a_key_is_needed(server: music_stub.ElevenLabs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ELEVENLABS_API_KEY")
    with pytest.raises(ProviderError, match="ELEVENLABS_API_KEY"):
        sung(made(server))


def test_no_key_comes_back(server: music_stub.ElevenLabs) -> None:
    for status in (200, 400, 401):
        server.fault("POST /v1/music", Fault(status, {"detail": {"status": KEY, "message": KEY, "data": {"prompt_suggestion": KEY}}}))
        assert KEY not in calling.everything(sung(made(server)))


def test_several_songs_at_once_are_as_many_calls(server: music_stub.ElevenLabs) -> None:
    async def all_at_once(provider: Any) -> list[Outcome]:
        asked = [calling.request("x", "audio", key=str(n), stage="music") for n in range(3)]
        return await asyncio.gather(*(provider.generate(a) for a in asked))

    assert len(calling.within(made(server), all_at_once)) == len(server.seen) == 3
