"""`workbench gate` from names to a verdict: who is in production, which cases, which looks; and the runs that it takes.

A gate without a run begins one: both arms interleaved over the gate split, with the repeats that the policy asks for. Where it
plans three looks, each is a run of its own over the series that come with it (`runs.looking`); the first look that settles it
ends the spending. A file says which look is which run, so a gate that died goes on; it is gone once the verdict is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from evals.case import load_cases
from evals.policy import Policy, find_policy, load_policy
from evals.suite import Suite, load_suite, suite_names
from prompts import channels
from prompts.errors import InputError, UnknownName
from runs import query
from runs.begun import Begun
from runs.harness import Options
from runs.looking import planned
from runs.plan import Plan, digest
from runs.prepare import Order, find_version, prepare
from runs.provider import Provider
from runs.providers import get, reference
from runs.report import Judgement, judge
from runs.settings import Settings
from runs.trial import find
from runs.workspace import Workspace

PRODUCTION = "production"
UNDER_WAY = "gates-under-way"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: may the candidate take the base's place, by this policy, on this suite?"""

    base: str
    candidate: str
    suite: Suite
    policy: Policy
    policy_name: str


def ask(ws: Workspace, base: str, candidate: str, *, suite: str | None = None, policy: str | None = None) -> Question:
    """Look up what a gate needs. Without a suite it is the one named like the candidate's stage.

    Raises:
        UnknownName: There is no such version, suite or policy.
        InputError: Nothing is in production, or the suite names no policy.
    """
    version = find_version(ws, candidate.partition("#")[0])
    folder = ws.evals / "suites"
    named = load_suite(suite or _suite_of(version.stage, folder), folder)
    rule = policy or named.gate
    if rule is None:
        raise InputError(f"The suite {named.name} names no gate policy.", hint="Write `gate: gates/NAME.toml` into it, or give --policy.")
    path = Path(rule) if policy and policy.endswith(".toml") and Path(policy).is_file() else find_policy(rule, ws.evals)
    return Question(_champion(ws, base, version.template), candidate, named, load_policy(path), path.stem)


def from_runs(ws: Workspace, question: Question, run_ids: Sequence[str], *, look: int | None = None, units: int | None = None) -> Judgement:
    """Judge on runs that are there."""
    trial = find(ws, question.base, question.candidate, run_ids)
    plans = [query.run_plan(ws, run) for run in trial.run_ids]
    if len({plan["suite"]["hash"] for plan in plans}) > 1:
        raise InputError("The runs are of different suites.", hint="Give the runs of one gate.")
    refused = unchecked_judges(ws, question.policy, plans[0]["scorers"])
    return judge(ws, trial, question.policy, name=question.policy_name, look=look, planned_units=units, refused=refused)


def unchecked_judges(ws: Workspace, policy: Policy, scorers: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the primary metrics that a model judged and that people have not confirmed, with the reason.

    Args:
        ws: The workspace; `evals/judges.json` says how far each criterion of each judge agrees with people.
        policy: Whose primary metrics are meant.
        scorers: Scorers of the run, as its plan has them.
    """
    from evals.judge.calibration import is_calibrated

    return {
        metric["name"]: f"{scorer['name']} was not confirmed by people on enough units (workbench calibrate)."
        for scorer in scorers
        for metric in scorer["metrics"]
        if metric["name"] in policy.primary and not is_calibrated(ws.evals, scorer["name"], scorer["version"], metric["name"])
    }


def begun(ws: Workspace, question: Question, provider: Provider, order: Order) -> Begun:
    """Return the file of a gate that is under way: the run of each look. It is named by everything that decides those runs.

    Raises:
        InputError: The candidate is the champion: nothing could come of its runs.
    """
    base, candidate = (find_version(ws, ref.partition("#")[0]) for ref in (question.base, question.candidate))
    if base.id == candidate.id:
        hint = "Nothing was run. How large chance is shows `workbench run` with the version named twice."
        raise InputError(f"{candidate.shown} is the version that it would be compared with.", hint=hint)
    versions = [base.id, candidate.id]
    who: dict[str, Any] = dict(reference(provider))
    name = digest("gate", versions, question.suite.hash, question.policy.hash, who, list(order.models), order.seed, dict(order.parameters))
    return under_way(ws, name[:16])


def under_way(ws: Workspace, name: str) -> Begun:
    """Return the file of a gate by the name of what decides its runs."""
    return Begun(ws.runs / UNDER_WAY / f"{name}.json")


def order_of(settings: Settings, suite: str, model: str = "", given: Mapping[str, Any] | None = None) -> tuple[Provider, Order]:
    """Return who generates, and the order of runs over a suite; a model and further parameters of calls may be named."""
    provider = get(settings.provider, settings)
    model = model or settings.provider_settings().model or settings.provider
    parameters = {**settings.call_parameters(), **(given or {})}
    return provider, Order((), suite, (model,), seed=settings.seed, parameters=parameters, budget_usd=settings.budget_usd)


def in_a_run(
    ws: Workspace,
    question: Question,
    provider: Provider,
    options: Options,
    order: Order,
    state: Begun,
    say: Callable[[str], None],
) -> Judgement:
    """Run both arms over the gate split, look by look, and judge. After a death the same call goes on where it stopped.

    Args:
        ws: The workspace.
        question: What is asked.
        provider: Who generates.
        options: How runs are done.
        order: Models, seed, parameters, budget; versions, suite, cases and split are filled in here.
        state: Which look is which run, from `begun`; to be forgotten once the verdict is written.
        say: Told what is being done.

    Raises:
        WorkbenchError: A run cannot begin or go on.
    """
    cases = load_cases(ws.evals / "cases")
    run_ids: list[str] = []
    for look in planned(question.suite, question.policy, cases):
        title = f"Look {look.number} of {look.of}" if look.of > 1 else "The gate"
        plan = partial(plan_of_look, ws, question, provider, options, order, look.cases)
        first = f"{title}: {len(look.cases)} cases."
        run_ids.append(state.run(ws, str(look.number), title, plan, provider, options, say, first=first))
        number = look.number if look.of > 1 else None
        judgement = from_runs(ws, question, run_ids, look=number, units=look.planned if number else None)
        if judgement.verdict.stop:
            break
        say(f"{title}: {judgement.verdict.reasons[0]}")
    return judgement


def plan_of_look(ws: Workspace, question: Question, provider: Provider, options: Options, order: Order, cases: Sequence[str]) -> Plan:
    """Return the plan of one look's run: both arms over its cases."""
    wanted = replace(
        order, versions=(question.base, question.candidate), suite=question.suite.name, cases=list(cases), split="gate",
        repeats=question.policy.repeats,
    )  # fmt: skip
    return prepare(ws, wanted, reference(provider), options.scorer_folder)


def _champion(ws: Workspace, base: str, template: str) -> str:
    if base != PRODUCTION:
        return base
    state, _ = channels.load(ws.prompts)
    version = state.version(template, PRODUCTION)
    if not version:
        raise InputError(f"No version of {template} is in production.", hint="Name the version to compare with: --base TEMPLATE@VERSION.")
    return f"{template}@{version.removeprefix('v1:')[:16]}"


def _suite_of(stage: str, folder: Path) -> str:
    if stage not in suite_names(folder):
        raise UnknownName("suite for stage", stage, suite_names(folder))
    return stage
