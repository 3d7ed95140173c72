"""From a frame of generations to differences: one number a case, one number an independent unit, for each metric of a policy.

    arm         series  case  repeat  status  face_consistency  cost_usd
    champion    s1      c1    0       ok      0.80              0.40
    champion    s1      c1    1       failed                    0.40      counts as the worst value, 0: case c1 has 0.40
    challenger  s1      c1    0       ok      0.90              0.44
    challenger  s1      c1    1       ok      0.70              0.44      case c1 has 0.80, so it gained 0.40

A value that is missing although the generation succeeded (the scorer could not tell) makes its case incomplete: leaving only
that value out would reward a template whose bad outputs cannot be scored. Incomplete cases are no pairs, and are counted.
A value beyond the worst one counts as the worst one: nothing may gain by failing instead.

Nothing depends on the order of the rows or on names: sums are made of sorted numbers, to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evals.policy import Hard, Measure, Policy
from prompts.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

ARMS = ("champion", "challenger")
FAILED = frozenset({"failed", "refused"})
SNAPSHOTS = ("model", "model_resolved", "provider_snapshot")
"""Columns that must say the same of both arms, where they are there."""
SAME = 1e-9
"""Values that differ by less, relative to their size, are the same: rounding is no gain."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rows:
    """The generations as arrays: arm (0 champion, 1 challenger), case and unit by number, whether it failed; and their names."""

    frame: pd.DataFrame
    arm: Ints
    case: Ints
    failed: NDArray[np.bool_]
    unit_of_case: Ints
    units: tuple[str, ...]
    cases: tuple[tuple[str, str], ...]
    duplicates: int

    @property
    def paired_cases(self) -> NDArray[np.bool_]:
        """Return for each case whether both arms have a generation of it."""
        both = [np.bincount(self.case[self.arm == arm], minlength=len(self.cases)) > 0 for arm in (0, 1)]
        return both[0] & both[1]


@dataclass(frozen=True, slots=True)
class Differences:
    """What one metric says, turned so that above zero is a gain of the challenger.

    Attributes:
        units: A difference for each independent unit, in the order of `unit_ids`.
        unit_ids: Numbers of the units.
        cases: A difference for each case with a pair, in the order of `case_ids`.
        case_ids: Numbers of the cases.
        sides: Values of champion and challenger for each of these cases.
        unpaired: Numbers of the cases of which one arm has a value and the other has none.
        incomplete: Generations of champion and challenger that succeeded and have no value.
        failed: Generations of champion and challenger that failed.
        clipped: Values that were beyond the worst one.
        means: Mean over units of champion and challenger, in the metric's unit; None without a pair.
        noise: Variance between repeats of one case, from generations that succeeded; None where nothing was repeated.
        repeats: Generations a case and arm, on average.
        within: Whether all values lie between worst and best.
    """

    units: Floats
    unit_ids: Ints
    cases: Floats
    case_ids: Ints
    sides: tuple[Floats, Floats]
    unpaired: Ints
    incomplete: tuple[int, int]
    failed: tuple[int, int]
    clipped: int
    means: tuple[float, float] | None
    noise: float | None
    repeats: float
    within: bool


def read_rows(frame: pd.DataFrame, policy: Policy) -> Rows:
    """Check a frame and turn it into arrays; a row that was exported twice counts once.

    Raises:
        InputError: A column is missing, an arm or status has another name, an id is empty, or one generation has two results.
    """
    needed = ["arm", "series", "case", "status", *policy.primary, *policy.guardrails, *policy.hard]
    missing = [name for name in dict.fromkeys(needed) if name not in frame.columns]
    if missing:
        raise InputError(f"The evidence has no column {', '.join(missing)}.", hint="One row a generation, one column a metric.")
    _check_words(frame, "arm", set(ARMS), "champion or challenger")
    _check_words(frame, "status", {"ok", *FAILED}, "ok or failed")
    for name in ("series", "case"):
        if frame[name].isna().any():
            raise InputError(f"The evidence has rows without a {name}.")
    kept = _once(frame, list(dict.fromkeys(needed)))
    series, case = kept["series"].astype(str).to_numpy(), kept["case"].astype(str).to_numpy()
    cases = sorted(set(zip(series.tolist(), case.tolist(), strict=True)))
    number = {key: i for i, key in enumerate(cases)}
    names = [key[0] if policy.unit_column == "series" else "/".join(key) for key in cases]
    units = sorted(set(names))
    place = {name: i for i, name in enumerate(units)}
    return Rows(
        frame=kept,
        arm=(kept["arm"].astype(str).to_numpy() == ARMS[1]).astype(np.int64),
        case=np.array([number[key] for key in zip(series.tolist(), case.tolist(), strict=True)], dtype=np.int64),
        failed=kept["status"].astype(str).isin(FAILED).to_numpy(dtype=bool),
        unit_of_case=np.array([place[name] for name in names], dtype=np.int64),
        units=tuple(units),
        cases=tuple(cases),
        duplicates=len(frame) - len(kept),
    )


def differences(rows: Rows, name: str, measure: Measure, *, ratio: bool) -> Differences:
    """Return the differences of one metric.

    Raises:
        InputError: Its column holds something else than numbers.
    """
    value, missing, clipped, within = _values(rows, name, measure, ratio=ratio)
    tables = [_means(rows.case[rows.arm == arm], value[rows.arm == arm], len(rows.cases)) for arm in (0, 1)]
    known = [np.isfinite(table) for table in tables]
    case_ids = np.flatnonzero(known[0] & known[1])
    champion, challenger = tables[0][case_ids], tables[1][case_ids]
    floor = _floor(value) if ratio else 0.0
    gains = measure.sign * (_log(challenger, floor) - _log(champion, floor) if ratio else challenger - champion)
    gains[np.abs(gains) <= SAME * (1.0 if ratio else np.maximum(np.abs(champion), np.abs(challenger)))] = 0.0
    unit_of = rows.unit_of_case[case_ids]
    unit_ids, place = np.unique(unit_of, return_inverse=True)
    return Differences(
        units=_means(place, gains, len(unit_ids)),
        unit_ids=unit_ids,
        cases=gains,
        case_ids=case_ids,
        sides=(champion, challenger),
        unpaired=_unpaired(rows, known, ~missing & ~rows.failed),
        incomplete=(int(missing[rows.arm == 0].sum()), int(missing[rows.arm == 1].sum())),
        failed=(int(rows.failed[rows.arm == 0].sum()), int(rows.failed[rows.arm == 1].sum())),
        clipped=clipped,
        means=_arm_means(place, champion, challenger, len(unit_ids)) if len(case_ids) else None,
        noise=_noise(rows, value, floor, ratio=ratio),
        repeats=len(rows.case) / max(1, sum(len(np.unique(rows.case[rows.arm == arm])) for arm in (0, 1))),
        within=within,
    )


def hard_counts(rows: Rows, name: str, hard: Hard) -> tuple[int, int, int]:
    """Return of the challenger's generations how many broke a hard guardrail, how many nobody can tell of, and how many count.

    A failed generation without a value has no output that could be harmful: it does not count. One that succeeded and was
    not judged may be anything.
    """
    value = _numbers(rows.frame, name)
    mine = rows.arm == 1
    known = mine & np.isfinite(value)
    bad = known & (value > hard.limit if hard.direction == "down" else value < hard.limit)
    unknown = mine & ~np.isfinite(value) & ~rows.failed
    return int(bad.sum()), int(unknown.sum()), int(known.sum() + unknown.sum())


def mixed_snapshots(rows: Rows) -> str:
    """Return the first column of `SNAPSHOTS` in which the arms differ or one of them changes; empty where none does."""
    for column in SNAPSHOTS:
        if column in rows.frame:
            said = rows.frame[column]
            known = said.notna().to_numpy() & (said.astype(str) != "").to_numpy()
            if len(set(said[known].astype(str))) > 1:
                return column
    return ""


def _check_words(frame: pd.DataFrame, column: str, known: set[str], said: str) -> None:
    unknown = sorted({str(value) for value in frame[column].unique()} - known)
    if unknown:
        raise InputError(f"The column {column} of the evidence holds {unknown[0]!r}; it is {said}.")


def _once(frame: pd.DataFrame, needed: list[str]) -> pd.DataFrame:
    """Drop what was exported twice.

    With repeats it is known which rows are one generation. Without, rows that are equal may be repeats that came out the
    same: then copies are only taken out if all rows have them, which changes no mean.
    """
    measured = [*needed, *(name for name in ("cost_usd", "latency_s") if name in frame.columns and name not in needed)]
    if "repeat" in frame.columns and frame["repeat"].notna().all():
        key = ["arm", "series", "case", "repeat"]
        kept: pd.DataFrame = frame.drop_duplicates([*dict.fromkeys([*key, *measured])])
        twice = kept[kept.duplicated(key)]
        if len(twice):
            row = twice.iloc[0]
            where = f"{row['arm']}, {row['series']}/{row['case']}, repeat {row['repeat']}"
            raise InputError(f"The evidence has two different results of one generation: {where}.", hint="Number the repeats.")
        return kept
    same = frame.groupby(measured, dropna=False, sort=False)["arm"]
    copies = int(np.gcd.reduce(same.size().to_numpy())) if len(frame) else 1
    if copies <= 1:
        return frame
    first: pd.DataFrame = frame.loc[same.cumcount().to_numpy() % copies == 0]
    return first


def _numbers(frame: pd.DataFrame, name: str) -> Floats:
    import pandas as pd

    try:
        return np.array(pd.to_numeric(frame[name]).to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"The column {name} of the evidence holds something else than numbers.") from None


def _values(rows: Rows, name: str, measure: Measure, *, ratio: bool) -> tuple[Floats, NDArray[np.bool_], int, bool]:
    """Return what each generation counts as (NaN: nothing), where a value is missing, how many were clipped, whether all are in scale."""
    value = _numbers(rows.frame, name)
    value[~np.isfinite(value)] = np.nan
    if ratio:
        value[value < 0] = np.nan  # spending below zero is a mistake, so it is not known
    clipped, within = 0, True
    if measure.worst is not None:
        value[rows.failed] = measure.worst
        beyond = measure.sign * (value - measure.worst) < 0
        clipped = int(beyond.sum())
        value[beyond] = measure.worst
        within = measure.best is not None and not bool((measure.sign * (value - measure.best) > 0).any())
    return value, np.isnan(value), clipped, within


def _means(group: Ints, value: Floats, size: int) -> Floats:
    """Return the mean of each group, NaN for one that is empty or lacks a value. Sorted first: sums depend on the order of terms."""
    order = np.lexsort((value, group))
    total = np.bincount(group[order], weights=value[order], minlength=size)
    count = np.bincount(group, minlength=size)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _unpaired(rows: Rows, known: list[NDArray[np.bool_]], measured: NDArray[np.bool_]) -> Ints:
    """Return the cases that should be pairs and are not; one in which neither arm was measured is none: the metric does not apply."""
    seen = np.bincount(rows.case[measured], minlength=len(rows.cases)) > 0
    return np.flatnonzero((seen | ~rows.paired_cases) & ~(known[0] & known[1]))


def _floor(value: Floats) -> float:
    """Return the smallest amount that was ever spent: nothing is cheaper than that, as a logarithm of zero would be."""
    spent = value[value > 0]
    return float(spent.min()) if len(spent) else 1.0


def _log(value: Floats, floor: float) -> Floats:
    return np.log(np.maximum(value, floor))


def _arm_means(place: Ints, champion: Floats, challenger: Floats, units: int) -> tuple[float, float]:
    means = [float(np.sort(_means(place, side, units)).mean()) for side in (champion, challenger)]
    return means[0], means[1]


def _noise(rows: Rows, value: Floats, floor: float, *, ratio: bool) -> float | None:
    """Return the variance between repeats, pooled over the cases of both arms."""
    good = ~rows.failed & np.isfinite(value)
    group = rows.case[good] * 2 + rows.arm[good]
    x: Any = _log(value[good], floor) if ratio else value[good]
    size = 2 * len(rows.cases)
    spare = len(x) - len(np.unique(group))
    if spare < 1:
        return None
    away = np.sort((x - _means(group, x, size)[group]) ** 2)
    return float(away.sum()) / spare
