"""Slices: does B help everywhere, or only for some characters, feelings or sizes of shot?

Example: over closeups B gains 0.12 in 9 series, over wide shots it loses 0.02 in 7. Each slice has an interval of its own, and
with twelve of them one is expected to look different by chance alone. So each also says whether it `stands` when all are asked
at once (Holm): what stands may be believed, the rest is a hint where to look.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from evals.compare import Comparison
from evals.pairing import CasePair, Paired
from evals.result import Result, result_of

MANY = 5
"""More slices than these take a warning."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The cases that have something in common: what, what a metric says over them, and whether that stands among all slices."""

    value: str
    result: Result
    stands: bool


def slices(comparison: Comparison, metric: str, values: Mapping[str, Collection[str]], *, by_case: bool = False) -> list[Slice]:
    """Return a slice for each value that any case has, the largest loss first.

    Args:
        comparison: Whose pairs are sliced.
        metric: Which metric.
        values: What each case has: its emotions, its people. A case in several slices counts in each; one without any in none.
        by_case: Count cases as independent, for slices that are a single unit each; it speaks of these cases only.

    Raises:
        UnknownName: The metric was not compared.
    """
    whole = comparison.result(metric).metric
    of_value: dict[str, list[CasePair]] = {}
    for pair in comparison.pairs[metric]:
        for value in sorted(set(values.get(pair.case, ()))):
            of_value.setdefault(value, []).append(replace(pair, unit=pair.case) if by_case else pair)
    found = [
        (value, result_of(whole, _paired(pairs), alpha=comparison.alpha, seed_key=f"slice {value}"))
        for value, pairs in sorted(of_value.items())
    ]
    stand = _holm([result for _, result in found], comparison.alpha)
    sliced = [Slice(value, result, stands) for (value, result), stands in zip(found, stand, strict=True)]
    return sorted(sliced, key=lambda one: (one.result.gain if one.result.gain is not None else float("inf"), one.value))


def caution(found: Sequence[Slice], alpha: float) -> str:
    """Return what to bear in mind with so many slices; empty with few."""
    asked = sum(one.result.verdict != "insufficient" for one in found)
    if asked <= MANY:
        return ""
    return (
        f"{asked} slices were looked at: by chance alone about {2 * alpha * asked:.1f} of them look better or worse. "
        "Believe those that stand among all; run the others again before you act on them."
    )


def _paired(pairs: Iterable[CasePair]) -> Paired:
    kept = tuple(pairs)
    return Paired(kept, ({}, {}), (sum(p.failed_a for p in kept), sum(p.failed_b for p in kept)), (), ())


def _holm(results: Sequence[Result], alpha: float) -> list[bool]:
    """Return which verdicts hold when all are asked at once, each at alpha on both sides."""
    asked = [(min(r.p, r.p_worse), i) for i, r in enumerate(results) if r.p is not None and r.p_worse is not None]
    asked = [(p, i) for p, i in asked if results[i].verdict != "insufficient"]
    stand = [False] * len(results)
    for rank, (p, i) in enumerate(sorted(asked)):
        if p >= alpha / (len(asked) - rank):
            break
        stand[i] = True
    return stand
