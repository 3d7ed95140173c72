"""Replicate, row by row from sections 0.2 and 7 of the providers' reference, against a stub written from them; the vendor's own
client (`replicate`) uses the same stub, as a witness that the stub is like the service and our calls are like the client's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import calling
import pytest
import replicate_stub
from samples import film, picture
from vendor_server import Fault, serve

from prompts.errors import WorkspaceError
from runs.provider import Failure

KEY = "r8_planted0key0planted0key0planted0key0"
MODEL = "kwaivgi/kling-v3-video"
SUBMIT, TASK = f"POST /v1/models/{MODEL}/predictions", "GET /v1/predictions/task-1"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[replicate_stub.Replicate]:
    monkeypatch.setenv("REPLICATE_API_TOKEN", KEY)
    with serve(replicate_stub.Replicate()) as running:
        yield running


def made(server: replicate_stub.Replicate, **options: Any) -> Any:
    base = f"{server.base_url}/v1"
    return calling.provider("replicate", base, api_key_env="REPLICATE_API_TOKEN", model=MODEL, options=options, timeout_s=60)


def asked(**more: Any) -> Any:
    return calling.request("the door opens", more.pop("kind", "video"), stage="clip", **more)


def test_a_prediction_is_made_polled_and_fetched(server: replicate_stub.Replicate) -> None:
    answer, handed = calling.driven(made(server, second_usd={"*": 0.01}), asked(parameters={"duration": 5, "mode": "pro"}))
    assert handed == ["p1"]
    assert [(a.kind, a.media_type, a.data) for a in answer.outcome.assets] == [("video", "video/mp4", film())]
    assert (answer.outcome.usage.seconds, answer.outcome.cost_usd) == (5.0, pytest.approx(0.125))
    assert answer.outcome.model_resolved == MODEL
    assert server.calls("POST")[0].body == {"input": {"prompt": "the door opens", "duration": 5, "mode": "pro"}}
    assert answer.outcome.wire_request["body"] == server.calls("POST")[0].body


@pytest.mark.parametrize(
    ("model", "path", "body"),
    [
        (MODEL, f"/v1/models/{MODEL}/predictions", {}),
        (f"owner/model:{replicate_stub.VERSION}", "/v1/predictions", {"version": replicate_stub.VERSION}),
        (replicate_stub.VERSION, "/v1/predictions", {"version": replicate_stub.VERSION}),
    ],
)
def test_official_models_go_by_name_and_others_by_version(server: replicate_stub.Replicate, model: str, path: str, body: Any) -> None:
    calling.submitted(made(server), asked(model=model))
    (sent,) = server.calls("POST")
    assert (sent.path, {k: v for k, v in sent.body.items() if k != "input"}) == (path, body)


@pytest.mark.parametrize("model", ["kling", "owner/name:latest", "../admin/x", "owner/na me", "https://evil/x"])
def test_what_is_no_model_is_not_sent(server: replicate_stub.Replicate, model: str) -> None:
    assert calling.failure_of(calling.submitted(made(server), asked(model=model))).error == "invalid_request"
    assert server.seen == []


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ({"status": "starting"}, "queued"),
        ({"status": "processing"}, "running"),
        ({"status": "succeeded", "output": []}, "succeeded"),
        ({"status": "failed", "error": "x"}, "failed"),
        ({"status": "canceled"}, "cancelled"),
        ({"status": "aborted"}, "cancelled"),
        ({"status": "something new"}, "running"),
        ({}, "running"),
        ("<html>", "running"),
    ],
)
def test_states(server: replicate_stub.Replicate, body: Any, state: str) -> None:
    server.fault(TASK, Fault(200, body))
    assert calling.polled(made(server), asked()).state == state


def test_a_prediction_that_is_not_there_is_lost(server: replicate_stub.Replicate) -> None:
    assert calling.polled(made(server), asked()).state == "lost"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"title": "Unauthenticated", "detail": "You did not pass a valid authentication token"}, "auth"),
        (402, {"title": "Insufficient credit", "detail": "You have insufficient credit to run this model."}, "quota"),
        (403, {"detail": "You do not have permission"}, "auth"),
        (404, {"detail": "The requested resource could not be found."}, "invalid_request"),
        (422, {"title": "Input validation failed", "detail": "- input: prompt is required\n"}, "invalid_request"),
        (429, {"detail": "Request was throttled. Your rate limit resets in ~30s."}, "rate_limit"),
        (500, {"detail": "Internal server error"}, "server"),
        (502, "<html>", "timeout"),
        (201, {"status": "starting"}, "malformed"),
        (200, "<html>", "malformed"),
    ],
)
def test_errors_of_a_submit(server: replicate_stub.Replicate, status: int, body: Any, error: str) -> None:
    server.fault(SUBMIT, Fault(status, body))
    assert calling.failure_of(calling.submitted(made(server), asked())).error == error
    assert len(server.calls("POST")) == 1


@pytest.mark.parametrize(("headers", "wait"), [({}, 30.0), ({"Retry-After": "7"}, 7.0)])
def test_a_limit_says_when_to_come_back(server: replicate_stub.Replicate, headers: dict[str, str], wait: float) -> None:
    server.fault(SUBMIT, Fault(429, {"detail": "Request was throttled. Your rate limit resets in ~30s."}, headers))
    assert calling.failure_of(calling.submitted(made(server), asked())).retry_after_s == wait


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("NSFW content detected. Try running it again, or try a different prompt.", "content_refused"),
        ("The input or output was flagged as sensitive. Please try again with different inputs. (E005)", "content_refused"),
        ("Service is currently unavailable due to high demand (E003)", "server"),
        ("Service is temporarily unavailable (E004)", "server"),
        ("Prediction interrupted; please retry (code: PA)", "server"),
        ("Director: unexpected error handling prediction (E9243)", "server"),
        ("start_image must be at least 300 px", "invalid_request"),
        ("CUDA out of memory", "malformed"),
        (None, "malformed"),
    ],
)
def test_why_a_prediction_failed(server: replicate_stub.Replicate, message: str | None, error: str) -> None:
    """What nobody recognises is not made again: a failed prediction may be billed."""
    server.fault(TASK, Fault(200, {"status": "failed", "error": message}))
    assert calling.failure_of(calling.polled(made(server), asked())).error == error


class TestOutputs:
    @pytest.mark.parametrize("shape", [lambda u: u, lambda u: [u], lambda u: {"video": u}, lambda u: {"out": [{"url": u}], "seed": 3}])
    def test_come_in_several_shapes(self, server: replicate_stub.Replicate, shape: Any) -> None:
        server.output = shape(server.host("v.mp4", film(), "video/mp4"))
        answer, _ = calling.driven(made(server), asked())
        assert [a.data for a in answer.outcome.assets] == [film()]

    def test_may_be_several_pictures(self, server: replicate_stub.Replicate) -> None:
        server.output = [server.host(f"{n}.png", picture(str(n)), "image/png") for n in range(3)]
        outcome = calling.driven(made(server), asked(kind="image"))[0].outcome
        assert ([a.data for a in outcome.assets], outcome.usage.images) == ([picture(str(n)) for n in range(3)], 3)

    def test_may_be_text_in_pieces(self, server: replicate_stub.Replicate) -> None:
        server.output = ["INT. ", "WELL"]
        assert calling.driven(made(server), asked(kind="text"))[0].outcome.assets[0].data == b"INT. WELL"

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            ({"status": "succeeded", "output": None, "data_removed": True}, "expired"),
            ({"status": "succeeded", "output": None, "completed_at": "2026-11-23T10:00:00Z"}, "expired"),
            ({"status": "succeeded", "output": {}}, "malformed"),
            ({"status": "succeeded", "output": [7]}, "malformed"),
        ],
    )
    def test_are_gone_after_an_hour(self, server: replicate_stub.Replicate, body: Any, error: str) -> None:
        server.fault(TASK, Fault(200, body))
        assert calling.failure_of(calling.polled(made(server), asked())).error == error

    def test_whose_link_has_run_out_are_expired(self, server: replicate_stub.Replicate) -> None:
        server.fault("GET /files/", Fault(404, "gone"))
        assert calling.failure_of(calling.driven(made(server), asked())[0]).error == "expired"


def test_a_lost_answer_is_never_sent_again(server: replicate_stub.Replicate) -> None:
    server.fault(SUBMIT, Fault(after=True))
    answer, handed = calling.driven(made(server), asked())
    assert (answer.unknown, handed, len(server.predictions)) == (True, [], 1)


class TestReferences:
    def test_small_ones_go_inside_the_input(self, server: replicate_stub.Replicate, tmp_path: Path) -> None:
        calling.submitted(made(server, reference_field="start_image"), asked(references=(calling.reference(tmp_path),)))
        assert server.calls("POST")[0].body["input"]["start_image"].startswith("data:image/png;base64,")

    def test_large_ones_are_uploaded_first(self, server: replicate_stub.Replicate, tmp_path: Path) -> None:
        large = calling.reference(tmp_path, data=picture() + bytes(300_000))
        answer, _ = calling.driven(made(server), asked(references=(large,)))
        upload, create = server.calls("POST")
        assert (upload.path, upload.parts[0][0], upload.parts[0][2]) == ("/v1/files", "content", large.path.read_bytes())
        assert create.body["input"]["image"] == f"{server.base_url}/files/up-0"
        assert answer.outcome.wire_request["body"]["input"]["image"] == [large.sha256]
        assert len(server.calls("POST", "/v1/files")) == 1, "what is kept of the call needs no second upload"

    def test_an_upload_that_fails_has_bought_nothing(self, server: replicate_stub.Replicate, tmp_path: Path) -> None:
        server.fault("POST /v1/files", Fault(drop=True))
        given = asked(references=(calling.reference(tmp_path),))
        assert calling.failure_of(calling.submitted(made(server, upload="files"), given)).error == "server"
        server.fault("POST /v1/files", Fault(201, {}))
        assert calling.failure_of(calling.submitted(made(server, upload="files"), given)).code == "upload"
        assert server.predictions == {}


def test_a_typo_in_the_options_is_an_error(server: replicate_stub.Replicate) -> None:
    with pytest.raises(WorkspaceError, match="uplaod"):
        made(server, uplaod="inline")


def test_no_key_comes_back(server: replicate_stub.Replicate) -> None:
    server.fault(SUBMIT, Fault(401, {"detail": f"token {KEY} is wrong"}))
    server.fault(TASK, Fault(200, {"status": "failed", "error": KEY, "logs": KEY, "input": {KEY: KEY}}))
    state = calling.polled(made(server), asked())
    shown = calling.everything(state) + calling.everything(state.outcome)
    assert KEY not in shown + calling.everything(calling.submitted(made(server), asked()))


class TestTheVendorsOwnClient:
    """`replicate` 1.0.7 against the stub that our adapter is tested with."""

    @pytest.fixture
    def client(self, server: replicate_stub.Replicate) -> Any:
        import replicate

        return replicate.Client(api_token=KEY, base_url=server.base_url)

    def test_runs_to_the_end(self, server: replicate_stub.Replicate, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(client, "poll_interval", 0.01)
        output = client.run(MODEL, input={"prompt": "the door opens"}, use_file_output=False)
        assert output == f"{server.base_url}/files/p1.mp4"

    def test_asks_as_we_ask(self, server: replicate_stub.Replicate, client: Any) -> None:
        given = {"prompt": "the door opens", "duration": 5}
        client.models.predictions.create(model=MODEL, input=given)
        client.predictions.create(version=replicate_stub.VERSION, input=given)
        client.predictions.get("p1")
        for model in (MODEL, replicate_stub.VERSION):
            calling.submitted(made(server), asked(model=model, parameters={"duration": 5}))
        theirs, ours = server.seen[:3], server.seen[3:]
        assert [(s.method, s.path, s.body) for s in theirs[:2]] == [(s.method, s.path, s.body) for s in ours]
        assert [s.headers["Authorization"] for s in ours] == [theirs[0].headers["Authorization"]] * 2
        calling.polled(made(server), asked(), "p1")
        assert server.seen[-1].path == theirs[2].path

    def test_reads_states_as_we_read_them(self, server: replicate_stub.Replicate, client: Any) -> None:
        calling.submitted(made(server), asked())
        seen = []
        for _ in range(3):
            theirs = client.predictions.get("p1").status
            server.fault("GET /v1/predictions/p1", Fault(200, {"status": theirs, "output": []}))
            seen.append((theirs, calling.polled(made(server), asked(), "p1").state))
        assert seen == [("starting", "queued"), ("processing", "running"), ("succeeded", "succeeded")]

    def test_uploads_as_we_upload(self, server: replicate_stub.Replicate, client: Any, tmp_path: Path) -> None:
        given = calling.reference(tmp_path)
        with given.path.open("rb") as file:
            client.files.create(file)
        calling.submitted(made(server, upload="files"), asked(references=(given,)))
        theirs, ours = server.calls("POST", "/v1/files")
        assert theirs.parts[0] == ours.parts[0]

    def test_refuses_what_we_refuse(self, server: replicate_stub.Replicate, client: Any) -> None:
        from replicate.exceptions import ReplicateError

        body = {"title": "Input validation failed", "detail": "- input: prompt is required", "status": 422}
        server.fault(SUBMIT, Fault(422, json.dumps(body), {"Content-Type": "application/problem+json"}), Fault(422, body))
        with pytest.raises(ReplicateError) as caught:
            client.models.predictions.create(model=MODEL, input={})
        failure = calling.submitted(made(server), asked())
        assert isinstance(failure, Failure)
        assert (failure.message, failure.code) == (caught.value.detail, "422")
