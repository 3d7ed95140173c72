"""The file of a task that has succeeded, at every gateway: gone, cut off, something else, too large, or leading into the house.

The task was paid, so whatever becomes of its file it is handed in once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import calling
import comfy_stub
import pytest
from films import film, song
from gateways import GATEWAYS, made
from vendor_server import Fault, Vendor, serve

FILES = {"comfyui": "GET /view"}
BAD = {
    "its address is dead": (Fault(404), {"expired"}),
    "a page comes instead": (Fault(200, "<html>log in</html>"), {"malformed"}),
    "it is 3 GB": (Fault(200, film(), {"Content-Type": "video/mp4"}, declare=3 << 30), {"malformed"}),
    "it leads to a private address": (Fault(302, "", {"Location": "http://10.0.0.7/v.mp4"}), {"malformed"}),
}
NAMES = [name for name, gateway in GATEWAYS.items() if gateway.kind != "text"]


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(name: str) -> Iterator[Vendor]:
    with serve(GATEWAYS[name].stub()) as running:
        yield running


def driven(name: str, server: Vendor, root: Path, monkeypatch: pytest.MonkeyPatch, *faults: Fault) -> Any:
    gateway = GATEWAYS[name]
    provider = made(gateway, server, root, monkeypatch)
    server.fault(FILES.get(name, "GET /files/"), *faults)
    answer, _ = calling.driven(provider, calling.request("rain", gateway.kind, stage="shot"))
    assert gateway.paid(server) == 1
    return answer


@pytest.mark.parametrize("how", BAD)
def test_what_is_no_file_is_no_output(name: str, server: Vendor, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fault, expected = BAD[how]
    answer = driven(name, server, tmp_path, monkeypatch, *[fault] * 20)
    failure = calling.failure_of(answer)
    assert (failure.error in expected, answer.outcome.assets, answer.unknown) == (True, (), False), failure


def test_a_file_that_breaks_off_is_fetched_again(name: str, server: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = driven(name, server, tmp_path, monkeypatch, Fault(200, film(), {"Content-Type": "video/mp4"}, cut=True), Fault(503))
    assert answer.outcome.failure is None and answer.outcome.assets


LATE: dict[str, tuple[str, Fault]] = {
    "youchuan": ("GET /v1/tob/job/", Fault(body={"id": "yc-1", "status": 2, "comment": "成功", "urls": []})),
    "midjourney-proxy": ("GET /mj/task/", Fault(body={"id": "1", "status": "SUCCESS", "progress": "100%", "imageUrl": ""})),
    "suno": (
        "GET /api/v1/generate/record-info",
        Fault(body={"code": 200, "data": {"status": "SUCCESS", "response": {"sunoData": [{"id": "a", "audioUrl": ""}]}}}),
    ),
    "suno-cookie": ("GET /api/get", Fault(body=[{"id": f"clip-{n}", "status": "complete", "audio_url": ""} for n in range(2)])),
    "suno-newapi": (
        "GET /suno/fetch",
        Fault(body={"code": "success", "data": {"status": "SUCCESS", "data": [{"id": "c", "status": "complete", "audio_url": ""}]}}),
    ),
}
"""What says that all is done before the file's address is there. fal and Replicate say both at once, ComfyUI has files on its disk."""


@pytest.mark.parametrize("name", LATE, indirect=True)
def test_success_before_the_file_is_waited_for(name: str, server: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where, early = LATE[name]
    server.fault(where, early, early)
    answer = driven(name, server, tmp_path, monkeypatch)
    assert answer.outcome.failure is None and answer.outcome.assets


@pytest.mark.parametrize("name", LATE, indirect=True)
def test_success_that_never_names_a_file_is_given_up(name: str, server: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long before the deadline, and so that a person who finds it at the provider can still have it."""
    where, early = LATE[name]
    server.fault(where, *[early] * 2000)
    options = {**GATEWAYS[name].options, "file_wait_s": 0.05}
    provider = made(replace(GATEWAYS[name], options=options, adapter=name), server, tmp_path, monkeypatch)
    answer, _ = calling.driven(provider, calling.request("rain", GATEWAYS[name].kind, stage="shot"))
    failure = calling.failure_of(answer)
    assert (failure.error, failure.code, GATEWAYS[name].paid(server)) == ("expired", "no_file", 1)
    assert "names no file after" in failure.message and answer.outcome.wire_response


def test_one_song_of_two_is_taken_when_the_other_never_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = replace(GATEWAYS["suno"], options={"file_wait_s": 0.05}, adapter="suno")
    with serve(gateway.stub()) as server:
        songs = [{"audioUrl": server.host("a.mp3", song(), "audio/mpeg")}, {"audioUrl": ""}]
        half = Fault(body={"code": 200, "data": {"status": "SUCCESS", "response": {"sunoData": songs}}})
        server.fault("GET /api/v1/generate/record-info", *[half] * 2000)
        answer, _ = calling.driven(made(gateway, server, tmp_path, monkeypatch), calling.request("rain", "audio", stage="music"))
    assert [asset.data for asset in answer.outcome.assets] == [song()]


def test_a_slow_task_is_waited_for(name: str, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if hasattr(server, "before"):
        server.before = server.before[-1:] * 30
    elif isinstance(server, comfy_stub.Comfy):
        server.steps = 30
    answer = driven(name, server, tmp_path, monkeypatch)
    assert answer.outcome.failure is None and answer.outcome.assets
