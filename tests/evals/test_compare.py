"""Two arms are compared by pairs of cases, counted by series; the answer is in words that a film maker reads."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.compare import compare
from evals.score import Metric
from evals.sentence import change, sentence
from prompts.errors import InputError, UnknownName
from tests.support.compare_material import BEATS, COST, FACE, STIFF, rows

ROOT = Path(__file__).parents[2]


def with_scores(frame: pd.DataFrame, *, status: dict[int, str]) -> pd.DataFrame:
    """Give rows a score status other than ok; such a row has no value."""
    frame = frame.assign(**{f"{FACE.name}__status": "ok"})
    for row, word in status.items():
        frame.loc[row, f"{FACE.name}__status"] = word
        frame.loc[row, FACE.name] = np.nan
    return frame


def face(frame: pd.DataFrame, **options: Any) -> Any:
    return compare(frame, [FACE], "a", "b", **options).result(FACE.name)


class TestPairs:
    """Which values stand for a case."""

    def test_cases_are_paired_and_units_averaged(self) -> None:
        """A series with three cases weighs as much as one with a single case."""
        frame = pd.DataFrame(
            [
                ("a", "s1", "c1", 0.2), ("b", "s1", "c1", 0.4), ("a", "s1", "c2", 0.3), ("b", "s1", "c2", 0.3),
                ("a", "s2", "c3", 0.5), ("b", "s2", "c3", 0.9),
            ],
            columns=["arm", "series", "case", FACE.name],
        ).assign(status="ok")  # fmt: skip
        result = face(frame)
        assert (result.units, result.cases) == (2, 3)
        assert result.delta == pytest.approx((0.1 + 0.4) / 2)
        assert result.mean_b - result.mean_a == pytest.approx(result.delta)
        assert (result.by_unit.better, result.by_unit.worse, result.by_unit.same) == (2, 0, 0)
        assert (result.by_case.better, result.by_case.worse, result.by_case.same) == (2, 0, 1)

    def test_repeats_are_averaged_before_they_are_paired(self) -> None:
        """Five repeats of a case are no five cases, and arms may have different numbers of them."""
        frame = pd.concat([rows(9, cases=1), rows(9, cases=1).query("arm == 'a'")])
        result = face(frame)
        assert (result.units, result.cases) == (9, 9)
        assert result.by_unit.same == 9

    @pytest.mark.parametrize("generation", ["failed", "refused"])
    def test_a_failed_generation_counts_as_the_worst_value(self, generation: str) -> None:
        """Dropping it would reward the template that fails on hard cases."""
        frame = rows()
        frame.loc[1, ["status", FACE.name]] = [generation, np.nan]
        result = face(frame)
        assert result.failed == (0, 1)
        assert compare(frame, [FACE], "a", "b").cases(FACE.name).iloc[0][["b", "change", "failed_b"]].to_list() == [0.0, "failed", 1]
        assert result.excluded == ({}, {})

    def test_a_failed_score_counts_as_the_worst_value(self) -> None:
        """The output itself is to blame; for a metric where less is better the worst is 1."""
        frame = with_scores(rows(), status={0: "failed"})
        assert face(frame).failed == (1, 0)
        frame = rows().rename(columns={FACE.name: STIFF.name})
        frame.loc[0, ["status", STIFF.name]] = ["failed", np.nan]
        assert compare(frame, [STIFF], "a", "b").cases(STIFF.name).query("failed_a == 1")["a"].to_list() == [1.0]

    @pytest.mark.parametrize(
        ("status", "reason"),
        [
            ("not_applicable", "not applicable"),
            ("not_scoreable", "not scoreable"),
            ("unavailable", "scorer not installed"),
            ("error", "scorer broke"),
        ],
    )
    def test_what_nobody_is_to_blame_for_is_left_out_and_counted(self, status: str, reason: str) -> None:
        """The case has no pair then, and says in which arm it is missing."""
        comparison = compare(with_scores(rows(), status={1: status}), [FACE], "a", "b")
        result = comparison.result(FACE.name)
        assert result.excluded == ({}, {reason: 1})
        assert (result.only_a, result.only_b) == (("s00.c0",), ())
        assert result.cases == 23
        assert comparison.cases(FACE.name).iloc[-1][["case", "change", "missing"]].to_list() == ["s00.c0", "missing", "b"]

    def test_a_failed_generation_does_not_hide_behind_a_scorer(self) -> None:
        """A scorer that could not score a failed generation does not turn the failure to a gap."""
        frame = with_scores(rows(), status={1: "unavailable"})
        frame.loc[1, "status"] = "failed"
        assert face(frame).failed == (0, 1)

    def test_where_a_metric_does_not_apply_a_failure_does_not_count(self) -> None:
        """No face was asked for."""
        frame = with_scores(rows(), status={1: "not_applicable"})
        frame.loc[1, "status"] = "failed"
        assert face(frame).failed == (0, 0)

    @pytest.mark.parametrize(
        ("status", "reason"), [("budget", "budget"), ("unknown_submission", "unknown submission"), ("ok", "not scored")]
    )
    def test_a_generation_that_never_came_to_be_is_left_out(self, status: str, reason: str) -> None:
        """A budget that ran out is no fault of the template."""
        frame = rows()
        frame.loc[0, ["status", FACE.name]] = [status, np.nan]
        assert face(frame).excluded == ({reason: 1}, {})

    def test_a_failure_without_a_worst_value_is_left_out_and_said(self) -> None:
        """An unknown price is no bargain; a failed generation that was paid for has its cost."""
        frame = rows().assign(cost=0.04)
        frame.loc[0, ["status", "cost"]] = ["failed", np.nan]
        frame.loc[2, "status"] = "failed"
        result = compare(frame, [COST], "a", "b").result("cost")
        assert result.excluded == ({"failed, no worst value known": 1}, {})
        assert result.cases == 23

    def test_a_metric_without_a_column_has_no_pairs(self) -> None:
        """The report says so instead of breaking."""
        result = compare(rows(), [BEATS], "a", "b").result("beats")
        assert (result.verdict, result.delta, result.mean_a, result.units) == ("insufficient", None, None, 0)
        assert result.sentence == "Beats: no case has a value in both arms."


class TestVerdicts:
    """One word, and a sentence without p-values."""

    def test_a_clear_gain_is_better(self) -> None:
        result = face(rows(gain=0.1, noise=0.02))
        assert result.verdict == "better"
        assert result.lo > 0
        assert result.more_units is None
        assert result.sentence.startswith("On 12 series B raises face consistency by 0.")
        assert "we are 90 % sure that the change lies between +0." in result.sentence
        assert "Better in 12 series, worse in 0, same in 0." in result.sentence

    def test_a_clear_loss_is_worse(self) -> None:
        result = face(rows(gain=-0.1, noise=0.02))
        assert result.verdict == "worse"
        assert result.gain_hi < 0
        assert "B lowers face consistency by 0." in result.sentence
        assert "which is worse" in result.sentence

    def test_less_is_better_where_the_metric_says_so(self) -> None:
        frame = rows(gain=-0.1, noise=0.02).rename(columns={FACE.name: STIFF.name})
        result = compare(frame, [STIFF], "a", "b").result(STIFF.name)
        assert result.verdict == "better"
        assert result.delta < 0 < result.gain_lo <= result.gain <= result.gain_hi
        assert "lowers stiffness by 0." in result.sentence
        assert "which is better" in result.sentence

    def test_an_unclear_result_says_what_would_settle_it(self) -> None:
        result = face(rows(gain=0.0, noise=0.1, seed=2))
        assert result.verdict == "unclear"
        assert "it is unclear whether B changes face consistency" in result.sentence
        assert f"about {result.more_units:,} more series" in result.sentence

    @pytest.mark.parametrize(
        ("open_ends", "words"), [(("lo",), "lies below +0."), (("hi",), "lies above +0."), (("lo", "hi"), "lies anywhere")]
    )
    def test_an_end_that_the_data_do_not_bound_is_not_made_up(self, open_ends: tuple[str, ...], words: str) -> None:
        result = replace(face(rows(gain=0.1, noise=0.02)), **dict.fromkeys(open_ends))
        assert words in sentence(result, unit="series", alpha=0.05)
        assert [change(result, getattr(result, end)) for end in open_ends] == ["?"] * len(open_ends)

    def test_an_interval_above_zero_without_a_verdict_says_why(self) -> None:
        """Three of ten series gained and none lost: one time in eight chance gives that."""
        result = face(paired([(50, 80), (50, 85), (50, 90)] + [(50, 50)] * 7, 0.01))
        assert result.verdict == "unclear"
        assert result.lo > 0
        assert "but the signs of the 3 series that moved could be chance" in result.sentence

    def test_a_tiny_change_cannot_be_settled(self) -> None:
        """Gains and losses of 0.1 that all but cancel: thousands of series would be needed."""
        result = face(paired([(50, 60), (50, 40)] * 5 + [(50, 50), (500, 501)], 0.001))
        assert result.verdict == "unclear"
        assert result.more_units > 2000
        assert "cannot be settled with any sensible number of series" in result.sentence

    def test_the_same_outputs_are_unclear_and_never_called_no_difference(self) -> None:
        result = face(rows())
        assert (result.verdict, result.delta, result.more_units) == ("unclear", 0.0, None)
        assert "B gave the same face consistency in all 12 series" in result.sentence

    @pytest.mark.parametrize("n", [1, 2, 7])
    def test_few_series_are_insufficient_however_large_the_gain(self, n: int) -> None:
        comparison = compare(rows(n, gain=0.3, noise=0.01, cases=5), [FACE], "a", "b")
        result = comparison.result(FACE.name)
        assert result.verdict == "insufficient"
        assert f"Only {n} series" in result.sentence
        assert "seen so far: +0." in result.sentence
        assert any("Fewer than 8 series" in warning for warning in comparison.warnings)

    def test_no_sentence_holds_a_p_value_or_no_difference(self) -> None:
        """For all kinds of verdict."""
        for gain in (-0.2, -0.02, 0.0, 0.02, 0.2):
            for n in (3, 12):
                text = face(rows(n, gain=gain, noise=0.05)).sentence
                assert "p =" not in text
                assert "no difference" not in text.lower()

    def test_cases_as_units_are_called_cases(self) -> None:
        result = face(rows(gain=0.1, noise=0.02), unit="case")
        assert result.units == 24
        assert "On 24 cases B raises" in result.sentence

    def test_an_interval_stays_within_the_scale(self) -> None:
        frame = rows(8, cases=1)
        frame.loc[frame["arm"] == "b", FACE.name] = frame.loc[frame["arm"] == "a", FACE.name].to_numpy() + np.array([0.3] + [0.0] * 7)
        result = face(frame)
        assert result.hi is not None
        assert result.hi <= 1.0


class TestSpending:
    """Cost and latency are ratios."""

    def test_ten_per_cent_more_is_ten_per_cent_more(self) -> None:
        """Whatever each case costs."""
        rng = np.random.default_rng(0)
        frame = rows()
        base = np.repeat(rng.lognormal(-3, 1, len(frame) // 2), 2)
        frame["cost"] = base * np.where(frame["arm"] == "b", 1.1, 1.0) * rng.lognormal(0, 0.01, len(frame))
        result = compare(frame, [COST], "a", "b").result("cost")
        assert result.scale == "ratio"
        assert result.delta == pytest.approx(0.1, abs=0.01)
        assert result.mean_b / result.mean_a == pytest.approx(1 + result.delta)
        assert result.verdict == "worse"
        assert "raises cost by" in result.sentence
        assert " %, which is worse" in result.sentence

    def test_a_free_generation_makes_it_a_difference(self) -> None:
        """Nothing has no logarithm."""
        frame = rows().assign(cost=0.04)
        frame.loc[0, "cost"] = 0.0
        assert compare(frame, [COST], "a", "b").result("cost").scale == "difference"


class TestWarnings:
    """What a reader must know before the numbers."""

    def test_a_clean_comparison_has_none(self) -> None:
        frame = rows().assign(model="m", simulated=False, **{f"{FACE.name}__version": "1"})
        assert compare(frame, [FACE], "a", "b").warnings == ()

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda f: f.assign(simulated=True), "Both arms are simulated"),
            (lambda f: f.assign(simulated=f["arm"] == "a"), "cannot be compared"),
            (lambda f: f.drop(index=f.index[-1]), "1 case is (s11.c1) only in A."),
            (lambda f: f.drop(index=f.index[-8::2]), "4 cases are (s10.c0, s10.c1, s11.c0, s11.c1) only in B."),
            (lambda f: f.assign(model=f["arm"]), "The models differ: A a, B b."),
            (lambda f: f.assign(model=f["case"]), "Each arm mixes the models"),
            (lambda f: f.assign(**{f"{FACE.name}__version": f["arm"]}), "different scorer versions: A a, B b"),
            (lambda f: f.assign(**{FACE.name: f[FACE.name].where(f.index > 5)}), "have a value in one arm only"),
        ],
    )
    def test_a_caveat_is_told(self, change: Any, words: str) -> None:
        frame = change(rows())
        if "have a value in one arm only" in words:
            frame.loc[[1, 3, 5], FACE.name] = 0.5
        assert any(words in warning for warning in compare(frame, [FACE], "a", "b").warnings)


def test_a_frame_without_the_columns_is_refused() -> None:
    """The message names the column."""
    with pytest.raises(InputError, match="no column series"):
        compare(rows().drop(columns="series"), [FACE], "a", "b")
    with pytest.raises(InputError, match="alpha"):
        compare(rows(), [FACE], "a", "b", alpha=0.7)
    with pytest.raises(UnknownName, match="face_consistency"):
        compare(rows(), [FACE], "a", "b").result("face")


def test_arms_that_are_not_there_have_no_pairs() -> None:
    """An empty arm is no crash."""
    comparison = compare(rows(), [FACE], "a", "zzz")
    assert comparison.result(FACE.name).verdict == "insufficient"
    assert comparison.cases(FACE.name)["change"].unique().tolist() == ["missing"]


VALUES = st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=8, max_size=12)


def paired(values: list[tuple[int, int]], factor: float = 0.01) -> pd.DataFrame:
    """Return one case a series with the given values of A and B in hundredths."""
    found = [
        {"arm": arm, "series": f"s{i}", "case": f"s{i}.c", "status": "ok", FACE.name: value * factor}
        for i, pair in enumerate(values)
        for arm, value in zip("ab", pair, strict=True)
    ]
    return pd.DataFrame(found)


class TestInvariance:
    """What must not change a verdict."""

    @given(st.integers(0, 10_000))
    @settings(max_examples=12, deadline=None)
    def test_the_order_of_rows(self, seed: int) -> None:
        frame = rows(9, gain=0.03, noise=0.1, repeats=3, seed=seed)
        shuffled = frame.sample(frac=1, random_state=seed)
        assert compare(frame, [FACE], "a", "b").results == compare(shuffled, [FACE], "a", "b").results

    @given(VALUES)
    @settings(max_examples=12, deadline=None)
    def test_swapped_arms_mirror_the_result(self, values: list[tuple[int, int]]) -> None:
        frame = paired(values)
        one, other = face(frame), compare(frame, [FACE], "b", "a").result(FACE.name)
        mirrored = {"better": "worse", "worse": "better"}
        assert other.verdict == mirrored.get(one.verdict, one.verdict)
        assert (other.p, other.p_worse) == (one.p_worse, one.p)
        assert other.delta == pytest.approx(-one.delta)
        assert (other.by_unit.better, other.by_unit.worse) == (one.by_unit.worse, one.by_unit.better)
        assert (other.lo is None, other.hi is None) == (one.hi is None, one.lo is None)

    @given(VALUES, st.sampled_from([100.0, 0.001, 1 / 7]))
    @settings(max_examples=12, deadline=None)
    def test_the_unit_of_a_metric(self, values: list[tuple[int, int]], factor: float) -> None:
        wide = Metric(FACE.name, "up", "any", worst=None, hi=None, lo=None)
        one = compare(paired(values, 1.0), [wide], "a", "b").result(FACE.name)
        other = compare(paired(values, factor), [wide], "a", "b").result(FACE.name)
        assert (other.verdict, other.more_units, other.by_unit) == (one.verdict, one.more_units, one.by_unit)
        assert (other.p, other.p_worse) == pytest.approx((one.p, one.p_worse))

    @given(st.integers(0, 1000))
    @settings(max_examples=10, deadline=None)
    def test_the_names_of_series_and_other_metrics(self, seed: int) -> None:
        frame = rows(9, gain=0.03, noise=0.1, seed=seed)
        renamed = frame.assign(series="x" + frame["series"].str[::-1], other=1.0)
        other = compare(renamed, [BEATS, FACE], "a", "b").result(FACE.name)
        one = face(frame)
        assert (other.verdict, other.p, other.lo, other.hi) == (one.verdict, one.p, pytest.approx(one.lo), pytest.approx(one.hi))

    def test_a_frame_that_is_there_twice(self) -> None:
        frame = rows(9, gain=0.03, noise=0.1)
        assert face(pd.concat([frame, frame])).p == face(frame).p

    def test_the_frame_is_left_as_it_was(self) -> None:
        frame = with_scores(rows(), status={0: "failed"})
        before = frame.copy()
        compare(frame, [FACE], "a", "b")
        pd.testing.assert_frame_equal(frame, before)

    @given(st.integers(0, 23), st.integers(0, 100))
    @settings(max_examples=12, deadline=None)
    def test_one_more_failure_never_helps(self, row: int, seed: int) -> None:
        """B's p can only rise when one of its outputs fails."""
        frame = rows(12, gain=0.05, noise=0.05, cases=1, seed=seed)
        index = frame.index[frame["arm"] == "b"][row % 12]
        broken = frame.copy()
        broken.loc[index, ["status", FACE.name]] = ["failed", np.nan]
        assert face(broken).delta < face(frame).delta
        assert face(broken).verdict != "better" or face(frame).verdict == "better"


def test_importing_costs_little() -> None:
    """Neither data frames nor scipy are loaded before there is something to compare."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import evals.compare, evals.report; print(*sys.modules)"
    loaded = {
        name.split(".")[0]
        for name in subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    }
    assert loaded & {"pandas", "scipy", "streamlit", "duckdb", "statsmodels"} == set()
