"""`workbench waive`: a person's word on a finding takes it out of the score and into the check's precision."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, one_line_error


@pytest.mark.slow
def test_from_a_finding_to_a_score_without_it_and_the_precision_of_its_check(cli: Cli, ws: Path) -> None:
    run = ("run", "--suite", "script", "--version", "script/episode@plain", "--case", "painted-skin-script-1", "--repeats", "1")
    assert cli(*run, "--provider", "studio", "--scorer", "logic", "--scorer", "contract", "--seed", "3").code == 0
    before = json.loads(cli("checks", "--run", "last", "--format", "json").out)["checks"]
    assert all(row["precision"] is None and row["arm"] == "a" and row["unjudged"] == row["findings"] for row in before)
    check = before[0]["check"]
    from runs import query
    from runs.workspace import Workspace

    space = Workspace.find(ws)
    [job] = query.generations(space)["job_id"]
    logic = query.scores(space, metric="logic")["value"][0]

    done = cli("waive", "last", job[:8], check, "--why", "those are its own ids", "--who", "lin", "--verdict", "meant")
    assert done.code == 0
    assert "lin" in (ws / "evals" / "waivers.yaml").read_text("utf-8")
    assert cli("score", "last", "--scorer", "logic").code == 0
    after = {row["check"]: row for row in json.loads(cli("checks", "--format", "json").out)["checks"]}
    assert after[check]["meant"] == after[check]["findings"] == before[0]["findings"]
    assert after[check]["precision"] == 1.0
    assert query.scores(space, metric="logic")["value"][0] > logic

    error = one_line_error(cli("waive", "last", job[:8], "T01", "--why", "x", "--place", "nowhere"))
    assert "no such finding of T01" in error
    assert "It has findings of:" in error
