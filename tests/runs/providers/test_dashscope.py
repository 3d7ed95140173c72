"""DashScope's pictures and clips, after section 2 of the design's providers.md."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from adapter_kit import FILM, KEY, error_of, generate, png, reference, request, run_task, submit
from dashscope_server import IMAGES, VIDEOS, DashScope, made
from vendor_server import Fault

from prompts.errors import WorkspaceError


def data_url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


# --- Qwen-Image: one call


def test_a_prompt_becomes_a_vertical_picture(tmp_path: Path, vendor: DashScope) -> None:
    outcome = generate(made(tmp_path, vendor, "qwen-image"), request("image", seed=2**31 + 5))
    seen, download = vendor.seen
    assert (seen.path, seen.headers["Authorization"]) == (IMAGES, f"Bearer {KEY}")
    assert seen.body == {
        "model": "qwen-image-3.0-pro",
        "input": {"messages": [{"role": "user", "content": [{"text": "rain on tin"}]}]},
        "parameters": {"size": "928*1664", "n": 1, "prompt_extend": False, "watermark": False, "seed": 5},
    }
    assert outcome.assets[0].data == png()
    assert (outcome.usage.images, outcome.model_resolved) == (1, "qwen-image-3.0-pro")
    assert outcome.wire_request["body"] == seen.body
    assert KEY not in str(dict(download.headers))


def test_references_go_before_the_text(tmp_path: Path, vendor: DashScope) -> None:
    sheets = (reference(tmp_path, "mei"), reference(tmp_path, "zhou", png("green")))
    wanted = request(
        "image", model="qwen-image-3.0-pro", references=sheets, parameters={"n": 2, "negative_prompt": "text", "prompt_extend": True}
    )
    outcome = generate(made(tmp_path, vendor, "qwen-image", options={"workspace": "ws-1"}), wanted)
    seen = vendor.seen[0]
    content = seen.body["input"]["messages"][0]["content"]
    assert content == [{"image": data_url(png("blue"))}, {"image": data_url(png("green"))}, {"text": "rain on tin"}]
    assert seen.body["parameters"] == {"size": "928*1664", "n": 2, "negative_prompt": "text", "prompt_extend": True, "watermark": False}
    assert seen.headers["X-DashScope-WorkSpace"] == "ws-1"
    assert len(outcome.assets) == 2 and outcome.usage.images == 2


@pytest.mark.parametrize(
    ("model", "parameters", "size"),
    [
        ("qwen-image-plus", {}, "928*1664"),
        ("qwen-image-max", {"aspect_ratio": "4:3"}, "1472*1104"),
        ("qwen-image-max", {"size": "1328*1328"}, "1328*1328"),
        ("qwen-image-3.0-pro", {"aspect_ratio": "1:1"}, "1664*1664"),
        ("qwen-image-2.0", {"width": 720, "height": 1280}, "720*1280"),
    ],
)
def test_the_size_follows_the_model(tmp_path: Path, vendor: DashScope, model: str, parameters: Any, size: str) -> None:
    generate(made(tmp_path, vendor, "qwen-image"), request("image", model=model, parameters=parameters))
    assert vendor.seen[0].body["parameters"]["size"] == size


@pytest.mark.parametrize(
    ("model", "parameters", "prompt", "references", "word"),
    [
        ("qwen-image-plus", {"n": 2}, "rain", 0, "1 to 1"),
        ("qwen-image-3.0-pro", {"n": 7}, "rain", 0, "1 to 6"),
        ("qwen-image-plus", {"size": "1000*1000"}, "rain", 0, "928*1664"),
        ("qwen-image-2.0", {"size": "4000*4000"}, "rain", 0, "2048*2048"),
        ("qwen-image-2.0", {}, "x" * 801, 0, "800"),
        ("qwen-image-2.0", {"negative_prompt": "x" * 501}, "rain", 0, "500"),
        ("qwen-image-3.0-pro", {}, "rain", 4, "3 reference"),
        ("qwen-image-plus", {}, "rain", 1, "no reference"),
    ],
)
def test_what_a_model_does_not_take_is_not_sent(
    tmp_path: Path, vendor: DashScope, model: str, parameters: Any, prompt: str, references: int, word: str
) -> None:
    wanted = request("image", prompt, model=model, parameters=parameters, references=(reference(tmp_path),) * references)
    outcome = generate(made(tmp_path, vendor, "qwen-image"), wanted)
    assert error_of(outcome)[0] == "invalid_request" and word in outcome.failure.message
    assert vendor.seen == []


def test_a_paid_picture_is_fetched_some_times_and_never_made_again(
    tmp_path: Path, vendor: DashScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.providers.download.PAUSE_S", 0.01)
    vendor.fault("GET /files", Fault(503))
    assert generate(made(tmp_path, vendor, "qwen-image"), request("image")).assets
    vendor.fault("GET /files", Fault(403))
    assert error_of(generate(made(tmp_path, vendor, "qwen-image"), request("image"))) == ("expired", "403")
    assert len(vendor.calls("POST")) == 2


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(drop=True), ("timeout", "disconnected")),
        (Fault(200, {"output": {"choices": [], "text": "a" * 99}}, cut=True), ("timeout", "disconnected")),
        (Fault(502, "<html>bad gateway</html>"), ("timeout", "502")),
        (Fault(504, {"code": "GatewayTimeout", "message": ""}), ("server", "GatewayTimeout")),
        (Fault(200, {"output": {"choices": []}}), ("malformed", "empty")),
        (Fault(200, {"output": {"choices": [{"message": {"content": [{"text": "sorry"}]}}]}}), ("malformed", "empty")),
        (Fault(200, {"code": "DataInspectionFailed", "message": "Output data may contain…"}), ("content_refused", "DataInspectionFailed")),
        (Fault(200, "<html>"), ("malformed", "")),
    ],
)
def test_answers_without_a_picture(tmp_path: Path, vendor: DashScope, fault: Fault, expected: Any) -> None:
    vendor.fault("POST /", fault)
    assert error_of(generate(made(tmp_path, vendor, "qwen-image"), request("image"))) == expected


# --- tasks


def test_a_clip_goes_from_submit_to_file(tmp_path: Path, vendor: DashScope) -> None:
    answer, journal = run_task(made(tmp_path, vendor, "wan"), request("video", "she turns", seed=7))
    (submitted,) = vendor.calls("POST")
    assert (submitted.path, submitted.headers["X-DashScope-Async"]) == (VIDEOS, "enable")
    assert submitted.body == {
        "model": "wan2.7-t2v",
        "input": {"prompt": "she turns"},
        "parameters": {"resolution": "720P", "ratio": "9:16", "duration": 5, "prompt_extend": False, "watermark": False, "seed": 7},
    }
    assert journal == ["t-1"]
    outcome = answer.outcome
    assert (outcome.failure, outcome.assets[0].data, outcome.usage.seconds) == (None, FILM, 5)
    assert outcome.wire_request["body"] == submitted.body
    assert outcome.wire_request["headers"] == {"x-dashscope-async": "enable"}
    assert outcome.wire_response["body"]["output"]["actual_prompt"] == "she turns"
    assert len(vendor.calls("GET", "/api/v1/tasks/t-1")) == 3


FRAMES = {"reference_role": "first_frame"}
RATIO = {"resolution": "720P", "ratio": "9:16"}


@pytest.mark.parametrize(
    ("model", "references", "parameters", "inputs", "form"),
    [
        ("wan3.0-video", 2, {"duration": -1}, {"media": ["reference_image", "reference_image"]}, RATIO | {"duration": -1}),
        ("wan3.0-video", 1, {"reference_role": "first_frame", "duration": 30}, {"media": ["first_frame"]}, RATIO | {"duration": 30}),
        ("wan2.7-i2v", 1, {}, {"media": ["first_frame"]}, {"resolution": "720P", "duration": 5}),
        ("wan2.7-i2v", 2, FRAMES | {"duration": "10"}, {"media": ["first_frame", "last_frame"]}, {"resolution": "720P", "duration": 10}),
        ("wan2.7-r2v", 2, {}, {"media": ["reference_image"] * 2}, {"resolution": "720P", "ratio": "9:16", "duration": 5}),
        ("wan2.6-t2v", 0, {}, {}, {"size": "720*1280", "duration": 5}),
        ("wan2.6-i2v", 1, {"resolution": "1080P"}, {"img_url": 1}, {"resolution": "1080P", "duration": 5}),
        ("wan2.6-r2v", 2, {}, {"reference_urls": 2}, {"size": "720*1280", "duration": 5}),
        ("wan2.5-t2v-preview", 0, {"duration": 10}, {}, {"size": "720*1280", "duration": 10}),
        ("wan2.2-i2v-plus", 1, {"resolution": "480P"}, {"img_url": 1}, {"resolution": "480P", "duration": 5}),
        ("happyhorse-1.1-t2v", 0, {"duration": 3}, {}, {"resolution": "720P", "ratio": "9:16", "duration": 3}),
        ("happyhorse-1.1-r2v", 9, {}, {"media": ["reference_image"] * 9}, {"resolution": "720P", "ratio": "9:16", "duration": 5}),
    ],
)  # fmt: skip
def test_each_family_is_asked_in_its_own_way(
    tmp_path: Path, vendor: DashScope, model: str, references: int, parameters: Any, inputs: Any, form: Any
) -> None:
    """Section 2.5."""
    wanted = request("video", model=model, references=(reference(tmp_path),) * references, parameters=parameters)
    assert submit(made(tmp_path, vendor, "wan"), wanted) == "t-1"
    body = vendor.seen[0].body
    sent = {k: v for k, v in body["input"].items() if k != "prompt"}
    url = data_url(png("blue"))
    if "media" in inputs:
        assert sent == {"media": [{"type": role, "url": url} for role in inputs["media"]]}
    elif "img_url" in inputs:
        assert sent == {"img_url": url}
    else:
        assert sent == ({"reference_urls": [url] * inputs["reference_urls"]} if inputs else {})
    assert {k: v for k, v in body["parameters"].items() if k not in ("prompt_extend", "watermark")} == form


@pytest.mark.parametrize(
    ("model", "duration", "sent"),
    [("wan2.7-t2v", 1.2, 2), ("wan2.7-t2v", 6.5, 7), ("wan2.5-t2v-preview", 7, 10), ("happyhorse-1.1-t2v", 2, 3)],
)
def test_a_planned_length_is_rounded_up_to_one_that_can_be_had(
    tmp_path: Path, vendor: DashScope, model: str, duration: float, sent: int
) -> None:
    submit(made(tmp_path, vendor, "wan"), request("video", model=model, parameters={"duration": duration}))
    assert vendor.seen[0].body["parameters"]["duration"] == sent


@pytest.mark.parametrize(
    ("model", "roles", "sent"),
    [
        ("wan2.7-i2v", ("character", "frame", "character"), ["first_frame"]),
        ("wan3.0-video", ("frame", "character", "character"), ["first_frame", "reference_image", "reference_image"]),
        ("wan3.0-video", ("frame", "frame"), ["first_frame", "last_frame"]),
    ],
)
def test_the_frame_of_a_clip_goes_before_its_people(
    tmp_path: Path, vendor: DashScope, model: str, roles: tuple[Any, ...], sent: list[str]
) -> None:
    references = tuple(replace(reference(tmp_path, f"r{n}"), role=role) for n, role in enumerate(roles))
    submit(made(tmp_path, vendor, "wan"), request("video", model=model, references=references))
    assert [m["type"] for m in vendor.seen[0].body["input"]["media"]] == sent


def test_the_way_of_a_family_can_be_changed(tmp_path: Path, vendor: DashScope) -> None:
    table = {"options": {"models": {"wan2.7-i2v*": {"pictures": "img_url"}}}}
    submit(made(tmp_path, vendor, "wan", **table), request("video", model="wan2.7-i2v", references=(reference(tmp_path),)))
    assert vendor.seen[0].body["input"]["img_url"] == data_url(png("blue"))
    with pytest.raises(WorkspaceError, match=r"options\.models\.wan9\.pictures"):
        made(tmp_path, vendor, "wan", options={"models": {"wan9": {"pictures": "fax"}}})


@pytest.mark.parametrize(
    ("model", "references", "parameters", "word"),
    [
        ("wan2.7-t2v", 1, {}, "no reference"),
        ("wan2.7-i2v", 0, {}, "none goes along"),
        ("wan2.7-i2v", 2, {}, "begins with one"),
        ("wan2.7-t2v", 0, {"duration": 16}, "at most 15"),
        ("wan2.7-t2v", 0, {"duration": "long"}, "number of seconds"),
        ("wan2.7-t2v", 0, {"duration": -1}, "at most 15"),
        ("wan2.5-t2v-preview", 0, {"duration": 11}, "at most 10"),
        ("wan2.7-t2v", 0, {"resolution": "4K"}, "720P"),
        ("happyhorse-1.1-t2v", 0, {"negative_prompt": "text"}, "no negative"),
        ("wan2.7-t2v", 0, {"negative_prompt": "x" * 501}, "500"),
        ("wan3.0-video", 3, {"reference_role": "first_frame"}, "first and a last"),
        ("wan3.0-video", 1, {"reference_role": "hero"}, "first_frame"),
    ],
)
def test_what_a_family_does_not_take_is_not_sent(
    tmp_path: Path, vendor: DashScope, model: str, references: int, parameters: Any, word: str
) -> None:
    wanted = request("video", model=model, references=(reference(tmp_path),) * references, parameters=parameters)
    failure = submit(made(tmp_path, vendor, "wan"), wanted)
    assert error_of(failure)[0] == "invalid_request" and word in failure.message  # type: ignore[union-attr]
    assert vendor.seen == []


def test_the_price_goes_by_the_resolution(tmp_path: Path, vendor: DashScope) -> None:
    wan = made(tmp_path, vendor, "wan")
    assert [wan.variant(request("video", parameters=p)) for p in ({}, {"resolution": "1080P"})] == ["720P", "1080P"]
