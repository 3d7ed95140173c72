"""`workbench gc`: media that nothing names.

    found = unnamed(ws, grace_s=7 * 86400)      what could go
    remove(ws, found)                           let it go

A file is named when its hash stands anywhere in a journal, sealed or not, corrupt lines included, or in any other text file of
the workspace. That is more than the tables know, on purpose: what is kept for nothing costs space, what is lost costs money.

Safe beside live runs. A run stores a file a moment before it journals it, so what was stored a short while ago stays (the grace
age; storing the same bytes again makes a file young). A file is first moved aside, then looked at once more, then removed.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runs.errors import MediaError
from runs.journal import files, is_live
from runs.media import MEDIA_TYPES, MediaStore
from runs.sealed import open_journal
from runs.workspace import Workspace

LEAST_GRACE_S = 3600.0
"""The shortest grace age while a run is live."""
_HASH = re.compile(rb"[0-9a-fA-F]{64}")
_PIECE = 8 << 20
_PICTURES = frozenset(f".{extension}" for kind, extension in MEDIA_TYPES.values() if kind != "text")


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A file of the store that nothing names: where, how large, and when it was stored last."""

    path: Path
    nbytes: int
    stored_at: float


def unnamed(ws: Workspace, *, grace_s: float) -> list[Unnamed]:
    """Return what could go, by path.

    Raises:
        MediaError: a grace age too short for a run that is live, or a folder that cannot be read.
        JournalError: a journal cannot be read: what it names is not known, so nothing may go.
    """
    if grace_s < LEAST_GRACE_S and any(map(is_live, files(ws))):
        raise MediaError(
            "A run is live and may just have stored what it has not journalled yet.",
            hint="Wait for its end, or take a grace age of an hour or more.",
        )
    # The store is listed before the journals are read: what is stored in between is not on the list.
    listed = list(_stored(ws, time.time() - grace_s))
    if not listed:
        return []
    named = _named(ws)
    return [item for item in listed if item.path.name[:64] not in named]


def remove(ws: Workspace, found: list[Unnamed]) -> int:
    """Remove files that `unnamed` returned, but none that was stored again meanwhile; return the bytes that this freed."""
    freed = 0
    for item in found:
        aside = ws.media / f".gc-{os.getpid()}-{item.path.name}"
        with contextlib.suppress(FileNotFoundError):
            item.path.rename(aside)
            if aside.lstat().st_mtime > item.stored_at:
                aside.rename(item.path)  # the same bytes, whoever stored them
                continue
            aside.unlink()
            freed += item.nbytes
    return freed


def _stored(ws: Workspace, before: float) -> Iterator[Unnamed]:
    """Yield the regular files of the store that are older than a moment, leftovers of earlier collections too."""
    try:
        folders = [
            ws.media,
            *sorted(path for path in ws.media.iterdir() if len(path.name) == 2 and path.is_dir() and not path.is_symlink()),
        ]
        for folder in folders:
            for path in sorted(folder.iterdir()):
                found = path.lstat()
                ours = MediaStore.is_name(path.name) if folder != ws.media else path.name.startswith((".gc-", ".tmp-"))
                if ours and stat.S_ISREG(found.st_mode) and found.st_mtime < before:
                    yield Unnamed(path, found.st_size, found.st_mtime)
    except FileNotFoundError:
        return
    except OSError as error:
        raise MediaError(f"Cannot read {ws.media}: {os.strerror(error.errno or 0)}.", hint="Is the folder readable?") from error


def _named(ws: Workspace) -> set[str]:
    """Return every hash that stands in a journal or another file of the workspace."""
    named: set[str] = set()
    for path in files(ws):
        try:
            named |= _hashes(path)
        except OSError as error:
            raise MediaError(f"Cannot read the journal {path.name}, so nobody knows what it names.", hint="Nothing was removed.") from error
    skipped = {ws.media, ws.journals}
    for folder, inside, names in os.walk(ws.root, onerror=_refuse):
        inside[:] = [name for name in inside if Path(folder, name) not in skipped]
        for name in names:
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink() and not name.startswith("log.duckdb") and path.suffix.lower() not in _PICTURES:
                named |= _hashes(path)
    return named


def _refuse(error: OSError) -> None:
    raise MediaError(f"Cannot read {error.filename}, so nobody knows what it names.", hint="Nothing was removed.") from error


def _hashes(path: Path) -> set[str]:
    found: set[str] = set()
    with open_journal(path) as file:
        rest = b""
        while piece := file.read(_PIECE):
            piece = rest + piece
            found.update(match.group().decode().lower() for match in _HASH.finditer(piece))
            rest = piece[-63:]
    return found
