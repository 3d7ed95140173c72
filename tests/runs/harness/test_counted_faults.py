"""Faults of disk and network during whole runs, counted where it is paid: at the server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import farming
import kit
import pytest
import small_disk
import warm
from patience import HANGS_S, until

from runs import query
from runs.settling import ask_again
from runs.verifying import verify
from runs.workspace import Workspace

pytestmark = pytest.mark.slow
JOBS, CONCURRENCY = 60, 4


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 96 MB."""
    with small_disk.mounted(tmp_path / "disk", 96) as folder:
        yield folder


def child(ws: Workspace, port: int, shape: str, run_id: str = "") -> warm.Process:
    """Begin or go on with a run in a process of its own; return it when it has begun."""
    words = [str(ws.root), str(port), shape, "run", *([run_id] if run_id else [])]
    return warm.popen(*words, script=Path(__file__).with_name("child.py"))


@pytest.mark.parametrize("shape", ["tasks", "direct"])
def test_a_disk_that_fills_up_in_the_middle_of_a_run_stops_it_in_words_and_nothing_is_paid_twice(disk: Path, shape: str) -> None:
    ws = kit.workspace(disk / "drama")
    filler = disk / "filler"
    with farming.farm(lets=JOBS // 6) as port:
        process = child(ws, port, shape)
        assert process.stdout is not None
        words = process.stdout.readline().split()
        assert words[:1] == ["begun"], process.communicate()
        run_id = words[1]
        until(lambda: sum(farming.asked(port).values()) >= JOBS // 6)
        with filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 16, 1 << 12):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue
        farming.let(port)
        _, said = process.communicate(timeout=HANGS_S)
        assert process.returncode != 0
        assert "disk is full" in said and "Traceback" not in said, said[-2000:]
        before = farming.asked(port)
        assert 0 < len(before) < JOBS, "it was stopped in the middle"
        filler.unlink()
        resumed(ws, port, shape, run_id)
        asked = farming.asked(port)
        assert set(asked) == set(query.generations(ws, run_id)["job_id"])
        assert set(asked.values()) == {1}, "each job was handed in once"
        # Answers that came when nothing could be written any more are lost; tasks are found again.
        unknown = ask_again(ws, run_id, who="mei")
        assert len(unknown) <= (CONCURRENCY if shape == "direct" else 0)
        if unknown:
            resumed(ws, port, shape, run_id)
        assert sum(farming.asked(port).values()) == JOBS + len(unknown), "asked again at a person's word, and not but for that"
    assert list(query.generations(ws, run_id)["status"]) == ["ok"] * JOBS, "nothing is lost"
    assert not list(verify(ws).problems)


def resumed(ws: Workspace, port: int, shape: str, run_id: str) -> None:
    out, said = child(ws, port, shape, run_id).communicate(timeout=HANGS_S)
    assert out.split()[-2:] == ["ended", "finished"], said[-2000:]
