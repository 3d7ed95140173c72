"""Run a chain: stage after stage, each an ordinary run whose cases are made from what the stages before it gave.

    results = walk(ws, load_chain("pilot", ws.evals / "chains"), drivers)
    results["shot"].run_id, results["shot"].counts.ok

A stage is planned from content alone, so it has the same jobs as long as nothing before it has changed. A run of the chain
with exactly these jobs is gone on with where it stopped, or taken as it is where it has ended; anything else is a new run,
which takes over the jobs that earlier runs of the chain have done. That is how a chain is resumed, how a changed stage is
made again without paying for the stages before it, and how a job that failed is made after all, with what hangs on it.

With `versions` one stage is an A/B: the stages before it run as the chain says, it runs with those versions on the very same
cases, and the stages after it do not run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evals.case import CaseStage
from evals.chain import Chain, ChainStage
from evals.suite import load_suite, suite_names
from prompts.errors import InputError
from runs import harness
from runs.chain_cases import Cases, Output
from runs.chain_runs import Again, done
from runs.claims import alone
from runs.errors import BudgetError
from runs.events import CasePlan
from runs.harness import Options
from runs.plan import Plan, make
from runs.prepare import as_plan, environment, find_version
from runs.progress import Counts
from runs.provider import Provider
from runs.providers import reference
from runs.resume import state_of
from runs.scoring import scorer_plans
from runs.team.chains import walking
from runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Driver:
    """Who makes a stage: the provider, the model, the parameters of every call, and how it is run."""

    provider: Provider
    model: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class StageResult:
    """How a stage came out; `reused` where its run had ended before, `skipped` says why cases could not be made."""

    stage: str
    run_id: str
    state: str
    counts: Counts
    reason: str = ""
    reused: bool = False
    skipped: Mapping[str, str] = field(default_factory=dict)
    unknown_usd: float | None = 0.0


DriverOf = Callable[[ChainStage], Driver]


def walk(
    ws: Workspace, chain: Chain, driver_of: DriverOf, *, until: str = "", versions: Sequence[str] = (), again: Again = "missing"
) -> list[StageResult]:
    """Run a chain's stages in order; stop where a stage cannot be finished or gives nothing to go on with.

    Args:
        ws: the workspace.
        chain: the chain.
        driver_of: makes the provider and options of a stage.
        until: the last stage to run; all by default.
        versions: versions of that stage in place of the chain's one: an A/B with everything before it frozen.
        again: what is made although an earlier run of the chain has it: what is `missing`, `failed` or `unknown` too, or `all`.

    Raises:
        InputError: the chain has no such stage, or no case can be made.
        JournalError: another process walks the chain, or another machine of the team.
        WorkbenchError: as `harness.run`.
    """
    known_stage(chain, until)
    # Two processes that begin a stage in the same moment would each find no run of it, and both would pay.
    # So would two machines of a team.
    with alone(ws, f"chain/{chain.name}", f"The chain {chain.name}"), walking(ws, chain.name, harness.to_stderr) as still_ours:
        return _walk(ws, chain, driver_of, until, versions, again, still_ours)


def _walk(
    ws: Workspace,
    chain: Chain,
    driver_of: DriverOf,
    until: str,
    versions: Sequence[str],
    again: Again,
    still_ours: Callable[[], None],
) -> list[StageResult]:
    cases = Cases(ws, chain)
    outputs: dict[str, dict[str, Output]] = {}
    results: list[StageResult] = []
    spent = 0.0
    for stage in chain.order:
        still_ours()
        made, skipped = cases.of(stage, outputs)
        if not made:
            why = "; ".join(f"{name}: {said}" for name, said in list(skipped.items())[:3])
            results.append(StageResult(stage, "", "skipped", Counts(), why or "the series file has no case of this stage", skipped=skipped))
        else:
            refs = versions if versions and stage == until else ()
            driver = driver_of(chain.stages[stage])
            options = _within(driver.options, chain.budget_usd, spent)
            plan = plan_stage(ws, chain, stage, refs, driver, made, options)
            result, reused = done(ws, plan, driver.provider, options, again)
            spent += result.counts.spent_usd
            outputs[stage] = _outputs(ws, result.run_id, stage)
            results.append(
                StageResult(stage, result.run_id, result.state, result.counts, result.reason, reused, skipped, result.unknown_usd)
            )
            if result.state != "finished":
                break
        if stage == until:
            break
    return results


def known_stage(chain: Chain, until: str) -> None:
    """Refuse the name of a last stage that a chain does not have.

    Raises:
        InputError: it has none of that name.
    """
    if until and until not in chain.stages:
        raise InputError(f"The chain {chain.name} has no stage {until}.", hint=f"It has {', '.join(chain.order)}.")


def _within(options: Options, budget_usd: float | None, spent: float) -> Options:
    """Return options whose budget is what the chain has left, if that is less than theirs."""
    if budget_usd is None:
        return options
    left = budget_usd - spent
    if left < 0:
        raise BudgetError(f"The chain's budget of {budget_usd} USD is used up.", hint="Raise budget_usd in the chain's file.")
    return replace(options, budget_usd=left if options.budget_usd is None else min(left, options.budget_usd))


def plan_stage(
    ws: Workspace, chain: Chain, stage: CaseStage, refs: Sequence[str], driver: Driver, cases: Sequence[CasePlan], options: Options
) -> Plan:
    """Return the plan of a stage over its cases, with the chain's own version where no others are named.

    Raises:
        WorkbenchError: an unknown version or scorer, or a malformed file.
    """
    wanted = chain.stages[stage].scorers
    suites = ws.evals / "suites"
    if wanted is not None:
        specs: list[tuple[str, Mapping[str, Any]]] = [(name, {}) for name in wanted]
    elif stage in suite_names(suites):
        specs = [(spec.name, spec.args) for spec in load_suite(stage, suites).scorers]
    else:
        specs = []
    return make(
        stage=stage,
        suite={"name": chain.name, "hash": chain.hash},
        versions=[as_plan(find_version(ws, ref)) for ref in refs or [chain.stages[stage].version]],
        cases=cases,
        provider=reference(driver.provider),
        models=[driver.model],
        seed=chain.seed,
        parameters=driver.parameters,
        scorers=scorer_plans(specs, stage, options.scorer_folder) if options.scoring else (),
        environment=environment(),
        budget_usd=options.budget_usd,
        chain=chain.name,
        price=options.pricing.amounts,
    )


def _outputs(ws: Workspace, run_id: str, stage: str) -> dict[str, Output]:
    """Return what the first arm of a run made, by case."""
    state = state_of(ws, run_id)
    plan = harness.plan_of(state)
    found: dict[str, Output] = {}
    for job in plan.jobs:
        came = state.finished.get(job["job_id"])
        if job["arm"] == plan.event.arms[0]["arm"] and job["repeat"] == 0 and came is not None and came.status == "ok":
            first = state.generation(job["job_id"])["artifacts"][0]
            found[job["case_id"]] = Output(stage, run_id, job["job_id"], first["sha256"], first["media_type"])
    return found


def chains(folder: Path) -> list[str]:
    """Return the names of the chains in a folder, sorted."""
    return sorted(p.stem for p in folder.glob("*.yaml") if not p.name.startswith("."))
