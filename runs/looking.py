"""When a gate looks at its evidence: which cases come with which look, and which looks are worth taking.

    planned(suite, policy, cases)      # 13 series, three looks: [Look(2, 3, …, units=9), Look(3, 3, …, units=13)]

A policy with three looks looks after a third, two thirds and all of the units, in an order that is drawn from the suite's hash
and so fixed before anything is known. A look that has fewer units or cases than any verdict takes (`min_units`, `min_cases`)
could settle nothing: it is left out, and its cases come with the next one. The levels of the others stay as they are: what
the left out one might have spent is not spent, so the gate is wrong less often than promised, never more.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from evals.case import Case
from evals.looks import FRACTIONS
from evals.policy import Policy
from evals.suite import Suite


@dataclass(frozen=True, slots=True)
class Look:
    """One look.

    Attributes:
        number: Which of the policy's looks, from 1.
        of: How many the policy plans; 1 where it is looked at once.
        cases: The cases that are new at this look.
        units: Independent units so far, with those of earlier looks.
        total: Cases so far.
        planned: Units at the last look.
        taken: Whether there is enough for a verdict; the last one is always taken.
    """

    number: int
    of: int
    cases: tuple[str, ...]
    units: int
    total: int
    planned: int
    taken: bool


def planned(suite: Suite, policy: Policy, cases: Sequence[Case]) -> list[Look]:
    """Return the looks that are worth taking.

    Args:
        suite: Whose gate split is run.
        policy: How often it is looked at.
        cases: Cases of the workspace.
    """
    found: list[Look] = []
    waiting: tuple[str, ...] = ()
    for look in every(suite, policy, cases):
        waiting += look.cases
        if look.taken:
            found.append(Look(look.number, look.of, waiting, look.units, look.total, look.planned, taken=True))
            waiting = ()
    return found


def every(suite: Suite, policy: Policy, cases: Sequence[Case]) -> list[Look]:
    """Return all looks of a policy, those too that are not worth taking."""
    order = look_order(suite)
    chosen = suite.cases([case for case in cases if case.stage == suite.stage], "gate")
    fractions = FRACTIONS if policy.looks.plan == "obf3" else (1.0,)
    by_case = policy.unit_column == "case"
    all_units = len(chosen) if by_case else len({case.series for case in chosen})
    found: list[Look] = []
    done = 0
    for number, fraction in enumerate(fractions, start=1):
        upto = math.ceil(fraction * len(order) - 1e-9)
        before, now = set(order[:done]), set(order[:upto])
        seen = [case for case in chosen if case.series in now]
        units = len(seen) if by_case else len({case.series for case in seen})
        enough = units >= policy.min_units and len(seen) >= policy.min_cases
        new = tuple(case.id for case in seen if case.series not in before)
        found.append(Look(number, len(fractions), new, units, len(seen), all_units, enough or number == len(fractions)))
        done = upto
    return found


def look_order(suite: Suite) -> list[str]:
    """Return the series of the gate split in the order in which looks take them: drawn, and fixed before anything is known."""
    series = sorted(suite.series.gate)
    seed = int(hashlib.sha256(suite.hash.encode()).hexdigest()[:12], 16)
    return random.Random(seed).sample(series, len(series))
