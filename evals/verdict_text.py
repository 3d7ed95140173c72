"""Why the gate does not promote, in words: what evidence is lacking, and what the evidence does not show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from evals.evidence import Rows
from evals.policy import Policy
from evals.ruling import Check, HardCheck


def not_enough(
    checks: Sequence[Check], rows: Rows, policy: Policy, mixed: str, most_unpaired: float, refused: Mapping[str, str]
) -> tuple[str, ...]:
    """Return what is lacking before anything can be said."""
    first, total = checks[0], len(rows.cases)
    arms = [("champion", "challenger")[arm] for arm in (0, 1) if not (rows.arm == arm).any()]
    unit = rows_name(policy)
    found = [
        *(f"There is no generation of the {arm}." for arm in arms),
        *(f"{name} may not decide: {why}" for name, why in refused.items() if name in policy.primary),
        f"The arms do not share one model: {mixed} differs between generations." if mixed else "",
        f"Only {first.units} {unit} have a pair; at least {policy.min_units} are needed." if first.units < policy.min_units else "",
        f"Only {first.cases} cases have a pair; at least {policy.min_cases} are needed." if first.cases < policy.min_cases else "",
    ]
    unpaired = int((~rows.paired_cases).sum())
    if not arms and unpaired > most_unpaired * total:
        found.append(f"{unpaired} of {total} cases were generated in one arm only (at most {most_unpaired:.0%} may be).")
    found += [_gaps(check, policy) for check in checks if not check.enough and not (check is first and check.units < policy.min_units)]
    return tuple(text for text in found if text)


def fell_short(checks: Sequence[Check], hard: Sequence[HardCheck], policy: Policy, level: float) -> tuple[str, ...]:
    """Return what the evidence does not show, harms that were seen first."""
    harms = [
        f"{h.metric} failed in {h.failures} of {h.outputs} outputs; {h.max_failures} are allowed."
        for h in hard
        if h.failures > h.max_failures
    ]
    if level <= 0:
        harms.append(f"All {policy.attempts.planned} planned attempts on this suite are spent.")
    primaries = [check for check in checks if check.role == "primary"]
    short = [] if any(check.passed for check in primaries) else [_no_gain(check, level) for check in primaries]
    harms += [f"{check.metric} is worse, and no other gain makes up for it." for check in primaries if _lost(check) and not short]
    guards = [_too_much(check) for check in checks if check.role == "guardrail" and not check.passed]
    return (*harms, *short, *guards)


def passed(checks: Sequence[Check], hard: Sequence[HardCheck]) -> tuple[str, ...]:
    """Return what was shown, for a promotion."""
    gains = [f"{c.metric} gains {amount(c.gain, c)}, at least {amount(c.lo, c)}." for c in checks if c.role == "primary" and c.passed]
    rails = [f"{c.metric} loses less than the margin of {amount(c.bound, c)}." for c in checks if c.role == "guardrail"]
    return (*gains, *rails, *(f"{h.metric}: {h.failures} of {h.outputs} outputs, at most {h.upper:.1%}." for h in hard))


def amount(gain: float | None, check: Check) -> str:
    """Write the size of a gain (above zero) or loss (below) in the metric's unit; of spending, as a share."""
    if gain is None:
        return "?"
    if check.scale == "difference":
        return f"{abs(gain):.3g}"
    return f"{abs(math.expm1(gain if check.direction == 'up' else -gain)):.1%}"


def rows_name(policy: Policy) -> str:
    """Return what the independent units are called, in the plural."""
    return "series" if policy.unit_column == "series" else "cases"


def _gaps(check: Check, policy: Policy) -> str:
    if check.units < policy.min_units:
        return f"{check.metric}: only {check.units} {rows_name(policy)} have a value in both arms; at least {policy.min_units} are needed."
    total = check.cases + len(check.unpaired)
    hint = " An unknown cost is not zero: give prices, or take the guardrail out." if check.metric == "cost_usd" else ""
    return f"{check.metric}: {len(check.unpaired)} of {total} cases have no value in one of the arms.{hint}"


def _no_gain(check: Check, level: float) -> str:
    if check.gain is None:
        return f"{check.metric}: nothing was measured in both arms."
    if check.p is not None and check.p < level and check.gain > 0:
        return f"{check.metric} gains {amount(check.gain, check)}, less than the {check.min_effect:g} that makes a change worth it."
    if check.gain < 0:
        return f"{check.metric} did not gain: it got worse by {amount(check.gain, check)} on average."
    return f"{check.metric}: a gain is not shown; it is {amount(check.gain, check)} on average, and could be none."


def _too_much(check: Check) -> str:
    said = f"{check.metric} may be worse by more than the margin of {amount(check.bound, check)}"
    if check.lo is None:
        return f"{said}: the evidence sets no bound."
    # Both tests must agree; where only the sign flips are in doubt, the interval lies within the margin.
    return f"{said}: the loss is up to {amount(check.lo, check)}." if check.lo <= check.bound else f"{said}: the two tests do not agree."


def _lost(check: Check) -> bool:
    return check.hi is not None and check.hi < 0
