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
    strengths = _fit(votes, names)
    lows, highs = _interval(votes, names, seed)
    counts = [sum(name in (vote.a, vote.b) for vote in votes) for name in names]
    found = [
        Ranked(name, float(strengths[i]), None if lows is None else float(lows[i]), None if highs is None else float(highs[i]), counts[i])
        for i, name in enumerate(names)
    ]
    return sorted(found, key=lambda r: (-r.strength, r.name))


def _fit(votes: Sequence[Vote], names: Sequence[str]) -> NDArray[np.float64]:
    """Return the most likely strengths, with mean 0."""
    from scipy.optimize import minimize

    place = {name: i for i, name in enumerate(names)}
    a = np.array([place[v.a] for v in votes])
    b = np.array([place[v.b] for v in votes])
    values = np.array([v.value for v in votes])
    n = len(names)

    def loss(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        s, nu = x[:n], x[n]
        # Weights of "a wins", "b wins", "neither" on a log scale; Davidson's tie is nu + the mean of both.
        logs = np.stack([s[a], s[b], nu + (s[a] + s[b]) / 2])
        top = logs.max(axis=0)
        weights = np.exp(logs - top)
        total = weights.sum(axis=0)
        shares = weights / total
        chosen = np.where(values < 0, 0, np.where(values > 0, 1, 2))
        seen = np.zeros_like(shares)
        seen[chosen, np.arange(len(votes))] = 1
        error = shares - seen
        gradient = np.zeros(n + 1)
        np.add.at(gradient, a, error[0] + error[2] / 2)
        np.add.at(gradient, b, error[1] + error[2] / 2)
        gradient[n] = error[2].sum()
        likelihood = (np.log(total) + top - logs[chosen, np.arange(len(votes))]).sum()
        prior = PRIOR * (np.logaddexp(0, s) + np.logaddexp(0, -s)).sum() + 0.01 * nu**2
        gradient[:n] += PRIOR * np.tanh(s / 2)
        gradient[n] += 0.02 * nu
        return float(likelihood + prior), gradient

    found = minimize(loss, np.zeros(n + 1), jac=True, method="L-BFGS-B").x[:n]
    centred: NDArray[np.float64] = found - found.mean()
    return centred


def _interval(votes: Sequence[Vote], names: Sequence[str], seed: int) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    units: dict[str, list[Vote]] = {}
    for vote in votes:
        units.setdefault(vote.unit, []).append(vote)
    if len(units) < 2:
        return None, None
    rng, every = np.random.default_rng(seed), list(units.values())
    draws = [_fit([v for i in rng.integers(len(every), size=len(every)) for v in every[i]], names) for _ in range(DRAWS)]
    lo, hi = np.quantile(np.array(draws), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return lo, hi
