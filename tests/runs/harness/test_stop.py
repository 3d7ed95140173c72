"""Ctrl-C and a full disk, in real processes."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

import farming
import kit
import pytest
import warm
from patience import HANGS_S, until

from runs import query
from runs.errors import JournalError
from runs.harness import resume
from runs.resume import state_of
from runs.workspace import Workspace

JOBS = 60

pytestmark = pytest.mark.slow


def child(ws: Workspace, port: int, *run_id: str) -> warm.Process:
    return warm.popen(str(ws.root), str(port), "direct", "run", *run_id, script=Path(__file__).with_name("child.py"))


def begun(process: warm.Process) -> str:
    assert process.stdout is not None
    said = process.stdout.readline().split()
    assert said[:1] == ["begun"], process.communicate()
    return said[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_lets_calls_in_flight_finish_and_leaves_a_run_that_can_be_resumed(tmp_path: Path, number: signal.Signals) -> None:
    ws = kit.workspace(tmp_path)
    with farming.farm(lets=5) as port:
        process = child(ws, port)
        run_id = begun(process)
        until(lambda: len(state_of(ws, run_id).finished) == 5)
        with pytest.raises(JournalError, match=f"worked on by process {process.pid}"):
            resume(ws, run_id, farming.FarmDirect(port))
        process.send_signal(number)
        assert process.stderr is not None
        assert "Ctrl-C again to leave at once" in process.stderr.readline()
        farming.let(port)
        _, err = process.communicate(timeout=HANGS_S)
        assert process.returncode == 130
        assert f"workbench run --resume {run_id}" in err
        state = state_of(ws, run_id)
        assert (state.ended, 5 <= len(state.finished) < JOBS) == ("stopped", True)
        # Calls in flight were waited for: everything that was paid is there.
        assert set(farming.asked(port)) == set(state.finished)
        process = child(ws, port, run_id)
        begun(process)
        process.communicate(timeout=HANGS_S)
        assert process.returncode == 0
        assert set(farming.asked(port).values()) == {1}
        assert list(query.generations(ws, run_id)["status"]) == ["ok"] * JOBS
        assert query.runs(ws)["state"][0] == "finished"


def test_a_second_ctrl_c_leaves_at_once(tmp_path: Path) -> None:
    """Nobody answers, and what is in flight would have more time than this test has."""
    ws = kit.workspace(tmp_path)
    with farming.farm(lets=0) as port:
        process = child(ws, port)
        begun(process)
        until(lambda: farming.asked(port))
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "Stopping" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=HANGS_S)
        assert process.returncode == 130


def test_a_full_disk_stops_paying_at_once(tmp_path: Path) -> None:
    """The limit on file size stands for the disk: a journal that may not grow is one on a full disk."""
    ws = kit.workspace(tmp_path)
    with farming.farm(lets=0) as port:
        process = child(ws, port)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (130_000, 130_000))
        farming.let(port)
        run_id = begun(process)
        _, err = process.communicate(timeout=HANGS_S)
        assert process.returncode == 1
        assert "The disk is full" in err
        assert "Traceback" not in err
        paid, finished = farming.asked(port), state_of(ws, run_id).finished
        assert 0 < len(finished) < JOBS
        # No more than what was in flight was paid for in vain.
        assert len(paid) - len(finished) <= 8
        process = child(ws, port, run_id)
        begun(process)
        process.communicate(timeout=HANGS_S)
        assert process.returncode == 0
        again = farming.asked(port)
        assert {job: again[job] for job in finished} == {job: paid[job] for job in finished}
