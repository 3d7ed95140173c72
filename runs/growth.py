"""Which journals have grown: asked before every question, so it must cost little however many journals there are.

A journal that its writer has let go never grows again, and a sealed one never does. So the folder's time tells whether there are
others now, and only those are looked at that may still grow. What a pull brings of other machines has no writer here that could be
asked: a pull touches their folder (`runs.team.pull`). Everything is looked at again now and then, for what was changed by hand.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runs.journal import entries, folders, is_live
from runs.sealed import SUFFIX, size_of
from runs.workspace import Workspace

QUIET_S = 60.0
"""Of a journal that was written to within this time it is not asked whether its writer lives: it most likely does."""
AGAIN_S = 20.0
"""So often all journals are looked at in any case."""
ASKED = 200
"""Most journals of which that is asked at once, so that no question takes long."""
_SURE_S = (0.1, 2.0)
"""A folder that changed so short a time ago may change again and show the same time; the second where times are whole seconds."""


@dataclass(slots=True)
class _Listing:
    """The journals, by the names that they were born with, as they were when the folders had these times (ns)."""

    times: Mapping[Path, int]
    files: Mapping[str, str]
    until: float
    settled: dict[str, int] = field(default_factory=dict)
    looks: int = 0


_LISTED: dict[Path, _Listing] = {}
_Key = tuple[int, int, int, int]
_SETTLED: dict[_Key, int] = {}
"""How many plain bytes a journal holds that will not grow any more, by device, file, length and time."""
_MOST = 200_000


def pending(ws: Workspace, seen: Mapping[str, int], upto: Mapping[str, int] | None = None) -> Iterator[tuple[Path, int]]:
    """Yield journals that have grown beyond what was seen of them, oldest first, with their size: that of `upto` where it is given."""
    listing = _listed(ws)
    for name, size in _sizes(listing, f"{ws.journals}{os.sep}"):
        most = size if upto is None else min(size, upto.get(name, 0))
        if most > seen.get(name, 0):
            yield Path(listing.files[name]).with_name(name), most


def _listed(ws: Workspace) -> _Listing:
    """Return what is in the folders; what was there before where nothing has come, gone or been renamed since."""
    times = {}
    for folder in folders(ws):
        try:
            times[folder] = folder.stat().st_mtime_ns
        except FileNotFoundError:
            times[folder] = 0
    kept = _LISTED.get(ws.journals)
    if kept and kept.times == times and time.monotonic() < kept.until:
        return kept
    now = time.time_ns()
    sure = all(now - at > 1e9 * _SURE_S[at % 10**9 == 0] for at in times.values())
    listing = _Listing(times, {name: entry.path for name, entry in entries(ws).items()}, time.monotonic() + AGAIN_S * sure)
    _LISTED[ws.journals] = listing
    return listing


def _sizes(listing: _Listing, own: str) -> Iterator[tuple[str, int]]:
    if len(_SETTLED) > _MOST:
        _SETTLED.clear()
    # A command that asks one question would have nothing of it.
    may_ask = ASKED if listing.looks else 0
    listing.looks += 1
    for name, path in listing.files.items():
        size = listing.settled.get(name)
        if size is None:
            try:
                key, size, at = _look(path)
                if key not in _SETTLED and may_ask and time.time() - at > QUIET_S:
                    may_ask -= 1
                    # Asked before the last look: what a writer wrote before it went is seen then.
                    closed = not (path.startswith(own) and is_live(Path(path)))
                    if closed and (key, size, at) == _look(path):
                        _SETTLED[key] = size
            except FileNotFoundError:  # removed a moment ago
                continue
            if key in _SETTLED:
                listing.settled[name] = size
        yield name, size


def _look(path: str) -> tuple[_Key, int, float]:
    """Return what a journal's file is known by, how many plain bytes it holds, and when it was last written to."""
    found = os.stat(path)  # noqa: PTH116  a Path for each of thousands would take longer than the look
    key = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
    if not path.endswith(SUFFIX):
        return key, found.st_size, found.st_mtime
    if key not in _SETTLED:
        _SETTLED[key] = size_of(Path(path.removesuffix(SUFFIX)))
    return key, _SETTLED[key], found.st_mtime
