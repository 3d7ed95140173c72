"""fal's queue with a Kling model, as somebody else has understood it: npm `@copilotkit/aimock`, over real sockets.

It wants the header `x-fal-target-host` and the path prefix `/fal`, and returns addresses at queue.fal.run: our settings say both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import aimock as aimock_server
import calling
import pytest
from samples import film
from vendor_server import Vendor, serve

pytestmark = pytest.mark.slow
Start = Callable[..., aimock_server.Aimock]
MODEL = "fal-ai/kling-video/v3/pro/image-to-video"
ERRORS = [
    (401, "no key", "auth"), (422, "prompt is missing", "invalid_request"), (429, "slow down", "rate_limit"), (500, "boom", "server"),
]  # fmt: skip
CHAOS = {"dropRate": "server", "malformedRate": "malformed", "disconnectRate": "timeout"}
QUEUE = {"pollsBeforeInProgress": 2, "pollsBeforeCompleted": 4}


@pytest.fixture
def cdn() -> Iterator[Vendor]:
    with serve(Vendor()) as running:
        yield running


def made(server: aimock_server.Aimock, cdn: Vendor, model: str = MODEL, **options: Any) -> Any:
    given = {"prefix": "/fal", "asset_hosts": [cdn.base_url.removeprefix("http://")], **options}
    return calling.provider(
        "fal", server.base_url.removesuffix("/v1"), model=model, headers={"x-fal-target-host": "queue.fal.run"}, options=given, timeout_s=60
    )


def asked(prompt: str = "the door opens") -> Any:
    return calling.request(prompt, "video", stage="clip", parameters={"duration": "5"})


def fixture(response: Any, **more: Any) -> list[dict[str, Any]]:
    return [{"match": {"endpoint": "fal", "model": MODEL}, "response": response, **more}]


def statuses(server: aimock_server.Aimock) -> list[str]:
    return [e["path"].rpartition("/")[2] for e in server.journal() if e["method"] == "GET"]


def test_a_kling_clip_is_queued_polled_and_fetched(aimock: Start, cdn: Vendor) -> None:
    url = cdn.host("v.mp4", film(), "video/mp4")
    video = {"video": {"url": url, "content_type": "video/mp4", "file_name": "v.mp4", "file_size": 280}}
    server = aimock(fixture({"json": video, "billableUnits": 5}), falQueue=QUEUE)
    answer, handed = calling.driven(made(server, cdn, unit_usd={MODEL: 0.1}), asked())
    assert [(a.media_type, a.data) for a in answer.outcome.assets] == [("video/mp4", film())]
    assert answer.outcome.cost_usd == pytest.approx(0.5)
    assert len(handed) == 1 and handed[0].startswith(f"/{MODEL}/requests/")
    assert statuses(server)[:-1] == ["status"] * 4, "queued, in progress, and complete at the fourth question"
    assert [e["path"] for e in server.journal() if e["method"] == "POST"] == [f"/fal/{MODEL}"]


def test_an_earlier_process_s_request_is_polled_on(aimock: Start, cdn: Vendor) -> None:
    server = aimock(fixture({"json": {"video": {"url": cdn.host("v.mp4", film(), "video/mp4")}}}), falQueue=QUEUE)
    task = calling.submitted(made(server, cdn), asked())
    answer, _ = calling.driven(made(server, cdn), asked(), task_id=str(task))
    assert answer.outcome.assets
    assert len([e for e in server.journal() if e["method"] == "POST"]) == 1


def test_an_unknown_request_is_lost(aimock: Start, cdn: Vendor) -> None:
    server = aimock(fixture({"json": {}}), falQueue=QUEUE)
    assert calling.polled(made(server, cdn), asked(), f"/{MODEL}/requests/none").state == "lost"


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[aimock_server.Aimock]:
    """Run one server whose models fail, each in its way."""
    fixtures = [
        {"match": {"endpoint": "fal", "model": f"house/error-{s}"}, "response": {"error": {"message": m}, "status": s, "retryAfter": 3}}
        for s, m, _ in ERRORS
    ]
    with aimock_server.serve(fixtures, tmp_path_factory.mktemp("aimock"), falQueue=QUEUE) as running:
        yield running


@pytest.mark.parametrize(("status", "message", "expected"), ERRORS)
def test_errors_of_a_submit(refusing: aimock_server.Aimock, cdn: Vendor, status: int, message: str, expected: str) -> None:
    failure = calling.failure_of(calling.submitted(made(refusing, cdn, model=f"house/error-{status}"), asked()))
    assert failure.error == expected
    assert failure.retry_after_s == (3.0 if status == 429 else None)


@pytest.mark.parametrize(("rate", "expected"), CHAOS.items())
def test_chaos_at_the_submit(aimock: Start, cdn: Vendor, rate: str, expected: str) -> None:
    """A drop is an answer (500); what is not whole or did not come may have been taken, and is not sent again."""
    server = aimock(fixture({"json": {}}), falQueue=QUEUE, chaos={rate: 1})
    answer, _ = calling.driven(made(server, cdn), asked())
    assert calling.failure_of(answer).error == expected
    assert answer.unknown == (expected != "server")
