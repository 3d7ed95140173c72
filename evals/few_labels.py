"""A judge's many verdicts, corrected by a few of people's: the estimate of a difference from both (prediction-powered inference).

    estimate(human=[0.2, -0.1, …20 of them], judged=[0.3, 0.0, …the same 20], unlabelled=[0.25, …80 more])
    Estimate(gain=0.14, lo=0.05, hi=0.23, weight=0.8, labelled=20, unlabelled=80, correlation=0.71, bias=0.03)

All numbers are paired differences of units (challenger minus champion, turned so that above 0 is better). The labelled units must be
drawn at random: labels for the cases that looked interesting bias everything. With fewer than ten labels people's alone count. A
judge that agrees with nobody gets the weight 0 and changes nothing (Angelopoulos and others, 2023; weight as in PPI++).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_LABELS = 10
MAX_WEIGHT = 1.5


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimated gain, its interval (one alpha on each side), the judge's weight, and how judge and people agree."""

    gain: float
    lo: float
    hi: float
    weight: float
    labelled: int
    unlabelled: int
    correlation: float | None
    bias: float


def estimate(human: Sequence[float], judged: Sequence[float], unlabelled: Sequence[float], alpha: float = 0.05) -> Estimate:
    """Return the gain as people would see it.

    Args:
        human: people's difference of each labelled unit.
        judged: the judge's difference of the same units, in the same order.
        unlabelled: the judge's difference of all other units.
        alpha: left out on each side of the interval.

    Raises:
        ValueError: fewer than two labels, or lists of unlike length.
    """
    h, a, u = (np.asarray(values, dtype=np.float64) for values in (human, judged, unlabelled))
    if len(h) < 2 or len(h) != len(a):
        raise ValueError("at least two labelled units, each with both judgements")
    weight = _weight(h, a, u) if len(h) >= MIN_LABELS and len(u) else 0.0
    gain = _gain(h, a, u, weight)
    # Leave-one-out over the labelled units, the weight made anew each time: its own uncertainty belongs in here.
    keep = ~np.eye(len(h), dtype=bool)
    left = np.array([_gain(h[k], a[k], u, _weight(h[k], a[k], u) if weight else 0.0) for k in keep])
    variance = (len(h) - 1) / len(h) * ((left - left.mean()) ** 2).sum()
    variance += weight**2 * u.var(ddof=1) / len(u) if weight and len(u) > 1 else 0.0
    from scipy.stats import t

    half = float(t.ppf(1 - alpha, len(h) - 1)) * float(np.sqrt(variance))
    return Estimate(gain, gain - half, gain + half, weight, len(h), len(u), _correlation(h, a), float((a - h).mean()))


def _weight(h: NDArray[np.float64], a: NDArray[np.float64], u: NDArray[np.float64]) -> float:
    spread = np.concatenate([a, u]).var(ddof=1)
    if spread <= 0:
        return 0.0
    covariance = float(np.cov(h, a)[0, 1])
    return float(np.clip(covariance / ((1 + len(h) / len(u)) * spread), 0.0, MAX_WEIGHT))


def _gain(h: NDArray[np.float64], a: NDArray[np.float64], u: NDArray[np.float64], weight: float) -> float:
    return float((h - weight * a).mean()) + (weight * float(u.mean()) if weight else 0.0)


def _correlation(h: NDArray[np.float64], a: NDArray[np.float64]) -> float | None:
    if h.std() == 0 or a.std() == 0:
        return None
    return float(np.corrcoef(h, a)[0, 1])
