"""Whether a workspace belongs to a team, and as which machine.

    member = member_of(ws)                  None: no team, nothing to share
    member.store, member.machine
    join(ws, member)                        the name is ours on the store, or somebody else's

A machine's name is a folder on the store that only it writes. The name is taken by creating `machines/<name>.json`, with the id of the
workspace in it: a second workspace of the same name is told so.
"""

from __future__ import annotations

import os
import re
import secrets as random
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import orjson

from prompts.files import write_whole
from runs import machine
from runs.events import now
from runs.settings import PREFIX, Team, load
from runs.team.errors import TeamError
from runs.team.store import Options, Store, open_store
from runs.workspace import Workspace

IDENTITY = "identity.json"


@dataclass(frozen=True, slots=True)
class Member:
    """A workspace as a machine of its team."""

    machine: str
    settings: Team
    store: Store


def member_of(ws: Workspace) -> Member | None:
    """Return a workspace's place in its team; None where `[team] store` is not set. Nothing is asked of the store.

    Raises:
        WorkspaceError: the settings cannot be read.
        TeamError: the store's address cannot be used.
    """
    marks = tuple(_mark(ws.root / name) for name in ("workbench.toml", ".env"))
    ours = tuple(sorted((k, v) for k, v in os.environ.items() if k.startswith((f"{PREFIX}TEAM", "AWS_", "GOOGLE_", "AZURE_"))))
    return _member(ws.root, marks, ours)


@lru_cache(maxsize=16)
def _member(root: Path, marks: tuple[int, ...], environment: tuple[tuple[str, str], ...]) -> Member | None:  # noqa: ARG001  they date it
    settings = load(root).team
    if not settings.store:
        return None
    store = open_store(settings.store, Options(settings.endpoint, settings.region, settings.timeout_s))
    return Member(_folder(machine.name()), settings, store)


def join(ws: Workspace, member: Member) -> None:
    """Take this machine's name on the store; costs one request where that was done before.

    Raises:
        TeamError: another workspace goes by that name, or the store does not answer.
    """
    mine = _identity(ws)
    name = f"machines/{member.machine}.json"
    data = orjson.dumps({"machine": member.machine, "workspace": mine, "since": now()})
    if member.store.create(name, data):
        return
    try:
        holder = orjson.loads(member.store.get(name, 10_000)).get("workspace")
    except (ValueError, AttributeError):
        holder = None
    if holder != mine:
        raise TeamError(
            f"Another workspace of the team goes by the name {member.machine}.",
            hint="Set [team] machine to a name of its own, and push again.",
        )


def _identity(ws: Workspace) -> str:
    """Return the id of this workspace, made at its first use."""
    path = ws.team / IDENTITY
    try:
        found = orjson.loads(path.read_bytes())["workspace"]
        if isinstance(found, str) and found:
            return found
    except (OSError, ValueError, KeyError, TypeError):
        pass
    ws.team.mkdir(parents=True, exist_ok=True)
    made = random.token_hex(16)
    write_whole(path, orjson.dumps({"workspace": made}))
    return made


def _mark(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _folder(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40] or "host"
