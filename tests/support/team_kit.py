"""Workspaces of one team, and a machine at work: what the tests of the team log share."""

from __future__ import annotations

import shutil
import struct
import zlib
from multiprocessing.connection import Connection
from pathlib import Path

import log_story as story
from patience import HANGS_S

from runs.harness import only_one
from runs.journal import Journal
from runs.media import MediaStore
from runs.settings import load
from runs.team.member import Member, member_of
from runs.team.pull import pull
from runs.workspace import Workspace


def workspace(folder: Path, machine: str, store: str, endpoint: str = "", **settings: object) -> Workspace:
    """Make an empty workspace of a team."""
    ws = story.workspace(folder / machine)
    lines = [f'store = "{store}"', f'machine = "{machine}"', f'endpoint = "{endpoint}"']
    lines += [f"{name} = {value}" for name, value in ({"ship_s": 0.1, "timeout_s": HANGS_S} | settings).items()]
    ws.config.write_text("[team]\n" + "\n".join(lines) + "\n", "utf-8")
    return ws


def member(ws: Workspace) -> Member:
    """Return a workspace's place in its team."""
    found = member_of(ws)
    assert found is not None
    return found


def tables(ws: Workspace) -> dict[str, list[tuple[object, ...]]]:
    """Return all tables; sums of fractions without their last digits, which depend on the order of folding."""
    return {
        name: [tuple(round(value, 9) if isinstance(value, float) else value for value in row) for row in rows]
        for name, rows in story.contents(ws).items()
    }


def picture(number: int) -> bytes:
    """Return a tiny PNG, another one for each number."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + number.to_bytes(3, "big")
    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")


def work(root: Path, run_id: str, jobs: int, told: Connection) -> None:
    """Do a run as a process of its own: store, journal, say what is on disk; the run is shipped beside it."""
    ws = Workspace(root)
    load(root)
    store = MediaStore(ws)
    with only_one(ws, run_id, new=True), Journal(ws, run_id) as journal:
        journal.append(story.plan(run_id, jobs))
        for n in range(jobs):
            made = store.put(picture(zlib.crc32(f"{run_id}/{n}".encode()) & 0xFFFFFF), "image/png")
            artifact = {"kind": "image", "media_type": "image/png", "sha256": made.sha256, "bytes": 70}
            journal.append(story.generation(run_id, n, n + 1, status="ok", artifacts=[artifact]), story.scores(run_id, n, n + 2))
            told.send(n)
        *_, end = story.story(run_id, jobs)
        journal.append(end)


def fetch_for_ever(root: Path, told: Connection) -> None:
    """Fetch all that the team has, forget it, and so on, as a process of its own."""
    ws = Workspace(root)
    while True:
        shutil.rmtree(ws.team / "here", ignore_errors=True)
        told.send(0)
        pull(ws, member(ws))
