"""What a gate would take, before anything is sent: its looks, what is open of each, and what that may cost.

    ahead = look_ahead(ws, settings, question)
    [(look.units, look.generations) for look in ahead.looks], ahead.high_usd, ahead.attempt

A gate that was cut off is gone on with: what is done of it is not counted again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evals.case import load_cases
from prompts.errors import WorkbenchError
from runs import preflight, query
from runs.gating import Question, begun, order_of, plan_of_look
from runs.harness import Options
from runs.harness import plan_of as plan_of_run
from runs.looking import planned
from runs.prepare import find_version
from runs.quote import pricing_of
from runs.report import attempt_at
from runs.resume import state_of
from runs.trial import NEVER_CAME

if TYPE_CHECKING:
    from runs.looking import Look
    from runs.plan import Plan
    from runs.settings import Settings
    from runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class LookAhead:
    """One look: its number of so many, series or cases and cases so far, the open generations, their cost, and its run if it has begun."""

    number: int
    of: int
    units: int
    cases: int
    generations: int
    low_usd: float | None
    high_usd: float | None
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class Ahead:
    """A gate that is not run.

    Attributes:
        name: Names it by everything that decides its runs.
        question: What is asked.
        looks: What is generated for each; the first that settles it ends the gate.
        attempt: Which attempt on the suite it will be.
        level: The one-sided level of that attempt.
        model: Who would be asked.
        simulated: Whether that is a simulation.
        budget_usd: The most that each look's run may spend.
        unpriced: Models whose cost is not known.
        refusal: Why it cannot be run; empty where it can.
    """

    name: str
    question: Question
    looks: tuple[LookAhead, ...]
    attempt: int
    level: float
    model: str
    simulated: bool
    budget_usd: float | None
    unpriced: tuple[str, ...]
    refusal: str = ""

    @property
    def generations(self) -> int:
        """Return how many are open in all looks."""
        return sum(look.generations for look in self.looks)

    @property
    def low_usd(self) -> float | None:
        """Return the least that all looks cost; None where that is not known."""
        return _total([look.low_usd for look in self.looks])

    @property
    def high_usd(self) -> float | None:
        """Return the most that all looks cost; None where that is not known."""
        return _total([look.high_usd for look in self.looks])


def look_ahead(ws: Workspace, settings: Settings, question: Question, *, model: str = "", given: Mapping[str, Any] | None = None) -> Ahead:
    """Plan and price a gate; nothing is sent, and nothing but reference pictures is stored.

    Args:
        ws: The workspace.
        settings: Its settings, with provider, seed and budget as asked for.
        question: What is asked.
        model: A model of the provider; default: the provider's.
        given: Parameters of every call beside those of the settings.

    Raises:
        WorkbenchError: A prompt cannot be rendered, or a file is broken.
    """
    provider, order = order_of(settings, question.suite.name, model, given)
    options = Options(budget_usd=settings.budget_usd, pricing=pricing_of(provider, settings))
    state = begun(ws, question, provider, order)
    runs = state.steps()
    looks, unpriced, refusal = [], set(), ""
    for look in planned(question.suite, question.policy, load_cases(ws.evals / "cases")):
        run_id, plan, done = _begun_plan(ws, runs.get(str(look.number), ""))
        if plan is None:
            plan = plan_of_look(ws, question, provider, options, order, look.cases)
        found = preflight.examine(ws, plan, options.pricing, done)
        unpriced |= set(found.unpriced)
        try:
            preflight.check(plan, provider, found, settings.budget_usd)
        except WorkbenchError as error:
            refusal = refusal or str(error)
        looks.append(_ahead(look, found, run_id))
    attempt = attempt_at(ws, find_version(ws, question.candidate.partition("#")[0]).template, question.suite.hash, looks[0].run_id)
    level = question.policy.attempts.level(question.policy.alpha, attempt)
    return Ahead(
        state.name, question, tuple(looks), attempt, level, order.models[0], provider.simulated, settings.budget_usd,
        tuple(sorted(unpriced)), refusal,
    )  # fmt: skip


def sentences(ahead: Ahead) -> list[str]:
    """Return what a gate would take, in words: what is asked, look by look, and what limits it."""
    question, policy = ahead.question, ahead.question.policy
    unit = "series" if policy.unit_column == "series" else "cases"
    told = [
        f"{question.candidate} against {question.base}: policy {question.policy_name}, suite {question.suite.name}, model {ahead.model}.",
        f"Attempt {ahead.attempt} on this suite, at the one-sided level {ahead.level:.3g}: each has to show more than the one before.",
    ]
    told += [_look(look, unit) for look in ahead.looks]
    if len(ahead.looks) > 1:
        told.append("The first look that settles it ends the gate; later ones then cost nothing.")
    if ahead.unpriced:
        told.append(f"Cost unknown for {', '.join(ahead.unpriced)}: there is no price, or nothing bounds the length of an answer.")
    if ahead.budget_usd is not None:
        told.append(f"No look's run spends more than ${ahead.budget_usd:g}.")
    if ahead.simulated:
        told.append("The evidence will be simulated: it moves production in a demo workspace only.")
    return [*told, ahead.refusal] if ahead.refusal else told


def _look(look: LookAhead, unit: str) -> str:
    name = f"Look {look.number} of {look.of}" if look.of > 1 else "All"
    counts = f"{look.units} series, {look.cases} cases" if unit == "series" else f"{look.cases} cases"
    if look.run_id and not look.generations:
        return f"{name}: {counts}. It is generated: run {look.run_id}."
    more = f", the rest of run {look.run_id}" if look.run_id else ""
    cost = "" if look.high_usd is None else ", free" if not look.high_usd else f", at most ${look.high_usd:.2f}"
    return f"{name}: {counts}; {look.generations} generations to make{more}{cost}."


def _ahead(look: Look, found: preflight.Estimate, run_id: str) -> LookAhead:
    return LookAhead(look.number, look.of, look.units, look.total, found.jobs, found.low_usd, found.high_usd, run_id)


def _begun_plan(ws: Workspace, run_id: str) -> tuple[str, Plan | None, frozenset[str]]:
    """Return a look's run that has begun, its plan, and the jobs that need not be done any more."""
    if not run_id:
        return "", None, frozenset()
    try:
        plan = plan_of_run(state_of(ws, run_id))
        made = query.generations(ws, run_id)
    except WorkbenchError:  # its process died before the plan was on disk: it is begun anew
        return "", None, frozenset()
    return run_id, plan, frozenset(made.loc[~made["status"].isin(NEVER_CAME), "job_id"])


def _total(parts: list[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
