"""One process's part in a run: take the open jobs, do them side by side, score what is complete, and end in good order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from runs import engine
from runs.accounts import Account, Shared, account_of
from runs.budget import Budget
from runs.doubts import Doubts
from runs.events import End, EndState, Generation, JobPlan, Note
from runs.execution import Executor, ProviderStopped
from runs.inlined import bare
from runs.joblist import collected
from runs.journal import GroupCommit, Journal
from runs.limits import Limits
from runs.media import MediaStore
from runs.plan import Plan
from runs.pricing import Pricing
from runs.progress import Counts, Progress, Silent
from runs.provider import KIND_OF_STAGE, Provider, Tasks
from runs.providers import rate_per_minute
from runs.requests import Prompts, Requests
from runs.resume import RunState
from runs.retry import Retry
from runs.scoring import Made, Scoring, any_cpu_bound
from runs.stopping import on_stop
from runs.workspace import Workspace

GRACE_S = 60.0
"""How long calls in flight may take to finish after Ctrl-C: what is paid and given up cannot be fetched."""
GRACE_TASKS_S = 5.0
"""The same for tasks, which a resumed run asks after."""
STOPPED = "stopped by the user"


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is done, apart from what is done.

    Attributes:
        budget_usd: spend at most this; None for no limit.
        pricing: the provider's prices.
        progress: whom to tell.
        retry: when to try again.
        scoring: score beside generation.
        scorer_folder: the workspace's scorer files, where the user allows them to run.
        grace_s: how long what is in flight may take after Ctrl-C; None for what its shape is worth.
        accounts: the folder in which the limits of accounts are kept; None for this user's own.
        only: do these jobs and no others; None for all that are open.
    """

    budget_usd: float | None = None
    pricing: Pricing = field(default_factory=Pricing)
    progress: Progress = field(default_factory=Silent)
    retry: Retry = field(default_factory=Retry)
    scoring: bool = True
    scorer_folder: Path | None = None
    grace_s: float | None = None
    accounts: Path | None = None
    only: frozenset[str] | None = None


class Session:
    """Does a plan's open jobs, once; `state` is what the run's journals tell, None for a new run.

    Attributes:
        counts: where the run stands.
        stopped: whether the user stopped it.
        reason: why it ended before everything was done; empty if it did not.
        unknown: jobs of which nobody can say whether they were made.
        given_up: calls that were still in flight when the user's patience ended: they may be billed.
        prompts: the plan's prompts; those that an estimate has rendered need not be rendered again.
    """

    def __init__(self, ws: Workspace, plan: Plan, provider: Provider, options: Options, state: RunState | None) -> None:
        self.counts = Counts(jobs=len(plan.jobs))
        self.stopped = False
        self.reason = ""
        self.unknown: set[str] = set()
        self.given_up = 0
        self._ws = ws
        self.plan = plan
        self.provider = provider
        self.options = replace(options, pricing=options.pricing.naming(plan.event.price))
        self._state = state
        self.prompts = Prompts()
        self._requests = Requests(ws, plan, again=state.again if state is not None else None, prompts=self.prompts)
        self._doubts = Doubts(plan, provider, self.options.pricing, self._requests, state)
        self._scorers = plan.event.scorers if options.scoring else ()
        self._heavy = any_cpu_bound(self._scorers, options.scorer_folder)
        self._stop = asyncio.Event()
        self._why = STOPPED
        self._loop: asyncio.AbstractEventLoop | None = None
        self._broken: asyncio.Future[None] | None = None

    def open_jobs(self) -> Sequence[JobPlan]:
        """Return the jobs without an outcome, and those that an earlier budget did not cover, in the plan's order."""
        only = self.options.only
        if self._state is None and only is None:
            return self.plan.jobs
        done = self._state.finished if self._state is not None else {}
        return collected(
            job
            for job in self.plan.jobs
            if (job["job_id"] not in done or done[job["job_id"]].status == "budget") and (only is None or job["job_id"] in only)
        )

    async def run(self) -> EndState:
        """Do what is open and return how the run ended.

        Raises:
            ProviderError: the provider cannot be opened; nothing was written.
            JournalError, MediaError: the disk takes no more.
        """
        todo = self.open_jobs()
        account = account_of(self.provider, KIND_OF_STAGE[self.plan.event.stage], self.options.accounts)
        async with account or contextlib.nullcontext(), self.provider:
            with Journal(self._ws, self.plan.run_id) as journal:
                if self._state is None:
                    journal.append(self.plan.event)
                self.options.progress.begin(self._title(), self._counted(todo))
                if notes := self._asked_again(todo):
                    journal.append(*notes)
                try:
                    async with GroupCommit(journal) as group:
                        state = await self._do(todo, group, account)
                        await asyncio.to_thread(MediaStore(self._ws).flush)
                        notes = [Note(run_id=self.plan.run_id, text=self.reason)] if self.reason else []
                        await group.commit(*notes, End(run_id=self.plan.run_id, state=state))
                finally:
                    self.options.progress.end(self.counts)
        return state

    def ask_to_stop(self, reason: str) -> None:
        """Stop as if the user had asked for it, from whatever thread; nothing happens where the run is not going on."""
        if self._loop is not None and not self._loop.is_closed():
            self._why = reason
            self._loop.call_soon_threadsafe(self._stop.set)

    async def _do(self, todo: Sequence[JobPlan], group: GroupCommit, account: Account | None) -> EndState:
        self._loop = asyncio.get_running_loop()
        self._broken = self._loop.create_future()
        self._broken.add_done_callback(asyncio.Future.exception)  # known even where something else ends the run first
        scoring = self._scoring(group)
        executor = self._executor(group, account)
        jobs = iter(todo)
        tasks = [asyncio.create_task(self._worker(executor, jobs, scoring)) for _ in range(min(len(todo), self.provider.concurrency))]
        try:
            with on_stop(self._stop.set):
                if await self._through(tasks):
                    tasks.append(asyncio.create_task(scoring.finish()))
                    if await self._through(tasks[-1:]):
                        return self._end_state()
                self.stopped = True
                executor.close(self._why)
                grace_s = self._grace_s
                told = f"Stopping: no new jobs; what is in flight has {grace_s:.0f} s to finish."
                self.options.progress.say(f"{told} Press Ctrl-C again to leave at once.")
                if running := [task for task in tasks if not task.done()]:
                    _, left = await asyncio.wait(running, timeout=grace_s)
                    self.given_up = 0 if isinstance(self.provider, Tasks) else len(left)
                self.reason = self._why
                return "stopped"
        finally:
            # After an error nothing more may be paid; after a stop, what is still running has had its time.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await scoring.abandon()

    async def _through(self, tasks: list[asyncio.Task[None]]) -> bool:
        """Wait for tasks; return False as soon as the user stops the run, raise what stops it otherwise."""
        assert self._broken is not None  # noqa: S101 - made before any task
        stop = asyncio.create_task(self._wait_for_stop())
        pending: set[asyncio.Future[None]] = set(tasks)
        try:
            while pending:
                done, _ = await asyncio.wait({*pending, stop, self._broken}, return_when=asyncio.FIRST_COMPLETED)
                for ended in done:
                    ended.result()
                if stop in done:
                    return False
                pending -= done
            return True
        finally:
            stop.cancel()

    async def _wait_for_stop(self) -> None:
        await self._stop.wait()

    async def _worker(self, executor: Executor, jobs: Iterator[JobPlan], scoring: Scoring) -> None:
        for job in jobs:
            try:
                event = await executor.do(job)
            except ProviderStopped as stopped:
                self.reason = self.reason or stopped.message
                return
            self._count(event)
            scoring.final(job["job_id"], Made(event.status, bare(event.artifacts), event.cost_usd, event.latency_s))

    @property
    def _grace_s(self) -> float:
        given = self.options.grace_s
        return (GRACE_TASKS_S if isinstance(self.provider, Tasks) else GRACE_S) if given is None else given

    def _count(self, event: Generation) -> None:
        if event.status == "budget":
            self.reason = event.message
        if event.status == "unknown_submission":
            self.unknown.add(event.job_id)
        self.counts.add(event.status)
        self.options.progress.update(self.counts)

    def _end_state(self) -> EndState:
        if self.counts.done == self.counts.jobs:
            self.reason = ""
            return "finished"
        return "stopped" if self.counts.budget or (self.options.only is not None and not self.reason) else "failed"

    def _scoring(self, group: GroupCommit) -> Scoring:
        def scored(n: int) -> None:
            self.counts.scored += n
            self.options.progress.update(self.counts)

        def broken(error: BaseException) -> None:
            if self._broken is not None and not self._broken.done():
                self._broken.set_exception(error)

        scoring = Scoring(
            self._ws,
            self.plan,
            self._scorers,
            heavy=self._heavy,
            commit=group.commit,
            scored=scored,
            broken=broken,
            folder=self.options.scorer_folder,
        )
        if self._scorers:
            self.counts.to_score = len(self.plan.jobs)
            if self._state is not None:
                self.counts.scored = scoring.restore(self._state)
        return scoring

    def _executor(self, group: GroupCommit, account: Account | None) -> Executor:
        provider, options = self.provider, self.options
        cluster = engine.chosen().limits
        shared: Shared | None = account
        if cluster is not None and account is not None:
            shared = cluster.over(account, provider, KIND_OF_STAGE[self.plan.event.stage])
        # The account paces all processes; without one this process paces itself.
        limits = Limits(provider.concurrency, None if shared else rate_per_minute(provider), shared)
        budget_of = cluster.budget if cluster is not None else Budget
        return Executor(
            self.plan,
            provider,
            requests=self._requests,
            store=MediaStore(self._ws),
            commit=group.commit,
            budget=budget_of(options.budget_usd, spent_usd=self.counts.spent_usd),
            pricing=options.pricing,
            limits=limits,
            retry=options.retry,
            counts=self.counts,
            resumed=self._doubts.resumed(budget=options.budget_usd is not None),
        )

    def counted(self) -> Counts:
        """Count what earlier processes have done and spent, with unknown costs at their worst."""
        return self._counted(self.open_jobs())

    def _counted(self, todo: Sequence[JobPlan]) -> Counts:
        if self._state is not None:
            again = {job["job_id"] for job in todo}
            for job_id, done in self._state.finished.items():
                if job_id not in again:
                    self.counts.add(done.status)
                    self.unknown |= {job_id} if done.status == "unknown_submission" else set()
            self.counts.before = self.counts.done
            outcomes = [*self._state.finished.items(), *self._state.superseded]
            if self.options.budget_usd is None:
                self.counts.spent_usd = sum(done.cost_usd or 0.0 for _, done in outcomes)
            else:
                self.counts.spent_usd = sum(self._doubts.paid_usd(job_id, done) for job_id, done in outcomes) + self._doubts.lost_usd()
        return self.counts

    def unknown_usd(self) -> float | None:
        """Return what the jobs may have cost at most of which nobody can say whether they were made; None where a price is not known."""
        return self._doubts.at_worst_usd(self.unknown)

    def _asked_again(self, todo: Sequence[JobPlan]) -> list[Note]:
        """Return what is to be said of calls that are made again although an earlier process may have paid for them."""
        if not (text := self._doubts.asked_again(job["job_id"] for job in todo)):
            return []
        self.options.progress.say(text)
        return [Note(run_id=self.plan.run_id, text=text)]

    def _title(self) -> str:
        event = self.plan.event
        cases = f"{len(event.cases)} case{'' if len(event.cases) == 1 else 's'}"
        what = f"{len(event.arms)} arms x {cases}" if len(event.arms) > 1 else cases
        return f"Run {event.run_id}: {event.stage}, {what}, {event.provider['name']}{' (SIMULATED)' if event.provider['simulated'] else ''}"
