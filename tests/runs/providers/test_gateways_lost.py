"""A submit whose answer was lost is never simply sent again, whichever gateway it was and however the answer was lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import calling
import comfy_stub
import pytest
from gateways import GATEWAYS, Gateway, made
from vendor_server import Fault, Vendor, serve

ANSWER = json.dumps({"code": 1, "result": "t"}).encode()
LOST = {
    "the connection closes after the request": Fault(after=True),
    "the answer is cut off": Fault(200, ANSWER, cut=True),
    "a page comes instead": Fault(200, "<html>we are moving</html>"),
    "the wrong kind of answer comes": Fault(200, b"\x89PNG\r\n\x1a\n", {"Content-Type": "image/png"}),
    "a gateway on the way gives up": Fault(502, "<html>bad gateway</html>"),
    "it takes too long": Fault(delay=2.0, body={}),
}


@pytest.fixture(params=GATEWAYS)
def gateway(request: pytest.FixtureRequest) -> Gateway:
    return GATEWAYS[request.param]


@pytest.fixture
def server(gateway: Gateway) -> Iterator[Vendor]:
    with serve(gateway.stub()) as running:
        yield running


@pytest.mark.parametrize("how", LOST)
def test_one_submit_whatever_becomes_of_its_answer(
    gateway: Gateway, server: Vendor, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the stub took the request, a gateway that can be asked gives the output; the others leave it to a person."""
    provider = made(gateway, server, tmp_path, monkeypatch, timeout_s=0.8 if LOST[how].delay else 20.0)
    server.fault(gateway.submit, LOST[how])
    answer, handed = calling.driven(provider, calling.request("rain", gateway.kind, stage="shot"))
    assert len([s for s in server.seen if f"{s.method} {s.path}".startswith(gateway.submit)]) == 1
    taken = gateway.paid(server)
    assert taken == (1 if LOST[how].after else 0)
    if taken and gateway.looks_up:
        assert answer.outcome.assets and len(handed) == 1
    else:
        assert answer.unknown and answer.outcome.assets == () and handed == []


def test_a_task_that_is_stuck_is_abandoned_by_its_name(
    gateway: Gateway, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = made(gateway, server, tmp_path, monkeypatch)
    if hasattr(server, "before"):
        server.before = [server.before[-1]] * 100_000
    elif isinstance(server, comfy_stub.Comfy):
        server.steps = 100_000
    else:
        server.tasks = _Endless()
    answer, handed = calling.driven(provider, calling.request("rain", gateway.kind, stage="shot"), deadline_s=1.0)
    failure = calling.failure_of(answer)
    assert (failure.error, answer.unknown) == ("timeout", False)
    assert handed[0] in failure.message and "may still be billed" in failure.message


class _Endless(dict[str, list[str]]):
    """Tasks that are always in progress."""

    def __setitem__(self, task: str, states: list[str]) -> None:
        super().__setitem__(task, ["IN_PROGRESS"] * 100_000)
