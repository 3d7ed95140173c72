"""`workbench gate` with three looks: the first one that settles it ends the spending, and a death between looks costs nothing."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import warm

from evals.case import load_cases
from evals.looks import obf_levels
from evals.policy import load_policy
from evals.suite import load_suite
from runs import query
from runs.looking import every, look_order, planned
from runs.workspace import Workspace
from tests.cli.conftest import Cli

BETTER, PLAIN = "script/episode", "script/episode@plain"
POLICY = """min_units = {units}
min_cases = 8
repeats = 1
looks = {{ plan = "obf3", futility_cp = {futility} }}

[primary.logic]
direction = "up"
worst = 0.0
best = 1.0
min_effect = {effect}
"""
GATE = ("gate", "--policy", "looks")


def policy(ws: Path, units: int = 5, futility: float = 0.05, effect: float = 0.02) -> None:
    (ws / "evals" / "gates" / "looks.toml").write_text(POLICY.format(units=units, futility=futility, effect=effect), "utf-8")


def series_by_run(ws: Path) -> list[set[str]]:
    made = query.generations(Workspace(ws))
    runs = list(query.runs(Workspace(ws)).sort_values("started_at")["run_id"])
    return [set(made.loc[made["run_id"] == run, "series"]) for run in runs]


class TestWhichLooksAreTaken:
    """Statistics 6.5: no verdict below eight units; 6.6: looks at thirds. Of 13 series the first third is 5."""

    def test_a_look_below_the_minimum_is_left_out_and_its_series_come_with_the_next(self, starter: Path) -> None:
        suite, rule = load_suite("clip", starter / "evals" / "suites"), load_policy(starter / "evals" / "gates" / "clip.toml")
        cases = load_cases(starter / "evals" / "cases")
        assert [(look.units, look.total, look.taken) for look in every(suite, rule, cases)] == [
            (5, 10, False),
            (9, 18, True),
            (13, 26, True),
        ]
        second, last = planned(suite, rule, cases)
        assert (second.number, len(second.cases), last.number, len(last.cases), last.planned) == (2, 18, 3, 8, 13)
        assert not set(second.cases) & set(last.cases)

    def test_all_three_are_taken_where_each_has_enough(self, starter: Path) -> None:
        suite, rule = load_suite("clip", starter / "evals" / "suites"), load_policy(starter / "evals" / "gates" / "clip.toml")
        few = rule.model_copy(update={"min_units": 5, "min_cases": 10})
        found = planned(suite, few, load_cases(starter / "evals" / "cases"))
        assert [(look.number, look.units) for look in found] == [(1, 5), (2, 9), (3, 13)]
        order = look_order(suite)
        names = {case.id: case.series for case in load_cases(starter / "evals" / "cases")}
        assert {names[case] for case in found[0].cases} == set(order[:5]), "the order is fixed beforehand, and not the alphabet's"
        assert order != sorted(order)

    def test_units_of_cases_are_counted_as_cases(self, starter: Path) -> None:
        suite, rule = load_suite("clip", starter / "evals" / "suites"), load_policy(starter / "evals" / "gates" / "clip.toml")
        found = planned(suite, rule.model_copy(update={"unit": "case_id"}), load_cases(starter / "evals" / "cases"))
        assert [(look.number, look.units, look.planned) for look in found] == [(2, 18, 26), (3, 26, 26)]

    def test_the_planner_says_so(self, cli: Cli) -> None:
        told = cli("plan", "--suite", "clip", "--cost", "0.4", "--format", "json")
        assert [(look["series"], look["taken"]) for look in json.loads(told.out)["looks"]] == [(5, False), (9, True), (13, True)]
        assert "after 9 and 13 series" in told.err
        assert "Not after 5 series (10 cases): no verdict is given on fewer than 8 series and 12 cases" in told.err
        assert "from 24 series on" in told.err
        assert "looks at its evidence" not in cli("plan", "--suite", "script", "--cost", "0").err


@pytest.mark.slow
class TestARun:
    def test_a_clear_gain_ends_it_early(self, ws: Path, cli: Cli) -> None:
        policy(ws, units=8)
        done = cli(*GATE, "--base", PLAIN, "--candidate", BETTER, "--format", "json")
        assert done.code == 0, done.err
        told = json.loads(done.out)
        assert (told["look"], told["planned_units"], told["verdict"]["units"], told["verdict"]["stop"]) == (2, 13, 9, True)
        assert told["verdict"]["level"] == pytest.approx(obf_levels(6 * 0.08 / math.pi**2)[1]), "of a first attempt"
        assert [len(found) for found in series_by_run(ws)] == [9], "four series were never paid for"
        report = next((ws / "runs" / "gates").glob("*.json"))
        assert cli("gate", "verify", str(report)).code == 0

    def test_what_is_hopeless_ends_at_the_first_look(self, ws: Path, cli: Cli) -> None:
        policy(ws)
        done = cli(*GATE, "--base", BETTER, "--candidate", PLAIN, "--format", "json")
        assert done.code == 3
        told = json.loads(done.out)
        assert told["look"] == 1
        assert told["verdict"]["reasons"][0].startswith("Stopped at look 1: the chance that the rest of the cases shows a gain is 0.0%")
        assert [len(found) for found in series_by_run(ws)] == [5]
        again = cli(*GATE, "--base", BETTER, "--candidate", PLAIN, "--format", "json")
        assert "kept" not in again.err
        assert json.loads(again.out)["attempt"] == 2, "what came to its end is not gone on with: the same gate again is another attempt"

    def test_what_is_not_settled_goes_on_to_the_end(self, ws: Path, cli: Cli) -> None:
        """A gain that is real, and smaller than the policy asks for: no early look can settle it."""
        policy(ws, futility=0.0, effect=1.0)
        done = cli(*GATE, "--base", PLAIN, "--candidate", BETTER, "--format", "json")
        assert done.code == 3
        told = json.loads(done.out)
        assert (told["look"], told["verdict"]["units"]) == (3, 13)
        assert "Look 1 of 3: not settled yet" in done.err
        assert "Look 2 of 3: not settled yet" in done.err
        assert "worth it" in told["verdict"]["reasons"][0]
        parts = series_by_run(ws)
        assert [len(found) for found in parts] == [5, 4, 4]
        assert len(set.union(*parts)) == 13
        assert told["attempt"] == 1, "three looks are one attempt"
        assert len(query.gates(Workspace(ws))) == 1

    def test_killed_between_looks_it_goes_on_and_pays_nothing_twice(self, ws: Path, cli: Cli) -> None:
        policy(ws, futility=0.0, effect=1.0)
        asked = [*GATE, "--base", PLAIN, "--candidate", BETTER]
        # The first look takes five series of two cases, by both versions.
        process = warm.popen(str(2 * 10 + 1), "-w", str(ws), *asked, script=warm.DIES)
        process.communicate()
        assert process.returncode == -9, "it ended before it was killed"
        under_way = ws / "runs" / "gates-under-way"
        assert any('"2"' in path.read_text("utf-8") for path in under_way.glob("*.json")), "it died in the second look"
        assert not list((ws / "runs" / "gates").glob("*.json")), "no verdict was written"
        before = len(query.generations(Workspace(ws)))
        ahead = json.loads(cli(*asked, "--dry-run", "--format", "json").out)
        assert [look["generations"] for look in ahead["looks"]][::2] == [0, 2 * 8], "the first look is done, the third has 4 series to come"

        done = cli(*asked, "--format", "json")
        assert done.code == 3, done.err
        assert "Look 1 of 3: kept, run" in done.err
        made = query.generations(Workspace(ws))
        assert not made["job_id"].duplicated().any(), "no job was made twice"
        assert len(made) == 2 * 26 == before + ahead["generations"], "the dry run counted what was open"
        assert json.loads(done.out)["verdict"]["units"] == 13
        assert not list(under_way.glob("*.json")), "what came to its end is not gone on with"
