"""Heartbeats: which journals are being written right now, on which machine.

A lock that says so is seen on its own machine only. So a machine that ships says every few seconds which of its journals live, and who
fetches notes when that last changed, by the clock here: whoever has not been heard of for a while is taken for dead.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import orjson

from prompts.files import write_whole
from runs.journal import is_live, own_files
from runs.team.errors import Missing, TooLong
from runs.workspace import Workspace

if TYPE_CHECKING:
    from runs.team.member import Member

EVERY_S = 20.0
"""How often a machine says that it lives."""
DEAD_S = 90.0
"""After how long a silence it is taken for dead."""
FILE = "beat.json"
_LIMIT = 1 << 20


def beat(member: Member, journals: Sequence[str]) -> None:
    """Say which journals of this machine are being written, by name; errors as the store's."""
    member.store.put(f"beats/{member.machine}.json", orjson.dumps({"journals": sorted(journals), "count": time.time_ns()}))


def fetch(ws: Workspace, member: Member) -> None:
    """Note what other machines say; errors as the store's."""
    for entry in member.store.list("beats/"):
        machine = entry.name.removeprefix("beats/").removesuffix(".json").partition("/")[0]
        folder = ws.team / machine
        if machine == member.machine or not folder.is_dir():  # of a machine without a journal there is nothing to say
            continue
        with contextlib.suppress(Missing, TooLong):
            data = member.store.get(entry.name, _LIMIT)
            path = folder / FILE
            if not path.exists() or path.read_bytes() != data:
                write_whole(path, data)


def own(ws: Workspace) -> list[str]:
    """Return the journals of this workspace that are being written right now, by whatever process."""
    # A journal that nobody has touched for days and that is still open is rare enough to be left out: each look costs a lock.
    recent = time.time() - 2 * 86400
    return [path.stem for path in own_files(ws) if path.exists() and path.stat().st_mtime > recent and is_live(path)]


def living(ws: Workspace) -> set[str]:
    """Return the file names of the journals that other machines were writing a moment ago."""
    found: set[str] = set()
    if not ws.team.is_dir():
        return found
    for path in ws.team.glob(f"*/{FILE}"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            if abs(time.time() - path.stat().st_mtime) < DEAD_S:
                found.update(f"{name}.jsonl" for name in orjson.loads(path.read_bytes())["journals"])
    return found
