"""Where B helps and where it does not."""

from __future__ import annotations

import pandas as pd
import pytest

from evals.compare import Comparison, compare
from evals.score import Metric
from evals.slices import caution, slices

METRIC = Metric("quality", "up", "share", 0.0, 0.0, 1.0, primary=True)
SIZES = ("closeup", "wide", "medium")


def compared(effects: dict[str, float], series: int = 12) -> tuple[Comparison, dict[str, list[str]]]:
    """Compare arms over one case a series and size, in which B gains what `effects` says of the size, and a little noise."""
    rows, values = [], {}
    for s in range(series):
        for size, effect in effects.items():
            case, noise = f"s{s}-{size}", ((7 * s + len(size)) % 5 - 2) / 100
            values[case] = [size, "all"]
            rows += [("a", f"s{s}", case, "ok", 0.5), ("b", f"s{s}", case, "ok", 0.5 + effect + noise)]
    frame = pd.DataFrame(rows, columns=["arm", "series", "case", "status", "quality"])
    return compare(frame, [METRIC], "a", "b"), values


def test_a_gain_in_one_slice_and_a_loss_in_another_are_told_apart() -> None:
    """Together they cancel; each slice has its own verdict, the largest loss first."""
    comparison, values = compared({"closeup": 0.2, "wide": -0.2})
    assert comparison.result("quality").verdict == "unclear"
    found = {one.value: one for one in slices(comparison, "quality", values)}
    assert list(found) == ["wide", "all", "closeup"]
    assert (found["closeup"].result.verdict, found["wide"].result.verdict) == ("better", "worse")
    assert found["closeup"].stands
    assert found["wide"].stands
    assert not found["all"].stands


def test_a_slice_says_the_same_as_the_whole_where_it_is_the_whole() -> None:
    """Mean and counts of a slice that has every case are those of the comparison."""
    comparison, values = compared({"closeup": 0.1, "wide": 0.05})
    whole = next(one.result for one in slices(comparison, "quality", values) if one.value == "all")
    assert whole.delta == pytest.approx(comparison.result("quality").delta)
    assert (whole.units, whole.cases, whole.by_case) == (12, 24, comparison.result("quality").by_case)


def test_a_weak_gain_stands_alone_but_not_among_many() -> None:
    """The same slice that would be believed by itself is a hint among others (Holm), and the page says how many were asked."""
    frame = pd.DataFrame(
        [(arm, f"s{s}", f"s{s}", "ok", 0.5 + (0.0025 * (s - 3) if arm == "b" else 0)) for s in range(12) for arm in ("a", "b")],
        columns=["arm", "series", "case", "status", "quality"],
    )
    comparison = compare(frame, [METRIC], "a", "b")
    cases = [f"s{s}" for s in range(12)]
    alone = slices(comparison, "quality", {case: ["one"] for case in cases})
    many = slices(comparison, "quality", {case: [f"trait {n}" for n in range(20)] for case in cases})
    assert alone[0].result.verdict == "better"
    assert alone[0].stands
    assert all(one.result.verdict == "better" for one in many)
    assert not any(one.stands for one in many)
    assert "20 slices were looked at" in caution(many, 0.05)
    assert "about 2.0 of them" in caution(many, 0.05)
    assert caution(alone, 0.05) == ""


def test_single_series_count_their_cases() -> None:
    """A slice that is one series has one unit; by case it has as many as it has cases, and too few give no verdict."""
    comparison, values = compared(dict.fromkeys(SIZES, 0.1))
    series = {case: [case.split("-")[0]] for case in values}
    assert {one.result.units for one in slices(comparison, "quality", series)} == {1}
    by_case = slices(comparison, "quality", series, by_case=True)
    assert {one.result.units for one in by_case} == {3}
    assert {one.result.verdict for one in by_case} == {"insufficient"}
    assert not any(one.stands for one in by_case)


def test_a_case_without_the_trait_is_in_no_slice() -> None:
    """Nothing is invented for it."""
    comparison, values = compared({"closeup": 0.1})
    values.pop("s0-closeup")
    assert {one.result.cases for one in slices(comparison, "quality", values)} == {11}
