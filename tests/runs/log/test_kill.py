"""kill -9 at any moment: what was acknowledged is there, once; what was not is there once or not at all."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable

import log_story as story
import pytest
from warm import Process

from runs import query
from runs.journal import files, is_live, read
from runs.log import catch_up, fold, rebuild
from runs.log import read as read_log
from runs.resume import state_of
from runs.workspace import Workspace

Start = Callable[..., Process]
REBUILDER = """
import sys
from pathlib import Path
from runs.log import rebuild
from runs.workspace import Workspace
while True:
    print(0, flush=True)
    rebuild(Workspace(Path(sys.argv[1])))
"""
pytestmark = pytest.mark.slow


def kill_at_random(process: Process, steps: int) -> set[int]:
    """Let a worker say a few things, kill it at a random moment of its next step, and return the numbers that it had been promised."""
    assert process.stdout is not None
    words = [process.stdout.readline()]
    assert words[0], process.communicate()
    took = 0.05
    for _ in range(random.randrange(steps)):
        began = time.monotonic()
        words.append(process.stdout.readline())
        took = time.monotonic() - began
    time.sleep(random.uniform(0, took))
    process.kill()
    words += process.communicate()[0].splitlines(keepends=True)
    # The last word may be torn like any other write.
    return {int(word) for word in words if word.endswith("\n") and word.strip().isdigit()}


@pytest.mark.parametrize("mode", ["append", "group"])
def test_killed_while_appending(ws: Workspace, start: Start, mode: str) -> None:
    """8 moments a way of writing."""
    for attempt in range(8):
        run = f"r{attempt}"
        promised = kill_at_random(start(mode, ws.root, run, 1_000_000), 300)
        path = files(ws)[-1]
        assert not is_live(path)
        found = Counter(r.event["job_id"] for r in read(path, max_bytes=1 << 30).records if r.event["type"] == "generation")
        assert set(found.values()) <= {1}
        assert {story.job_id(run, n) for n in promised} <= set(found)
        state = state_of(ws, run)
        assert set(state.finished) == set(found)
        assert state.bad == {}
    catch_up(ws)
    assert len(query.ingest_errors(ws)) == 0, "a torn last line is no error"
    assert set(query.runs(ws)["state"]) == {"interrupted"}


def test_killed_while_folding(ws: Workspace, start: Start) -> None:
    """12 moments in one log that goes on growing."""
    promised: dict[str, set[int]] = {}
    for attempt in range(12):
        run = f"r{attempt}"
        promised[run] = kill_at_random(start("fold", ws.root, run, 500), 4)
        found = query.generations(ws, run)
        assert found["job_id"].is_unique
        assert {story.job_id(run, n) for n in promised[run]} <= set(found["job_id"])
        assert len(query.scores(ws, run)) in {3 * len(found), 3 * len(found) - 3}
    folded = story.contents(ws)
    assert len(folded["ingest_error"]) == 0
    assert any(promised.values()), "the workers did get to work"
    rebuild(ws)
    assert story.contents(ws) == folded


@pytest.mark.parametrize("slices", [1, 3, 4])
def test_killed_between_two_slices_of_a_plan(ws: Workspace, start: Start, slices: int) -> None:
    """Before the second slice, before the last, after the last: nothing of the run is seen, and after the next fold all of it, once."""
    path = story.write(ws, "a.jsonl", [story.plan("r", 40), *(story.generation("r", n) for n in range(40))])
    process = start("slices", ws.root, "r", slices)
    assert process.stdout is not None
    assert process.stdout.readline() == f"{slices}\n"
    process.kill()
    process.communicate()
    with read_log(ws, fresh=False) as con:
        assert con.execute(
            "select (select count(*) from job), (select count(*) from run), (select count(*) from journal_offset)"
        ).fetchall() == [(0, 0, 0)]
    folded = fold(ws, max_bytes=1000)
    assert (folded.lines, folded.faults) == (2, 0), "the header and the plan"
    with read_log(ws, fresh=False) as con:
        assert con.execute("select count(*), count(distinct job_id), max(position) from job").fetchall() == [(40, 40, 40)]
    catch_up(ws)
    found = story.contents(ws)
    path.rename(path.with_name("b"))
    ws.log.unlink()
    path.with_name("b").rename(path)
    catch_up(ws)
    assert story.contents(ws) == found


def test_killed_while_rebuilding(ws: Workspace, start: Start) -> None:
    for n in range(4):
        story.write(ws, f"{n}.jsonl", story.story(f"r{n}", 200))
    catch_up(ws)
    before = story.contents(ws)
    for _ in range(4):
        kill_at_random(start("-c", REBUILDER, ws.root), 3)
        assert story.contents(ws) == before


def test_three_writers_and_two_readers_at_once(ws: Workspace, start: Start) -> None:
    """No lock error on either side, nothing lost, nothing seen to go away again."""
    runs = ["a", "b", "c"]
    workers = [start("write", ws.root, run, 40) for run in runs]
    workers += [start("read", ws.root, ",".join(runs), 120) for _ in range(2)]
    for worker in workers:
        out, err = worker.communicate(timeout=240)
        assert (worker.returncode, err) == (0, ""), (out, err)
    frame = query.runs(ws).set_index("run_id")
    assert frame["done"].to_dict() == dict.fromkeys(runs, 40)
    assert set(frame["state"]) == {"finished"}
    folded = story.contents(ws)
    rebuild(ws)
    assert story.contents(ws) == folded
