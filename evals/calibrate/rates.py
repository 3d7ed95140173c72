"""Agreement of scores with labels, each with an interval: the bootstrap draws people, not pairs, since pairs of one person hang together.

both = Pairs(scores=[0.8, 0.1, 0.7], same=[True, False, False], a=[0, 0, 1], b=[0, 1, 2])
rates(both)  ->  Rates(auc=Estimate(1.0, …), eer=Estimate(0.0, …), at=0.8, tar_1=Estimate(1.0, …), tar_01=…)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from evals.faces.arrays import Floats

DRAWS = 200
LEVEL = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Scores of pairs (higher: more alike), whether each is one person, and whose the two sides are (numbers from 0)."""

    scores: Floats
    same: np.ndarray[tuple[int], np.dtype[np.bool_]]
    a: np.ndarray[tuple[int], np.dtype[np.int64]]
    b: np.ndarray[tuple[int], np.dtype[np.int64]]

    @property
    def told(self) -> bool:
        """Return whether there are pairs of both kinds."""
        return bool(self.same.any() and not self.same.all())


@dataclass(frozen=True, slots=True)
class Rates:
    """Area under the curve; equal error rate and its threshold; share of same pairs accepted where 1 % and 0.1 % of others are."""

    auc: Estimate
    eer: Estimate
    at: float
    tar_1: Estimate
    tar_01: Estimate


def rates(pairs: Pairs, seed: int = 1) -> Rates:
    """Return the rates of pairs of both kinds (see `Pairs.told`)."""
    order = np.argsort(-pairs.scores, kind="stable")
    same, a, b = pairs.same[order], pairs.a[order], pairs.b[order]
    scores = pairs.scores[order]
    people = int(max(a.max(), b.max())) + 1
    rng = np.random.default_rng(seed)
    point = _curve(scores, same, np.ones(len(scores)))
    drawn = []
    for _ in range(DRAWS):
        counts = np.bincount(rng.integers(people, size=people), minlength=people).astype(np.float64)
        # A pair within a person drawn twice counts twice, not four times: the second draw is the same person again.
        weights = np.where(same, counts[a], counts[a] * counts[b])
        if weights[same].sum() > 0 and weights[~same].sum() > 0:
            drawn.append(_curve(scores, same, weights)[[0, 1, 3, 4]])
    low, high = np.percentile(drawn, LEVEL, axis=0) if drawn else (point[[0, 1, 3, 4]],) * 2
    auc, eer, tar_1, tar_01 = (Estimate(float(v), float(x), float(y)) for v, x, y in zip(point[[0, 1, 3, 4]], low, high, strict=True))
    return Rates(auc, eer, float(point[2]), tar_1, tar_01)


def _curve(scores: Floats, same: np.ndarray[tuple[int], np.dtype[np.bool_]], weights: Floats) -> Floats:
    """Return area, equal error rate, its threshold, and the two accept rates; scores fall, ties are taken together."""
    ends = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    hits = np.cumsum(weights * same)[ends]
    wrong = np.cumsum(weights * ~same)[ends]
    hits, wrong = hits / hits[-1], wrong / wrong[-1]
    area = float(np.trapezoid(np.append(0.0, hits), np.append(0.0, wrong)))
    best = int(np.argmin(np.abs(1 - hits - wrong)))
    eer = float((1 - hits[best] + wrong[best]) / 2)
    accepted = [float(hits[wrong <= limit].max(initial=0.0)) for limit in (0.01, 0.001)]
    return np.array([area, eer, float(scores[ends[best]]), *accepted])


def auc(higher: Sequence[float], lower: Sequence[float], seed: int = 1) -> Estimate:
    """Return the chance that a value of the first kind lies above one of the second, ties counting half."""
    a, b = np.asarray(higher, dtype=np.float64), np.asarray(lower, dtype=np.float64)

    def area(x: Floats, y: Floats) -> float:
        return float(((x[:, None] > y[None]) + 0.5 * (x[:, None] == y[None])).mean())

    rng = np.random.default_rng(seed)
    draws = [area(rng.choice(a, len(a)), rng.choice(b, len(b))) for _ in range(DRAWS)]
    return Estimate(area(a, b), *(float(v) for v in np.percentile(draws, LEVEL)))


def rank(truth: Sequence[float], measured: Sequence[float], seed: int = 1) -> Estimate | None:
    """Return Spearman's rank correlation; None where either side does not vary or there are under four."""
    return _over(np.asarray(truth, dtype=np.float64), np.asarray(measured, dtype=np.float64), _spearman, seed)


def _spearman(a: Floats, b: Floats) -> float:
    return float(spearmanr(a, b).statistic) if np.ptp(a) > 0 and np.ptp(b) > 0 else float("nan")


def _over(a: Floats, b: Floats, of: Callable[[Floats, Floats], float], seed: int) -> Estimate | None:
    value = of(a, b) if len(a) >= 4 else float("nan")
    if not np.isfinite(value):
        return None
    rng = np.random.default_rng(seed)
    picks = (rng.integers(len(a), size=len(a)) for _ in range(DRAWS))
    draws = [v for pick in picks if np.isfinite(v := of(a[pick], b[pick]))]
    low, high = np.percentile(draws, LEVEL)
    return Estimate(value, float(low), float(high))


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many, with the 95 % interval of Wilson's score (1927), which is none of zero width where all are right."""

    hits: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        """Return between which shares the true one lies."""
        if not self.of:
            return 0.0, 1.0
        square = 1.959964**2 / self.of
        middle = (self.hits / self.of + square / 2) / (1 + square)
        reach = np.sqrt(square * (self.hits / self.of * (1 - self.hits / self.of) + square / 4)) / (1 + square)
        return max(0.0, float(middle - reach)), min(1.0, float(middle + reach))

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.hits} of {self.of} [{low:.2f}, {high:.2f}]"
