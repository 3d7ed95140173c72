"""Journals: append-only files, one for each process and run, that hold the truth of what was done.

    with Journal(ws, run_id) as journal:
        journal.append(Claim(run_id=run_id, job_id=job))      # returns when the bytes are on disk

An event counts when the call that appends it has returned. When the call raises instead, the event does not count, and
no half line is left in front of later ones. A journal is locked (flock) for as long as its writer lives, so that anyone
can see whether it does. `GroupCommit` lets thousands of tasks of an event loop share one flush.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import glob
import os
import re
import secrets
import threading
import weakref
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from runs import machine
from runs.errors import JournalError
from runs.events import Event, now
from runs.lines import MAX_LINE, SCHEMA, BadLine, Record, Tail, encode, encode_into, header, read, read_at
from runs.sealed import SUFFIX, sealed
from runs.workspace import Workspace

__all__ = [
    "MAX_LINE",
    "SCHEMA",
    "BadLine",
    "GroupCommit",
    "Journal",
    "Record",
    "Tail",
    "files",
    "header",
    "is_live",
    "locate",
    "own_files",
    "read",
    "read_at",
]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class Journal:
    """The journal of this process for one run. Safe to use from several threads.

    Attributes:
        path: the file, `<time>-<host>-<pid>-<rand>.jsonl` in `runs/journals/`.
    """

    def __init__(self, ws: Workspace, run_id: str) -> None:
        """Create the file, lock it and write its header.

        Raises:
            JournalError: the folder is missing, read-only or full.
        """
        self.run_id = run_id
        self.path = ws.journals / _name()
        self._mutex = threading.Lock()
        self._broken: OSError | None = None
        try:
            ws.journals.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise self._refused(error) from error
        _OPEN.add(self)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX)
            self.append({"type": "journal", "schema": SCHEMA, "run_id": run_id, "at": now(), "host": machine.name(), "pid": os.getpid()})
            sync_folder(ws.journals)
        except (OSError, JournalError) as error:
            self.close()
            with contextlib.suppress(OSError):
                self.path.unlink()
            raise (error if isinstance(error, JournalError) else self._refused(error)) from error

    def append(self, *events: Event | Mapping[str, Any]) -> None:
        """Append events and return when they are on disk: all of them, in order, with one flush.

        Raises:
            JournalError: full disk, or a journal that is closed or broken. The events do not count.
        """
        lines = bytearray()
        for event in events:
            encode_into(lines, event)
        self.write(lines)

    def write(self, lines: bytes | bytearray) -> None:
        """Append whole lines made by `runs.lines.encode`; otherwise as `append`."""
        with self._mutex:
            if self._fd < 0:
                raise JournalError(f"The journal {self.path.name} is closed.")
            if self._broken:
                raise self._refused(self._broken)
            try:
                self._write(lines)
            except OSError as error:
                raise self._refused(error) from error
            try:
                os.fdatasync(self._fd)
            except OSError as error:
                # Nobody knows now what the disk holds, and a second flush would claim success: this journal is done for.
                self._broken = error
                raise self._refused(error) from error

    def _write(self, lines: bytes | bytearray) -> None:
        """Write all bytes; when that fails, take back the torn line but no whole one: a reader may have seen those already."""
        written = 0
        view = memoryview(lines)
        try:
            while written < len(lines):
                written += os.write(self._fd, view[written:])
        except OSError:
            torn = written - (lines.rfind(b"\n", 0, written) + 1)
            if torn:
                try:
                    os.ftruncate(self._fd, os.fstat(self._fd).st_size - torn)
                except OSError as error:
                    self._broken = error
            raise

    def _refused(self, error: OSError) -> JournalError:
        where = f"the journal {self.path}"
        if error.errno in _FULL:
            return JournalError(
                f"The disk is full: cannot write {where}.", hint="Free some space, then go on with `workbench run --resume`."
            )
        if error.errno in _DENIED:
            return JournalError(f"Not allowed to write {where}.", hint="The folder is read-only or belongs to someone else.")
        return JournalError(
            f"Cannot write {where}: {os.strerror(error.errno or 0)}.", hint="Look at the disk and at the folder runs/journals."
        )

    def close(self) -> None:
        """Close the file and give the lock back."""
        with self._mutex:
            fd, self._fd = self._fd, -1
            if fd >= 0:
                os.close(fd)
        _OPEN.discard(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class GroupCommit:
    """One flush for all tasks that wait: `await commit(event)` from thousands of tasks of one event loop.

    Use as an async context manager; leaving it writes what still waits. The journal stays open.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._running: asyncio.Future[None] | None = None
        self.flushes = 0

    async def commit(self, *events: Event | Mapping[str, Any]) -> None:
        """Append events and return when they are on disk.

        Raises:
            JournalError: as `Journal.append`; everyone in the same flush gets it.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        # Encoded here, so that an event that cannot be written fails its own caller and no other.
        self._waiting.append((b"".join(map(encode, events)), done))
        if self._running is None:
            self._flush(loop)
        await done

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        batch, self._waiting = self._waiting, []
        # A thread's future and no task: when the loop is torn down, its tasks are cancelled, but a write must finish.
        self._running = loop.run_in_executor(None, self._journal.write, b"".join(lines for lines, _ in batch))
        self._running.add_done_callback(lambda written: self._answer(loop, written, [done for _, done in batch]))

    def _answer(self, loop: asyncio.AbstractEventLoop, written: asyncio.Future[None], waiters: list[asyncio.Future[None]]) -> None:
        self._running = None
        failure = asyncio.CancelledError() if written.cancelled() else written.exception()
        self.flushes += failure is None
        for done in waiters:
            if done.done():  # its task was cancelled meanwhile
                continue
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(failure)
        if self._waiting:
            self._flush(loop)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        while self._running is not None:
            await asyncio.wait({self._running})
            await asyncio.sleep(0)


def is_live(path: Path) -> bool:
    """Tell whether a journal's writer is still alive: whether its lock is held."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(fd)
    return False


def files(ws: Workspace) -> list[Path]:
    """Return all journals that a workspace has, those of the team's other machines too, oldest first by name.

    Sealed ones as well: open them with `runs.sealed.open_journal`.
    """
    return [born(entry) for entry in entries(ws).values()]


def own_files(ws: Workspace) -> list[Path]:
    """Return the journals that were written in this workspace, sealed ones too, oldest first by name."""
    return sorted(map(born, _in(ws.journals).values()))


def entries(ws: Workspace) -> dict[str, os.DirEntry[str]]:
    """Return the files of all journals, by the names that they were born with and in their order; see `files`."""
    found: dict[str, os.DirEntry[str]] = {}
    for folder in folders(ws):
        found = {**_in(folder), **found}
    return dict(sorted(found.items()))


def folders(ws: Workspace) -> list[Path]:
    """Return where journals lie: the workspace's own folder, then that of each of the team's other machines."""
    theirs = [folder for folder in ws.team.iterdir() if folder.is_dir()] if ws.team.is_dir() else []
    return [ws.journals, *theirs]


def born(entry: os.DirEntry[str]) -> Path:
    """Return the path that a journal was born with, sealed or not."""
    return Path(entry.path.removesuffix(SUFFIX))


def locate(ws: Workspace, name: str) -> Path:
    """Return where a journal of a name lies, whoever wrote it; where it would lie if it were ours, if there is none."""
    own = ws.journals / name
    if own.exists() or sealed(own).exists() or not ws.team.is_dir():
        return own
    return next((path for path in ws.team.glob(f"*/{glob.escape(name)}")), own)


def _in(folder: Path) -> dict[str, os.DirEntry[str]]:
    found: dict[str, os.DirEntry[str]] = {}
    try:
        with os.scandir(folder) as inside:
            for entry in inside:
                # A sealed journal goes by the name that it was born with; dying while sealing leaves both forms, which are one journal.
                name = entry.name.removesuffix(SUFFIX)
                if name.endswith(".jsonl") and not name.startswith(".") and (name == entry.name or name not in found):
                    found[name] = entry
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise JournalError(f"Cannot read {folder}: {os.strerror(error.errno or 0)}.", hint="It should be a folder of journals.") from error
    return found


def sync_folder(folder: Path) -> None:
    """Flush a folder, so that a file made or renamed in it is found after a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _name() -> str:
    host = re.sub(r"[^A-Za-z0-9]+", "-", machine.name()).strip("-")[:40] or "host"
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{host}-{os.getpid()}-{secrets.token_hex(3)}.jsonl"


_OPEN: weakref.WeakSet[Journal] = weakref.WeakSet()


def _close_in_child() -> None:
    # A forked child shares the lock; if it kept the file open, a dead writer would look alive for as long as the child lives.
    for journal in list(_OPEN):
        if journal._fd >= 0:
            with contextlib.suppress(OSError):
                os.close(journal._fd)
            journal._fd = -1


os.register_at_fork(after_in_child=_close_in_child)
