"""Kling, after section 4 of the design's providers.md: routes, credentials, states, errors, look-up, money."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from adapter_kit import FILM, error_of, png, reference, request, run_task, submit
from kling_server import PERSON, STATIC, Kling, made, person
from PIL import Image

from runs.provider import Failure

FRAMES = {"reference_role": "first_frame"}
T2V, DRAW, OMNI = "/v1/videos/text2video", "/v1/images/generations", "/v1/images/omni-image"
BARE = base64.b64encode(PERSON).decode()


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
    answer, _ = run_task(made(tmp_path, kling, options={"poll_s": 0.001, "file_wait_s": 0.02}), request("video", key="job-2"))
    assert error_of(answer) == ("expired", "no_file")
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
