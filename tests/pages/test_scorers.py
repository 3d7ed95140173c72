"""Scorers: what is counted from the log, and that nothing is said where nothing was counted."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import log_story as story
import page_story
import pandas as pd
import pytest

from evals.judge.agreement import Agreement
from evals.judge.calibration import recorded
from evals.waivers import Waiver, add_waiver
from pages.ui import agreement
from runs import events as ev
from runs import query
from runs.compare import find_arms
from runs.ratings import Ballot, begin, view
from runs.workspace import Workspace

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

Open = Callable[..., "AppTest"]
EMOTIONS = ("joy", "anger")


def drawn(n: int) -> Mapping[str, Any]:
    """Return what the studio tells of output n: lively in steps, every other one after its reference."""
    person = {"reference": n % 2 == 0, "emotion": EMOTIONS[n % 2], "liveliness": n / 24, "blinks": [0.5] * (n % 3)}
    return {"kind": "clip", "people": [person]}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A log of 24 simulated clips whose scores follow the truth, but for the emotion of every fourth; scored again by a newer version."""
    ws = story.workspace(tmp_path_factory.mktemp("told"))
    events: list[ev.Event] = [story.plan("r", 24, cases=12)]
    for n in range(24):
        done = replace(story.generation("r", n, 1 + n), status="ok", error="", message="", truth=drawn(n))
        events.append(done)
        shown = {name: float(name == EMOTIONS[(n + (n % 4 == 0)) % 2]) for name in EMOTIONS}
        evidence = {"people": [{"emotion": {"shown": shown}, "blinks": [0.5] * (n % 3)}]}
        for version, shift in (("1", 0.0), ("2", 0.01)):
            scores = [story.score("expression", 0.5, **evidence), story.score("stiffness", 1 - n / 24 + shift)]
            scores += [story.score("face_match", 0.9 - n / 100 if n % 2 == 0 else 0.3)]
            replies = {"judge": {"replies": [{"job": f"asked-{n}", "cost_usd": 0.25}]}}
            scores += [story.score(f"script.{name}@m", 1.0, "judge/script@m", **replies) for name in ("hook", "stakes")]
            for score in scores:
                score["scorer_version"] = version
            events.append(
                ev.Scores(run_id="r", at=story.at(100 + n + (50 if version == "2" else 0)), job_id=story.job_id("r", n), scores=scores)
            )
    story.write(ws, "a.jsonl", events)
    return ws


# Beside the truth


def test_scores_are_set_beside_what_was_drawn(told: Workspace) -> None:
    """Stiffness falls as liveliness grows, faces after the reference match better; the emotion is wrong every fourth time."""
    frame = agreement.with_truth(query.truths(told))
    by = {(row.Scorer, row.Measure): row for row in frame.itertuples()}
    assert by["stiffness", "rank correlation"].Value == pytest.approx(1.0)
    assert by["face_consistency", "AUC"].Value == 1.0
    shares = frame[frame["Measure"] == "share"]
    assert shares["Value"].tolist() == [0.75, 1.0]
    assert shares["Interval"].iloc[0] == "0.53 … 0.90"
    assert set(frame["Outputs"]) == {24}


def test_too_few_outputs_get_no_correlation(told: Workspace) -> None:
    frame = agreement.with_truth(query.truths(told, newest=6))
    assert set(frame["Measure"]) == {"share"}


def test_planted_faults_are_counted_where_they_are(workspace: Workspace) -> None:
    """Scripts of the real writer, judged by the real checks: all are found, though the plain template lets it make up ids."""
    rows = query.planted(workspace).set_index("fault")
    assert {"overlong", "exit_speaks"} <= set(rows.index)
    assert (rows["planted"] > 0).all()
    assert (rows["found"] == rows["planted"]).all()
    assert (rows["right"] + rows["open"] == rows["said"]).all(), "nothing is found that was neither planted nor left open"
    assert rows.loc[rows["check"] == "C01", "open"].sum() > 0
    shown = agreement.with_planted(rows.reset_index()).set_index("Fault")
    assert shown.loc["overlong", "Found"] == 1.0
    assert shown.loc["overlong", "Interval"].endswith("100%")


def test_without_truth_there_is_nothing_to_compare(tmp_path: Path) -> None:
    ws = story.workspace(tmp_path / "real")
    story.write(ws, "a.jsonl", story.story("r", 8))
    assert agreement.with_truth(query.truths(ws)).empty
    assert agreement.with_planted(query.planted(ws)).empty


# Beside people


def rated(metric: str, rows: list[tuple[float, float, float]], direction: str = "up") -> pd.DataFrame:
    same = {"queue": "q", "case_id": "c", "metric": metric, "direction": direction, "votes": 1}
    found = [{**same, "item": f"i{n}", "series": f"s{n}", "value_a": a, "value_b": b, "preference": p} for n, (a, b, p) in enumerate(rows)]
    return pd.DataFrame(found).astype(dict(query.COLUMNS["rated_scores"]))


@pytest.mark.parametrize(("direction", "share"), [("up", 0.75), ("down", 0.25)])
def test_agreement_with_votes_knows_the_direction_and_leaves_out_what_says_nothing(direction: str, share: float) -> None:
    frame = rated("stiffness", [(0.1, 0.9, 1), (0.2, 0.8, 1), (0.9, 0.1, -1), (0.1, 0.9, -1), (0.5, 0.5, 1), (0.1, 0.9, 0)], direction)
    row = agreement.with_votes(frame).iloc[0]
    assert (row["Agrees with people"], row["Pairs"], row["Even or split"]) == (share, 4, 2)


def test_a_metric_that_calls_every_pair_even_says_nothing() -> None:
    """Nor does one without a value in one arm; others are counted all the same."""
    even, gone = rated("cost", [(0.0, 0.0, 1), (0.0, 0.0, -1)], "down"), rated("logic", [(0.1, math.nan, 1), (0.1, 0.9, 0)], "up")
    frame = pd.concat([even, gone, rated("stiffness", [(0.1, 0.9, 1), (math.nan, 0.9, -1)], "up")], ignore_index=True)
    rows = agreement.with_votes(frame).set_index("Metric")
    assert rows[["Agrees with people", "Pairs", "Even or split"]].to_dict("index") == {
        "stiffness": {"Agrees with people": 1.0, "Pairs": 1, "Even or split": 1}
    }


def test_votes_and_scores_meet_in_the_log(workspace: Workspace, tmp_path: Path) -> None:
    """People prefer B throughout; so does face consistency, but for the one case in which B is no better."""
    ws = Workspace(Path(shutil.copytree(workspace.root, tmp_path / "drama")))
    queue = begin(ws, *find_arms(ws, f"{page_story.SHOTS}:a", f"{page_story.SHOTS}:b"), actor="x", seed=1)
    with Ballot(ws, queue, "ann") as ballot:
        for shown in view(query.queue(ws, queue), "ann"):
            ballot.cast(shown.item, "left" if shown.left_arm == "b" else "right")
    frame = query.rated_scores(ws)
    assert frame["preference"].eq(1.0).all()
    assert frame.groupby("metric").size()["face_consistency"] == 15
    rows = agreement.with_votes(frame).set_index("Metric")
    assert 0.8 < rows.loc["face consistency", "Agrees with people"] < 1.0
    assert rows.loc["stiffness", "Agrees with people"] > 0.9


def test_judges_stand_as_they_were_recorded(tmp_path: Path) -> None:
    from evals.judge.calibration import assess, record

    assert recorded(tmp_path) == []
    numbers = dict.fromkeys(Agreement.__dataclass_fields__, 0)
    found = Agreement(**{**numbers, "kappa": None, "kappa_lo": None, "kappa_hi": None})  # type: ignore[arg-type]
    record(tmp_path, "judge/x@m", "9f3a", {"hook": (found, assess(found))}, "2026-11-25T00:00:00Z")
    row = agreement.of_judges(recorded(tmp_path)).iloc[0]
    assert (row["Judge"], row["Criterion"], row["Standing"], row["Interval"]) == ("judge/x@m", "hook", ["○ advice only"], "–")
    assert "0 of 40" in row["Why"]


# Versions and work


def test_drift_compares_two_versions_on_the_same_outputs(told: Workspace) -> None:
    rows = query.drift(told).set_index("metric")
    assert rows.loc["stiffness", ["before", "after", "jobs", "changed"]].tolist() == ["1", "2", 24, 24]
    assert rows.loc["stiffness", "mean_after"] - rows.loc["stiffness", "mean_before"] == pytest.approx(0.01)
    assert rows.loc["expression", "changed"] == 0


def test_work_is_counted_by_version_and_an_unknown_cost_is_none(told: Workspace) -> None:
    rows = query.workload(told).set_index("scorer")
    row = rows.loc["judge"]
    assert (row["version"], row["scores"], row["ok"], row["failed"]) == ("2", 72, 72, 0)
    assert row["cost_usd"] != row["cost_usd"]
    assert row["waited_s"] > 0


def test_a_reply_that_answers_two_questions_is_billed_once(told: Workspace) -> None:
    row = query.workload(told).set_index("scorer").loc["judge/script@m"]
    assert (row["metrics"], row["scores"], row["cost_usd"]) == (2, 48, 6.0)


# The page


@pytest.mark.slow
def test_an_empty_log_says_how_to_fill_it(app: Open, tmp_path: Path) -> None:
    at = app("calibrate.py", of=story.workspace(tmp_path / "empty"))
    assert "Nothing has been scored yet" in at.text[0].value
    assert at.get("page_link")
    assert not at.dataframe


@pytest.mark.slow
def test_every_part_is_there_or_says_what_is_missing(app: Open, workspace: Workspace, told: Workspace) -> None:
    at = app("calibrate.py", of=workspace)
    words = "\n".join(text.value for text in at.text)
    for missing in (
        "No simulated picture or clip",
        "No pair that people judged",
        "No judge was compared",
        "No output was scored by two versions",
    ):
        assert missing in words
    assert "overlong" in at.dataframe[0].value["Fault"].tolist()
    spoken = at.dataframe[1].value.set_index("Check")
    assert spoken.loc["C02", "Catches"] == "someone speaks or acts without being there"
    other = app("calibrate.py", of=told)
    assert other.dataframe[0].value["Scorer"].tolist() == ["stiffness", "face consistency", "expression", "expression"]


@pytest.mark.slow
def test_what_people_say_of_findings_is_the_precision_of_a_check_at_once(app: Open, workspace: Workspace, tmp_path: Path) -> None:
    """The log does not change by it, and what the page keeps of the log is no excuse."""
    ws = Workspace(Path(shutil.copytree(workspace.root, tmp_path / "drama")))

    def precision() -> float:
        at = app("calibrate.py", of=ws)
        [shown] = [f.value for f in at.dataframe if "Precision" in f.value.columns]
        return float(shown.set_index("Check").loc["C02", "Precision"])

    assert precision() != precision()  # NaN: nobody has said anything
    found = query.findings(ws)
    quotes = found[found["check"] == "C02"]["quote"].unique()
    for verdict, quote in (("right", quotes[0]), ("wrong", quotes[-1])):
        add_waiver(ws.evals, Waiver(check="C02", verdict=verdict, quote=quote, who="lin", why="a ghost", at=date(2026, 11, 25)))
    assert len(quotes) > 1
    assert 0 < precision() < 1
