"""Many versions, ranked by people's pairwise votes: Bradley-Terry with ties, for a page to show and never for a gate.

    rank([Vote("c1", "plain", "better", 1.0), Vote("c1", "better", "wild", 0.0), …])
    [Ranked("better", strength=0.82, lo=0.31, hi=1.40, votes=24), Ranked("wild", …), Ranked("plain", …)]

Strengths are log-odds around a mean of 0: a version that is 1 stronger wins 73 % of the votes that choose. Ties are part of the
model (Davidson, 1970). Intervals resample whole units (series), because votes on one drama are alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DRAWS = 400
LEVEL = 0.95
PRIOR = 0.5
"""Half a won, half a lost vote against the average: without it, a version that never lost would be infinitely strong."""


@dataclass(frozen=True, slots=True)
class Vote:
    """One vote between two versions: `value` is 1 for `b`, -1 for `a`, 0 for neither; `unit` is the series that it is of."""

    unit: str
    a: str
    b: str
    value: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """A version's strength with its interval (None with fewer than two units), and how many votes it took part in."""

    name: str
    strength: float
    lo: float | None
    hi: float | None
    votes: int


def rank(votes: Sequence[Vote], seed: int = 0) -> list[Ranked]:
    """Return the versions by strength, the strongest first.

    Raises:
        ValueError: there is no vote.
    """
    if not votes:
        raise ValueError("a ranking of nothing")
    names = sorted({name for vote in votes for name in (vote.a, vote.b)})
    pairs, counts = _counted(votes, names)
    strengths = _fit(counts.sum(axis=0), pairs, len(names))
    lows, highs = _interval(counts, pairs, len(names), seed)
    taken = [sum(name in (vote.a, vote.b) for vote in votes) for name in names]
    found = [
        Ranked(name, float(strengths[i]), None if lows is None else float(lows[i]), None if highs is None else float(highs[i]), taken[i])
        for i, name in enumerate(names)
    ]
    return sorted(found, key=lambda r: (-r.strength, r.name))


def _counted(votes: Sequence[Vote], names: Sequence[str]) -> tuple[NDArray[np.intp], Floats]:
    """Return the pairs that were compared, and by unit and pair how often the first won, the second won, and neither."""
    place = {name: i for i, name in enumerate(names)}
    units = {unit: i for i, unit in enumerate(dict.fromkeys(vote.unit for vote in votes))}
    found = sorted({tuple(sorted((place[v.a], place[v.b]))) for v in votes})
    rows = {pair: i for i, pair in enumerate(found)}
    counts = np.zeros((len(units), len(found), 3))
    for vote in votes:
        i, j = place[vote.a], place[vote.b]
        value = vote.value if i < j else -vote.value
        counts[units[vote.unit], rows[min(i, j), max(i, j)], 0 if value < 0 else 1 if value > 0 else 2] += 1
    return np.array(found, dtype=np.intp), counts


def _fit(counts: Floats, pairs: NDArray[np.intp], n: int) -> Floats:
    """Return the most likely strengths, with mean 0."""
    from scipy.optimize import minimize

    a, b = pairs[:, 0], pairs[:, 1]
    total = counts.sum(axis=1)

    def loss(x: Floats) -> tuple[float, Floats]:
        s, nu = x[:n], x[n]
        # Weights of "a wins", "b wins", "neither" on a log scale; Davidson's tie is nu + the mean of both.
        logs = np.stack([s[a], s[b], nu + (s[a] + s[b]) / 2], axis=1)
        top = logs.max(axis=1, keepdims=True)
        weights = np.exp(logs - top)
        sums = weights.sum(axis=1, keepdims=True)
        error = total[:, None] * weights / sums - counts
        gradient = np.zeros(n + 1)
        np.add.at(gradient, a, error[:, 0] + error[:, 2] / 2)
        np.add.at(gradient, b, error[:, 1] + error[:, 2] / 2)
        gradient[:n] += PRIOR * np.tanh(s / 2)
        gradient[n] = error[:, 2].sum() + 0.02 * nu
        likelihood = (total * (np.log(sums[:, 0]) + top[:, 0])).sum() - (counts * logs).sum()
        prior = PRIOR * (np.logaddexp(0, s) + np.logaddexp(0, -s)).sum() + 0.01 * nu**2
        return float(likelihood + prior), gradient

    found = minimize(loss, np.zeros(n + 1), jac=True, method="L-BFGS-B").x[:n]
    centred: Floats = found - found.mean()
    return centred


def _interval(counts: Floats, pairs: NDArray[np.intp], n: int, seed: int) -> tuple[Floats | None, Floats | None]:
    units = len(counts)
    if units < 2:
        return None, None
    rng = np.random.default_rng(seed)
    draws = [_fit(counts[rng.integers(units, size=units)].sum(axis=0), pairs, n) for _ in range(DRAWS)]
    lo, hi = np.quantile(np.array(draws), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return lo, hi
