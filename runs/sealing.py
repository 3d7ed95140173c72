"""`workbench log seal`: compress the journals of long ago. Fold, rebuild, resume and verify read them as before."""

from __future__ import annotations

import contextlib
import time

from runs.journal import is_live, own_files
from runs.sealed import seal
from runs.workspace import Workspace


def seal_old(ws: Workspace, *, older_than_s: float) -> tuple[int, int]:
    """Seal every journal whose writer is gone and that nobody has written to for some time; return how many, and the bytes saved.

    A journal of a run that was cut off is sealed too: resuming begins a journal of its own.

    Raises:
        JournalError: the disk is full or read-only; what was sealed so far is sealed.
    """
    before = time.time() - older_than_s
    count = saved = 0
    for leftover in ws.journals.glob(".seal-*"):
        leftover.unlink(missing_ok=True)
    for path in own_files(ws):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < before and path.stat().st_size and not is_live(path):
                saved += seal(path)
                count += 1
    return count, saved
