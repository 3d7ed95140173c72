"""The app keeps up with the team beside its pages, and marks whose run is whose; the commands do the same by hand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import log_story as story
import pytest
import team_kit
from click.testing import CliRunner
from patience import until

import workbench
from pages.ui import runs_table
from runs import machine as this_machine
from runs import query
from runs.diagnosis import _configured
from runs.team import following
from runs.team.push import Pusher
from runs.workspace import Workspace

Machine = Callable[..., Workspace]


@pytest.mark.slow
def test_the_app_fetches_and_ships(machine: Machine, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What others ship comes in, what is rated here goes out, and a store that is away is told and waited for."""
    monkeypatch.setattr(following, "_standing", ("", 0.0, ""))
    app, other = machine("app", fetch_s=1), machine("other")
    story.write(other, "theirs.jsonl", story.story("theirs", 2))
    Pusher(other, team_kit.member(other)).push()
    over = threading.Event()
    thread = threading.Thread(target=following.follow, args=(lambda: app,), kwargs={"over": over})
    thread.start()
    try:
        until(lambda: "With the runs of the team" in following.standing())
        frame = query.runs(app)
        assert frame["run_id"].to_list() == ["theirs"]
        story.write(app, "rated.jsonl", [story.scores("theirs", 1, 50)])
        until(lambda: list((shared / "journals" / "app").rglob("*.gz")))
        shared.rename(shared.with_name("away"))
        until(lambda: "Is the shared disk mounted" in following.standing() or "There is no folder" in following.standing())
        assert "as of" in following.standing()
    finally:
        over.set()
        thread.join()
    this_machine.use("app")
    shown = runs_table.shown(frame, query.run_scores(app))
    assert shown["Machine"].to_list() == ["there"]
    this_machine.use("there")
    assert "Machine" not in runs_table.shown(frame, query.run_scores(app)), "nobody's but our own"
    this_machine.use("")


def test_the_commands(machine: Machine, tmp_path: Path, shared: Path) -> None:
    here, there = machine("here"), machine("there")
    story.write(here, "a.jsonl", story.story("run-1", 3))

    def call(ws: Workspace, *words: str, code: int = 0) -> str:
        done = CliRunner().invoke(workbench.cli, ["--workspace", str(ws.root), "team", *words])
        assert done.exit_code == code, (done.output, done.exception)
        return done.output if not done.exception or code == 0 else str(done.exception)

    assert "are not on file://" in call(here, "status")
    assert "Shipped 0.01 MB of journals and 0 artifacts." in call(here, "push")
    assert "Fetched 0.01 MB of journals of here." in call(there, "sync")
    assert "Nothing new from the others." in call(there, "pull")
    rows = {row["machine"]: row for row in json.loads(call(there, "status", "--format", "json"))["machines"]}
    assert rows["there"]["which"] == "this one"
    assert rows["here"]["here_bytes"] == rows["here"]["shipped_bytes"] == (here.journals / "a.jsonl").stat().st_size
    (asked,) = [check for check in _configured(there) if check.name == "team"]
    assert (asked.state, asked.found) == ("ok", f"there on file://{shared}, with here")
    assert "is this machine's" in call(there, "take", "run-1")
    alone = story.workspace(tmp_path / "alone")
    assert "in no team" in call(alone, "push", code=1)
    shared.rename(shared.with_name("away"))
    assert "mounted" in call(there, "pull", code=1)
    (asked,) = [check for check in _configured(there) if check.name == "team"]
    assert (asked.state, "mounted" in asked.todo) == ("failed", True)
