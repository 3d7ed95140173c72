"""Who may open the log now: many readers or one writer, across processes and threads, fair to the writer.

DuckDB lets one process write or many read, and a newcomer fails at once. So everyone of ours queues here first, at two
files in `runs/`: the door (`.door`), which all pass one by one, and the room (`.lock`), shared by readers. A writer waits for
the room while it holds the door, so that no stream of readers can keep it out for ever.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from runs.errors import LogError
from runs.workspace import Workspace

WAIT_S = 60.0
"""How long to wait for our own programs before giving up; a fold is bounded, so this is never reached unless one hangs."""


@contextlib.contextmanager
def turnstile(ws: Workspace, *, exclusive: bool, wait_s: float = WAIT_S) -> Iterator[bool]:
    """Hold the log's lock inside the `with`; gives False where `wait_s` is 0 and somebody else has it.

    Raises:
        LogError: the lock could not be had in time, or its files cannot be made.
    """
    deadline = time.monotonic() + wait_s
    with contextlib.ExitStack() as stack:
        door = _open(ws.runs / ".door", stack)
        room = _open(ws.runs / ".lock", stack)
        if door is None or room is None:
            # A read-only folder in which no writer has ever been: nobody to keep apart.
            if exclusive:
                raise LogError(f"Cannot write in {ws.runs}: it is read-only.", hint="Make it writable, or copy the workspace.")
            yield True
            return
        for fd, mode in ((door, fcntl.LOCK_EX), (room, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)):
            if not _lock(fd, mode, deadline):
                if wait_s == 0:
                    yield False
                    return
                raise LogError(f"The run log has been busy for {wait_s:.0f} s{_by(fd)}.", hint="Is one of your programs suspended?")
        fcntl.flock(door, fcntl.LOCK_UN)
        yield True


def _open(path: Path, stack: contextlib.ExitStack) -> int | None:
    for flags in (os.O_RDWR | os.O_CREAT, os.O_RDONLY):
        try:
            fd = os.open(path, flags | os.O_CLOEXEC, 0o644)
        except OSError as error:
            if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT}:
                continue
            raise LogError(f"Cannot open {path}: {os.strerror(error.errno or 0)}.", hint="Look at the folder and the disk.") from error
        stack.callback(_close, fd)
        return fd
    return None


def _close(fd: int) -> None:
    # Said aloud: a child that was forked meanwhile shares the lock, and closing alone would leave it held for the child's life.
    fcntl.flock(fd, fcntl.LOCK_UN)
    os.close(fd)


def _lock(fd: int, mode: int, deadline: float) -> bool:
    pause = 0.001
    while True:
        try:
            fcntl.flock(fd, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() + pause > deadline:
                return False
            time.sleep(pause)
            pause = min(pause * 1.5, 0.02)
        else:
            return True


def _by(fd: int) -> str:
    """Return ` by process N` where the kernel tells who holds a file's lock."""
    inode = f":{os.fstat(fd).st_ino}"
    with contextlib.suppress(OSError):
        for line in Path("/proc/locks").read_text().splitlines():
            words = line.split()
            if len(words) > 5 and words[1] == "FLOCK" and words[5].endswith(inode):
                return f" by process {words[4]}"
    return ""
