"""From generations to pairs: which value of a case stands for A, which for B, and what had to be left out.

Example: case `c1` has two repeats in A (0.8 and a failed one, whose worst value is 0) and one in B (0.9), so its pair is
(0.4, 0.9). A case that has a value in one arm only is no pair; it is listed, because a missing case is not a passed one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evals.score import Metric

if TYPE_CHECKING:
    import pandas as pd

FAILED_GENERATIONS = ("failed", "refused")
REASONS: Mapping[str, str] = {
    "not_applicable": "not applicable",
    "not_scoreable": "not scoreable",
    "unavailable": "scorer not installed",
    "error": "scorer broke",
}


@dataclass(frozen=True, slots=True)
class CasePair:
    """One case in both arms: the means over its repeats, and how many of them failed and count as the worst value."""

    unit: str
    case: str
    a: float
    b: float
    failed_a: int
    failed_b: int


@dataclass(frozen=True, slots=True)
class Paired:
    """All pairs of one metric in order of unit and case. `excluded` counts generations by reason for arm A and arm B."""

    pairs: tuple[CasePair, ...]
    excluded: tuple[Mapping[str, int], Mapping[str, int]]
    failed: tuple[int, int]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]


def pair(frame: pd.DataFrame, metric: Metric, a: str, b: str, unit: str) -> Paired:
    """Pair the generations of two arms by case.

    Args:
        frame: One row a generation; see `evals.compare.compare` for the columns.
        metric: Whose column is paired.
        a: Value of the column `arm` for arm A.
        b: The same for arm B.
        unit: Column that holds the independent unit of a case.
    """
    rows = _judged(frame, metric, unit)
    sides = [rows[rows["arm"] == arm] for arm in (a, b)]
    means = [_means(side, unit) for side in sides]
    both = sorted(means[0].keys() & means[1].keys())
    pairs = tuple(_case_pair(key, means[0][key], means[1][key]) for key in both)
    only = [tuple(sorted(case for _, case in means[i].keys() - means[1 - i].keys())) for i in (0, 1)]
    excluded = [dict(sorted(Counter(str(reason) for reason in side["reason"] if reason).items())) for side in sides]
    failed = [int(side["failed"].sum()) for side in sides]
    return Paired(pairs, (excluded[0], excluded[1]), (failed[0], failed[1]), only[0], only[1])


def _case_pair(key: tuple[str, str], a: tuple[float, int], b: tuple[float, int]) -> CasePair:
    return CasePair(key[0], key[1], a[0], b[0], a[1], b[1])


def _means(rows: pd.DataFrame, unit: str) -> dict[tuple[str, str], tuple[float, int]]:
    """Return mean value and number of failures by (unit, case), of cases that have any value."""
    # Sorted first: the last digit of a floating-point mean depends on the order of its terms.
    kept = rows[rows["reason"] == ""].sort_values("value", kind="stable")
    grouped = kept.groupby([kept[unit].astype(str), kept["case"].astype(str)], sort=True)
    means, failures = grouped["value"].mean(), grouped["failed"].sum()
    keys = [(str(key[0]), str(key[1])) for key in means.index]
    return {key: (float(mean), int(failed)) for key, mean, failed in zip(keys, means, failures, strict=True)}


def _judged(frame: pd.DataFrame, metric: Metric, unit: str) -> pd.DataFrame:
    """Return `arm`, `case`, the unit, `value`, `failed`, and `reason`: empty where the value counts, else why it does not."""
    import numpy as np
    import pandas as pd

    value = pd.to_numeric(frame[metric.name], errors="coerce").astype(float) if metric.name in frame else pd.Series(np.nan, frame.index)
    column = f"{metric.name}__status"
    finite = pd.Series(np.isfinite(value), frame.index)
    scored = frame[column].astype(object).where(frame[column].notna(), "") if column in frame else finite.map({True: "ok", False: ""})
    generation = frame["status"].astype(str)
    broken = generation.isin(FAILED_GENERATIONS)
    has_worst = metric.worst is not None
    applicable = scored != "not_applicable"
    failed = applicable & ((scored == "failed") | (broken & (has_worst | (scored != "ok"))))
    good = (scored == "ok") & finite & ~failed
    reason = np.select(
        [good | (failed & has_worst), failed, scored.isin(list(REASONS)), generation != "ok"],
        ["", "failed, no worst value known", scored.map(REASONS).fillna(""), generation.str.replace("_", " ")],
        default="not scored",
    )
    worst = np.nan if metric.worst is None else metric.worst
    # Nothing else of the frame: it has three columns for each of many metrics, and each filter would copy them all.
    return frame[list(dict.fromkeys(("arm", "case", unit)))].assign(
        value=value.where(~failed, worst), failed=failed & has_worst, reason=reason
    )
