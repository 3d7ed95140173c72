"""The ledger: every move of a template towards production, who made it, why and on what evidence, in a chain of hashes.

One line of canonical JSON each in `prompts/ledger.jsonl`:

    {"action":"promote","actor":"chen@studio","channel":"production","from":"v1:81…","hash":"…","prev":"…","reason":"",
     "report":"5d…","policy":"c0…","seq":7,"template":"shot/keyframe","time":"2026-11-25T09:14:03Z","to":"v1:3f…", …}

A line's hash is over the line before it and itself: `sha256(prev + canonical JSON without "hash")`. Whoever changes, removes
or inserts a line breaks the chain for all that follow. A chain shows edits only to someone who knows its head: the head is
written into every export, and git keeps it with each commit. That is all it proves: names are self-declared.

A last line without its line end is what a crash left of a write that nobody was told of; it counts for nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from prompts.errors import WorkspaceError
from prompts.files import held, sync_folder, unwritable
from prompts.identity import canonical_json, sha256

FILE = "ledger.jsonl"
LOCK = ".ledger.lock"
GENESIS = "0" * 64
MAX_BYTES = 256 << 20

Action = Literal["gate", "approve", "promote", "override", "rollback", "freeze", "thaw", "pin", "unpin", "canary"]
ACTIONS: tuple[Action, ...] = get_args(Action)


class LedgerError(WorkspaceError):
    """The ledger is not what was written; nothing is moved until a person has looked. `seq` is the first line that is wrong."""

    def __init__(self, message: str, *, seq: int = 0) -> None:
        super().__init__(message, hint="Compare it with git's copy or an export's head: `workbench ledger verify`.")
        self.seq = seq


class Overtaken(WorkspaceError):
    """Somebody on another machine wrote to the ledger at the same moment; nothing was moved here."""

    def __init__(self, seq: int) -> None:
        super().__init__(
            f"Line {seq} of the ledger was written on another machine at the same moment.", hint="Look at what moved, then decide again."
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. What an action does not need is empty; `from_` and `to` are version ids, `report` and `policy` hashes."""

    action: Action
    actor: str
    template: str = ""
    channel: str = ""
    from_: str = ""
    to: str = ""
    report: str = ""
    policy: str = ""
    series: str = ""
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    seq: int = 0
    time: str = ""
    prev: str = GENESIS
    hash: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the line as it is written."""
        return {f.name.rstrip("_"): getattr(self, f.name) for f in fields(self)}

    def digest(self) -> str:
        """Return what `hash` must be."""
        body = {name: value for name, value in self.as_json().items() if name != "hash"}
        return sha256(self.prev.encode() + canonical_json(body))


class Arbiter(Protocol):
    """What decides between several machines that each have a copy of one ledger: a place that takes each line once."""

    def after(self, lines: Sequence[bytes]) -> list[bytes]:
        """Return the lines that others have written after these.

        Raises:
            LedgerError: what others have does not begin with these lines, nor do these with it.
            WorkbenchError: it cannot be asked.
        """
        ...

    def claim(self, entry: Entry, line: bytes) -> bool:
        """Write a line, at its place, for all; False where somebody else has written another one there."""
        ...


class Ledger:
    """The ledger of a template folder. Reading needs no lock; appending is for the holder of `lock`.

    With an arbiter a line counts when that has taken it; what it has taken and is not here yet is written by `catch_up`.
    """

    def __init__(self, folder: Path, arbiter: Arbiter | None = None) -> None:
        self.folder = folder
        self.path = folder / FILE
        self.arbiter = arbiter

    def catch_up(self) -> int:
        """Write what other machines have written since, and hand on what they do not have; return how many lines are new here.

        For the holder of `lock`; nothing without an arbiter.

        Raises:
            LedgerError: the ledgers have gone different ways, or what came does not follow from what is here.
            WorkbenchError: the arbiter cannot be asked.
        """
        if self.arbiter is None:
            return 0
        entries = self.entries()
        lines = [canonical_json(entry.as_json()) for entry in entries]
        news = self.arbiter.after(lines)
        before = entries[-1].hash if entries else GENESIS
        for number, line in enumerate(news, start=len(entries) + 1):
            before = _follows(_parsed(line, number), number, before).hash
            self._write(line + b"\n")
        return len(news)

    def lock(self) -> AbstractContextManager[None]:
        """Return a context manager that holds the ledger against every other process on this machine."""
        return held(self.folder / LOCK)

    def entries(self) -> list[Entry]:
        """Return all lines, in order, proved.

        Raises:
            LedgerError: a line was changed, removed, moved or is no line of a ledger.
            WorkspaceError: the file cannot be read.
        """
        return list(self._proved())

    def append(self, entry: Entry, after: Sequence[Entry]) -> Entry:
        """Write one line after those that were read under the same lock; return it as written, on disk.

        Raises:
            WorkspaceError: it cannot be written; the ledger is as it was.
        """
        last = after[-1] if after else None
        values = entry.as_json()
        values["from_"] = values.pop("from")
        values |= {"seq": last.seq + 1 if last else 1, "time": _now(last), "prev": last.hash if last else GENESIS, "hash": ""}
        unsigned = Entry(**values)
        written = Entry(**{**values, "hash": unsigned.digest()})
        line = canonical_json(written.as_json())
        if self.arbiter is not None and not self.arbiter.claim(written, line):
            raise Overtaken(written.seq)
        self._write(line + b"\n")
        return written

    def _write(self, line: bytes) -> None:
        try:
            made = not self.path.exists()
            with self.path.open("ab+") as file:
                size = _whole(file.fileno())
                file.truncate(size)
                try:
                    file.write(line)
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    os.ftruncate(file.fileno(), size)
                    raise
            if made:
                sync_folder(self.folder)
        except OSError as error:
            raise unwritable(self.path, error) from error

    def _proved(self) -> Iterator[Entry]:
        before = GENESIS
        for number, line in enumerate(self._lines(), start=1):
            entry = _follows(_parsed(line, number), number, before)
            before = entry.hash
            yield entry

    def _lines(self) -> list[bytes]:
        try:
            with self.path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise WorkspaceError(f"Cannot read {self.path}: {error.strerror or error}.") from error
        if len(data) > MAX_BYTES:
            raise LedgerError(f"The ledger is larger than {MAX_BYTES >> 20} MiB.")
        return data.split(b"\n")[:-1]


def head(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return what proves a ledger up to here: to be kept where its writers cannot reach."""
    return {"seq": entries[-1].seq, "hash": entries[-1].hash} if entries else {"seq": 0, "hash": GENESIS}


def _parsed(line: bytes, number: int) -> Entry:
    try:
        values = json.loads(line)
        values["from_"] = values.pop("from")
        entry = Entry(**values)
        known = entry.action in ACTIONS and _is_typed(values) and canonical_json(entry.as_json()) == line
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        known = False
    if not known:
        raise LedgerError(f"The ledger was changed: line {number} is no line of a ledger.", seq=number)
    return entry


def _is_typed(values: Mapping[str, Any]) -> bool:
    """Tell whether a line's values are of the types that an entry has: hashes prove who wrote before whom, and not what."""
    types: Mapping[str, type] = {"seq": int, "details": dict}
    return all(type(value) is types.get(name, str) for name, value in values.items())


def _follows(entry: Entry, number: int, before: str) -> Entry:
    if entry.seq != number or entry.prev != before or entry.hash != entry.digest():
        raise LedgerError(f"The ledger was changed: line {number} does not follow from the one before it.", seq=number)
    return entry


def _now(last: Entry | None) -> str:
    """Return the time in UTC, never before the last line's: the order is the sequence, whatever the clock does."""
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return max(now, last.time) if last else now


def _whole(descriptor: int) -> int:
    """Return where the last whole line ends; what is behind it was torn by a crash."""
    size = os.fstat(descriptor).st_size
    while size > 0:
        start = max(0, size - (1 << 16))
        found = os.pread(descriptor, size - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        size = start
    return 0
