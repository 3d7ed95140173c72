"""Writing files that are there whole or not at all, and holding a folder against other processes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from prompts.errors import WorkspaceError

PATIENCE_SECONDS = 30.0
"""How long to wait for another process that holds a folder; none holds it longer than a few writes take."""


def write_whole(path: Path, data: bytes) -> None:
    """Put bytes under a name: beside it first, onto the disk, then renamed. A reader sees the old file or the new one.

    Raises:
        WorkspaceError: the folder cannot be written, or the disk is full; the old file is as it was.
    """
    beside = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise unwritable(path, error) from error


def sync_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk: without it a rename may be forgotten by a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unwritable(path: Path, error: OSError) -> WorkspaceError:
    """Return the error for a path that cannot be written."""
    return WorkspaceError(f"Cannot write {path}: {error.strerror or error}.", hint="Free some space, or look at who may write there.")


@contextlib.contextmanager
def held(lock: Path, *, patience: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Hold a lock file; the kernel lets go of it when the process dies, however it dies.

    Raises:
        WorkspaceError: it cannot be made, or another process holds it for too long.
    """
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise unwritable(lock, error) from error
    try:
        _wait(descriptor, lock, time.monotonic() + patience)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int, lock: Path, until: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until:
                raise WorkspaceError(f"Another process holds {lock.parent}.", hint="Wait for it, or look for one that hangs.") from None
            time.sleep(0.01)
