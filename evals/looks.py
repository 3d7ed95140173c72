"""Looking at the evidence before all of it is there, without being fooled by it more often.

A test at 5 % after each third of the units is wrong 11 % of the time. O'Brien-Fleming's way is to ask for very much early:

    obf_levels(0.05)    # (0.0007, 0.0161, 0.0451): what p must be below at 1/3, at 2/3, at the end

and to stop early, too, where a gain has become unlikely: `conditional_power` is the chance that the end will show one if
the trend goes on as it is. Below a few per cent the rest of the money is saved.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri

FRACTIONS = (1 / 3, 2 / 3, 1.0)
_GRID = 2_001
_REACH = 9.0


@lru_cache(maxsize=64)
def obf_levels(alpha: float, fractions: tuple[float, ...] = FRACTIONS) -> tuple[float, ...]:
    """Return the one-sided level of each look; together they are wrong at most `alpha` of the time when nothing differs.

    Up to the fraction t of the evidence, 2 - 2 Phi(z(1 - alpha / 2) / sqrt t) of alpha may be spent (Lan and DeMets' form of
    O'Brien and Fleming's limits). A look's level is found by integrating the score, a Brownian motion, over what went on so far.

    Args:
        alpha: One-sided level of the whole.
        fractions: Shares of the planned evidence at the looks, rising, the last one 1.

    Raises:
        ValueError: alpha or the fractions make no plan.
    """
    if not 0 < alpha < 0.5 or list(fractions) != sorted(set(fractions)) or fractions[0] <= 0 or fractions[-1] != 1:
        raise ValueError(f"no plan of looks: alpha {alpha!r} at {fractions!r}")
    # `density` is that of the score (standard deviation sqrt t) on `x`, of the paths that have gone on so far.
    x = np.linspace(-_REACH, _REACH, _GRID)
    step = float(x[1] - x[0])
    density: np.ndarray | None = None
    levels, spent, before = [], 0.0, 0.0
    for t in fractions:
        now = float(2 * ndtr(-ndtri(1 - alpha / 2) / math.sqrt(t)))
        limit = _limit(density, x, step, t - before, now - spent)
        levels.append(float(ndtr(-limit / math.sqrt(t))))
        density = _carried(density, x, step, t - before, limit)
        spent, before = now, t
    return tuple(levels)


def conditional_power(mean: float, sd: float, n: int, planned: int, level: float) -> float:
    """Return the chance that the end shows a gain at `level` if the mean seen so far is the true one.

    With t = n / planned, z = mean / (sd / sqrt n) and the trend z / sqrt t, the final score is normal with mean z / sqrt t and
    variance 1 - t (given the score so far).

    Args:
        mean: Mean of the differences so far; above zero is a gain.
        sd: Their standard deviation.
        n: Number of units so far.
        planned: Number of units at the end.
        level: One-sided level at the end.
    """
    if sd <= 0 or n >= planned:
        return float(mean > 0)
    t = n / planned
    z = mean / (sd / math.sqrt(n))
    return float(ndtr((z / math.sqrt(t) - ndtri(1 - level)) / math.sqrt(1 - t)))


def _tail(density: np.ndarray | None, x: np.ndarray, step: float, dt: float, limit: float) -> float:
    """Return the chance to be above a limit after `dt` more."""
    if density is None:
        return float(ndtr(-limit / math.sqrt(dt)))
    return float(np.sum(density * ndtr((x - limit) / math.sqrt(dt))) * step)


def _limit(density: np.ndarray | None, x: np.ndarray, step: float, dt: float, share: float) -> float:
    lo, hi = -_REACH, _REACH
    for _ in range(60):
        middle = (lo + hi) / 2
        lo, hi = (middle, hi) if _tail(density, x, step, dt, middle) > share else (lo, middle)
    return (lo + hi) / 2


def _carried(density: np.ndarray | None, x: np.ndarray, step: float, dt: float, limit: float) -> np.ndarray:
    """Return the density after `dt` more, of the paths that stay below the limit."""
    scale = 1 / math.sqrt(2 * math.pi * dt)
    if density is None:
        after = scale * np.exp(-(x**2) / (2 * dt))
    else:
        near = scale * np.exp(-((x[:, None] - x[None, :]) ** 2) / (2 * dt))
        after = near @ density * step
    # The cell that the limit cuts counts with the part of it that lies below.
    return np.asarray(after * np.clip((limit - x) / step + 0.5, 0.0, 1.0))
