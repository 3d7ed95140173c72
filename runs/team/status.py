"""How a team's machines stand: what each has shipped, whether it lives, and what of it is here."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime

from runs.journal import own_files
from runs.sealed import size_of
from runs.team import beats, pieces
from runs.team.member import Member
from runs.team.pieces import Piece
from runs.workspace import Workspace


@dataclass(slots=True)
class Machine:
    """A machine: journals and plain bytes that it has shipped, how many of those bytes are here, when it last shipped, which it is."""

    name: str
    journals: int = 0
    shipped: int = 0
    here: int = 0
    last_at: datetime | None = None
    lives: bool = False
    ours: bool = False


def machines(ws: Workspace, member: Member) -> list[Machine]:
    """Return the team's machines, ours first; errors as the store's."""
    found = {member.machine: Machine(member.machine, ours=True)}
    held: dict[tuple[str, str], list[Piece]] = {}
    for entry in member.store.list(pieces.FOLDER):
        if piece := pieces.parse(entry):
            machine = found.setdefault(piece.machine, Machine(piece.machine))
            machine.last_at = max(filter(None, (machine.last_at, entry.at)), default=None)
            held.setdefault((piece.machine, piece.journal), []).append(piece)
    living = {name.removesuffix(".jsonl") for name in beats.living(ws)} | set(beats.own(ws))
    for (name, journal), parts in held.items():
        machine = found[name]
        machine.journals += 1
        machine.shipped += pieces.reach(parts)
        machine.lives |= journal in living
        with contextlib.suppress(FileNotFoundError):
            folder = ws.journals if machine.ours else ws.team / name
            machine.here += min(size_of(folder / f"{journal}.jsonl"), pieces.reach(parts))
    ours = found[member.machine]
    ours.here = sum(size_of(path) for path in own_files(ws))
    ours.lives |= bool(beats.own(ws))
    return [ours, *(machine for name, machine in sorted(found.items()) if not machine.ours)]


def utc(at: datetime | None) -> datetime | None:
    """Return a moment in UTC without saying so, as all frames have it."""
    return at.astimezone(UTC).replace(tzinfo=None) if at and at.tzinfo else at
