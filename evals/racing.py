"""Racing many variants by sequential halving: pay little for losers, and take nothing that was seen here for evidence.

Eight variants and the champion run on the first twelve cases; the better four go on to the next twelve, then two, then one.
What counts is the paired gain over the champion, on all cases so far. The last one goes to the gate, on cases that it has never seen:

    standings(frame, policy)                 # best first, with the gain shrunk towards zero
    survivors(standings(frame, policy))      # ("c", "a", "f", "h")

The winner of a race looks better than it is, because it was chosen for looking good. Shrinking says by how much, on average.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evals.evidence import differences, read_rows
from evals.policy import Policy

if TYPE_CHECKING:
    import pandas as pd

CASES = 12
"""Cases a round."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a variant stands: its mean gain over the champion, the same shrunk, over how many series and cases, and its cost.

    `gain` is turned so that more is better; None where no case has a value in both arms. `usd` is the mean known cost of a
    generation, None where none is known.
    """

    arm: str
    gain: float | None
    shrunk: float | None
    series: int
    cases: int
    usd: float | None


def rounds(variants: int) -> int:
    """Return how many rounds a race takes until one is left: 3 for 5 to 8 variants, and 1 for a single one."""
    return max(1, math.ceil(math.log2(variants))) if variants > 0 else 0


def survivors(ranked: Sequence[Standing]) -> tuple[str, ...]:
    """Return the better half of the standings, the middle one included; one is left in the end."""
    return tuple(standing.arm for standing in ranked[: max(1, math.ceil(len(ranked) / 2))])


def standings(frame: pd.DataFrame, policy: Policy, champion: str = "champion") -> list[Standing]:
    """Return the variants, best first; of equals the cheaper one, and what was not measured last.

    Args:
        frame: One row a generation as `evals.gate.decide` takes it, with any names of arms.
        policy: Whose first primary metric counts.
        champion: The arm that all are compared with.

    Raises:
        InputError: The frame is no evidence; see `evals.evidence`.
    """
    name, measure = next(iter(policy.primary.items()))
    only = policy.model_copy(update={"primary": {name: measure}, "guardrails": {}, "hard": {}})
    found: list[tuple[str, float | None, float, int, int]] = []
    for arm in sorted(set(frame["arm"].astype(str)) - {champion}):
        two = frame[frame["arm"].isin([champion, arm])].copy()
        two["arm"] = np.where(two["arm"] == champion, "champion", "challenger")
        got = differences(read_rows(two, only), name, measure, ratio=policy.is_ratio(name))
        n = len(got.units)
        gain = float(np.sort(got.units).mean()) if n else None
        error2 = float(got.units.var(ddof=1)) / n if n > 1 else math.inf
        found.append((arm, gain, error2, n, len(got.cases)))
    trust = _trust([(gain, error2) for _, gain, error2, _, _ in found if gain is not None])
    ranked = [Standing(arm, gain, None if gain is None else trust * gain, n, m, _usd(frame, arm)) for arm, gain, _, n, m in found]
    return sorted(ranked, key=lambda s: (-math.inf if s.gain is None else s.gain, -math.inf if s.usd is None else -s.usd), reverse=True)


def _trust(gains: Sequence[tuple[float, float]]) -> float:
    """Return how much of a gain is likely to be real: the share of the gains' mean square that is not noise (empirical Bayes)."""
    seen = math.fsum(gain**2 for gain, _ in gains) / max(1, len(gains))
    noise = math.fsum(error2 for _, error2 in gains) / max(1, len(gains))
    return max(0.0, 1 - noise / seen) if seen > 0 and math.isfinite(noise) else 0.0


def _usd(frame: pd.DataFrame, arm: str) -> float | None:
    if "cost_usd" not in frame:
        return None
    known = frame.loc[frame["arm"] == arm, "cost_usd"].dropna()
    return float(np.sort(known.to_numpy()).mean()) if len(known) else None
