"""Kling, after section 4 of the design's providers.md: routes, credentials, states, errors, look-up, money."""

from __future__ import annotations

import asyncio
import base64
import io
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from adapter_kit import FILM, error_of, opened, png, poll, provider, reference, request, run_task, submit
from kling_server import ACCESS, SECRET, STATIC, Kling, error
from PIL import Image
from vendor_server import Fault, serve

from runs.errors import ProviderError
from runs.probing import probe
from runs.provider import Failure
from runs.providers.kling_auth import Tokens
from runs.settings import load

PERSON = png("blue", (400, 600))
FRAMES = {"reference_role": "first_frame"}
T2V, DRAW, OMNI = "/v1/videos/text2video", "/v1/images/generations", "/v1/images/omni-image"
BARE = base64.b64encode(PERSON).decode()


@pytest.fixture
def kling(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kling]:
    monkeypatch.setenv("KLING_API_KEY", STATIC)
    monkeypatch.delenv("KLING_ACCESS_KEY", raising=False)
    monkeypatch.delenv("KLING_SECRET_KEY", raising=False)
    with serve(Kling()) as running:
        yield running


def made(folder: Path, kling: Kling, **table: Any) -> Any:
    options = {"poll_s": 0.01, **table.pop("options", {})}
    return provider(folder, "kling", kling.base_url, options=options, **table)


def person(folder: Path, name: str = "mei", data: bytes = PERSON) -> Any:
    return reference(folder, name, data)


# --- from submit to file


def test_a_clip_goes_from_submit_to_file(tmp_path: Path, kling: Kling) -> None:
    answer, journal = run_task(made(tmp_path, kling), request("video", "she turns", parameters={"negative_prompt": "text"}))
    (submitted,) = kling.calls("POST")
    assert (submitted.path, submitted.headers["Authorization"]) == ("/v1/videos/text2video", f"Bearer {STATIC}")
    assert submitted.body == {
        "model_name": "kling-v3",
        "prompt": "she turns",
        "negative_prompt": "text",
        "duration": "5",
        "mode": "std",
        "aspect_ratio": "9:16",
        "sound": "off",
        "external_task_id": "job-1",
    }
    assert journal == ["k-1"]
    outcome = answer.outcome
    assert (outcome.assets[0].data, outcome.usage.seconds, outcome.model_resolved) == (FILM, 5.1, "kling-v3")
    assert outcome.cost_usd == pytest.approx(0.6 * 0.14)
    assert outcome.wire_request["body"] == submitted.body
    assert STATIC not in repr(outcome) and STATIC not in str(dict(kling.calls("GET", "/files")[0].headers))


def test_success_before_the_files_exist_is_waited_for(tmp_path: Path, kling: Kling) -> None:
    kling.next_fileless = 3
    answer, _ = run_task(made(tmp_path, kling), request("video"))
    assert answer.outcome.assets[0].data == FILM
    kling.next_fileless = 10**6
    answer, _ = run_task(made(tmp_path, kling, options={"poll_s": 0.001}), request("video", key="job-2"))
    assert error_of(answer)[0] == "malformed"
    assert answer.outcome.cost_usd is not None, "it was paid all the same"


def test_nothing_reported_is_nothing_known(tmp_path: Path, kling: Kling) -> None:
    kling.next_units = None
    assert run_task(made(tmp_path, kling), request("video"))[0].outcome.cost_usd is None


@pytest.mark.parametrize(
    ("kind", "model", "references", "parameters", "route", "fields"),
    [
        ("video", "kling-v3", 1, {}, "/v1/videos/image2video", {"image": BARE}),
        ("video", "kling-v2-1", 2, {"mode": "pro"} | FRAMES, "/v1/videos/image2video", {"image": BARE, "image_tail": BARE}),
        ("video", "kling-v1-6", 3, {}, "/v1/videos/multi-image2video", {"image_list": [{"image": BARE}] * 3}),
        ("video", "kling-v1-6", 2, {"reference_role": "multi"}, "/v1/videos/multi-image2video", {"image_list": [{"image": BARE}] * 2}),
        ("video", "kling-v3-omni", 2, {}, "/v1/videos/omni-video", {"image_list": [{"image_url": BARE}] * 2}),
        ("video", "kling-v3", 0, {"element_ids": ["77", 88]}, T2V, {"element_list": [{"element_id": "77"}, {"element_id": "88"}]}),
        ("image", "kling-v2", 0, {"n": 2, "resolution": "2k"}, "/v1/images/generations", {"n": 2, "resolution": "2k"}),
        ("image", "kling-v1-5", 1, {"image_fidelity": 0.7}, DRAW, {"image": BARE, "image_reference": "subject", "image_fidelity": 0.7}),
        ("image", "kling-v1-5", 1, {"reference_role": "face", "human_fidelity": 0.9}, DRAW,
         {"image": BARE, "image_reference": "face", "human_fidelity": 0.9}),
        ("image", "kling-v2", 2, {}, "/v1/images/multi-image2image", {"subject_image_list": [{"subject_image": BARE}] * 2}),
        ("image", "kling-image-o1", 1, {"resolution": "4k"}, OMNI, {"image_list": [{"image": BARE}], "resolution": "4k"}),
    ],
)  # fmt: skip
def test_routes(
    tmp_path: Path, kling: Kling, kind: str, model: str, references: int, parameters: Any, route: str, fields: dict[str, Any]
) -> None:
    """Sections 4.3 to 4.5: pictures are bare base64, without `data:`."""
    wanted = request(kind, model=model, references=(person(tmp_path),) * references, parameters=parameters)
    assert submit(made(tmp_path, kling), wanted) == "k-1"
    (seen,) = kling.seen
    assert seen.path == route
    assert seen.body.items() >= fields.items()
    assert ("aspect_ratio" in seen.body) == (route != "/v1/videos/image2video")
    assert "reference_role" not in seen.body and "data:" not in str(seen.body)
    if kind == "video":
        assert seen.body["duration"] == "5"


@pytest.mark.parametrize(
    ("model", "duration", "sent"), [("kling-v3", 2.4, "3"), ("kling-v3", 6.5, "7"), ("kling-v2-5-turbo", "7", "10"), ("kling-v1", 5, "5")]
)
def test_a_planned_length_is_rounded_up_to_one_that_can_be_had(tmp_path: Path, kling: Kling, model: str, duration: Any, sent: str) -> None:
    submit(made(tmp_path, kling), request("video", model=model, parameters={"duration": duration}))
    assert kling.seen[0].body["duration"] == sent


def test_a_picture_goes_all_the_way(tmp_path: Path, kling: Kling) -> None:
    kling.next_units = "8"
    wanted = request("image", model="kling-v2", parameters={"n": 2}, references=(person(tmp_path),))
    answer, _ = run_task(made(tmp_path, kling), wanted)
    assert [a.data for a in answer.outcome.assets] == [png(), png()]
    assert (answer.outcome.usage.images, answer.outcome.cost_usd) == (2, pytest.approx(8 * 0.0035))
    kept = answer.outcome.wire_request["body"]["image"]
    assert kept == f"[{len(PERSON)} bytes, sha256 {person(tmp_path).sha256}]"


def test_the_frame_of_a_clip_goes_before_its_people(tmp_path: Path, kling: Kling) -> None:
    frame = replace(person(tmp_path, "frame", png("green", (400, 700))), role="frame")
    submit(made(tmp_path, kling), request("video", model="kling-v1-6", references=(person(tmp_path), frame, person(tmp_path, "zhou"))))
    (seen,) = kling.seen
    assert seen.path == "/v1/videos/image2video"
    assert seen.body["image"] == base64.b64encode(frame.path.read_bytes()).decode() and "image_tail" not in seen.body


def test_other_formats_become_png(tmp_path: Path, kling: Kling) -> None:
    out = io.BytesIO()
    Image.new("RGB", (400, 600), "blue").save(out, "WEBP", lossless=True)
    submit(made(tmp_path, kling), request("video", references=(reference(tmp_path, "mei", out.getvalue(), "image/webp"),)))
    sent = Image.open(io.BytesIO(base64.b64decode(kling.seen[0].body["image"])))
    assert (sent.format, sent.size) == ("PNG", (400, 600))


@pytest.mark.parametrize(
    ("kind", "model", "references", "parameters", "word"),
    [
        ("video", "kling-v3", 0, {"duration": 16}, "at most 15"),
        ("video", "kling-v2-5-turbo", 0, {"duration": "11"}, "at most 10"),
        ("video", "kling-v3", 0, {"duration": "long"}, "number of seconds"),
        ("video", "kling-v2-master", 0, {"mode": "std"}, "one of pro"),
        ("video", "kling-v2-6", 0, {"mode": "4k"}, "std, pro"),
        ("video", "kling-v2-5-turbo", 0, {"sound": True}, "no sound"),
        ("video", "kling-v3", 0, {"cfg_scale": 0.5}, "cfg_scale"),
        ("video", "kling-v2-1", 0, {}, "pictures only"),
        ("video", "kling-v3", 3, {"reference_role": "multi"}, "kling-v1-6 does"),
        ("video", "kling-v3", 2, {}, "pictures of people"),
        ("video", "kling-v3", 3, {"reference_role": "first_frame"}, "2 are allowed"),
        ("video", "kling-v3", 1, {"multi_shot": True}, "exclude each other"),
        ("video", "kling-v1", 2, {"camera_control": {}, "reference_role": "first_frame"}, "excludes masks"),
        ("video", "kling-v3", 1, {"reference_role": "face"}, "first_frame"),
        ("video", "kling-v3", 0, {"element_ids": [1, 2, 3, 4]}, "3 are allowed"),
        ("video", "kling-v1-6", 0, {"element_ids": [1]}, "no elements"),
        ("image", "kling-v2", 0, {"n": 10}, "1 to 9"),
        ("image", "kling-v2", 0, {"resolution": "4k"}, "1k, 2k"),
        ("image", "kling-v2", 1, {"negative_prompt": "text"}, "no negative"),
    ],
)
def test_what_a_model_does_not_take_is_not_sent(
    tmp_path: Path, kling: Kling, kind: str, model: str, references: int, parameters: Any, word: str
) -> None:
    wanted = request(kind, model=model, references=(person(tmp_path),) * references, parameters=parameters)
    failure = submit(made(tmp_path, kling), wanted)
    assert isinstance(failure, Failure) and failure.error == "invalid_request" and word in failure.message
    assert kling.seen == []


@pytest.mark.parametrize(
    ("data", "word"),
    [(png("red", (200, 600)), "300"), (png("red", (300, 900)), "2.5 times"), (b"<html>", "no picture that can be read")],
)
def test_pictures_that_kling_does_not_take(tmp_path: Path, kling: Kling, data: bytes, word: str) -> None:
    failure = submit(made(tmp_path, kling), request("video", references=(person(tmp_path, data=data),)))
    assert isinstance(failure, Failure) and word in failure.message
    assert kling.seen == []


def test_bounds_of_prompts(tmp_path: Path, kling: Kling) -> None:
    assert "2500" in str(submit(made(tmp_path, kling), request("video", "x" * 2501)))
    assert "500" in str(submit(made(tmp_path, kling), request("image", "x" * 501, model="kling-v1")))
    assert "negative" in str(submit(made(tmp_path, kling), request("video", parameters={"negative_prompt": "x" * 2501})))
    assert kling.seen == []


# --- what decides price and admission


@pytest.mark.parametrize(
    ("kind", "model", "references", "parameters", "variant", "slots"),
    [
        ("video", "kling-v3", 0, {}, "std", 1),
        ("video", "kling-v3", 1, {"mode": "pro", "sound": True, "n": 4}, "pro sound", 1),
        ("video", "kling-v2-master", 0, {}, "pro", 1),
        ("image", "kling-v3", 1, {"n": 4}, "image", 4),
        ("image", "kling-v3-omni", 0, {"resolution": "4k"}, "image 4k", 1),
        ("image", "kling-v2-1", 0, {}, "image", 1),
        ("image", "kling-v2-1", 1, {}, "image reference", 1),
        ("image", "kling-v2-1", 2, {"n": 9}, "image multi", 9),
    ],
)
def test_price_and_slots(
    tmp_path: Path, kling: Kling, kind: str, model: str, references: int, parameters: Any, variant: str, slots: int
) -> None:
    wanted = request(kind, model=model, references=(person(tmp_path),) * references, parameters=parameters)
    it = made(tmp_path, kling)
    assert (it.variant(wanted), it.slots(wanted)) == (variant, slots)


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


# --- credentials


@pytest.fixture
def pair(kling: Kling, monkeypatch: pytest.MonkeyPatch) -> Kling:
    monkeypatch.setenv("KLING_ACCESS_KEY", ACCESS)
    monkeypatch.setenv("KLING_SECRET_KEY", SECRET)
    return kling


def test_a_pair_of_keys_signs_tokens_which_are_kept(tmp_path: Path, pair: Kling) -> None:
    answer, _ = run_task(made(tmp_path, pair), request("video"))
    assert answer.outcome.failure is None
    tokens = {s.headers["Authorization"] for s in pair.seen if s.path.startswith("/v1/")}
    assert len(tokens) == 1
    token = tokens.pop().removeprefix("Bearer ")
    for secret in (token, ACCESS, SECRET):
        assert secret not in repr(answer)


@pytest.mark.parametrize(("ahead_s", "code"), [(3600, "1003"), (-3600, "1004")])
def test_a_token_of_a_wrong_clock_is_signed_anew_by_the_right_one(
    tmp_path: Path, pair: Kling, monkeypatch: pytest.MonkeyPatch, ahead_s: float, code: str
) -> None:
    monkeypatch.setattr("runs.providers.kling.tokens_of", lambda *_: Tokens(ACCESS, SECRET, clock=lambda: time.time() + ahead_s))
    assert submit(made(tmp_path, pair), request("video")) == "k-1"
    assert len(pair.calls("POST")) == 2
    stale = error(401, int(code), "stale")
    pair.fault("POST /", stale, stale, stale)
    failure = submit(made(tmp_path, pair), request("video", key="job-2"))
    assert isinstance(failure, Failure) and failure.error == "auth" and "clock" in failure.message
    assert len(pair.calls("POST")) == 4, "signed anew once a call, not for ever"


def test_a_token_is_used_for_25_minutes(kling: Kling) -> None:
    clock = [1_800_000_000.0]
    tokens = Tokens(ACCESS, SECRET, clock=lambda: clock[0])
    first = tokens()
    clock[0] += 1499
    assert tokens() == first
    clock[0] += 2
    assert tokens() != first and tokens.signed == 2


def test_half_a_pair_and_no_key_are_said(tmp_path: Path, kling: Kling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_ACCESS_KEY", ACCESS)
    with pytest.raises(ProviderError, match="KLING_SECRET_KEY is not set"):
        submit(made(tmp_path, kling), request("video"))
    monkeypatch.delenv("KLING_ACCESS_KEY")
    monkeypatch.delenv("KLING_API_KEY")
    with pytest.raises(ProviderError, match="KLING_API_KEY") as found:
        submit(made(tmp_path, kling), request("video"))
    assert "KLING_ACCESS_KEY and KLING_SECRET_KEY" in str(found.value.hint)


def test_doctor_asks_with_a_pair_as_with_a_key(tmp_path: Path, pair: Kling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KLING_API_KEY")
    settings = load(tmp_path, {"providers.kling.base_url": pair.base_url})
    pair.fault("GET /v1/videos/text2video", Fault(200, {"code": 0, "data": []}))
    checks = {c.name: c.state for c in asyncio.run(probe("kling", settings))}
    assert checks["key"] == "ok" and checks["answer"] == "ok"
    assert pair.calls("POST") == []


# --- elements


def test_characters_become_elements_once(tmp_path: Path, kling: Kling) -> None:
    views = tuple(person(tmp_path, name, png(colour, (400, 600))) for name, colour in (("front", "blue"), ("side", "navy")))
    mei = tuple(replace(view, name="mei") for view in views)
    wanted = request("video", "<3 she turns", references=mei, parameters={"reference_role": "element"})
    answer, _ = run_task(made(tmp_path, kling), wanted)
    assert answer.outcome.failure is None
    submitted = next(s for s in kling.calls("POST") if s.path == "/v1/videos/text2video")
    # 64 bits survive: as a float this id would end in …992.
    assert submitted.body["element_list"] == [{"element_id": "9007199254740993"}]
    assert submitted.body["prompt"] == "<<<element_1>>> is mei.\n\n<3 she turns"
    element = kling.elements[0]
    assert len(element["element_name"]) == 20
    assert element["element_image_list"]["frontal_image"] == base64.b64encode(views[0].path.read_bytes()).decode()
    assert len(element["element_image_list"]["refer_images"]) == 1
    assert answer.outcome.wire_request["body"]["element_list"] == submitted.body["element_list"]

    assert submit(made(tmp_path, kling), replace(wanted, key="job-2")) == "k-2", "another process finds it by its name"
    assert len(kling.elements) == 1


def test_an_element_wants_several_views(tmp_path: Path, kling: Kling) -> None:
    failure = submit(made(tmp_path, kling), request("video", references=(person(tmp_path),), parameters={"reference_role": "element"}))
    assert isinstance(failure, Failure) and "1 to 3 other views" in failure.message
    assert kling.calls("POST") == []


def test_elements_that_cannot_be_asked_for(tmp_path: Path, kling: Kling) -> None:
    kling.fault("GET /v1/general/", error(429, 1102, "depleted"))
    failure = submit(made(tmp_path, kling), request("video", references=(person(tmp_path),), parameters={"reference_role": "element"}))
    assert error_of(failure) == ("quota", "1102")
