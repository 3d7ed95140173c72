"""Claims: "somebody is working on this right now", across the processes of one machine.

A claim is a lock on one byte of one file; which byte follows from the key. The kernel drops the lock when the process
dies, however it dies, so that no claim is ever left behind. What is claimed is a run (`runs.harness`), or what decides whether
a new run begins: a chain, the steps of a race. After winning one, look into the journals before paying (`runs.resume`):
somebody may have finished the work a moment ago.

`ByteLocks` is the mechanism; `runs.accounts` counts a provider's slots with it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from runs.errors import JournalError
from runs.workspace import Workspace


class _File:
    """One open claims file. POSIX locks belong to the process, and closing *any* descriptor of a file drops them all: so one for all."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.users = 0
        self.held: set[int] = set()


_FILES: dict[tuple[int, int], _File] = {}
_MUTEX = threading.Lock()


class ByteLocks:
    """Locks of this process on single bytes of a file. Safe to use from several threads and to make more than once."""

    def __init__(self, path: Path) -> None:
        """Open the file, made where it is missing; its folder must exist.

        Raises:
            JournalError: it cannot be made or written.
        """
        self._mine: set[int] = set()
        self._closed = False
        with _MUTEX:
            try:
                # Made without opening it a second time: see `_File`.
                if not path.exists():
                    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644))
                found = path.stat()
                key = (found.st_dev, found.st_ino)
                if key not in _FILES:
                    _FILES[key] = _File(os.open(path, os.O_RDWR | os.O_CLOEXEC))
            except OSError as error:
                raise JournalError(f"Cannot open {path}: {os.strerror(error.errno or 0)}.", hint="Is the folder writable?") from error
            self._key = key
            self._file = _FILES[key]
            self._file.users += 1

    def try_lock(self, place: int) -> bool:
        """Lock a byte without waiting; False where somebody has it, here too."""
        with _MUTEX:
            if self._file.fd < 0:
                raise JournalError("These claims belong to the process that this one was forked from.", hint="Make new ones.")
            if place in self._file.held:
                return False
            try:
                fcntl.lockf(self._file.fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except BlockingIOError:
                return False
            except OSError as error:
                raise JournalError(
                    f"Cannot lock: {os.strerror(error.errno or 0)}.",
                    hint="The file must lie on a disk of this machine, not on a network share.",
                ) from error
            self._file.held.add(place)
            self._mine.add(place)
            return True

    def left(self, places: Iterable[int]) -> Iterator[int]:
        """Yield those bytes that this process has not locked: trying each takes the longer the more of them it has."""
        return (place for place in places if place not in self._file.held)

    def unlock(self, place: int) -> None:
        """Give a byte back; nothing happens where this object has not locked it."""
        with _MUTEX:
            if place in self._mine and self._file.fd >= 0:
                fcntl.lockf(self._file.fd, fcntl.LOCK_UN, 1, place)
                self._mine.discard(place)
                self._file.held.discard(place)

    def read(self, size: int, offset: int = 0) -> bytes:
        """Return bytes of the file; opening it anew to read it would drop the locks."""
        return os.pread(self._file.fd, size, offset)

    def write(self, data: bytes, offset: int = 0) -> None:
        """Write bytes of the file; hold a lock that all who write there take."""
        os.pwrite(self._file.fd, data, offset)

    def close(self) -> None:
        """Give all bytes of this object back."""
        for place in list(self._mine):
            self.unlock(place)
        with _MUTEX:
            # Twice closed, or closed in a forked child that has none of it: nothing to do.
            if not self._closed and _FILES.get(self._key) is self._file:
                self._file.users -= 1
                if self._file.users == 0:
                    del _FILES[self._key]
                    os.close(self._file.fd)
            self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class Claims(ByteLocks):
    """The claims of this process in a workspace."""

    def __init__(self, ws: Workspace) -> None:
        """Open the file.

        Raises:
            JournalError: it cannot be made or written.
        """
        try:
            ws.runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JournalError(f"Cannot make {ws.runs}: {os.strerror(error.errno or 0)}.", hint="Is the folder writable?") from error
        super().__init__(ws.runs / ".claims")

    def try_claim(self, key: str) -> bool:
        """Claim a key (any text that names the work, such as `run/<id>`) without waiting; False where somebody has it, here too."""
        return self.try_lock(_place(key))

    def release(self, key: str) -> None:
        """Give a claim back; nothing happens where this object has none."""
        self.unlock(_place(key))


@contextlib.contextmanager
def alone(ws: Workspace, key: str, what: str) -> Iterator[None]:
    """Claim a key for as long as the `with` lasts.

    Raises:
        JournalError: another process, or this one, has it; `what` says in words what is at work.
    """
    with Claims(ws) as claims:
        if not claims.try_claim(key):
            raise JournalError(f"{what} is being worked on by another process.", hint="Wait for it, or stop it first.")
        yield


def _place(key: str) -> int:
    """Return the byte that stands for a key: 60 bits of its SHA-256, so that two keys share one with chance n² / 2⁶¹."""
    return int.from_bytes(sha256(key.encode()).digest()[:8], "big") >> 4


def _forget_in_child() -> None:
    # A forked child inherits the descriptor but none of the locks, and perhaps a mutex that a thread of its parent held.
    global _MUTEX  # noqa: PLW0603
    _MUTEX = threading.Lock()
    for file in _FILES.values():
        os.close(file.fd)
        file.fd = -1
    _FILES.clear()


os.register_at_fork(after_in_child=_forget_in_child)
