"""Do a plan: all its jobs at once as far as the provider allows, everything in the journal before it counts as done.

    result = run(ws, plan, provider, Options(budget_usd=5.0, progress=for_terminal()))
    result.state, result.counts.ok            # "finished", 96
    result = resume(ws, run_id, provider)     # after a kill, a Ctrl-C, an empty account: only what is missing

A run and its resumption are one code path: what the journals of the run hold is not done again. One process at a time
works on a run. Scoring goes on beside generation.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from prompts.errors import InputError
from runs import engine, preflight
from runs.attached import be_thrifty
from runs.claims import Claims
from runs.errors import Interrupted, JournalError, LogError
from runs.events import EndState, Generation, Note, Run, now, parse
from runs.inlined import mend_run
from runs.journal import Journal, files, header, is_live
from runs.log import catch_up
from runs.place import refuse_shared
from runs.plan import Plan
from runs.progress import Counts
from runs.provider import Provider
from runs.providers import reference
from runs.resume import RunState, state_of
from runs.session import Options, Session
from runs.team.shipping import Hold, shipping
from runs.workspace import Workspace

__all__ = ["Options", "RunResult", "only_one", "plan_of", "resume", "run"]

RESERVE_BYTES = 64 << 20
"""Free space that a run needs to begin: a disk that fills up stops it in the middle, with money spent."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run came out: `finished`, `stopped` (budget) or `failed` (the provider refuses further work), and why.

    `unknown_usd` is the most that jobs may have cost of which nobody knows whether they were made; None where a price is not known.
    """

    run_id: str
    state: EndState
    counts: Counts
    reason: str = ""
    seconds: float = 0.0
    unknown_usd: float | None = 0.0

    @property
    def doubts(self) -> str:
        """Return what is to be said of jobs of which nobody knows whether they were made; nothing where there are none."""
        again = f"workbench run --resume {self.run_id} --resend"
        return told_of_doubts(self.counts.unknown, self.unknown_usd, self.run_id, again) if self.counts.unknown else ""


def told_of_doubts(n: int, usd: float | None, run_id: str, again: str) -> str:
    """Return what is to be said of jobs of which nobody knows whether they were made: how many, what they may cost, how to go on."""
    cost = "nobody knows what that may have cost" if usd is None else f"that may have cost up to ${usd:.4f}"
    many, them = (f"{n} calls are", "them") if n > 1 else ("1 call is", "it")
    return f"{many} unknown: no answer came, and {cost}. Say what became of {them}: workbench settle {run_id}. Or ask again: {again}"


def run(ws: Workspace, plan: Plan, provider: Provider, options: Options | None = None, *, carried: Sequence[Generation] = ()) -> RunResult:
    """Do a new plan from beginning to end.

    Args:
        ws: the workspace.
        plan: the plan.
        provider: who makes it.
        options: how.
        carried: outcomes of its jobs that other runs have: they count here as they are, and are not made again.

    Raises:
        Interrupted: the user stopped it; what is done is kept, and `resume` does the rest.
        TemplateError, InputError, ProviderError, BudgetError, WorkspaceError: it cannot begin; nothing was written.
        JournalError, MediaError: the disk takes no more; nothing more was paid.
    """
    session = _checked(ws, plan, provider, options or Options(), None)
    ws.ensure_writable()
    refuse_shared(ws)
    with only_one(ws, plan.run_id, new=True, say=session.options.progress.say) as hold:
        session = _carrying(ws, session, carried) if carried else session
        hold.lost = session.ask_to_stop
        return _done(ws, session)


def resume(ws: Workspace, run_id: str, provider: Provider, options: Options | None = None) -> RunResult:
    """Do what is missing of a run: jobs without an outcome, jobs that were over budget, scores; errors as `run`.

    Raises:
        UnknownName: no run has this id.
        InputError: the run was begun with another provider.
        JournalError: a process is working on the run.
    """
    ws.ensure_writable()
    refuse_shared(ws)
    options = options or Options()
    with only_one(ws, run_id, say=options.progress.say) as hold:
        state = state_of(ws, run_id)
        session = _checked(ws, plan_of(state), provider, options, state)
        if mended := mend_run(ws, state):
            options.progress.say(f"{mended} texts whose files were lost with the power are made anew from the journal.")
        hold.lost = session.ask_to_stop
        return _done(ws, session)


def as_it_is(ws: Workspace, state: RunState, provider: Provider, options: Options) -> RunResult:
    """Return how a run came out that has ended, without doing anything."""
    session = Session(ws, plan_of(state), provider, options, state)
    counts = session.counted()
    return RunResult(state.run_id, "finished", counts, unknown_usd=session.unknown_usd())


def plan_of(state: RunState) -> Plan:
    """Return the plan that a run's journals hold.

    Raises:
        JournalError: its process died before the plan was on disk.
    """
    event = parse(state.plan) if state.plan else None
    if not isinstance(event, Run):
        raise JournalError(f"The run {state.run_id} has no plan in its journal: it ended before it began.", hint="Start it anew.")
    return Plan(event)


def to_stderr(text: str) -> None:
    """Say something where no progress is shown."""
    sys.stderr.write(f"{text}\n")


@contextlib.contextmanager
def only_one(ws: Workspace, run_id: str, *, new: bool = False, say: Callable[[str], None] = to_stderr) -> Iterator[Hold]:
    """Hold the run, so that no other process works on it, on no machine of the team; what is journalled of it is shipped meanwhile.

    Args:
        ws: the workspace.
        run_id: the run.
        new: it begins only now.
        say: told what the user should know of the team's store.

    Raises:
        JournalError: another one does; the message says which.
        TeamError: the team's store cannot be used as it is set up.
    """
    with Claims(ws) as claims:
        if not claims.try_claim(f"run/{run_id}"):
            pids = [head["pid"] for path in files(ws) if (head := header(path)) and head.get("run_id") == run_id and is_live(path)]
            who = f"process {pids[-1]}" if pids else "another process"
            raise JournalError(f"The run {run_id} is being worked on by {who}.", hint="Wait for it, or stop it first.")
        with shipping(ws, run_id, new=new, say=say) as hold:
            yield hold


def _checked(ws: Workspace, plan: Plan, provider: Provider, options: Options, state: RunState | None) -> Session:
    """Return the session that does what is open, after seeing that it can be done. Nothing is written."""
    _check_provider(plan, provider)
    session = Session(ws, plan, provider, options, state)
    todo = session.open_jobs()
    done = () if todo is plan.jobs else plan.by_id.keys() - {job["job_id"] for job in todo}
    estimate = preflight.examine(ws, plan, session.options.pricing, done, session.prompts)
    preflight.check(plan, provider, estimate, options.budget_usd)
    return session


def _carrying(ws: Workspace, session: Session, carried: Sequence[Generation]) -> Session:
    """Begin a run with outcomes of others; return the session that does the rest."""
    plan, sources = session.plan, Counter(made.run_id for made in carried)
    told = ", ".join(f"{n} from {run_id}" for run_id, n in sources.items())
    with Journal(ws, plan.run_id) as journal:
        journal.append(
            plan.event,
            Note(run_id=plan.run_id, text=f"{len(carried)} of {len(plan.jobs)} jobs are taken over: {told}."),
            *(replace(made, run_id=plan.run_id, at=now(), carried_from=made.carried_from or made.run_id, again=0) for made in carried),
        )
    return _checked(ws, plan, session.provider, session.options, state_of(ws, plan.run_id))


def _done(ws: Workspace, session: Session) -> RunResult:
    began = time.monotonic()
    be_thrifty()
    if shutil.disk_usage(ws.runs).free < RESERVE_BYTES:
        raise JournalError(f"Less than {RESERVE_BYTES >> 20} MB are free on the disk of {ws.runs}.", hint="Free some space first.")
    with engine.used(), _settled_memory():
        end = asyncio.run(session.run())
    run_id, counts = session.plan.run_id, session.counts
    if session.stopped:
        given_up = f"; given up in flight, and perhaps billed: {session.given_up}" if session.given_up else ""
        raise Interrupted(
            f"Stopped; {counts.done} of {counts.jobs} jobs are done{given_up}.", hint=f"Go on with: workbench run --resume {run_id}"
        )
    try:
        catch_up(ws)
    except LogError as error:  # the journal has everything: whoever reads next folds it in
        session.options.progress.say(str(error))
    return RunResult(run_id, end, counts, session.reason, time.monotonic() - began, session.unknown_usd())


@contextlib.contextmanager
def _settled_memory() -> Iterator[None]:
    """Spare the garbage collector what is there already, modules and the plan: looking it through is a tenth of a long run's CPU."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _check_provider(plan: Plan, provider: Provider) -> None:
    planned, given = plan.event.provider, reference(provider)
    if (planned["name"], planned["base_url"]) != (given["name"], given["base_url"]):
        raise InputError(
            f"The run {plan.run_id} is of {planned['name']} {planned['base_url']}, not of {given['name']} {given['base_url']}.",
            hint="Take the provider that it was begun with, or start a new run.",
        )
