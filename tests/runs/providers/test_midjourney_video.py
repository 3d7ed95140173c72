"""Clips by Midjourney, both ways, after sections 3.2 and 3.4 of the providers' reference, against stubs written from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import calling
import midjourney_stub
import pytest
from adapter_kit import FILM
from vendor_server import Fault, serve

from runs.provider import Failure, Request

CDN = "https://cdn.example/{sha256}.{extension}"


@pytest.fixture
def youchuan(monkeypatch: pytest.MonkeyPatch) -> Iterator[midjourney_stub.Youchuan]:
    monkeypatch.setenv("YOUCHUAN_SECRET", "planted-secret-0123456789")
    monkeypatch.setenv("YOUCHUAN_APP", "planted-app-0123456789")
    with serve(midjourney_stub.Youchuan()) as running:
        yield running


@pytest.fixture
def proxy() -> Iterator[midjourney_stub.Proxy]:
    with serve(midjourney_stub.Proxy()) as running:
        yield running


def by_youchuan(server: midjourney_stub.Youchuan, **options: Any) -> Any:
    given = {"accept_terms": True, "reference_url": CDN, **options}
    return calling.provider("youchuan", server.base_url, api_key_env="YOUCHUAN_SECRET", options=given, timeout_s=60)


def by_proxy(server: midjourney_stub.Proxy, **options: Any) -> Any:
    return calling.provider("midjourney-proxy", f"{server.base_url}/mj", options={"accept_terms": True, **options}, timeout_s=60)


def clip(folder: Path, *, text: str = "she turns\nto us", frame: bool = True, **parameters: Any) -> Request:
    mei, shot = calling.reference(folder, "Mei"), replace(calling.reference(folder, "s01"), role="frame")
    return calling.request(text, "video", stage="clip", references=(mei, *([shot] if frame else [])), parameters=parameters)


def test_youchuan_moves_the_shots_own_picture(tmp_path: Path, youchuan: midjourney_stub.Youchuan) -> None:
    wanted = clip(tmp_path, resolution="720P", motion="high", duration=4, aspect_ratio="9:16")
    answer, handed = calling.driven(by_youchuan(youchuan, pick=2), wanted)
    assert handed == ["yc-1"]
    assert [a.data for a in answer.outcome.assets] == [FILM]
    assert answer.outcome.usage.seconds == 20, "four were made, however many are kept"
    frame = wanted.references[1]
    (submit,) = youchuan.calls("POST")
    assert (submit.path, submit.body) == (
        "/v1/tob/video-diffusion", {"prompt": f"https://cdn.example/{frame.sha256}.png she turns to us --motion high", "videoType": 1}
    )  # fmt: skip
    assert answer.outcome.wire_request["body"] == submit.body
    assert answer.outcome.wire_request["url"].endswith("/video-diffusion")


def test_a_proxy_moves_a_local_picture(tmp_path: Path, proxy: midjourney_stub.Proxy) -> None:
    answer, handed = calling.driven(by_proxy(proxy), clip(tmp_path, n=2, loop=True))
    assert handed == ["mj-1"]
    assert [a.data for a in answer.outcome.assets] == [FILM, FILM]
    assert answer.outcome.usage.seconds == 10
    (submit,) = proxy.calls("POST")
    assert submit.path == "/mj/submit/video"
    assert submit.body.pop("image").startswith("data:image/png;base64,")
    assert submit.body == {
        "prompt": "she turns to us", "motion": "low", "loop": True, "batchSize": 2, "videoType": "vid_1.1_i2v_480", "state": "job-1",
    }  # fmt: skip
    calling.driven(by_proxy(proxy, reference_url=CDN), clip(tmp_path))
    assert proxy.calls("POST")[1].body["image"].startswith("https://cdn.example/")


def test_a_success_without_a_clip_is_waited_for_and_its_still_is_none(tmp_path: Path, proxy: midjourney_stub.Proxy) -> None:
    still = {"id": "task-1", "status": "SUCCESS", "imageUrl": proxy.host("still.png", b"x", "image/png")}
    proxy.fault("GET /mj/task/task-1/fetch", Fault(200, still), Fault(200, {**still, "videoUrl": proxy.host("a.mp4", FILM, "video/mp4")}))
    made = by_proxy(proxy)
    assert calling.polled(made, clip(tmp_path)).state == "running"
    done = calling.polled(by_proxy(proxy), clip(tmp_path))
    assert done.outcome and [a.media_type for a in done.outcome.assets] == ["video/mp4"]


def test_a_lost_submit_of_a_clip_is_found_by_its_state(tmp_path: Path, proxy: midjourney_stub.Proxy) -> None:
    proxy.fault("POST /mj/submit/video", Fault(after=True))
    _, handed = calling.driven(by_proxy(proxy), clip(tmp_path))
    assert (handed, len(proxy.calls("POST"))) == (["mj-1"], 1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"text": "she --v 6"}, "parameter_injection"),
        ({"text": "see https://x.example/a.png"}, "address_injection"),
        ({"stylize": 100}, "unknown_parameter"),
        ({"resolution": "1080P"}, "bad_parameter"),
        ({"motion": "wild"}, "bad_parameter"),
        ({"n": 3}, "bad_parameter"),
        ({"duration": 6}, ""),
        ({"frame": False, "extra": True}, "no_frame"),
    ],
)
def test_what_it_cannot_do_is_not_sent(
    tmp_path: Path, youchuan: midjourney_stub.Youchuan, proxy: midjourney_stub.Proxy, change: Any, code: str
) -> None:
    extra = change.pop("extra", False)
    wanted = clip(tmp_path, **change)
    if extra:
        wanted = replace(wanted, references=(*wanted.references, calling.reference(tmp_path, "Zhou")))
    for made in (by_youchuan(youchuan), by_proxy(proxy)):
        said = calling.submitted(made, wanted)
        assert isinstance(said, Failure)
        assert (said.error, said.code) == ("invalid_request", code)
    assert youchuan.seen == proxy.seen == []


def test_a_local_picture_needs_an_address_at_youchuan_and_several_clips_are_repeats(
    tmp_path: Path, youchuan: midjourney_stub.Youchuan
) -> None:
    for made, wanted, code in (
        (by_youchuan(youchuan, reference_url=""), clip(tmp_path), "reference_needs_url"),
        (by_youchuan(youchuan), clip(tmp_path, n=2), "bad_parameter"),
    ):
        said = calling.submitted(made, wanted)
        assert isinstance(said, Failure) and said.code == code
