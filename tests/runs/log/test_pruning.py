"""Pruning: journals in an archive are missed by nobody, or missed out loud."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import log_story as story
import pytest
from warm import Process

from prompts.errors import WorkbenchError
from runs.errors import JournalError, LogError
from runs.journal import Journal, files
from runs.log import catch_up, rebuild
from runs.media import MediaStore
from runs.pruning import prunable, prune, pruned, restore
from runs.resume import run_ids, state_of
from runs.sealed import seal, sealed
from runs.unnamed import unnamed
from runs.verifying import verify
from runs.workspace import Workspace

Start = Callable[..., Process]
PRUNER = """
import sys
from pathlib import Path
from runs.pruning import prunable, prune, restore
from runs.workspace import Workspace
ws = Workspace(Path(sys.argv[1]))
print("begin", flush=True)
while True:
    prune(ws, prunable(ws, older_than_s=0), Path(sys.argv[2]))
    restore(ws)
"""

HOLDER = """
import sys
from pathlib import Path
from runs.claims import Claims
from runs.workspace import Workspace
with Claims(Workspace(Path(sys.argv[1]))) as claims:
    print(claims.try_claim("run/a"), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def old(ws: Workspace) -> Workspace:
    """Two finished runs, `a` in two journals, and one that was cut off; all sealed and folded."""
    events = list(story.story("a", 3))
    paths = [story.write(ws, "a1.jsonl", events[:4]), story.write(ws, "a2.jsonl", events[4:])]
    paths += [story.write(ws, "b.jsonl", story.story("b", 2)), story.write(ws, "c.jsonl", list(story.story("c", 2))[:-1])]
    catch_up(ws)
    for path in paths:
        seal(path)
    return ws


def test_only_whole_finished_old_sealed_runs_can_go(old: Workspace) -> None:
    assert [(run.run_id, len(run.journals)) for run in prunable(old, older_than_s=0)] == [("a", 2), ("b", 1)]
    assert prunable(old, older_than_s=time.time()) == []
    with Journal(old, "a"):  # somebody scores it again
        assert [run.run_id for run in prunable(old, older_than_s=0)] == ["b"]
    data = bytearray(sealed(old.journals / "b.jsonl").read_bytes())
    data[60] ^= 1
    sealed(old.journals / "b.jsonl").write_bytes(data)
    assert prunable(old, older_than_s=0) == [], "a broken journal stays"
    with pytest.raises(JournalError, match="lies in runs/"):
        prune(old, [], old.runs / "archive")


def test_rows_stay_and_what_needs_the_journals_says_where_they_are(old: Workspace, tmp_path: Path) -> None:
    archive, before = tmp_path / "archive", story.contents(old)
    assert prune(old, prunable(old, older_than_s=0), archive) > 0
    assert [path.name for path in files(old)] == ["c.jsonl"]
    assert sorted(path.name for path in archive.iterdir()) == ["a1.jsonl.gz", "a2.jsonl.gz", "b.jsonl.gz"]
    assert story.contents(old) == before
    found = verify(old)
    assert ([p for p in found.problems if p.what != "media"], found.pruned) == ([], 2)
    assert set(run_ids(old)) == {"a", "b", "c"}, "nobody else may take the id"
    with pytest.raises(JournalError, match=f"pruned to {archive}"):
        state_of(old, "a")
    with pytest.raises(LogError, match="would lack them"):
        rebuild(old)
    kept = old.log.read_bytes()
    old.log.unlink()
    with pytest.raises(WorkbenchError, match="would lack them"):
        catch_up(old)
    old.log.write_bytes(kept)

    archive.rename(tmp_path / "moved")
    with pytest.raises(JournalError, match="Cannot use"):
        restore(old)
    assert restore(old, "a", tmp_path / "moved") == 1
    assert len(state_of(old, "a").finished) == 3
    assert restore(old, source=tmp_path / "moved") == 1
    assert pruned(old) == []
    rebuild(old)
    assert story.contents(old) == before


def test_media_that_an_archived_journal_names_stay(ws: Workspace, tmp_path: Path) -> None:
    made = MediaStore(ws).put(b"a picture", "image/png")
    other = MediaStore(ws).put(b"another", "image/png")
    events = list(story.story("a", 1))
    events.insert(
        -1, story.generation("a", 0, 9, artifacts=[{"kind": "image", "media_type": "image/png", "sha256": made.sha256, "bytes": 9}])
    )
    seal(story.write(ws, "a.jsonl", events))
    prune(ws, prunable(ws, older_than_s=0), tmp_path / "archive")
    assert files(ws) == []
    assert [item.path for item in unnamed(ws, grace_s=-60)] == [other.path]


def test_a_changed_archive_is_named_and_brings_nothing_back(old: Workspace, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    prune(old, prunable(old, older_than_s=0), archive)
    (archive / "b.jsonl.gz").write_bytes(b"something else")
    with pytest.raises(JournalError, match="does not hold what was pruned"):
        restore(old, "b")
    assert not sealed(old.journals / "b.jsonl").exists()
    assert [note.run_id for note in pruned(old)] == ["a", "b"]


def test_a_run_that_a_process_works_on_stays(old: Workspace, tmp_path: Path, start: Start) -> None:
    found = prunable(old, older_than_s=0)
    process = start("-c", HOLDER, old.root)
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(JournalError, match="run a is being worked on"):
        prune(old, found, tmp_path / "archive")
    assert (pruned(old), len(files(old))) == ([], 4)
    process.kill()
    process.wait()
    prune(old, found, tmp_path / "archive")
    assert len(pruned(old)) == 2


@pytest.mark.slow
def test_killed_while_pruning_and_restoring(old: Workspace, tmp_path: Path, start: Start) -> None:
    """6 moments: every journal is somewhere, whole, and the rows are what they were."""
    before, archive = story.contents(old), tmp_path / "archive"
    for wait in (0.01, 0.03, 0.08, 0.13, 0.21, 0.34):
        process = start("-c", PRUNER, old.root, archive)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(wait)
        process.kill()
        process.wait()
        assert story.contents(old) == before
        assert verify(old, media=False).problems == []
        for name in ("a1", "a2", "b", "c"):
            assert any((folder / f"{name}.jsonl.gz").is_file() for folder in (old.journals, archive)), name
    restore(old)
    rebuild(old)
    assert story.contents(old) == before
