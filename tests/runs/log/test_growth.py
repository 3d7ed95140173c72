"""Looking for news: only at journals that may still grow, and yet none is missed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import log_story as story
import pytest

from runs import events as ev
from runs import growth
from runs.growth import pending
from runs.journal import Journal
from runs.lines import encode
from runs.sealed import seal
from runs.workspace import Workspace

Watched = tuple[Callable[[], list[str]], list[str]]
LINE = encode(ev.Note(run_id="r", at=story.at(5), text="more"))


def long_ago(*paths: Path) -> None:
    for path in paths:
        os.utime(path, (time.time() - 3600, time.time() - 3600))


@pytest.fixture
def watched(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """How to ask which journals have grown since it was asked before, and the names of the files that were looked at meanwhile."""
    looked: list[str] = []
    seen: dict[str, int] = {}
    really = growth._look

    def look(path: str) -> tuple[tuple[int, int, int, int], int, float]:
        looked.append(Path(path).name)
        return really(path)

    def grown() -> list[str]:
        looked.clear()
        news = {path.name: size for path, size in pending(ws, seen)}
        seen.update(news)
        return list(news)

    monkeypatch.setattr(growth, "_look", look)
    return grown, looked


def test_a_closed_journal_is_not_looked_at_again_and_an_open_one_is(ws: Workspace, watched: Watched) -> None:
    """However long it has said nothing: its writer may wait for a video. One that comes, is sealed or goes away is noticed."""
    grown, looked = watched
    closed = [story.write(ws, f"{name}.jsonl", [ev.Note(run_id="r", at=story.at(0), text="x")]) for name in "abc"]
    with Journal(ws, "r") as journal:
        long_ago(*closed, journal.path, ws.journals)
        assert sorted(grown()) == sorted(path.name for path in (*closed, journal.path))
        assert grown() == []
        assert grown() == []
        assert looked == [journal.path.name]
        journal.append(ev.Note(run_id="r", at=story.at(1), text="still here"))
        assert grown() == [journal.path.name]
    assert grown() == []
    story.write(ws, "d.jsonl", [ev.Note(run_id="r", at=story.at(0), text="x")])
    assert grown() == ["d.jsonl"]
    seal(closed[0])
    closed[1].unlink()
    assert grown() == []
    assert {"a.jsonl.gz", "b.jsonl", "c.jsonl"} & {*looked} == {"a.jsonl.gz", "c.jsonl"}


def test_what_is_changed_by_hand_is_seen_after_a_while(ws: Workspace, watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    grown, looked = watched
    path = story.write(ws, "a.jsonl", [ev.Note(run_id="r", at=story.at(0), text="x")])
    long_ago(path, ws.journals)
    assert [grown(), grown(), grown(), looked] == [["a.jsonl"], [], [], []]
    with path.open("ab") as file:
        file.write(LINE)
    assert grown() == []
    monkeypatch.setattr(growth, "AGAIN_S", 0)
    later = time.monotonic() + 60
    monkeypatch.setattr(growth.time, "monotonic", lambda: later)
    assert grown() == ["a.jsonl"]


def test_what_a_pull_brings_is_seen_at_once(ws: Workspace, watched: Watched) -> None:
    """A pull holds no lock on the journals of other machines; it touches their folder, as here."""
    grown, looked = watched
    folder = ws.team / "there"
    folder.mkdir(parents=True)
    path = folder / "a.jsonl"
    path.write_bytes(LINE)
    long_ago(path, folder, ws.team, ws.journals)
    assert [grown(), grown(), grown(), looked] == [["a.jsonl"], [], [], []]
    with path.open("ab") as file:
        file.write(LINE)
    os.utime(folder)
    assert grown() == ["a.jsonl"]
