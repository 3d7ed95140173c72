"""Fetching: the journals of the team's other machines, into `runs/team/<machine>/`, from where they are folded like our own.

A file there is a beginning of the journal that it is named after, byte by byte; how long it is says what was fetched. A piece that is
not what its name says, or does not go on from what is there, is not taken in: a line in `<machine>.refused.jsonl` says why, and is
listed by `workbench log errors` like a corrupt line. Whoever writes a journal ships it into the folder of its machine on the store; the
same journal in the folder of another machine is refused.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from prompts.files import held
from runs.errors import JournalError
from runs.journal import own_files
from runs.lines import REFUSED, decode
from runs.pruning import pruned
from runs.team import beats, pieces
from runs.team.errors import Missing, TooLong
from runs.team.member import Member
from runs.team.pieces import Piece
from runs.workspace import Workspace

LOCK = ".pull.lock"
REFUSALS = ".refused.jsonl"


@dataclass(slots=True)
class Pulled:
    """What came in: plain bytes by machine, pieces refused, and journals of which a stretch is missing on the store."""

    plain: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    gaps: list[str] = field(default_factory=list)


def pull(ws: Workspace, member: Member) -> Pulled:
    """Fetch what the other machines have shipped since.

    Raises:
        StoreDown: the store does not answer; what was fetched so far counts.
        TeamError: the store refuses.
        JournalError: the disk takes no more.
    """
    ws.team.mkdir(parents=True, exist_ok=True)
    with held(ws.team / LOCK):
        done = _Fetch(ws, member).all()
        beats.fetch(ws, member)
        return done


class _Fetch:
    def __init__(self, ws: Workspace, member: Member) -> None:
        self._ws, self._member = ws, member
        gone = {Path(name).stem for note in pruned(ws) for name in note.files}
        self._own = {path.stem for path in own_files(ws)} | gone
        self._owners = {path.stem: folder.name for folder in ws.team.iterdir() if folder.is_dir() for path in folder.glob("*.jsonl")}
        self._done = Pulled()
        self._said: dict[str, set[str]] = {}

    def all(self) -> Pulled:
        for (machine, journal), found in sorted(self._listed().items()):
            if journal in self._own and machine == self._member.machine:
                continue
            holder = self._member.machine if journal in self._own else self._owners.setdefault(journal, machine)
            if holder != machine:
                self._refuse(found[0], f"{machine} shipped a journal that is {holder}'s")
                continue
            try:
                self._follow(machine, journal, found)
            except OSError as error:
                raise JournalError(
                    f"Cannot write in {self._ws.team}: {os.strerror(error.errno or 0)}.", hint="Free some space, then pull again."
                ) from error
        return self._done

    def _listed(self) -> Mapping[tuple[str, str], list[Piece]]:
        found: dict[tuple[str, str], list[Piece]] = {}
        for entry in self._member.store.list(pieces.FOLDER):
            if piece := pieces.parse(entry):
                found.setdefault((piece.machine, piece.journal), []).append(piece)
        return found

    def _follow(self, machine: str, journal: str, found: Sequence[Piece]) -> None:
        path = self._ws.team / machine / f"{journal}.jsonl"
        place = _whole_lines(path)
        sound = [piece for piece in found if _key(piece) not in self._refused(machine)]
        if not pieces.covering(sound, place):
            if any(piece.end > place for piece in sound):
                self._done.gaps.append(journal)
            return
        path.parent.mkdir(exist_ok=True)
        with path.open("ab") as file:
            while piece := pieces.covering(sound, place):
                lines = self._fetched(piece, path, place)
                if lines is None:
                    sound.remove(piece)
                    continue
                file.write(lines)
                file.flush()
                place += len(lines)
                self._done.plain[machine] = self._done.plain.get(machine, 0) + len(lines)
            os.fdatasync(file.fileno())
        if not place:
            path.unlink()
        os.utime(path.parent)  # readers look at the folder only (`runs.growth`): nobody holds a lock on what grows here

    def _fetched(self, piece: Piece, path: Path, place: int) -> bytes | None:
        """Return the lines of a piece from a place on; None, with a reason on record, where they are not to be trusted."""
        try:
            data = self._member.store.get(piece.name, piece.packed)
        except Missing:  # put together with others a moment ago; the next pull finds the larger piece
            return None
        except TooLong:
            data = b""
        lines = pieces.lines_of(piece, data)
        if reason := _wrong(piece, lines, path, place):
            self._refuse(piece, reason)
            return None
        return lines[place - piece.offset :] if lines else None

    def _refuse(self, piece: Piece, reason: str) -> None:
        if _key(piece) in self._refused(piece.machine):
            return
        place = self._ws.team / piece.machine / f"{piece.machine}{REFUSALS}"
        place.parent.mkdir(exist_ok=True)
        words = f"the team's store, {piece.journal} byte {piece.offset}: {reason}"
        with place.open("ab") as file:
            file.write(REFUSED + orjson.dumps(words) + b',"piece":' + orjson.dumps(_key(piece)) + b"}\n")
        os.utime(place.parent)
        self._said[piece.machine].add(_key(piece))
        self._done.refused += 1

    def _refused(self, machine: str) -> set[str]:
        if machine not in self._said:
            self._said[machine] = set(_names(self._ws.team / machine / f"{machine}{REFUSALS}"))
        return self._said[machine]


def _key(piece: Piece) -> str:
    """Return what a refusal is remembered by: a piece that its owner puts again, under the same name, is looked at again."""
    return f"{piece.name} {piece.at}"


def _names(path: Path) -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError):
        for line in path.read_bytes().splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                yield str(orjson.loads(line)["piece"])


def _whole_lines(path: Path) -> int:
    """Return how long a fetched file is, after taking back a line that a fetch before left torn."""
    try:
        with path.open("r+b") as file:
            size = end = file.seek(0, os.SEEK_END)
            while end:
                begin = max(0, end - (1 << 16))
                file.seek(begin)
                found = file.read(end - begin).rfind(b"\n")
                end = begin + found + 1 if found >= 0 else begin
                if found >= 0:
                    break
            if end < size:
                file.truncate(end)
            return end
    except FileNotFoundError:
        return 0


def _no_journal(lines: bytes) -> str:
    """Return why lines are not the beginning of a journal; empty where they are."""
    try:
        head = decode(lines[: lines.index(b"\n")])
    except ValueError as error:
        return f"its first line is not a journal's ({error})"
    if head["type"] != "journal":
        return "its first line is not a journal's"
    return ""  # one of a newer schema is passed over by the fold, until the program is newer too


def _wrong(piece: Piece, lines: bytes | None, path: Path, place: int) -> str:
    """Return why the lines of a piece are not taken in; empty where they are."""
    if lines is None:
        return "its bytes are not what its name says"
    if place == 0:
        return _no_journal(lines)
    return "" if _same(path, piece.offset, lines[: place - piece.offset]) else "it does not agree with what was fetched before"


def _same(path: Path, offset: int, lines: bytes) -> bool:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(len(lines)) == lines
