"""The demo: killed at any moment and started again, it comes to the tables of an uninterrupted one, and pays for nothing twice."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest
import warm

from runs import query
from runs.workspace import Workspace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KILLS = 5
# Two cheap parts are enough to die in: scripts, which are quick, and key frames, whose scoring takes time.
PROGRAM = """
import sys
from runs import demo
demo.PARTS = tuple(p.__class__(p.title, p.suite, p.a, p.b, 4) for p in demo.PARTS if p.suite in ("script", "shot"))[:2]
sys.argv = ["workbench", "--quiet", "demo", sys.argv[1]]
import workbench
workbench.main()
"""


def start(folder: Path) -> warm.Process:
    program = folder.with_name("short_demo.py")
    program.write_text(PROGRAM)
    return warm.popen(str(folder), script=program)


def tables(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what a demo came to, without what differs between any two runs: ids of runs, times."""
    ws = Workspace(folder)
    made, scores = query.generations(ws), query.scores(ws)
    made = made[["job_id", "arm", "version", "case_id", "repeat", "status", "artifact", "cost_usd"]].sort_values("job_id")
    scores = scores[scores["scorer"] != "latency"]
    scores = scores[["job_id", "metric", "scorer_version", "value", "status", "reason"]].sort_values(["job_id", "metric"])
    return made.reset_index(drop=True), scores.reset_index(drop=True)


def test_a_demo_that_is_killed_again_and_again_comes_to_the_same_tables(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    began = time.monotonic()
    assert start(whole).wait() == 0
    usual = time.monotonic() - began
    dice = random.Random(7)
    for _ in range(KILLS):
        process = start(broken)
        try:
            process.wait(timeout=dice.uniform(0.1, 0.9) * usual)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    last = start(broken)
    out, err = last.communicate()
    assert last.returncode == 0, err
    assert "better" in out
    for expected, found in zip(tables(whole), tables(broken), strict=True):
        pd.testing.assert_frame_equal(expected, found)
    made = query.generations(Workspace(broken))
    assert not made["job_id"].duplicated().any(), "the same job was never done twice"
    assert len(query.runs(Workspace(broken))) == 2, "each start went on with the same two runs"
