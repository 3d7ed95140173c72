"""Receivers are told in order, signed, at least once; one that is down misses nothing and stops nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from promotions import Studio

from runs import webhooks
from runs.delivery import Webhook
from runs.webhooks import notify, sign
from runs.workspace import Workspace

SECRET = "a-hook-secret-of-the-studio"


class Receiver:
    """A server that keeps what it is sent, and answers what the test wants."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                status = receiver.answers.pop(0) if receiver.answers else 204
                self.send_response(status)
                if status in {301, 302, 307}:
                    self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def actions(self) -> list[str]:
        return [headers["x-workbench-event"] for headers, _ in self.got]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    monkeypatch.setattr(webhooks, "PAUSE_S", 0.001)
    found = Receiver()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "drama")


@pytest.fixture
def studio(ws: Workspace) -> Studio:
    return Studio(ws.prompts)


def test_a_receiver_can_check_who_sent_it_and_when(ws: Workspace, studio: Studio, receiver: Receiver) -> None:
    studio.in_production(studio.plain)
    (done,) = notify(ws, [Webhook(url=receiver.url, secret_env="HOOK_SECRET")])
    assert (done.told, done.waiting, done.problem) == (3, 0, "")
    assert receiver.actions == ["gate", "promote"]
    headers, body = receiver.got[-1]
    assert headers["x-workbench-signature"] == sign(SECRET, headers["x-workbench-timestamp"], body)
    told = json.loads(body)
    assert (told["action"], told["to"], told["actor"]) == ("promote", studio.plain.id, "ann@studio")
    assert headers["x-workbench-delivery"] == told["hash"]
    assert SECRET.encode() not in body


def test_nothing_is_told_twice_and_nothing_is_missed(ws: Workspace, studio: Studio, receiver: Receiver) -> None:
    hook = Webhook(url=receiver.url, secret_env="HOOK_SECRET", actions=["promote"])
    studio.ann.promote(studio.plain, "dev")
    notify(ws, [hook])
    notify(ws, [hook])
    assert receiver.actions == ["promote"]
    receiver.answers = [500] * webhooks.TRIES
    studio.ann.promote(studio.better, "dev")
    (down,) = notify(ws, [hook])
    assert (down.told, down.waiting, down.problem) == (1, 1, "it answers 500")
    studio.ann.promote(studio.plain, "dev")
    (up,) = notify(ws, [hook])
    assert (up.told, up.waiting, up.problem) == (3, 0, "")
    delivered = [json.loads(body)["seq"] for _, body in receiver.got]
    assert delivered == [1, 2, 2, 2, 2, 3]
    assert len({headers["x-workbench-delivery"] for headers, body in receiver.got if json.loads(body)["seq"] == 2}) == 1


@pytest.mark.parametrize(("status", "tries"), [(400, 1), (404, 1), (302, 1), (429, 3), (503, 3)])
def test_what_is_tried_again(ws: Workspace, studio: Studio, receiver: Receiver, status: int, tries: int) -> None:
    studio.ann.promote(studio.plain, "dev")
    receiver.answers = [status] * 5
    (done,) = notify(ws, [Webhook(url=receiver.url, secret_env="HOOK_SECRET")])
    assert done.problem == f"it answers {status}"
    assert len(receiver.got) == tries


def test_a_dead_receiver_does_not_hold_the_others_up(ws: Workspace, studio: Studio, receiver: Receiver) -> None:
    studio.ann.promote(studio.plain, "dev")
    dead = Webhook(url="http://127.0.0.1:9/hook", secret_env="HOOK_SECRET")
    first, second = notify(ws, [dead, Webhook(url=receiver.url, secret_env="HOOK_SECRET")])
    assert first.problem
    assert (second.problem, receiver.actions) == ("", ["promote"])


def test_without_a_secret_nothing_is_sent(ws: Workspace, studio: Studio, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    studio.ann.promote(studio.plain, "dev")
    monkeypatch.delenv("HOOK_SECRET")
    (done,) = notify(ws, [Webhook(url=receiver.url, secret_env="HOOK_SECRET")])
    assert "HOOK_SECRET is not set" in done.problem
    assert receiver.got == []


def test_a_secret_signs_only_where_nobody_can_listen(ws: Workspace, studio: Studio, receiver: Receiver) -> None:
    studio.ann.promote(studio.plain, "dev")
    (done,) = notify(ws, [Webhook(url="http://ops.studio/hook", secret_env="HOOK_SECRET")])
    assert "in clear" in done.problem
