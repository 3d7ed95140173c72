"""One ledger for all machines: of two that promote at once one wins, and what one has moved the others know before they move anything."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import team_kit
from promotions import Studio

from prompts import channels
from prompts.errors import WorkbenchError
from prompts.evidence import Refused
from prompts.kept import kept
from prompts.ledger import Entry, Ledger, LedgerError, Overtaken
from prompts.promotion import Board
from runs.promotions import board_of
from runs.team.errors import StoreDown
from runs.team.ledger import StoreArbiter, catch_up
from runs.workspace import Workspace

Machine = Callable[..., Workspace]


@pytest.fixture
def studio(tmp_path: Path, shared: Path) -> Studio:
    """Machine a of the team, with two versions."""
    return Studio(team_kit.workspace(tmp_path, "a", f"file://{shared}").prompts)


@pytest.fixture
def a(studio: Studio) -> Workspace:
    return Workspace(studio.folder.parent)


@pytest.fixture
def b(a: Workspace, machine: Machine) -> Workspace:
    """Another machine, which has the same templates from git."""
    ws = machine("b")
    shutil.copytree(a.prompts, ws.prompts)
    return ws


def test_what_one_moves_the_other_knows(studio: Studio, a: Workspace, b: Workspace) -> None:
    """Evidence against a champion that another machine has replaced is stale; the version itself comes along, proved."""
    ann, bo = board_of(a, "ann@studio"), board_of(b, "bo@studio")
    first = studio.evidence(studio.better, None, report="1" * 64)
    ann.record(first)
    bo.approve(first)  # recorded over there a moment ago
    ann.promote(studio.better, "production", first)
    late = studio.evidence(studio.plain, None, report="2" * 64)
    bo.record(late)
    ann.approve(late)
    with pytest.raises(Refused) as refused:
        bo.promote(studio.plain, "production", late)
    assert refused.value.reason == "stale-champion"
    catch_up(a, team_kit.member(a))
    assert Ledger(a.prompts).entries() == Ledger(b.prompts).entries()
    assert (a.prompts / channels.FILE).read_bytes() == (b.prompts / channels.FILE).read_bytes()
    assert kept(b.prompts, "shot/a", studio.better.id).id == studio.better.id


def test_of_many_that_promote_at_once_each_line_is_taken_once(studio: Studio, a: Workspace, b: Workspace) -> None:
    """Two machines, eight moves each, side by side: every move that was not refused is in the ledger, once, in one order."""
    moved: list[str] = []
    refused: list[WorkbenchError] = []

    def work(ws: Workspace, who: str) -> None:
        board = board_of(ws, who)
        for n in range(8):
            try:
                moved.append(
                    board.freeze("dev", template="shot/a", reason=f"{who} {n}").hash
                    if n % 2 == 0
                    else board.thaw("dev", template="shot/a", reason=f"{who} {n}").hash
                )
            except WorkbenchError as error:
                refused.append(error)

    workers = [threading.Thread(target=work, args=(ws, who)) for ws, who in ((a, "ann"), (b, "bo"))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for ws in (a, b):
        catch_up(ws, team_kit.member(ws))
    entries = Ledger(a.prompts).entries()
    assert entries == Ledger(b.prompts).entries()
    assert sorted(entry.hash for entry in entries) == sorted(moved)
    assert len(moved) + len(refused) == 16
    assert moved
    assert all(isinstance(error, Overtaken) for error in refused)


def test_a_machine_that_dies_after_its_line_was_taken_finds_it_again(studio: Studio, a: Workspace, b: Workspace) -> None:
    taken = StoreArbiter(b.prompts, team_kit.member(b).store)

    class Dying:
        def after(self, lines: list[bytes]) -> list[bytes]:
            return taken.after(lines)

        def claim(self, entry: Entry, line: bytes) -> bool:
            assert taken.claim(entry, line)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Board(b.prompts, "bo", Dying()).promote(studio.better, "dev")
    assert Ledger(b.prompts).entries() == []
    board_of(a, "ann").freeze("staging", template="shot/a", reason="nothing moves")
    board_of(b, "bo").thaw("staging", template="shot/a", reason="now it does")
    assert [entry.action for entry in Ledger(b.prompts).entries()] == ["promote", "freeze", "thaw"]
    assert channels.load(b.prompts)[0].version("shot/a", "dev") == studio.better.id


def test_ledgers_that_went_different_ways(studio: Studio, a: Workspace, b: Workspace, shared: Path) -> None:
    """Lines that were written before the team was one are handed on; two histories are not mixed, and a forged line is not believed."""
    Board(a.prompts, "ann").promote(studio.better, "dev")
    Board(a.prompts, "ann").promote(studio.plain, "dev")
    Board(b.prompts, "bo").promote(studio.plain, "dev")
    assert catch_up(a, team_kit.member(a)) == 0
    assert len(list((shared / "ledger").iterdir())) == 2
    with pytest.raises(LedgerError, match="differ from line 1 on"):
        board_of(b, "bo").freeze("dev", template="shot/a", reason="x")
    assert len(Ledger(b.prompts).entries()) == 1
    (shared / "ledger" / "00000003.json").write_bytes((shared / "ledger" / "00000002.json").read_bytes())
    with pytest.raises(LedgerError, match="does not follow"):
        catch_up(a, team_kit.member(a))
    assert len(Ledger(a.prompts).entries()) == 2


def test_without_the_store_nothing_moves(studio: Studio, a: Workspace, shared: Path) -> None:
    board = board_of(a, "ann")
    board.promote(studio.better, "dev")
    shared.rename(shared.with_name("away"))
    with pytest.raises(StoreDown):
        board.promote(studio.plain, "dev")
    assert channels.load(a.prompts)[0].version("shot/a", "dev") == studio.better.id
    shared.with_name("away").rename(shared)
    taken = StoreArbiter(a.prompts, team_kit.member(a).store)
    taken.claim = lambda entry, line: False  # type: ignore[method-assign]  somebody is faster
    with pytest.raises(Overtaken, match="at the same moment"):
        Board(a.prompts, "ann", taken).promote(studio.plain, "dev")
    assert len(Ledger(a.prompts).entries()) == 1
