"""Whether a workspace lies where file locks reach everybody who could work in it.

Runs keep apart by locks of the kernel: on a journal, on a job, on the log. On a folder that several machines share over the network
each of them would see only its own locks, and pay for the same job twice. So such a folder is refused, in two ways: by the
kind of its file system, and by a journal that another machine was writing a moment ago without a lock that can be seen here.
"""

from __future__ import annotations

import time
from pathlib import Path

from runs import machine
from runs.errors import JournalError
from runs.journal import is_live, own_files
from runs.lines import decode, header
from runs.workspace import Workspace

MOUNTS = Path("/proc/self/mountinfo")
SHARES = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "lustre", "gpfs", "beegfs", "glusterfs", "davfs", "9p", "fuse.sshfs",
    "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.ceph", "fuse.gcsfuse", "fuse.juicefs", "fuse.davfs2", "fuse.vmhgfs-fuse",
})  # fmt: skip
"""File systems whose locks may not reach other machines."""
FRESH_S = 60.0
"""A journal that was written to within this time is somebody's at work, unless it has ended."""


def refuse_shared(ws: Workspace) -> None:
    """Refuse to work in a folder that several machines may write.

    Raises:
        JournalError: it lies on a network share, or another machine is at work in it.
    """
    kind = file_system(ws.runs)
    if kind in SHARES:
        raise JournalError(
            f"{ws.runs} lies on a network share ({kind}), where the locks that keep runs apart do not reach other machines.",
            hint="Run in a workspace on a disk of this machine; journals can be copied to another one and are read there.",
        )
    for path in own_files(ws):
        if (host := _foreign(path)) is not None:
            raise JournalError(
                f"The machine {host} is writing {path.name}, and its lock cannot be seen from here: this folder is shared over a network.",
                hint=f"Run on one machine at a time. If {host} has just broken off, wait a minute.",
            )


def file_system(path: Path) -> str:
    """Return the kind of file system that a path lies on, as the kernel calls it; empty where it does not say."""
    try:
        lines = MOUNTS.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    where = path.resolve()
    best, kind = -1, ""
    for line in lines:
        left, _, right = line.partition(" - ")
        words = left.split()
        if len(words) < 5 or not right:
            continue
        # Spaces and the like are written as octal numbers.
        place = Path(words[4].encode().decode("unicode_escape").encode("latin-1", "replace").decode("utf-8", "replace"))
        if len(place.parts) >= best and where.is_relative_to(place):
            best, kind = len(place.parts), right.split()[0]
    return kind


def _foreign(path: Path) -> str | None:
    """Return the host of a journal that another machine seems to be writing right now."""
    try:
        if abs(time.time() - path.stat().st_mtime) > FRESH_S:
            return None
    except FileNotFoundError:  # sealed, so not being written
        return None
    head = header(path)
    host = str(head.get("host", "")) if head else ""
    if not host or machine.is_ours(host) or is_live(path) or _ended(path):
        return None
    return host


def _ended(path: Path) -> bool:
    """Tell whether a journal's last whole line is its end."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4096))
        lines = file.read().split(b"\n")[:-1]
    try:
        return bool(lines) and decode(lines[-1])["type"] == "end"
    except ValueError:
        return False
