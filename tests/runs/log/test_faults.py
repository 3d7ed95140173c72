"""What can be wrong with the log's file and folder, and what the user is told."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import log_story as story
import pytest
import small_disk
from warm import Process

from runs import log, query, schema
from runs.errors import JournalError, LogError
from runs.journal import Journal
from runs.log import catch_up, fold, read, rebuild
from runs.workspace import Workspace

Start = Callable[..., Process]
AsNobody = Callable[[Callable[[], object]], str]
HOLDER = """
import duckdb, sys
con = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "ro", config={"storage_compatibility_version": "v1.5.0"})
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def held(ws: Workspace, start: Start) -> Callable[[str], Process]:
    """Give a function that lets a foreign program hold the log, which has one run and news of another."""
    story.write(ws, "a.jsonl", story.story("a", 2))
    catch_up(ws)
    story.write(ws, "b.jsonl", story.story("b", 2))

    def hold(mode: str) -> Process:
        process = start("-c", HOLDER, ws.log, mode)
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        return process

    return hold


def test_a_foreign_program_that_reads_does_not_keep_anyone_from_reading(ws: Workspace, held: Callable[[str], Process]) -> None:
    foreign = held("ro")
    assert list(query.runs(ws)["run_id"]) == ["a"], "old news, and no error"
    foreign.kill()
    foreign.wait()
    assert set(query.runs(ws)["run_id"]) == {"a", "b"}


def test_a_foreign_program_that_writes_is_waited_for_and_then_named(
    ws: Workspace, held: Callable[[str], Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "FOREIGN_WAIT_S", 0.5)
    foreign = held("rw")
    for attempt in (lambda: query.runs(ws), lambda: fold(ws)):
        with pytest.raises(LogError, match=rf"held by .*process {foreign.pid}"):
            attempt()
    with Journal(ws, "c") as journal:
        journal.append(story.plan("c"))
    foreign.kill()
    foreign.wait()
    assert set(query.runs(ws)["run_id"]) == {"a", "b", "c"}


def test_a_foreign_program_that_goes_away_in_time_is_not_noticed(ws: Workspace, held: Callable[[str], Process]) -> None:
    foreign = held("rw")
    assert foreign.stdin is not None
    leaving = threading.Timer(0.5, foreign.stdin.close)
    leaving.start()
    assert len(query.runs(ws)) in {1, 2}
    leaving.join()


@pytest.mark.parametrize("damage", ["text", "zeroes", "cut", "header"])
def test_a_corrupt_file_is_named_and_a_rebuild_mends_it(ws: Workspace, damage: str) -> None:
    story.write(ws, "a.jsonl", story.story("a", 20))
    catch_up(ws)
    data = ws.log.read_bytes()
    ws.log.write_bytes({"text": b"hello", "zeroes": bytes(len(data)), "cut": data[:5000], "header": b"\xff" * 12288 + data[12288:]}[damage])
    story.write(ws, "b.jsonl", story.story("b", 1))
    for attempt in (lambda: fold(ws), lambda: query.runs(ws)):
        with pytest.raises(LogError, match="workbench log rebuild"):
            attempt()
    rebuild(ws)
    assert len(query.generations(ws)) == 21


def test_a_read_only_folder_can_be_read_and_says_why_it_cannot_be_written(someone_elses: Workspace, as_nobody: AsNobody) -> None:
    ws = someone_elses

    def look() -> None:
        assert len(query.generations(ws)) == 2

    assert as_nobody(look) == ""
    for attempt in (lambda: rebuild(ws), lambda: _folded_with_news(ws)):
        assert as_nobody(attempt).startswith("LogError: Not allowed") or "LogError: Cannot write" in as_nobody(attempt)


def _folded_with_news(ws: Workspace) -> None:
    log._SEEN.clear()
    fold(ws)


def test_a_file_in_place_of_the_runs_folder(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    ws = Workspace(tmp_path)
    for attempt in (lambda: query.runs(ws), lambda: fold(ws), lambda: rebuild(ws)):
        with pytest.raises(LogError, match=r"Cannot (write|open)"):
            attempt()


def test_a_folder_in_place_of_the_log(ws: Workspace) -> None:
    ws.log.mkdir()
    with pytest.raises(LogError, match=r"log\.duckdb"):
        query.runs(ws)


def test_a_suspended_reader_is_named(ws: Workspace, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    fold(ws)
    code = "import sys; from pathlib import Path; from runs.log import read; from runs.workspace import Workspace\n"
    code += "with read(Workspace(Path(sys.argv[1]))): print('in', flush=True); sys.stdin.read()"
    reader = start("-c", code, ws.root)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "in\n"
    story.write(ws, "a.jsonl", story.story("a", 1))
    assert not fold(ws, wait=False).done
    assert len(query.runs(ws)) == 0, "other readers are not kept out"
    monkeypatch.setattr(log, "WAIT_S", 0.3)
    with pytest.raises(LogError, match=rf"busy.*process {reader.pid}"):
        fold(ws)


@pytest.fixture
def scarce(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace on a disk of 6 MB."""
    with small_disk.mounted(tmp_path / "disk", 6) as folder:
        yield story.workspace(folder / "drama")


@pytest.mark.slow
@pytest.mark.parametrize("before", [0, 50])
def test_a_full_disk_stops_runs_and_folds_in_words_and_loses_nothing(scarce: Workspace, before: int) -> None:
    """With a log from before, pages go on showing it; without one, they say what is wrong."""
    ws = scarce
    written = 0
    with Journal(ws, "r") as journal:
        journal.append(story.plan("r", 3000))
        with pytest.raises(JournalError, match="The disk is full"):
            for n in range(3000):
                journal.append(story.generation("r", n, n, message="x" * 5000))
                written += 1
                if written == before:
                    fold(ws)
    with pytest.raises(LogError, match=r"disk is full|No space left"):
        fold(ws)
    if before:
        assert len(query.generations(ws)) == before
    else:
        with pytest.raises(LogError, match=r"disk is full|No space left"):
            query.runs(ws)
    subprocess.run(["mount", "-o", "remount,size=64m", ws.root.parent], check=True)
    assert len(query.generations(ws)) == written
    folded = story.contents(ws)
    rebuild(ws)
    assert story.contents(ws) == folded


def test_a_child_forked_during_a_query_does_not_keep_the_log_busy(ws: Workspace) -> None:
    """As the workers of a pool are, when another thread of the app reads."""
    pause, wake = os.pipe()
    with read(ws):
        child = os.fork()
        if child == 0:
            os.read(pause, 1)
            os._exit(0)
    try:
        story.write(ws, "a.jsonl", story.story("a", 1))
        assert fold(ws, wait=False).done
    finally:
        os.write(wake, b"x")
        os.waitpid(child, 0)


def test_nothing_but_the_log_and_its_locks_is_left_in_the_folder(ws: Workspace) -> None:
    story.write(ws, "a.jsonl", story.story("a", 3))
    query.runs(ws)
    (ws.runs / ".fold-stale").mkdir()
    (ws.runs / ".fold-stale" / "scores.jsonl").write_text("")
    rebuild(ws)
    assert sorted(p.name for p in ws.runs.iterdir()) == [".door", ".lock", "journals", "log.duckdb", "media"]


def test_the_file_can_be_read_by_any_duckdb_while_nobody_writes(ws: Workspace) -> None:
    story.write(ws, "a.jsonl", story.story("a", 3))
    query.runs(ws)
    with duckdb.connect(str(ws.log), read_only=True, config=schema.CONFIG) as con:
        assert con.execute("select count(*) from generations").fetchone() == (3,)
        with read(ws, fresh=False) as ours:
            assert ours.execute("select count(*) from generations").fetchone() == (3,)
