"""The runs of a chain's stage: which one is gone on with, and what a new one takes over from those before it.

    result, reused = done(ws, plan, provider, options, "failed")

| an earlier run of the stage has | then |
|---|---|
| exactly the plan's jobs, all done | it is taken as it is |
| exactly the plan's jobs | it is gone on with |
| some of them (one more shot, an upstream job that succeeded at last) | a new run begins with their outcomes |
| none of them (another template, model or script) | a new run makes everything |

Nothing is taken over into an A/B: its arms are made side by side, or what drifts over time would be taken for a difference.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from runs import harness, query
from runs.events import Generation, parse
from runs.harness import Options, RunResult
from runs.plan import Plan
from runs.provider import Provider
from runs.resume import RunState, state_of
from runs.settling import FAILED, ask_again, open_again
from runs.workspace import Workspace

Again = Literal["missing", "failed", "unknown", "all"]
"""What is made although an earlier run has it."""


def done(ws: Workspace, plan: Plan, provider: Provider, options: Options, again: Again) -> tuple[RunResult, bool]:
    """Do a plan of a chain's stage, as far as earlier runs of the chain have not; tell whether nothing was missing.

    Raises:
        WorkbenchError: as `harness.run`.
    """
    if again == "all":
        return harness.run(ws, plan, provider, options), False
    earlier: list[RunState] = []
    same = None
    for state in _earlier(ws, plan):
        if _jobs(state) == plan.by_id.keys():
            same = state
            break
        earlier.append(state)
    if same is None:
        carried = _carried(ws, plan, provider, options, earlier, again) if len(plan.event.arms) == 1 else []
        return harness.run(ws, plan, provider, options, carried=carried), False
    opens = {"failed": open_again, "unknown": ask_again}.get(again)
    opened = opens(ws, same.run_id, who=getpass.getuser()) if opens else []
    if not opened and same.finished.keys() >= plan.by_id.keys() and all(job.status != "budget" for job in same.finished.values()):
        return harness.as_it_is(ws, same, provider, options), True
    return harness.resume(ws, same.run_id, provider, options), False


def made_before(ws: Workspace, plan: Plan, again: Again) -> dict[str, RunState]:
    """Return the jobs of a plan that would be taken as they are, each with the run that has it; nothing is done."""
    found: dict[str, RunState] = {}
    for state in _earlier(ws, plan) if again != "all" else ():
        same = _jobs(state) == plan.by_id.keys()
        if same or len(plan.event.arms) == 1:
            done_here = {job_id for job_id in plan.by_id.keys() & state.finished.keys() if _counts(state, job_id, again)}
            found |= dict.fromkeys(done_here - found.keys(), state)
        if same:
            break
    return found


def _counts(state: RunState, job_id: str, again: Again) -> bool:
    """Say whether an outcome is taken as it is."""
    status = state.finished[job_id].status
    return status not in {"budget", *(FAILED if again == "failed" else ()), *(["unknown_submission"] if again == "unknown" else ())}


def _earlier(ws: Workspace, plan: Plan) -> Iterator[RunState]:
    """Yield the earlier runs of the chain's stage that share a job with a plan, newest first."""
    for run_id in query.chain_runs(ws, plan.event.chain, plan.event.stage):
        state = state_of(ws, run_id)
        if state.plan is not None and _jobs(state) & plan.by_id.keys():
            yield state


def _jobs(state: RunState) -> set[str]:
    return {job["job_id"] for job in state.plan["jobs"]} if state.plan else set()


def _carried(ws: Workspace, plan: Plan, provider: Provider, options: Options, earlier: list[RunState], again: Again) -> list[Generation]:
    """Return the outcomes that earlier runs have of a plan's jobs, the newest of each."""
    found: dict[str, Generation] = {}
    for state in earlier:
        # What may be under way at the provider is fetched by the run that has paid for it.
        if under_way := frozenset({*state.submitted, *state.handing, *state.claimed} & plan.by_id.keys() - state.finished.keys()):
            harness.resume(ws, state.run_id, provider, replace(options, only=under_way, scoring=False))
            state.refresh()
        for job_id in plan.by_id.keys() & state.finished.keys() - found.keys():
            made = parse(state.generation(job_id)) if _counts(state, job_id, again) else None
            if isinstance(made, Generation):
                found[job_id] = made
    return [found[job["job_id"]] for job in plan.jobs if job["job_id"] in found]
