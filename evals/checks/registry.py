"""All checks, in one table; docs, tests and the scorer read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from evals.checks import budget, cast, continuity, props, references, wording
from evals.checks.hit import Hit
from evals.checks.ledger import Ledger, build
from evals.checks.world import World
from evals.score import Finding
from prompts.story import Script


@dataclass(frozen=True, slots=True)
class Check:
    """One rule. `version` changes whenever the same script could get another verdict."""

    id: str
    version: str
    severity: Literal["block", "warn", "info"]
    catches: str
    find: Callable[[Ledger, World], Iterator[Hit]]


CHECKS: tuple[Check, ...] = (
    Check("C01", "1", "block", "a speaker or actor who is not in the cast", cast.unknown_people),
    Check("C02", "1", "block", "someone speaks or acts without being there", cast.absent_people),
    Check("C03", "1", "block", "a dead person speaks or acts", cast.dead_people),
    Check("C04", "1", "warn", "someone enters who is there, or leaves who is not", cast.needless_moves),
    Check("C05", "1", "warn", "one person in two places at one time", cast.two_places),
    Check("C08", "1", "block", "an id twice, a reference to nothing, a change without what it needs", references.ids),
    Check("C09", "1", "block", "a word outside a closed list", references.vocabulary),
    Check("C11", "1", "warn", "a prop used by who does not hold it, or after it was put down", props.holders),
    Check("C12", "1", "warn", "a wound that is gone on the same day", continuity.wounds),
    Check("C13", "1", "warn", "a fact said by someone who has not learned it", continuity.knowledge),
    Check("C16", "1", "warn", "time that runs backwards without flashback or time_jump", continuity.time),
    Check("S15", "1", "block", "unfilled template, placeholder, leaked instruction, wrong language", wording.leaks),
    Check("T01", "1", "block", "a script that cannot be cut to its episode's length", budget.length),
    Check("T02", "1", "warn", "a line too long for a shot", budget.long_lines),
    Check("T03", "1", "warn", "an episode that does not begin with its hook", budget.hook),
    Check("T04", "1", "warn", "an episode that does not end on its cliffhanger, or stays flat", budget.ending),
)
BY_ID = {check.id: check for check in CHECKS}


def run(script: Script, world: World, checks: Iterable[Check] = CHECKS) -> list[Finding]:
    """Return all findings of a script, in the order of the checks, and within a check in the order of the script."""
    ledger = build(script, world)
    return [
        Finding(c.id, c.version, c.severity, hit.where, hit.quote, hit.message, f"{c.id}:{hit.cause}")
        for c in checks
        for hit in c.find(ledger, world)
    ]
