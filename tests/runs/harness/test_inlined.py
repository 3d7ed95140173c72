"""Short texts stand in the journal: what a loss of power takes of their files comes back, and nothing is paid twice for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kit
import pytest

from runs.harness import Options, resume, run
from runs.inlined import LONGEST
from runs.journal import files
from runs.lines import read
from runs.media import MediaStore
from runs.plan import Plan
from runs.pricing import Pricing
from runs.provider import Asset, Kind, Outcome, Request
from runs.repairing import repair
from runs.resume import state_of
from runs.verifying import verify
from runs.workspace import Workspace

FREE = Options(pricing=Pricing(free=True))
LOOKS_LIKE_A_KEY = "EXT. PIER. She reads: sk-0123456789abcdefghijklmnop."


class Writer:
    """Gives each request a text of its own; counts the calls."""

    name, simulated, base_url, concurrency = "writer", True, "", 4
    kinds: frozenset[Kind] = frozenset({"text"})

    def __init__(self, *texts: bytes) -> None:
        self.texts = list(texts)
        self.calls = 0

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def generate(self, request: Request) -> Outcome:
        self.calls += 1
        text = self.texts.pop() if self.texts else f"雨 {request.key}\r\n".encode()
        return Outcome(assets=(Asset("text", "text/plain", text),), cost_usd=0.0)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return kit.workspace(tmp_path)


def texts(ws: Workspace, run_id: str) -> dict[str, str | None]:
    """Return what the run's journal holds of each artifact's text, by hash."""
    state = state_of(ws, run_id)
    return {a["sha256"]: a.get("text") for job in state.finished for a in state.generation(job)["artifacts"]}


def lose_power(ws: Workspace, hashes: list[str]) -> None:
    """Leave of a file nothing, an empty one, zeros, as file systems do; and of the run no end."""
    gone, empty, zeros = (MediaStore(ws).path(sha256) for sha256 in hashes[:3])
    gone.unlink()
    empty.write_bytes(b"")
    zeros.write_bytes(bytes(zeros.stat().st_size))


def without_end(ws: Workspace) -> None:
    (journal,) = files(ws)
    last = read(journal).records[-1]
    assert last.event["type"] == "end"
    with journal.open("r+b") as file:
        file.truncate(last.offset)


def same(ws: Workspace, plan: Plan, before: dict[str, str | None]) -> bool:
    store = MediaStore(ws)
    return texts(ws, plan.run_id) == before and all(store.read(h) == (t or "").encode() for h, t in before.items())


def test_texts_that_were_lost_with_the_power_are_made_anew_on_resume_and_not_paid_again(ws: Workspace) -> None:
    writer = Writer()
    plan = kit.plan(ws, writer, scorers=("cost",))
    run(ws, plan, writer, FREE)
    before = texts(ws, plan.run_id)
    assert len(before) == len(plan.jobs) == writer.calls
    assert same(ws, plan, before)
    without_end(ws)
    lose_power(ws, list(before))
    assert not all(MediaStore.is_sound(path) for path in ws.media.rglob("*.txt"))
    assert resume(ws, plan.run_id, writer, FREE).state == "finished"
    assert writer.calls == len(plan.jobs)
    assert same(ws, plan, before)


@pytest.mark.slow
def test_repair_makes_them_anew_where_the_run_has_ended(ws: Workspace) -> None:
    writer = Writer()
    plan = kit.plan(ws, writer, series=1, scorers=())
    run(ws, plan, writer, FREE)
    before = texts(ws, plan.run_id)
    lose_power(ws, list(before))
    found = verify(ws).problems
    assert [p.what for p in found] == ["media"] * 3
    assert all(p.mends for p in found)
    done, after = repair(ws)
    assert sum("anew from the journal" in line for line in done) == 3
    assert after.problems == []
    assert same(ws, plan, before)


def test_what_looks_like_a_key_and_what_is_long_is_flushed_as_a_file_and_not_in_the_journal(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of these files is on disk when its generation counts; of the short one the journal's line is."""
    import os

    synced: list[str] = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(str(Path(f"/proc/self/fd/{fd}").readlink())) or real(fd))  # type: ignore[func-returns-value]
    given = [LOOKS_LIKE_A_KEY.encode(), b"a" * (LONGEST + 1), b"short"]
    writer = Writer(*given)
    plan = kit.plan(ws, writer, series=1, cases=3, versions=("script/episode@plain",), scorers=())
    run(ws, plan, writer, FREE)
    held = texts(ws, plan.run_id)
    assert sorted(t for t in held.values() if t is not None) == ["short"]
    assert {MediaStore(ws).read(sha256) for sha256 in held} == set(given)
    (journal,) = files(ws)
    assert b"sk-0123456789" not in journal.read_bytes()
    assert sum("/media/.tmp-" in path for path in synced) == 2
