"""All checks, in one table; docs, tests, the scorer and `workbench lint` read it.

C: continuity, T: time, S: shots and their prompts, R: rules of the models. `find` judges a script, or a storyboard with its
shots' prompts; `lint` judges a rendered prompt before it is paid for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from evals.checks import (
    budget,
    camera,
    caps,
    cast,
    continuity,
    coverage,
    declared,
    fame,
    headcount,
    identity,
    postures,
    props,
    references,
    reveals,
    scene_shift,
    screen,
    sheets,
    speech,
    standalone,
    wording,
)  # fmt: skip
from evals.checks.hit import Hit
from evals.checks.ledger import Ledger, build
from evals.checks.prompt import Find, Prompt, over_shots
from evals.checks.world import World
from evals.score import Finding
from prompts.story import Script


def _nothing(_ledger: Ledger, _world: World) -> Iterator[Hit]:
    """Find nothing: what only prompts can break."""
    return iter(())


@dataclass(frozen=True, slots=True)
class Check:
    """One rule. `version` changes whenever the same script or prompt could get another verdict.

    `tier` is D where the verdict follows from declared data, and X where words decide.
    """

    id: str
    version: str
    severity: Literal["block", "warn", "info"]
    tier: Literal["D", "X"]
    catches: str
    find: Callable[[Ledger, World], Iterator[Hit]]
    lint: Find | None = None


def _of_prompts(
    name: str, severity: Literal["block", "warn", "info"], tier: Literal["D", "X"], catches: str, lint: Find, version: str = "1"
) -> Check:
    return Check(name, version, severity, tier, catches, over_shots(lint), lint)


CHECKS: tuple[Check, ...] = (
    Check("C01", "2", "block", "D", "a speaker or actor who is not in the cast", cast.unknown_people),
    Check("C02", "3", "block", "D", "someone speaks or acts without being there", cast.absent_people),
    Check("C03", "1", "block", "D", "a dead person speaks or acts", cast.dead_people),
    Check("C04", "1", "warn", "D", "someone enters who is there, or leaves who is not", cast.needless_moves),
    Check("C05", "1", "warn", "D", "one person in two places at one time", cast.two_places),
    Check("C06", "1", "warn", "D", "two people with one name, or names a letter apart", declared.alike),
    Check("C07", "1", "warn", "D", "what the outline wants is missing; someone present does nothing", declared.unused),
    Check("C08", "2", "block", "D", "an id twice, a reference to nothing, a change without what it needs", references.ids),
    Check("C09", "2", "block", "D", "a word outside a closed list", references.vocabulary),
    Check("C10", "1", "warn", "D", "someone sits who stood, without a change", postures.postures),
    Check("C11", "1", "warn", "D", "a prop used by who does not hold it, or after it was put down", props.holders),
    Check("C12", "2", "warn", "D", "a wound that is gone on the same day, a look that nobody put on", continuity.looks),
    Check("C13", "1", "warn", "D", "a fact said by someone who has not learned it", continuity.knowledge),
    Check("C14", "1", "warn", "D", "a secret revealed twice, or denied by who told it", reveals.reveals),
    Check("C15", "1", "warn", "X", "a scene that changes place or time inside itself", scene_shift.one_scene),
    Check("C16", "2", "warn", "D", "time that runs backwards without flashback or time_jump", continuity.time),
    Check("R01", "1", "warn", "X", "a clip's prompt that describes the picture", _nothing, sheets.motion),
    Check("R02", "1", "warn", "X", "a character sheet without views, neutral face or plain ground", _nothing, sheets.sheet),
    Check("S01", "1", "block", "D", "a beat or line that no shot or more than one shows, or out of order", coverage.covered),
    Check("S02", "1", "block", "D", "a shot of someone who is not there, a speaker who is not seen", coverage.framed),
    _of_prompts("S03", "warn", "X", "descriptors missing from a prompt", identity.missing),
    _of_prompts("S04", "warn", "X", "a colour or garment that differs from the look", identity.conflicts, "2"),
    _of_prompts("S05", "warn", "X", "a prompt that points to another shot", standalone.backwards, "2"),
    _of_prompts("S06", "warn", "X", "a negation or readable text in a prompt", standalone.negations),
    _of_prompts("S07", "warn", "X", "camera words that differ from the plan, two moves in one shot", camera.contradictions),
    _of_prompts("S08", "warn", "X", "words for another format than 9:16", camera.aspect),
    Check("S09", "1", "warn", "D", "two people who change sides between shots", screen.axis),
    Check("S10", "1", "warn", "D", "two people who talk and look the same way", screen.eyelines),
    Check("S11", "1", "warn", "D", "a jump cut, four equal sizes, no shot that shows where we are", screen.rhythm),
    _of_prompts("S12", "warn", "X", "another number of people than is visible", headcount.people, "2"),
    _of_prompts("S13", "block", "D", "a prompt or shot over its model's limits, too many actions", caps.caps),
    Check("S14", "1", "warn", "X", "a real person, brand or franchise character", fame.in_scripts, fame.in_prompts),
    Check("S15", "2", "block", "X", "unfilled template, placeholder, leaked instruction, wrong language", wording.leaks, wording.unfilled),
    Check("T01", "2", "block", "D", "a script or shots that cannot be cut to the episode's length", budget.length),
    Check("T02", "2", "warn", "D", "a line too long for a shot", budget.long_lines),
    Check("T03", "2", "warn", "D", "an episode that does not begin with its hook", budget.hook),
    Check("T04", "2", "warn", "D", "an episode that does not end on its cliffhanger, or has the wrong shape", budget.ending),
    Check("T05", "1", "warn", "D", "a subtitle that is too fast to read", speech.subtitles),
    Check("T06", "1", "warn", "D", "too much talk, a monologue, a line said twice", speech.talk),
)
BY_ID = {check.id: check for check in CHECKS}


def run(script: Script, world: World, checks: Iterable[Check] = CHECKS) -> list[Finding]:
    """Return all findings of a script, in the order of the checks, and within a check in the order of the script."""
    ledger = build(script, world)
    return [_finding(check, hit) for check in checks for hit in check.find(ledger, world)]


def lint(prompt: Prompt, checks: Iterable[Check] = CHECKS) -> list[Finding]:
    """Return all findings of a rendered prompt, in the order of the checks."""
    return [_finding(check, hit) for check in checks if check.lint for hit in check.lint(prompt)]


def _finding(check: Check, hit: Hit) -> Finding:
    severity = hit.severity or check.severity
    return Finding(check.id, check.version, severity, hit.where, hit.quote, hit.message, f"{check.id}:{hit.cause}")
