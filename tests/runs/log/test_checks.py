"""Checks over a log: what people say of findings is counted in the database as `evals.waivers` would count it one by one."""

from __future__ import annotations

import itertools
import json
from collections import Counter

import duckdb
import log_story as story
import pytest
import yaml

from evals.waiverfile import FILE
from evals.waivers import About, judged, load_waivers
from runs import events as ev
from runs import query, schema, waived
from runs.contents import compare
from runs.log import fold, fold_anew
from runs.workspace import Workspace

CHECKS, QUOTES, PLACES = ("C01", "S14"), ("He walks.", 'It\'s 50% "off"', ""), (["s1", "l2"], ["s2"], [])
WAIVERS = [
    {"check": "C01", "verdict": "right", "series": "series-0", "quote": "walk"},
    {"check": "C01", "verdict": "wrong", "artifact": f"{3:064x}"},
    {"check": "C01", "verdict": "meant", "quote": '50% "off', "place": "s2"},
    {"check": "C01", "verdict": "wrong", "case": "case-1", "place": "l2"},
    {"check": "S14", "verdict": "meant", "series": "series-1"},
    {"check": "S14", "verdict": "wrong", "case": "case-1"},
]


@pytest.fixture
def told(ws: Workspace) -> Workspace:
    """Two runs whose findings differ in everything that a waiver may name."""
    kinds = itertools.cycle(itertools.product(CHECKS, ("block", "warn", None), QUOTES, PLACES))
    for run in ("r", "s"):
        events = [story.plan(run, 12)]
        for n in range(12):
            found = [
                {"check": check, "check_version": "1", "severity": severity, "where": where, "quote": quote, "message": "x"}
                for check, severity, quote, where in itertools.islice(kinds, 7)
            ]
            marks = ev.Scores(run_id=run, at=story.at(n), job_id=story.job_id(run, n), scores=[story.score("logic", 1.0, findings=found)])
            events += [story.generation(run, n), marks]
        story.write(ws, f"{run}.jsonl", events)
    ws.evals.mkdir(exist_ok=True)
    say(ws, WAIVERS)
    return ws


def say(ws: Workspace, waivers: list[dict[str, str]]) -> None:
    said = [{"who": "lin", "why": "so it is", "at": "2026-11-25", **waiver} for waiver in waivers]
    (ws.evals / FILE).write_text(yaml.safe_dump({"waivers": said}), "utf-8")


def one_by_one(ws: Workspace, run: str | None) -> dict[tuple[str, ...], int]:
    made = query.generations(ws).set_index("job_id")["artifact"]
    counts: Counter[tuple[str, ...]] = Counter()
    for row in query.findings(ws, run).to_dict("records"):
        artifact = made[row["job_id"]]
        about = About(
            check=row["check"], where=tuple(json.loads(row["where"])), quote=row["quote"], series=row["series"], case=row["case_id"],
            artifacts=(artifact,) if isinstance(artifact, str) else (),
        )  # fmt: skip
        waiver = judged(load_waivers(ws.evals), about)
        severity = row["severity"] if isinstance(row["severity"], str) else ""
        counts[row["check"], severity, row["arm"] if run else "", waiver.verdict if waiver else "unjudged"] += 1
    return dict(counts)


def counted(ws: Workspace, run: str | None) -> dict[tuple[str, ...], int]:
    verdicts = ("right", "meant", "wrong", "unjudged")
    return {
        (row["check"], row["severity"], row["arm"] if run else "", verdict): row[verdict]
        for row in query.checks(ws, run).to_dict("records")
        for verdict in verdicts
        if row[verdict]
    }


@pytest.mark.parametrize("run", [None, "r"])
def test_checks_are_counted_as_one_by_one(told: Workspace, run: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rolled up and not, and whatever comes next: other waivers, none, a file that is none, scores again, another output, another run."""
    expected = one_by_one(told, run)
    assert {verdict for *_, verdict in expected} == {"right", "meant", "wrong", "unjudged"}
    assert counted(told, run) == expected
    with monkeypatch.context() as patch:
        patch.setattr(waived, "held", lambda *_: False)
        assert counted(told, run) == expected, "where no fold may write"
    for waivers in (WAIVERS[::-1], WAIVERS[2:], [], WAIVERS):
        say(told, waivers)
        assert counted(told, run) == one_by_one(told, run), waivers
    (told.evals / FILE).write_text("waivers: 7", "utf-8")
    fold(told)
    say(told, WAIVERS)
    assert counted(told, run) == expected
    marks = [story.score("logic", 0.5, findings=[{**story.FINDING, "check": "S14", "quote": "", "where": []}])]
    again = [ev.Scores(run_id="r", at=story.at(20), job_id=story.job_id("r", n), scores=marks) for n in range(6)]
    other = story.generation("r", 5, 21, artifacts=[{"kind": "image", "media_type": "image/png", "sha256": f"{3:064x}", "bytes": 9}])
    story.write(told, "t.jsonl", [*again, other])
    assert counted(told, run) == one_by_one(told, run) != expected
    anew = told.runs / "anew.duckdb"
    fold_anew(told, anew)
    assert compare(told.log, anew) == {}


def test_a_log_of_before_has_the_same_roll_up_as_one_made_anew(told: Workspace) -> None:
    fold(told)
    with duckdb.connect(str(told.log), config=schema.CONFIG) as con:
        con.execute("drop table rollup_run_check")
        dict(schema.MIGRATIONS)["0010 roll-up of checks"](con)
    anew = told.runs / "anew.duckdb"
    fold_anew(told, anew)
    assert compare(told.log, anew) == {}
    assert query.checks(told)["findings"].sum() == 24 * 7
