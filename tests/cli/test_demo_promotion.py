"""The demo's way to production: killed in the race, in the gate and among the moves it goes on, and nothing of it holds elsewhere."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from pathlib import Path

import pytest
import warm
from paid import paid

from prompts.ledger import Ledger
from prompts.store import PromptStore
from runs import query
from runs.prepare import find_version
from runs.workspace import Workspace
from tests.cli.conftest import Cli, one_line_error

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
KILLED_AFTER = (3, 4, 5)
"""Steps after whose last line the process is killed: in the race, in the gate, among the moves."""


def start(folder: Path) -> warm.Process:
    return warm.popen("--quiet", "demo", "--promotion", str(folder), env={**os.environ, "PYTHONUNBUFFERED": "1"})


def killed(folder: Path, step: int, seconds: float) -> None:
    process = start(folder)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(f"{step}. "):
            break
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A demo workspace in which the walk was killed three times and then came to its end; and what it said at the end."""
    folder = tmp_path_factory.mktemp("walk") / "demo"
    dice = random.Random(11)
    for step in KILLED_AFTER:
        killed(folder, step, dice.uniform(0, 0.6))
    last = start(folder)
    out, err = last.communicate()
    assert last.returncode == 0, err
    return folder, out


def test_every_step_is_told_in_words(walked: tuple[Path, str]) -> None:
    _, out = walked
    titles = [line.partition(". ")[2] for line in out.splitlines() if re.match(r"\d+\. ", line)]
    wanted = "A first version/A pilot/The plan/A race/The gate/Approval/Promotion/Export/Rollback/The ledger is whole"
    assert [title.split(",")[0] for title in titles] == wanted.split("/")
    assert "PROMOTE." in out
    assert '"ann@demo asked for it and cannot approve it."' in out
    assert '"The report rests on simulated outputs, which prove nothing about a real model."' in out


def test_no_move_was_made_twice_and_no_job_was_paid_twice(walked: tuple[Path, str]) -> None:
    folder, out = walked
    ws = Workspace(folder)
    moves = [(entry.action, entry.actor.partition("@")[0]) for entry in Ledger(ws.prompts).entries()]
    assert [move for move in moves if move[0] != "gate"] == [
        ("override", "ann"), ("promote", "bo"), ("approve", "bo"), ("promote", "ann"), ("rollback", "ann"),
    ]  # fmt: skip
    assert moves[-1][0] == "rollback"
    assert set(paid(ws).values()) == {1}
    assert len(paid(ws)) == len(query.generations(ws))
    # A pilot, two rounds of a race of four, and a gate.
    assert len(query.runs(ws)) == 4
    plain = find_version(ws, "script/episode@plain").id
    assert PromptStore(folder / "delivered").get("script/episode").version == plain
    assert f"gives {plain[3:9]}" in out


def test_a_walk_that_is_over_changes_nothing(walked: tuple[Path, str], cli: Cli) -> None:
    folder, out = walked
    before = (folder / "prompts" / "ledger.jsonl").read_bytes()
    again = cli("--quiet", "demo", "--promotion", str(folder))
    assert again.code == 0, again.err
    assert again.out == out
    assert (folder / "prompts" / "ledger.jsonl").read_bytes() == before
    assert cli("--workspace", str(folder), "ledger", "verify").code == 0


def test_the_same_evidence_promotes_nothing_outside_of_a_demo(walked: tuple[Path, str], cli: Cli) -> None:
    """The very workspace, without its mark: report and approval are there, and do not help."""
    folder, _ = walked
    config = folder / "workbench.toml"
    marked = config.read_text("utf-8")
    config.write_text(re.sub(r"^demo = true.*\n", "", marked), "utf-8")
    try:
        finalist = re.search(r"The finalist is (\S+)\.", walked[1])
        assert finalist
        done = cli("--workspace", str(folder), "promote", finalist[1], "--to", "production")
        assert (done.code, "rests on simulated outputs" in done.err) == (3, True)
        walk = cli("demo", "--promotion", str(folder))
        assert (walk.code, walk.out, "is no demo workspace" in walk.err) == (3, "", True)
    finally:
        config.write_text(marked, "utf-8")


def test_a_variant_cannot_be_made_of_a_template_that_was_rewritten(tmp_path: Path, cli: Cli) -> None:
    from runs import demo_variants
    from runs.starting import initialise

    ws = initialise(tmp_path / "demo", demo=True)
    names = demo_variants.written(ws)
    texts = {(ws.prompts / f"{name}.j2").read_text("utf-8") for name in names}
    assert len(texts) == len(names) == 4, "each leaves out or adds something"
    for name in names[1:]:
        (ws.prompts / f"{name}.j2").unlink()
    source = ws.prompts / "script" / "episode.j2"
    source.write_text(source.read_text("utf-8").replace("Dialogue\n", "Talk\n").replace("台词：", "说话："), "utf-8")
    assert "cannot be made" in one_line_error(cli("demo", "--promotion", str(ws.root)))
