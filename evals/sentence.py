"""A result in words for somebody who makes films: the change in its own unit, how sure, in how many dramas, and what next.

No p-value, and never "no difference": what was not seen in these dramas may be there in others.
"""

from __future__ import annotations

import math

from evals.result import Result
from evals.stats import MIN_UNITS

FEW = 3
"""With so few missing, what the formula says is noise."""
MANY = 2_000
"""More further units than this cannot be meant as advice."""


def sentence(result: Result, *, unit: str, alpha: float) -> str:
    """Return the result in one to five sentences.

    Args:
        result: What to say.
        unit: `series` or `case`: what the units are called.
        alpha: Share that the interval leaves out on each side.
    """
    units = _units(unit)
    name = result.metric.name.replace("_", " ")
    if result.delta is None:
        return f"{name.capitalize()}: no case has a value in both arms."
    parts = [
        _claim(result, name, units, alpha),
        _counts(result, units),
        _disagreement(result, units),
        _failures(result),
        _next(result, units),
    ]
    return " ".join(part for part in parts if part)


def change(result: Result, value: float | None) -> str:
    """Write a change with its sign, such as `+0.04` or `-12 %`, to two digits of the interval's width; `?` where it has no bound."""
    if value is None:
        return "?"
    if result.scale == "ratio":
        return f"{_signed(100 * value, max(0, _decimals(result) - 2))} %"
    return _signed(value, _decimals(result))


def level(result: Result, value: float | None) -> str:
    """Write a mean, such as `0.71`."""
    if value is None:
        return "–"
    return f"{value:.3g}" if result.scale == "ratio" else f"{value:.{_decimals(result)}f}"


def _signed(value: float, decimals: int) -> str:
    text = f"{value:+.{decimals}f}".replace("-", "−")
    return text[1:] if float(f"{value:.{decimals}f}") == 0 else text


def _decimals(result: Result) -> int:
    ends = [end for end in (result.lo, result.hi, result.delta) if end is not None]
    width = max(ends) - min(ends) or max(abs(end) for end in ends)
    return 2 if width == 0 else min(6, max(0, 1 - math.floor(math.log10(width))))


def _units(unit: str) -> str:
    return unit if unit.endswith("s") else f"{unit}s"


def _claim(result: Result, name: str, units: str, alpha: float) -> str:
    seen = change(result, result.delta)
    if result.verdict == "insufficient":
        return f"Only {result.units} {units} have {name} in both arms, {MIN_UNITS} are the least for a verdict; seen so far: {seen}."
    if result.by_unit.same == result.units:
        return f"B gave the same {name} in all {result.units} {units}; that does not show how others come out."
    sure = f"we are {100 * (1 - 2 * alpha):.0f} % sure that the change lies {_range(result)}"
    if result.verdict == "unclear":
        return f"On {result.units} {units} it is unclear whether B changes {name}: {seen} was seen, and {sure}{_scale(result)}."
    raised = (result.delta or 0) > 0
    verb, size = ("raises", seen) if raised else ("lowers", change(result, -(result.delta or 0)))
    note = "" if raised and result.verdict == "better" else f", which is {result.verdict}"
    return f"On {result.units} {units} B {verb} {name} by {size.lstrip('+')}{note} ({sure}{_scale(result)})."


def _range(result: Result) -> str:
    if result.lo is None and result.hi is None:
        return "anywhere"
    if result.lo is None:
        return f"below {change(result, result.hi)}"
    if result.hi is None:
        return f"above {change(result, result.lo)}"
    return f"between {change(result, result.lo)} and {change(result, result.hi)}"


def _scale(result: Result) -> str:
    metric = result.metric
    if result.scale == "ratio":
        return ""
    if metric.lo is None or metric.hi is None:
        return f"; in {metric.unit}"
    return f"; scale {metric.lo:g}–{metric.hi:g}"


def _counts(result: Result, units: str) -> str:
    counts = result.by_unit
    return f"Better in {counts.better} {units}, worse in {counts.worse}, same in {counts.same}."


def _disagreement(result: Result, units: str) -> str:
    """Say why there is no verdict where the interval, which is that of one of the two tests, leaves zero out."""
    above, below = result.lo is not None and result.lo > 0, result.hi is not None and result.hi < 0
    if result.verdict != "unclear" or not (above or below):
        return ""
    moved = result.by_unit.better + result.by_unit.worse
    return f"The interval leaves zero out, but the signs of the {moved} {units} that moved could be chance, and a verdict takes both."


def _failures(result: Result) -> str:
    a, b = result.failed
    if not a and not b:
        return ""
    return f"Outputs that failed count as the worst value, {result.metric.worst:g}: {a} of A, {b} of B."


def _next(result: Result, units: str) -> str:
    if result.verdict != "unclear" or result.by_unit.same == result.units:
        return ""
    if result.more_units is None or result.more_units > MANY:
        return f"A change of this size cannot be settled with any sensible number of {units}."
    if result.more_units <= FEW:
        return f"A few more {units} may settle a change of this size."
    return f"To settle a change of this size: about {result.more_units:,} more {units}."
