"""The ledger of a team: one for all machines, though each has a copy of its own (and git another).

    ledger/00000007.json            line 7, taken by creating it: of two machines that promote at once one can
    promoted/<sha256>.json          a version that a line names, as `prompts/promoted` keeps it

A promotion looks at all that others have written before it decides, and counts when its line is taken. So compare-and-swap holds over
machines like over processes; a machine that dies after that finds its line again at its next turn.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import orjson

from prompts import kept
from prompts.errors import TemplateError
from prompts.ledger import Entry, Ledger, LedgerError
from runs.team.errors import Missing, TooLong
from runs.team.member import Member, member_of
from runs.team.store import Store
from runs.workspace import Workspace

_NAME = re.compile(r"ledger/(\d{8})\.json")
_LONGEST = 1 << 20


class StoreArbiter:
    """Takes each line of the ledger once, as an object of the store."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder, self._store = folder, store

    def after(self, lines: Sequence[bytes]) -> list[bytes]:
        """Return the lines that others have written after these, and hand on what the store does not have.

        Raises:
            LedgerError: the ledgers have gone different ways.
            TeamError: the store does not answer or refuses.
        """
        there = max((int(found[1]) for entry in self._store.list("ledger/") if (found := _NAME.fullmatch(entry.name))), default=0)
        both = min(there, len(lines))
        if both and self._line(both) != lines[both - 1]:
            raise self._forked(both)
        for number in range(both + 1, len(lines) + 1):
            if not self._take(number, lines[number - 1]):
                raise self._forked(number)
        news = [self._line(number) for number in range(both + 1, there + 1)]
        for line in news:
            self._fetch_version(line)
        return news

    def claim(self, entry: Entry, line: bytes) -> bool:
        """Write a line for all; False where another one was written at its place."""
        return self._take(entry.seq, line)

    def _take(self, number: int, line: bytes) -> bool:
        if version := _version_of(line):
            path = kept.file_of(self._folder, version)
            if path.exists() and self._store.size(f"promoted/{path.name}") is None:
                self._store.put_file(f"promoted/{path.name}", path)
        # An answer that was lost, and asked for again, finds our own line there.
        return self._store.create(_name(number), line) or self._line(number) == line

    def _line(self, number: int) -> bytes:
        try:
            return self._store.get(_name(number), _LONGEST)
        except (Missing, TooLong):
            raise LedgerError(f"Line {number} of the team's ledger is missing on {self._store.url}.", seq=number) from None

    def _fetch_version(self, line: bytes) -> None:
        """Get a version that a line names; where the store has none, git has."""
        if version := _version_of(line):
            try:
                name = kept.file_of(self._folder, version).name
                kept.put_back(self._folder, version, self._store.get(f"promoted/{name}", kept.MAX_BYTES))
            except (Missing, TooLong, TemplateError):
                return

    def _forked(self, number: int) -> LedgerError:
        return LedgerError(f"This ledger and the team's on {self._store.url} differ from line {number} on.", seq=number)


def arbiter_of(ws: Workspace) -> StoreArbiter | None:
    """Return the arbiter of a workspace's team; None where it has none, or where its store decides nothing."""
    member = member_of(ws)
    return StoreArbiter(ws.prompts, member.store) if member and member.store.decides else None


def catch_up(ws: Workspace, member: Member) -> int:
    """Bring the ledger up to date with the team's; return how many lines came.

    Raises:
        LedgerError: the ledgers have gone different ways.
        TeamError: the store does not answer or refuses.
    """
    from prompts import channels

    if not member.store.decides or not ws.prompts.is_dir():
        return 0
    ledger = Ledger(ws.prompts, StoreArbiter(ws.prompts, member.store))
    with ledger.lock():
        if came := ledger.catch_up():
            entries = ledger.entries()
            channels.save(ws.prompts, channels.replay(entries), entries)
    return came


def _name(number: int) -> str:
    return f"ledger/{number:08d}.json"


def _version_of(line: bytes) -> str:
    try:
        return str(orjson.loads(line)["to"])
    except (ValueError, KeyError, TypeError):
        return ""
