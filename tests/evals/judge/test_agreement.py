"""Agreement with people, against known examples and an independent implementation; and what is enough of it."""

from __future__ import annotations

import random
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa, to_table

from evals.judge.agreement import Pair, agreement, interval, kappa, length_bias, position_bias, retest
from evals.judge.calibration import assess, is_calibrated, record, standings, why_not
from evals.policy import load_policy
from evals.reliability import alpha
from runs.gating import unchecked_judges
from runs.workspace import Workspace

POLICY = """\
alpha = 0.05
attempts = { total = 0.08, schedule = "zeta2" }
unit = "series_id"
min_units = 8
min_cases = 12
repeats = 2
looks = { plan = "fixed" }
[primary."r.hook@m"]
direction = "up"
worst = 0.0
min_effect = 0.01
[primary.logic]
direction = "up"
worst = 0.0
min_effect = 0.01
[guardrails."r.voice@m"]
direction = "up"
worst = 0.0
margin = 0.1
[approval]
reviewers = 1
author_may_approve = false
"""


def pairs(n: int = 120, right: float = 0.9, units: int = 12, seed: int = 1, yes: float = 0.5) -> list[Pair]:
    rng = random.Random(seed)
    out = []
    for i in range(n):
        human = float(rng.random() < yes)
        judge = human if rng.random() < right else 1 - human
        out.append(Pair(f"s{i % units}", human, judge, rng.randrange(500, 900)))
    return out


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=60))
def test_kappa_is_that_of_statsmodels(rows: list[tuple[int, int]]) -> None:
    mine = kappa([Pair("s", a, b) for a, b in rows])
    if mine is None:
        assert len({x for row in rows for x in row}) == 1
        return
    table, _ = to_table([list(row) for row in rows])
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):  # its standard errors, not its kappa
        theirs = float(cohens_kappa(table).kappa)
    assert mine == pytest.approx(theirs)


def test_alpha_of_the_textbook_example() -> None:
    """Krippendorff's four observers and twelve units with missing ratings: 0.743 for nominal data."""
    a = [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None]
    b = [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3]
    c = [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None]
    d = [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None]
    columns = [[x for x in row if x is not None] for row in zip(a, b, c, d, strict=True)]
    assert alpha(columns) == pytest.approx(0.743, abs=0.0005)


def test_what_says_nothing_is_none_and_not_a_number() -> None:
    assert alpha([[1], [2]]) is None
    assert alpha([[1, 1], [1, 1]]) is None
    assert kappa([Pair("s", 1, 1)] * 3) is None
    assert length_bias([Pair("s", 1, 1, 5)] * 3) is None
    assert position_bias([]) is None
    assert interval(pairs(units=1), kappa) == (None, None)
    assert retest([]) is None


def test_biases_are_seen() -> None:
    longer = [Pair("s", 0, float(n > 500), n) for n in range(0, 1000, 10)]
    assert length_bias(longer) == pytest.approx(0.87, abs=0.02)
    assert position_bias([True] * 9 + [False]) == pytest.approx(0.4)
    assert retest([{"a": 1.0, "b": 0.0}, {"a": 1.0, "b": 0.0}]) == 1.0


@pytest.mark.slow
def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """Nine of ten judges right: kappa 0.8. Forty samples of twelve series; at most six intervals may miss it."""
    missed = 0
    for seed in range(40):
        lo, hi = interval(pairs(seed=seed), kappa, seed)
        assert lo is not None and hi is not None
        missed += not lo <= 0.8 <= hi
    assert missed <= 6


def test_a_good_judge_is_calibrated_and_others_are_told_why_not() -> None:
    assert assess(agreement(pairs())).calibrated
    assert "of 40 rated scripts" in assess(agreement(pairs(n=30))).reason
    assert "of 5 series" in assess(agreement(pairs(units=3))).reason
    assert "kappa may be as low as" in assess(agreement(pairs(right=0.6))).reason
    always_yes = [Pair(p.unit, p.human, 1.0) for p in pairs(yes=0.7)]
    assert "says yes 100% of the time" in assess(agreement(always_yes)).reason
    assert "one answer only" in assess(agreement([Pair(f"s{n % 9}", 1.0, 1.0) for n in range(60)])).reason


def test_a_calibration_holds_for_one_model_and_one_rubric_only(tmp_path: Path) -> None:
    found = agreement(pairs())
    assert not is_calibrated(tmp_path, "judge/r@m", "v1", "r.hook@m")
    record(tmp_path, "judge/r@m", "v1", {"hook": (found, assess(found))}, "2026-11-25T00:00:00Z")
    assert is_calibrated(tmp_path, "judge/r@m", "v1", "r.hook@m")
    for scorer, version, metric in (("judge/r@m", "v2", "r.hook@m"), ("judge/r@n", "v1", "r.hook@n"), ("judge/r@m", "v1", "r.voice@m")):
        assert not is_calibrated(tmp_path, scorer, version, metric)
    assert is_calibrated(tmp_path, "logic", "1", "logic")
    bad = agreement(pairs(right=0.5))
    record(tmp_path, "judge/r@m", "v1", {"hook": (bad, assess(bad))}, "2026-11-26T00:00:00Z")
    assert not is_calibrated(tmp_path, "judge/r@m", "v1", "r.hook@m")
    assert "r.hook@m is a judge's advice: kappa may be as low as" in why_not(tmp_path, "judge/r@m", "v1", "r.hook@m")
    assert standings(tmp_path, "judge/r@m", "v1")["hook"].items == 120


def test_a_gate_lets_no_judge_decide_whom_people_did_not_confirm(tmp_path: Path) -> None:
    """As its primary metric; what a judge says may still be a guardrail. Other scorers need nobody."""
    ws = Workspace(tmp_path)
    ws.evals.mkdir()
    (tmp_path / "p.toml").write_text(POLICY, "utf-8")
    policy = load_policy(tmp_path / "p.toml")
    metrics = [{"name": "r.hook@m"}, {"name": "r.voice@m"}]
    scorers = [
        {"name": "judge/r@m", "version": "v1", "metrics": metrics},
        {"name": "logic", "version": "2", "metrics": [{"name": "logic"}]},
    ]
    refused = unchecked_judges(ws, policy, scorers)
    assert list(refused) == ["r.hook@m"]
    assert "not confirmed by people" in refused["r.hook@m"]
    found = agreement(pairs())
    record(ws.evals, "judge/r@m", "v1", {"hook": (found, assess(found))}, "2026-11-25T00:00:00Z")
    assert unchecked_judges(ws, policy, scorers) == {}
