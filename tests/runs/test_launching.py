"""Runs as processes of their own: started once, found, stopped and resumed; real processes of the real command."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import chat_server
import pytest
from aiohttp import web
from patience import until

from prompts.errors import InputError, UnknownName
from runs import launching, query
from runs.errors import JournalError
from runs.events import now
from runs.journal import Journal
from runs.lines import SCHEMA, encode
from runs.plan import new_run_id
from runs.starting import initialise
from runs.workspace import Workspace

pytestmark = pytest.mark.slow
SCRIPTS = ("--suite", "script", "--version", "script/episode@plain", "--version", "script/episode", "--repeats", "1", "--no-score")
PROVIDER = """
[providers.slow]
type = "chat"
base_url = "{url}"
model = "m-1"
concurrency = 2
"""


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace whose folder holds a trap: a package of ours by name, which must never be imported."""
    ws = initialise(tmp_path_factory.mktemp("launching") / "drama")
    for name in ("prompts", "runs"):
        (ws.root / name / "__init__.py").write_text("raise SystemExit('imported from the workspace')\n")
    return ws


def state(ws: Workspace, run_id: str) -> str:
    try:
        return str(query.progress(ws, run_id)["state"])
    except UnknownName:
        return ""


def test_two_clicks_start_one_run_and_it_finishes_in_a_session_of_its_own(ws: Workspace) -> None:
    """The second launch of an id is refused while the first begins, while it works, and after it has ended."""
    run_id = new_run_id()
    arguments = [*SCRIPTS, "--limit", "6"]
    assert [launching.launch(ws, run_id, arguments) for _ in range(3)] == [True, False, False]
    until(lambda: state(ws, run_id) == "finished")
    assert not launching.launch(ws, run_id, arguments)
    assert query.progress(ws, run_id)["ok"] == 12
    until(lambda: not getattr(launching.launched(ws, run_id), "alive", True))
    assert f"Run {run_id}" in getattr(launching.launched(ws, run_id), "said", "")
    assert launching.stop(ws, run_id) == []


def test_a_run_is_stopped_by_one_signal_and_resumed_by_one_process(ws: Workspace) -> None:
    """The provider would take 24 seconds for all, so that there is always something left to stop; then it answers at once."""
    run_id = new_run_id()
    with slow_server() as (url, thinks):
        ws.config.write_text(ws.config.read_text() + PROVIDER.format(url=url))
        launching.launch(ws, run_id, [*SCRIPTS, "--provider", "slow", "--limit", "12"])
        until(lambda: state(ws, run_id) == "running" and query.progress(ws, run_id)["done"] >= 1)
        ((pid, _),) = launching.workers(ws, run_id)
        assert os.getsid(pid) == pid
        assert launching.stop(ws, run_id) == [pid]
        assert launching.stop(ws, run_id) == [], "a second signal would make it leave at once"
        until(lambda: state(ws, run_id) == "stopped")
        done = query.progress(ws, run_id)["done"]
        assert 1 <= done < 24
        until(lambda: not getattr(launching.launched(ws, run_id), "alive", True))
        assert [launching.resume(ws, run_id) for _ in range(2)] == [True, False]
        thinks.seconds = 0.0
        until(lambda: state(ws, run_id) == "finished")
    assert query.progress(ws, run_id)["done"] == 24
    assert not query.newest(ws, run_id).empty


@contextmanager
def slow_server() -> Iterator[tuple[str, SimpleNamespace]]:
    """A chat server that thinks for two seconds, or for as long as it is told to."""
    thinks = SimpleNamespace(seconds=2.0)
    with chat_server.serve() as server:
        server.say("{}")
        at_once = server.reply
        assert at_once

        async def later(request: web.Request) -> web.StreamResponse:
            await asyncio.sleep(thinks.seconds)
            return await at_once(request)

        server.reply = later
        yield server.base_url, thinks


def test_somebody_who_only_watches_does_not_keep_a_run_from_being_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a look whether a process is alive can last; who works holds the lock alone, and that is never waited for."""
    ws, run_id = initialise(tmp_path / "drama"), new_run_id()
    started: list[list[str]] = []
    monkeypatch.setattr(launching.subprocess, "Popen", lambda command, **_: started.append(command) or SimpleNamespace(wait=lambda: 0))
    path = launching.output_path(ws, run_id)
    path.parent.mkdir(parents=True)
    path.touch()
    with path.open("rb") as watcher:
        fcntl.flock(watcher, fcntl.LOCK_SH)
        threading.Timer(0.6, fcntl.flock, (watcher.fileno(), fcntl.LOCK_UN)).start()
        assert launching.resume(ws, run_id)
    with path.open("rb") as worker:
        fcntl.flock(worker, fcntl.LOCK_EX)
        began = time.monotonic()
        assert not launching.resume(ws, run_id)
        assert time.monotonic() - began < launching.PATIENCE_S / 2
    assert len(started) == 1


def test_what_a_run_cannot_begin_with_is_printed(ws: Workspace) -> None:
    run_id = new_run_id()
    assert launching.launch(ws, run_id, ["--suite", "nothing", "--version", "shot/keyframe"])
    until(lambda: not getattr(launching.launched(ws, run_id), "alive", True))
    assert "Unknown suite 'nothing'" in getattr(launching.launched(ws, run_id), "said", "")


@pytest.mark.parametrize("name", ["../../x", "", "20260101", "20260101-000000-abcdef\n"])
def test_an_id_is_one_of_ours(ws: Workspace, name: str) -> None:
    with pytest.raises(InputError, match="no id of a run"):
        launching.launch(ws, name, [])
    assert launching.launched(ws, "20260101-000000-abcdef") is None


def test_the_command_takes_a_new_id_and_no_known_one(ws: Workspace) -> None:
    run_id = new_run_id()
    command = [sys.executable, "-m", "workbench", "--workspace", str(ws.root), "run", *SCRIPTS, "--limit", "1", "--run-id", run_id]
    first = subprocess.run(command, capture_output=True, text=True, check=False, cwd=launching.CODE)
    assert (first.returncode, state(ws, run_id)) == (0, "finished"), first.stderr
    second = subprocess.run(command, capture_output=True, text=True, check=False, cwd=launching.CODE)
    assert (second.returncode, f"There is a run {run_id} already" in second.stderr) == (2, True)


def test_a_process_that_only_has_the_number_is_left_alone(tmp_path: Path) -> None:
    """A journal whose header names a living process that does not write it: nobody is signalled."""
    ws = initialise(tmp_path / "drama")
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as other, Journal(ws, "r1") as journal:
        head = {"type": "journal", "schema": SCHEMA, "run_id": "r2", "at": now(), "host": socket.gethostname(), "pid": other.pid}
        journal.path.write_bytes(encode(head))
        assert [pid for pid, _ in launching.workers(ws, "r2")] == [other.pid]
        launching.stop(ws, "r2")
        time.sleep(0.3)
        assert other.poll() is None
        other.send_signal(signal.SIGKILL)


def test_a_run_of_another_machine_is_stopped_there(tmp_path: Path) -> None:
    ws = initialise(tmp_path / "drama")
    with Journal(ws, "r1") as journal:
        head = {"type": "journal", "schema": SCHEMA, "run_id": "r2", "at": now(), "host": "elsewhere", "pid": 1}
        journal.path.write_bytes(encode(head))
        with pytest.raises(JournalError, match="worked on by elsewhere"):
            launching.stop(ws, "r2")
