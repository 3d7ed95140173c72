"""Paired differences: is the mean above zero, how large is it, and how many more units would settle it.

Everything takes the differences of independent units (dramas, by default), not of cases: cases of one drama share its
fate, and tests that forget it promote the worse template two to four times as often as they promise.

Two one-sided tests are combined, and both must reject. The sign-flip test with mid-p is exact when nothing differs; the
studentised bootstrap is harder to fool where a template improves most units a little and breaks a few, the case in which
rank tests go wrong half of the time (what is left of it: `tests/bench/stats.py`). The interval is the bootstrap's, so that
it and the verdict cannot disagree in the direction that matters.

All results are the same for any order of the units and any scale of measurement, and mirrored when the signs are. Random
numbers come from a seed that the caller derives from the experiment's name, never from its data.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 9_999
EXHAUSTIVE = 13
"""Up to so many units all 2^n signs are tried; 8,192 are less work than sampling."""
MIN_UNITS = 8
TIE = 1e-9
"""Sums that differ by less, relative to the sum of sizes, are equal: rounding must not decide."""
_FLAT = 1e-7
"""A bootstrap sample whose standard error is less, relative to the largest deviation, has no variance: this is what rounding leaves."""
_CELLS = 2_000_000  # numbers drawn at a time

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the differences of `n` units say about their mean.

    Attributes:
        n: Number of units.
        mean: Their mean difference.
        sd: Standard deviation (n - 1), 0 for fewer than two units.
        p_above: One-sided p of the mean being above zero: the larger one of the two tests.
        p_below: The same for below zero.
        lo: Lower end of the interval with `alpha` on each side; minus infinity where the data set no bound.
        hi: Upper end.
        p_signs: p of the sign flips alone, of being above.
        p_bootstrap: p of the bootstrap (or the bound that stands in for it) alone, of being above; None where nothing varies.
    """

    n: int
    mean: float
    sd: float
    p_above: float
    p_below: float
    lo: float
    hi: float
    p_signs: float
    p_bootstrap: float | None


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """The studentised bootstrap: one-sided p in both directions, and the interval."""

    p_above: float
    p_below: float
    lo: float
    hi: float


def seed_of(*parts: object) -> int:
    """Return a seed from names: the same experiment gives the same random numbers on any machine."""
    return int.from_bytes(hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest()[:8], "big")


def paired_units(pairs: Iterable[tuple[Hashable, float]]) -> dict[Hashable, float]:
    """Return the mean difference of each unit from (unit, difference of a case) pairs; the order does not matter."""
    grouped: dict[Hashable, list[float]] = {}
    for unit, difference in pairs:
        grouped.setdefault(unit, []).append(difference)
    return {unit: math.fsum(values) / len(values) for unit, values in grouped.items()}


def sign_flip_midp(differences: Sequence[float] | Floats, *, seed: int = 0, resamples: int = RESAMPLES) -> tuple[float, float]:
    """Return the one-sided mid-p of the mean being above zero, and of it being below.

    With T the sum and T_b the sum under random signs: p = (#{T_b > T} + #{T_b = T} / 2) / 2^n over all signs for up to 13
    units, else (#{T_b > T} + (#{T_b = T} + 1) / 2) / (B + 1). On one pass/fail result a unit it is McNemar's exact test (mid-p).

    Args:
        differences: One number a unit, finite.
        seed: See `seed_of`; used above 13 units only.
        resamples: B.

    Raises:
        ValueError: There is no unit, or a difference that is not finite.
    """
    x, mirrored = _canonical(differences)
    above, ties, below, total = _flips(x, seed, resamples)
    extra = 0.0 if len(x) <= EXHAUSTIVE else 1.0
    p_above = (above + (ties + extra) / 2) / (total + extra)
    p_below = (below + (ties + extra) / 2) / (total + extra)
    return (p_below, p_above) if mirrored else (p_above, p_below)


def bootstrap_t(
    differences: Sequence[float] | Floats, *, alpha: float = 0.05, margin: float = 0.0, seed: int = 0, resamples: int = RESAMPLES
) -> Bootstrap:
    """Return the studentised bootstrap of the mean.

    Units are drawn with replacement and t_b = (mean_b - mean) / (s_b / sqrt n);
    p = (#{t_b >= (mean + margin) / (s / sqrt n)} + 1) / (B + 1);
    the interval is [mean - q(1 - alpha) s / sqrt n, mean - q(alpha) s / sqrt n].

    Args:
        differences: At least two units that are not all equal.
        alpha: Share that the interval leaves out on each side.
        margin: p is that of the mean being above minus the margin; the interval is the mean's own.
        seed: See `seed_of`.
        resamples: B.

    Raises:
        ValueError: There is no unit, a difference that is not finite, or no variance.
    """
    x, mirrored = _canonical(differences)
    if _is_constant(x):
        raise ValueError("the differences do not vary")
    mean, error = float(x.mean()), float(x.std(ddof=1)) / math.sqrt(len(x))
    t = _studentised(x, seed, resamples)
    observed = (mean - margin if mirrored else mean + margin) / error
    slack = TIE * (1 + abs(observed))
    p_above = (int(np.count_nonzero(t >= observed - slack)) + 1) / (resamples + 1)
    p_below = (int(np.count_nonzero(t <= observed + slack)) + 1) / (resamples + 1)
    lo, hi = mean - _quantile(t, 1 - alpha) * error, mean - _quantile(t, alpha) * error
    return Bootstrap(p_below, p_above, -hi, -lo) if mirrored else Bootstrap(p_above, p_below, lo, hi)


def assess(
    differences: Sequence[float] | Floats,
    *,
    alpha: float = 0.05,
    margin: float = 0.0,
    seed: int = 0,
    resamples: int = RESAMPLES,
    reach: float | None = None,
) -> Assessment:
    """Test whether the mean difference is above (or below) minus the margin with both tests, and bound it.

    Without variance there is nothing to bootstrap: the sign-flip test alone decides, and the interval is a point.

    Where nearly all differences are the same, a third of the bootstrap samples have next to no spread, and its interval
    says nothing: +1 in nine of ten series would be "between -1 and +1". Where the metric bounds the differences, Hoeffding's
    inequality says more, P(mean of n - its expectation >= t) <= exp(-2 n t^2 / (2 reach)^2), and the better one of the two
    counts. It is so careful that it never speaks first but in such cases.

    Args:
        differences: One number a unit.
        alpha: Share that the interval leaves out on each side.
        margin: Added to each difference before testing; 0 asks for a gain, more than 0 for not being worse by so much.
        seed: See `seed_of`.
        resamples: How many random signs and bootstrap samples.
        reach: The largest size that a difference can have; None where nothing bounds it.

    Raises:
        ValueError: There is no unit, or a difference that is not finite.
    """
    x = np.sort(np.asarray(differences, dtype=np.float64))
    tested = x + margin
    tested[np.abs(tested) <= TIE * np.max(np.abs(x), initial=abs(margin))] = 0.0  # a loss of just the margin is not less than it
    p_above, p_below = sign_flip_midp(tested, seed=seed_of(seed, "signs"), resamples=resamples)
    mean = math.fsum(x) / len(x)
    if _is_constant(x):
        return Assessment(len(x), mean, 0.0, p_above, p_below, mean, mean, p_above, None)
    boot = bootstrap_t(x, alpha=alpha, margin=margin, seed=seed_of(seed, "bootstrap"), resamples=resamples)
    if reach is not None:
        boot = _bounded(boot, mean, len(x), alpha, margin, reach)
    above, below = max(p_above, boot.p_above), max(p_below, boot.p_below)
    return Assessment(len(x), mean, float(x.std(ddof=1)), above, below, boot.lo, boot.hi, p_above, boot.p_above)


def _bounded(boot: Bootstrap, mean: float, n: int, alpha: float, margin: float, reach: float) -> Bootstrap:
    """Return the bootstrap with Hoeffding's bounds where they are tighter (Hoeffding 1963, theorem 2)."""
    width = 2 * reach
    above, below = (math.exp(-2 * n * (max(0.0, sign * (mean + margin)) / width) ** 2) for sign in (1, -1))
    slack = width * math.sqrt(math.log(1 / alpha) / (2 * n))
    return Bootstrap(min(boot.p_above, above), min(boot.p_below, below), max(boot.lo, mean - slack), min(boot.hi, mean + slack))


def units_needed(mean: float, sd: float, *, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """Return how many units would show a mean of this size with the given power; None where it is zero.

    n = ceil((z(1 - alpha) + z(power))^2 sd^2 / mean^2 + z(1 - alpha)^2 / 2): the normal formula with Guenther's correction for t.
    """
    if abs(mean) <= TIE * sd or mean == 0:  # what is left of a sum that is zero is rounding
        return None
    z_alpha, z_power = NormalDist().inv_cdf(1 - alpha), NormalDist().inv_cdf(power)
    return math.ceil(min((z_alpha + z_power) ** 2 * (sd / mean) ** 2 + z_alpha**2 / 2, 1e9))


def _canonical(differences: Sequence[float] | Floats) -> tuple[Floats, bool]:
    """Sort, and turn the signs where the turned one sorts higher: equal data in any order or mirrored are one problem."""
    x = np.sort(np.asarray(differences, dtype=np.float64))
    if not len(x) or not np.all(np.isfinite(x)):
        raise ValueError("differences are at least one finite number")
    turned = np.sort(-x)
    return (turned, True) if tuple(turned) > tuple(x) else (x, False)


def _is_constant(x: Floats) -> bool:
    return bool(np.ptp(x) <= TIE * np.max(np.abs(x)))


def _flips(x: Floats, seed: int, resamples: int) -> tuple[int, int, int, int]:
    """Count the sums under random signs that are above, equal to and below the observed one, and all of them."""
    observed, slack = float(x.sum()), TIE * float(np.abs(x).sum())
    above = below = total = 0
    for signs in _signs(len(x), seed, resamples):
        sums = signs @ x
        over, under = sums > observed + slack, sums < observed - slack
        above += int(np.count_nonzero(over))
        below += int(np.count_nonzero(under))
        total += len(sums)
    return above, total - above - below, below, total


def _signs(n: int, seed: int, resamples: int) -> Iterable[Floats]:
    if n <= EXHAUSTIVE:
        return (_all_signs(n),)
    if n * resamples <= _CELLS:
        return (_drawn_signs(n, seed, resamples),)
    return _draw_signs(n, seed, resamples)


@lru_cache(maxsize=EXHAUSTIVE)
def _all_signs(n: int) -> Floats:
    bits = np.arange(2**n)[:, None] >> np.arange(n)[None, :]
    return ((bits & 1) * 2 - 1).astype(np.float64)


@lru_cache(maxsize=4)
def _drawn_signs(n: int, seed: int, resamples: int) -> Floats:
    """Draw once for all metrics of an experiment that have the same number of units: drawing is most of the work."""
    return np.concatenate(list(_draw_signs(n, seed, resamples)))


def _draw_signs(n: int, seed: int, resamples: int) -> Iterator[Floats]:
    generator = np.random.default_rng(seed)
    for start in range(0, resamples, step := max(1, _CELLS // n)):
        size = (min(step, resamples - start), n)
        yield (generator.integers(0, 2, size=size) * 2 - 1).astype(np.float64)


def _studentised(x: Floats, seed: int, resamples: int) -> Floats:
    """Return t_b of bootstrap samples; a sample without variance is infinitely far off, unless its mean is the observed one."""
    n = len(x)
    centred = x - float(x.mean())
    centred /= float(np.max(np.abs(centred)))  # t does not depend on the scale, and what counts as rounding does
    parts = []
    for counts in _counts(n, seed, resamples):
        away = counts @ centred / n
        squares = np.maximum(counts @ centred**2 - n * away**2, 0.0)
        error = np.sqrt(squares / (n * (n - 1)))
        away[np.abs(away) <= TIE] = 0.0
        flat = error <= _FLAT
        parts.append(np.where(flat, np.where(away == 0, 0.0, np.copysign(np.inf, away)), away / np.where(flat, 1.0, error)))
    return np.concatenate(parts)


def _counts(n: int, seed: int, resamples: int) -> Iterable[Floats]:
    """Return how often each unit is in each bootstrap sample."""
    return (_drawn_counts(n, seed, resamples),) if n * resamples <= _CELLS else _draw_counts(n, seed, resamples)


@lru_cache(maxsize=4)
def _drawn_counts(n: int, seed: int, resamples: int) -> Floats:
    return np.concatenate(list(_draw_counts(n, seed, resamples)))


def _draw_counts(n: int, seed: int, resamples: int) -> Iterator[Floats]:
    generator = np.random.default_rng(seed)
    for start in range(0, resamples, step := max(1, _CELLS // n)):
        rows = min(step, resamples - start)
        cells = generator.integers(0, n, size=(rows, n)) + n * np.arange(rows)[:, None]
        yield np.bincount(cells.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


def _quantile(t: Floats, share: float) -> float:
    """Return a quantile by linear interpolation that stays infinite beside an infinity instead of becoming NaN."""
    ordered = np.sort(t)
    place = share * (len(ordered) - 1)
    low, high = float(ordered[math.floor(place)]), float(ordered[math.ceil(place)])
    if low == high:
        return low
    if math.isinf(low) or math.isinf(high):
        return low if share < 0.5 else high
    return low + (high - low) * (place - math.floor(place))
