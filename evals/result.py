"""What one metric says about two arms: means, change, interval, counts and a verdict in one word."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evals.pairing import CasePair, Paired
from evals.score import Metric
from evals.stats import MIN_UNITS, Assessment, assess, paired_units, seed_of, units_needed

Verdict = Literal["better", "worse", "unclear", "insufficient"]

RATIO_UNITS = frozenset({"USD", "s", "tokens"})
"""Units of spending: what matters is by what share it grows."""
SAME = 1e-9
"""Values that differ by less, relative to their size, are the same."""


def ordered(results: Iterable[Result]) -> list[Result]:
    """Return results as people read them: primary ones first, what viewers see before what it costs, and what moved before what did not."""
    return sorted(results, key=lambda r: (not r.metric.primary, r.metric.unit in RATIO_UNITS, r.unmoved))


@dataclass(frozen=True, slots=True)
class Counts:
    """In how many units or cases B is better, worse and the same."""

    better: int
    worse: int
    same: int


@dataclass(frozen=True, slots=True)
class Result:
    """What one metric says. Numbers are None where there is no pair.

    Attributes:
        metric: What was measured.
        scale: `difference`: in the metric's unit. `ratio`: relative change, 0.04 is four per cent more.
        mean_a: Mean of A over units; geometric on the ratio scale, so that the change is that of the means.
        mean_b: The same of B.
        delta: B minus A as measured.
        lo: Lower end of the interval of `delta` that leaves alpha out on each side; None where the data set no bound.
        hi: Upper end.
        p: One-sided p that B is better.
        p_worse: One-sided p that B is worse.
        units: Number of independent units with a pair.
        cases: Number of cases with a pair.
        by_unit: Better, worse and same by unit.
        by_case: The same by case; it speaks of these cases only.
        failed: Generations of A and of B that count as the worst value.
        excluded: Generations of A and of B that do not count, by reason.
        only_a: Cases that have a value in A only.
        only_b: Cases that have a value in B only.
        verdict: `better`, `worse`, `unclear`, or `insufficient` below `evals.stats.MIN_UNITS` units.
        more_units: About how many more units would settle a gain of the size seen, at 80 % power; None where none can say.
        sentence: All that in plain words, see `evals.sentence`.
    """

    metric: Metric
    scale: Literal["difference", "ratio"]
    mean_a: float | None
    mean_b: float | None
    delta: float | None
    lo: float | None
    hi: float | None
    p: float | None
    p_worse: float | None
    units: int
    cases: int
    by_unit: Counts
    by_case: Counts
    failed: tuple[int, int]
    excluded: tuple[Mapping[str, int], Mapping[str, int]]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    verdict: Verdict
    more_units: int | None
    sentence: str = ""

    @property
    def unmoved(self) -> bool:
        """Tell whether the metric is the same in every unit."""
        return self.delta is not None and self.by_unit.same == self.units

    @property
    def gain(self) -> float | None:
        """Return the change turned so that more is better for B."""
        return self.delta if direction_sign(self.metric) > 0 else _minus(self.delta)

    @property
    def gain_lo(self) -> float | None:
        """Return the lower end of the interval of `gain`: above zero, B is better."""
        return self.lo if direction_sign(self.metric) > 0 else _minus(self.hi)

    @property
    def gain_hi(self) -> float | None:
        """Return the upper end of the interval of `gain`."""
        return self.hi if direction_sign(self.metric) > 0 else _minus(self.lo)


def result_of(metric: Metric, paired: Paired, *, alpha: float, seed_key: str) -> Result:
    """Return what the pairs of one metric say; see `Result`."""
    sign, ratio = direction_sign(metric), _is_ratio(metric, paired.pairs)
    by_unit = paired_units((p.unit, _difference(p, ratio)) for p in paired.pairs)
    reach = metric.hi - metric.lo if metric.lo is not None and metric.hi is not None and not ratio else None
    seed = seed_of(seed_key, metric.name)
    found = assess(list(by_unit.values()), alpha=alpha, seed=seed, reach=reach) if by_unit else None
    delta, lo, hi = _readable(found, metric, ratio)
    return Result(
        metric=metric,
        scale="ratio" if ratio else "difference",
        mean_a=_mean(((p.unit, p.a) for p in paired.pairs), ratio),
        mean_b=_mean(((p.unit, p.b) for p in paired.pairs), ratio),
        delta=delta,
        lo=lo,
        hi=hi,
        p=None if found is None else found.p_above if sign > 0 else found.p_below,
        p_worse=None if found is None else found.p_below if sign > 0 else found.p_above,
        units=len(by_unit),
        cases=len(paired.pairs),
        by_unit=_count(_unit_move(by_unit[unit], pairs, ratio) * sign for unit, pairs in _grouped(paired.pairs).items()),
        by_case=_count(case_move(p) * sign for p in paired.pairs),
        failed=paired.failed,
        excluded=paired.excluded,
        only_a=paired.only_a,
        only_b=paired.only_b,
        verdict=_verdict(found, sign, alpha),
        more_units=_more(found, sign, alpha),
    )


def direction_sign(metric: Metric) -> int:
    """Return 1 where more is better and -1 where less is."""
    return 1 if metric.direction == "up" else -1


def case_move(p: CasePair) -> int:
    """Return 1 where B's value is larger than A's, -1 where it is smaller, and 0 where they are the same."""
    return _move(p.b - p.a, max(abs(p.a), abs(p.b)))


def _move(difference: float, size: float) -> int:
    return 0 if abs(difference) <= SAME * size else 1 if difference > 0 else -1


def _unit_move(difference: float, pairs: Sequence[CasePair], ratio: bool) -> int:
    return _move(difference, 1.0 if ratio else max(max(abs(p.a), abs(p.b)) for p in pairs))


def _grouped(pairs: Iterable[CasePair]) -> dict[str, list[CasePair]]:
    grouped: dict[str, list[CasePair]] = {}
    for p in pairs:
        grouped.setdefault(p.unit, []).append(p)
    return grouped


def _count(moves: Iterable[int]) -> Counts:
    found = list(moves)
    return Counts(found.count(1), found.count(-1), found.count(0))


def _is_ratio(metric: Metric, pairs: Sequence[CasePair]) -> bool:
    spends = metric.unit in RATIO_UNITS and metric.hi is None
    return spends and bool(pairs) and all(p.a > 0 and p.b > 0 for p in pairs)


def _difference(p: CasePair, ratio: bool) -> float:
    return math.log(p.b) - math.log(p.a) if ratio else p.b - p.a


def _mean(values: Iterable[tuple[str, float]], ratio: bool) -> float | None:
    units = paired_units((unit, math.log(value) if ratio else value) for unit, value in values)
    if not units:
        return None
    mean = math.fsum(units.values()) / len(units)
    return math.exp(mean) if ratio else mean


def _readable(found: Assessment | None, metric: Metric, ratio: bool) -> tuple[float | None, float | None, float | None]:
    """Return mean and interval on the scale that people read, within what the metric can reach."""
    if found is None:
        return None, None, None
    if ratio:
        return (
            math.expm1(found.mean),
            _finite(math.expm1(found.lo)),
            _finite(math.expm1(min(found.hi, 700.0)) if found.hi < math.inf else math.inf),
        )
    lo, hi = found.lo, found.hi
    if metric.lo is not None and metric.hi is not None:
        span = metric.hi - metric.lo
        lo, hi = max(lo, -span), min(hi, span)
    return found.mean, _finite(lo), _finite(hi)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _minus(value: float | None) -> float | None:
    return None if value is None else 0.0 - value


def _verdict(found: Assessment | None, sign: int, alpha: float) -> Verdict:
    if found is None or found.n < MIN_UNITS:
        return "insufficient"
    if found.p_above < alpha:
        return "better" if sign > 0 else "worse"
    if found.p_below < alpha:
        return "worse" if sign > 0 else "better"
    return "unclear"


def _more(found: Assessment | None, sign: int, alpha: float) -> int | None:
    """Return how many more units a gain of this size needs; nothing is settled by units where the sign is already known."""
    if found is None or _verdict(found, sign, alpha) != "unclear":
        return None
    needed = units_needed(found.mean, found.sd, alpha=alpha)
    return None if needed is None else max(1, needed - found.n)
