"""How far a judge agrees with people: agreement, kappa, alpha, yes-rates, biases, with intervals over whole series.

Example: 60 scripts of 12 series, a producer's yes or no and the judge's

    agreement([Pair("s1", 1.0, 1.0, 812), Pair("s1", 0.0, 1.0, 1500), …])
    Agreement(items=60, agreement=0.85, kappa=0.69, kappa_lo=0.51, kappa_hi=0.83, …)

Kappa is what agreement is above chance: a judge that always says yes agrees with a generous person most of the time and has a
kappa of 0. Intervals are percentiles over resampled series, because scripts of one series are alike.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evals.reliability import alpha

RESAMPLES = 1000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Pair:
    """One item: the series that it is of, what people said, what the judge said, and how long the text is."""

    unit: str
    human: float
    judge: float
    length: int = 0


@dataclass(frozen=True, slots=True)
class Agreement:
    """What is known of a judge by one criterion; None where the data cannot tell (one answer only, no lengths)."""

    items: int
    units: int
    agreement: float
    kappa: float | None
    kappa_lo: float | None
    kappa_hi: float | None
    alpha: float | None
    human_rate: float
    judge_rate: float
    length_bias: float | None


def agreement(pairs: Sequence[Pair], seed: int = 0) -> Agreement:
    """Return how far judge and people agree.

    Raises:
        ValueError: there is no pair.
    """
    if not pairs:
        raise ValueError("agreement of nothing")
    lo, hi = interval(pairs, kappa, seed)
    return Agreement(
        items=len(pairs),
        units=len({p.unit for p in pairs}),
        agreement=sum(p.human == p.judge for p in pairs) / len(pairs),
        kappa=kappa(pairs),
        kappa_lo=lo,
        kappa_hi=hi,
        alpha=alpha([[p.human, p.judge] for p in pairs]),
        human_rate=sum(p.human for p in pairs) / len(pairs),
        judge_rate=sum(p.judge for p in pairs) / len(pairs),
        length_bias=length_bias(pairs),
    )


def kappa(pairs: Sequence[Pair]) -> float | None:
    """Return Cohen's kappa; None where both sides give one and the same answer only, so that chance explains everything."""
    total = len(pairs)
    human, judge = Counter(p.human for p in pairs), Counter(p.judge for p in pairs)
    chance = sum(human[x] * judge[x] for x in human) / total**2
    seen = sum(p.human == p.judge for p in pairs) / total
    return None if chance == 1 else (seen - chance) / (1 - chance)


def length_bias(pairs: Sequence[Pair]) -> float | None:
    """Return the rank correlation of a text's length with how much higher the judge scores it than people; None if undefined."""
    over = [p.judge - p.human for p in pairs]
    if len(pairs) < 3 or len(set(over)) < 2 or len({p.length for p in pairs}) < 2:
        return None
    from scipy.stats import spearmanr

    found = float(spearmanr([p.length for p in pairs], over).statistic)
    return found if math.isfinite(found) else None


def position_bias(firsts: Sequence[bool]) -> float | None:
    """Return how much oftener than half the time the script shown first is chosen, over calls that chose one: -0.5 to 0.5."""
    return sum(firsts) / len(firsts) - 0.5 if firsts else None


def interval(pairs: Sequence[Pair], of: Callable[[Sequence[Pair]], float | None], seed: int = 0) -> tuple[float | None, float | None]:
    """Return the 95 % percentile interval of a statistic over resampled series; None for fewer than two series."""
    units: dict[str, list[Pair]] = {}
    for p in pairs:
        units.setdefault(p.unit, []).append(p)
    if len(units) < 2:
        return None, None
    rng, every = random.Random(seed), list(units.values())
    drawn = (of([p for unit in rng.choices(every, k=len(every)) for p in unit]) for _ in range(RESAMPLES))
    values = sorted(v for v in drawn if v is not None)
    if len(values) < RESAMPLES / 2:
        return None, None
    tail = (1 - LEVEL) / 2
    return values[int(tail * (len(values) - 1))], values[math.ceil((1 - tail) * (len(values) - 1))]


def retest(rounds: Sequence[Mapping[str, float]]) -> float | None:
    """Return the alpha of a judge with itself: `rounds` holds its answer to each item, one mapping a repeat."""
    items = sorted({item for answers in rounds for item in answers})
    return alpha([[answers[i] for answers in rounds if i in answers] for i in items])
