"""A run whose journals its own machine has pruned: it is nobody else's now, does not come back by itself, and others may judge it again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import log_story as story
import pytest
import team_kit

from runs.errors import LogError
from runs.journal import files
from runs.log import catch_up, rebuild
from runs.pruning import prunable, prune, pruned, restore
from runs.sealed import seal
from runs.team.pull import pull
from runs.team.push import Pusher
from runs.verifying import verify
from runs.workspace import Workspace

pytestmark = pytest.mark.slow
Machine = Callable[..., Workspace]


def exchange(ws: Workspace) -> tuple[int, int]:
    """Push and pull; return the pieces that went and the bytes that came."""
    return Pusher(ws, team_kit.member(ws)).push().pieces, sum(pull(ws, team_kit.member(ws)).plain.values())


def test_a_pruned_run_stays_pruned_and_what_others_say_of_it_comes_in(machine: Machine, shared: Path, tmp_path: Path) -> None:
    here, there, archive = machine("here"), machine("there"), tmp_path / "archive"
    path = story.write(here, "a.jsonl", story.story("a", 6))
    catch_up(here)
    seal(path)
    assert prunable(here, older_than_s=0) == [], "the store does not have it yet"
    exchange(here)
    assert prune(here, prunable(here, older_than_s=0), archive) > 0
    on_store, rows = sorted(shared.rglob("*.gz")), team_kit.tables(here)

    # Neither fetched from the store as if another machine had written it, nor taken off the store as if it were gone.
    assert exchange(here) == (0, 0)
    assert files(here) == []
    assert sorted(shared.rglob("*.gz")) == on_store
    assert team_kit.tables(here) == rows

    assert exchange(there)[1] > 0
    assert team_kit.tables(there) == rows
    story.write(there, "again.jsonl", [story.scores("a", n, 900, shift=0.1) for n in range(6)])
    exchange(there)
    assert exchange(here)[1] > 0
    judged = team_kit.tables(here)
    assert judged == team_kit.tables(there) != rows
    found = verify(here, media=False)
    assert (found.problems, found.pruned) == ([], 1)
    with pytest.raises(LogError, match="were pruned to"):
        rebuild(here)

    # Scored again by another machine, it is no run of this machine alone any more: pruned it stays, but would not be again.
    assert [note.run_id for note in pruned(here)] == ["a"]
    restore(here)
    assert prunable(here, older_than_s=0) == []
    rebuild(here)
    assert team_kit.tables(here) == judged
    assert exchange(here) == (0, 0)
    assert verify(here, media=False).problems == []
