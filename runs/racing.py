"""`workbench race`: rounds of real runs on the explore split, each with the better half of the last one's variants.

The race's state is one file, `runs/races/<id>.json`, whose id is a hash of everything that decides it. The same command goes on
where it stopped, at any moment and after any death: a round that is done is not paid again, one that was cut off is resumed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from evals.case import load_cases
from evals.racing import CASES, Standing, rounds, standings, survivors
from prompts.errors import InputError
from runs.begun import Begun
from runs.gating import Question
from runs.harness import Options
from runs.plan import Plan, digest
from runs.prepare import Order, find_version, prepare, spread
from runs.provider import Provider
from runs.providers import reference
from runs.trial import find, of_arm
from runs.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "races"


@dataclass(frozen=True, slots=True)
class Round:
    """One round: its number, its run, how all variants that were in it stand, and which go on."""

    number: int
    run_id: str
    standings: tuple[Standing, ...]
    alive: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Race:
    """What is raced: variants by what people call them, against `question.base`."""

    question: Question
    variants: tuple[str, ...]
    provider: Provider
    options: Options
    order: Order
    cases: int = CASES


def run_race(ws: Workspace, race: Race, say: Callable[[str], None]) -> Iterator[Round]:
    """Run the rounds, one after the other; yield each when it is done.

    Raises:
        InputError: There are no two variants, two are the same version, or the explore split is empty.
        Interrupted: The user stopped it; the same call goes on.
        WorkbenchError: A run cannot begin or go on.
    """
    _check(ws, race)
    state = Begun(ws.runs / FOLDER / f"{_id(ws, race)[:16]}.json")
    parts = _parts(ws, race)
    alive = race.variants
    done: list[tuple[str, tuple[str, ...]]] = []
    for number in range(1, rounds(len(race.variants)) + 1):
        if number <= len(parts):
            run_id = _round(ws, race, state, number, alive, parts[number - 1], say)
            done.append((run_id, alive))
        ranked = standings(_frame(ws, race, done, alive), race.question.policy)
        alive = survivors(ranked)
        yield Round(number, done[-1][0], tuple(ranked), alive)


def _round(
    ws: Workspace, race: Race, state: Begun, number: int, alive: Sequence[str], cases: Sequence[str], say: Callable[[str], None]
) -> str:
    order = replace(
        race.order, versions=(race.question.base, *alive), suite=race.question.suite.name, cases=tuple(cases), split="explore", repeats=1
    )  # fmt: skip

    def plan() -> Plan:
        return prepare(ws, order, reference(race.provider), race.options.scorer_folder)

    first = f"Round {number}: {len(alive)} variants and the champion on {len(cases)} cases."
    return state.run(ws, str(number), f"Round {number}", plan, race.provider, race.options, say, first=first)


def _frame(ws: Workspace, race: Race, done: Sequence[tuple[str, Sequence[str]]], alive: Sequence[str]) -> pd.DataFrame:
    """Return all generations so far of the champion and of those that are still alive."""
    import pandas as pd

    parts = []
    for run_id, _ in done:
        for variant in alive:
            trial = find(ws, race.question.base, variant, [run_id])
            parts.append(of_arm(ws, trial.challenger, race.question.policy).assign(arm=variant))
        parts.append(of_arm(ws, trial.champion, race.question.policy).assign(arm="champion"))
    return pd.concat(parts, ignore_index=True)


def _parts(ws: Workspace, race: Race) -> list[list[str]]:
    """Return the cases of each round: drawn series by series, so that each round has as many series as it can."""
    suite = race.question.suite
    cases = suite.cases([case for case in load_cases(ws.evals / "cases") if case.stage == suite.stage], "explore")
    drawn = random.Random(race.order.seed).sample(cases, len(cases))
    mixed = [case.id for n in range(1, len(drawn) + 1) for case in spread(drawn, n) if case not in spread(drawn, n - 1)]
    parts = [mixed[start : start + race.cases] for start in range(0, len(mixed), race.cases)]
    # A rest of a few cases would be a round that decides on next to nothing.
    return parts if len(parts) == 1 or len(parts[-1]) * 2 >= race.cases else [*parts[:-2], parts[-2] + parts[-1]]


def _id(ws: Workspace, race: Race) -> str:
    versions = [find_version(ws, ref).id for ref in (race.question.base, *race.variants)]
    who: dict[str, Any] = dict(reference(race.provider))
    return digest("race", versions, race.question.suite.hash, race.question.policy.hash, who, list(race.order.models), race.order.seed,
                  dict(race.order.parameters), race.cases)  # fmt: skip


def _check(ws: Workspace, race: Race) -> None:
    if len(race.variants) < 2:
        raise InputError("A race has at least two variants.", hint="For a single one run `workbench gate`.")
    seen: dict[str, str] = {}
    for ref in (race.question.base, *race.variants):
        version = find_version(ws, ref).id
        if version in seen:
            raise InputError(f"{ref} and {seen[version]} are the same version.")
        seen[version] = ref
    if not race.question.suite.series.explore:
        raise InputError(
            f"The suite {race.question.suite.name} has no explore split.", hint="Variants are raced there, never on the gate split."
        )
