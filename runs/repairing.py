"""`workbench log repair`: mend what can be mended, and say what cannot.

- a log that differs from the journals, or cannot be read, is made anew;
- a corrupt line of a journal is copied aside, byte by byte, for whoever can read it; the journal itself is never changed;
- a file of the media store whose bytes are not what its name says is moved aside, so that the right ones can be stored again;
- a text that is missing then is made anew where a journal holds it whole, as journals do with short ones.

What was generated and is gone cannot be mended: it is named, and a backup or another run brings it back.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from runs import log
from runs.errors import LogError
from runs.inlined import texts_of
from runs.journal import sync_folder
from runs.media import MediaStore
from runs.verifying import Verified, aside, corrupt_line, verify
from runs.workspace import Workspace

STALE_S = 3600.0
"""A temporary file of the media store that is older than this was left by a process that died."""


def repair(ws: Workspace) -> tuple[list[str], Verified]:
    """Mend a workspace's records; return what was done, and what `verify` finds afterwards.

    Raises:
        LogError: the folder cannot be written, or the disk is full.
    """
    before = verify(ws)
    done: list[str] = []
    if any(problem.what == "log" and problem.mends for problem in before.problems):
        log.rebuild(ws)
        done.append(f"made {ws.log.name} anew from the journals")
    try:
        done += [*_lines(ws), *_files(ws, before.in_journals)]
    except OSError as error:
        raise LogError(
            f"Cannot write in {ws.runs}: {os.strerror(error.errno or 0)}.", hint="Free some space or make it writable."
        ) from error
    return (done, verify(ws)) if done else (done, before)


def _lines(ws: Workspace) -> list[str]:
    """Copy corrupt lines aside."""
    from runs import query

    done: list[str] = []
    for row in query.ingest_errors(ws).to_dict("records"):
        file, offset = Path(str(row["file"])).name, int(row["offset"])
        copy, line = aside(ws, file, offset), corrupt_line(ws, file, offset, int(row["length"]))
        if not copy.is_file() or copy.read_bytes() != line:
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(line)
            sync_folder(copy.parent)
            done.append(f"copied the corrupt line at byte {offset} of {file} to {copy.relative_to(ws.root)}")
    return done


def _files(ws: Workspace, missing: set[str]) -> list[str]:
    """Move rotten files of the media store aside, make texts anew that a journal holds, remove what cut off writes have left."""
    done: list[str] = []
    store = MediaStore(ws)
    for bad in list(store.verify()):
        place = bad.path.relative_to(ws.root)
        if bad.rotten:
            target = ws.runs / "quarantine" / f"{bad.path.name}@{time.time_ns()}"
            target.parent.mkdir(exist_ok=True)
            bad.path.rename(target)
            done.append(f"moved {place}, whose bytes are not what its name says, to {target.relative_to(ws.root)}")
            missing = missing | {bad.path.name.partition(".")[0]}
        elif bad.left_over and time.time() - bad.path.lstat().st_mtime > STALE_S:
            bad.path.unlink(missing_ok=True)
            done.append(f"removed {place}, left by a write that was cut off")
    for sha256, data, media_type in texts_of(ws, missing):
        if store.mend(data, media_type):
            done.append(f"made the text {sha256[:12]}… anew from the journal")
    return done
