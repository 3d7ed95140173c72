"""Artifacts of other machines, fetched when they are first looked at, checked against their name, and kept like our own.

A page asks for dozens at once, so a store that does not answer is left alone for a while, and so is what it does not have.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from runs.errors import MediaError
from runs.media import MediaStore
from runs.team.errors import Missing, StoreDown, TeamError
from runs.team.member import Member, member_of
from runs.workspace import Workspace

PATIENCE_S = 30.0
_LATER: dict[tuple[Path, str], float] = {}


def fetch(ws: Workspace, sha256: str) -> Path | None:
    """Fetch an artifact into the media store; None where there is no team, or its store has none of that name.

    Raises:
        MediaError: the store does not answer or refuses, or gives something else or too much.
    """
    try:
        member = member_of(ws)
    except TeamError as error:
        raise MediaError(f"The artifact {sha256[:12]}… is not here. {error.message}", hint=error.hint) from None
    if member is None or _waits(ws, sha256):
        return None
    if _waits(ws, ""):
        raise MediaError(f"The artifact {sha256[:12]}… is on another machine.", hint=f"The store {member.store.url} does not answer.")
    try:
        found = _fetch(MediaStore(ws, fetch=False), member, sha256)
    except StoreDown as error:
        _LATER[ws.root, ""] = time.monotonic() + PATIENCE_S
        raise MediaError(f"The artifact {sha256[:12]}… is on another machine. {error.message}", hint=error.hint) from None
    except TeamError as error:
        raise MediaError(f"The artifact {sha256[:12]}… cannot be fetched. {error.message}", hint=error.hint) from None
    if found is None:
        _LATER[ws.root, sha256] = time.monotonic() + PATIENCE_S
    return found


def names(member: Member) -> set[str]:
    """Return the hashes of all artifacts on the store."""
    return {name.partition(".")[0] for entry in member.store.list("media/") if MediaStore.is_name(name := entry.name.rpartition("/")[2])}


def _fetch(store: MediaStore, member: Member, sha256: str) -> Path | None:
    for entry in member.store.list(f"media/{sha256[:2]}/"):
        name = entry.name.rpartition("/")[2]
        if name.startswith(f"{sha256}.") and store.is_name(name):
            if entry.size > member.settings.max_media_mb << 20:
                raise TeamError(f"It is {entry.size >> 20} MB, more than is fetched.", hint="Raise [team] max_media_mb in workbench.toml.")
            try:
                return store.put_as(name, _bounded(member.store.stream(entry.name), entry.size))
            except Missing:
                return None
    return None


def _bounded(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Yield what was promised; what goes on beyond that is cut, and is then not what its name says."""
    for piece in pieces:
        if len(piece) > size:
            yield piece[:size]
            return
        size -= len(piece)
        yield piece


def _waits(ws: Workspace, sha256: str) -> bool:
    return _LATER.get((ws.root, sha256), 0.0) > time.monotonic()
