"""One job from claim to journal: claim -> render -> reserve -> call, perhaps again -> check and store -> journal.

Whatever happens to a job is a `generation` event with a status. Only three things are not: a user's stop, a disk that
takes no more (`JournalError`, `MediaError`: nothing more may be paid), and a provider that refuses the key or has no
money left (`ProviderStopped`: the job stays open, so that a resumed run can do it).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from prompts.errors import InputError, TemplateError, WorkbenchError
from runs import inlined, outputs, secrets, tasks
from runs.budget import Budget, Exhausted, Hold
from runs.errors import BudgetError
from runs.events import ArtifactRef, Generation, GenerationStatus, Handing, JobPlan, Submitted
from runs.limits import Limits
from runs.media import MediaStore
from runs.plan import Plan
from runs.pricing import Pricing
from runs.progress import Counts
from runs.provider import STOPS_PROVIDER, Direct, Failure, Outcome, Provider, Request, Tasks
from runs.providers import deadlines, weight
from runs.requests import Requests
from runs.retry import Retry, pauses_everyone
from runs.scoring import Commit
from runs.tasks import Answer
from runs.together import Together

MAY_BE_BILLED: frozenset[str] = frozenset({"timeout", "lost", "expired", "malformed", "internal"})
"""Failures after which the provider may have made, and will bill, what did not arrive."""


STORING = 8
"""Threads that check and store what came back and is not short: they wait for the disk, which flushes several files in the time of one."""


class ProviderStopped(WorkbenchError):
    """No more calls are made: wrong key, no money, or the user said stop. The job at hand stays open."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """What earlier processes have done about jobs that are not finished.

    Attributes:
        submitted: task ids by job.
        begun: jobs that the provider may know: it is asked first.
        doubt: jobs that were being handed in; they are handed in again only where the provider is sure not to have them.
        counted: jobs whose call is in the budget at its worst already.
    """

    submitted: Mapping[str, str] = field(default_factory=dict)
    begun: frozenset[str] = frozenset()
    doubt: frozenset[str] = frozenset()
    counted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Call:
    """How all tries of one job ended."""

    answer: Answer
    tries: int
    latency_s: float | None


class Executor:
    """Does jobs of one plan with one provider; shared by all that run at once."""

    def __init__(
        self,
        plan: Plan,
        provider: Provider,
        *,
        requests: Requests,
        store: MediaStore,
        commit: Commit,
        budget: Budget,
        pricing: Pricing,
        limits: Limits,
        retry: Retry,
        counts: Counts,
        resumed: Resumed,
    ) -> None:
        self._plan = plan
        self._provider = provider
        self._requests = requests
        self._store = store
        self._commit = commit
        self._budget = budget
        self._pricing = pricing
        self._limits = limits
        self._retry = retry
        self._counts = counts
        self._resumed = resumed
        self._rendered = Together(requests.of)
        self._record = Together(self._recorded, threads=STORING, light=_is_light)
        self._deadlines = deadlines(provider)
        # Asking a protocol compares all its methods, which is not for every call.
        self._tasks = provider if isinstance(provider, Tasks) else None
        self._direct = provider if isinstance(provider, Direct) else None
        self._closed = asyncio.Event()
        self._reason = ""

    def close(self, reason: str) -> None:
        """Begin no further call; those that run go on. Jobs without a call stay open."""
        self._reason = self._reason or reason
        self._closed.set()
        self._limits.close()

    async def do(self, job: JobPlan) -> Generation:
        """Do a job; return its `generation` event once it is on disk.

        Raises:
            ProviderStopped: the provider refuses every further call, or `close` was called; the job stays open.
            JournalError, MediaError: nothing can be recorded any more.
        """
        self._check_open()
        event = await self._make(job)
        await self._commit(event)
        return event

    async def _make(self, job: JobPlan) -> Generation:
        try:
            request = self._requests.at_hand(job) or await self._rendered(job)
        except (TemplateError, InputError) as error:
            return self._event(job, "failed", error="invalid_request", message=str(error), attempts=0)
        messages: list[Any] = [{"role": m.role, "content": m.content} for m in request.messages]
        try:
            worst = self._pricing.worst_usd(request)
            hold = self._budget.take_back(worst) if job["job_id"] in self._resumed.counted else await self._budget.reserve(worst)
        except (Exhausted, BudgetError) as error:
            return self._event(job, "budget", message=str(error), messages=messages, attempts=0)
        try:
            call = await self._call(job, request)
            event = await self._record((job, request, call))
        except BaseException:
            # Nobody waits for the money of a run that is being stopped, but a provider that stopped bought nothing.
            self._budget.release(hold)
            raise
        self._book(hold, event)
        return replace(event, messages=messages)

    async def _call(self, job: JobPlan, request: Request) -> Call:
        """Call until there is an answer that stays; raise ProviderStopped if there will be no more answers."""
        task_id = self._resumed.submitted.get(job["job_id"], "")
        look_first = job["job_id"] in self._resumed.begun and not task_id
        tries = 0
        while True:
            async with self._limits.slot(weight(self._provider, request)):
                self._check_open()
                tries += 1
                began = time.perf_counter()
                answer = await self._once(job, request, task_id, look_first)
                # How long a task took that another process began, nobody measured; a call takes no longer because the journal does.
                latency_s = None if task_id or answer.recalled else answer.seconds or time.perf_counter() - began
                failure = answer.outcome.failure
                if failure is None:
                    self._limits.succeeded()
                    return Call(answer, tries, latency_s)
                wait = None if answer.unknown else self._retry.wait_s(failure, tries, random.Random(f"{request.key} {tries}"))
                if (wait is not None or failure.error in STOPS_PROVIDER) and came_to_nothing(answer, failure):
                    await self._tell(Handing, job, refused=True)  # where it ends the job, its outcome says so
                self._heed(failure, wait)
            if wait is None:
                return Call(answer, tries, latency_s)
            self._counts.retries += 1
            # A task that cannot be asked for is still there, and paid: it is asked for again, not handed in again.
            task_id, look_first = answer.task_id, False
            if not pauses_everyone(failure.error):
                await self._pause(wait)

    async def _once(self, job: JobPlan, request: Request, task_id: str, look_first: bool) -> Answer:
        """Make one try. What is about to be handed in stands in the journal."""
        provider, seconds = self._provider, self._deadlines.get(request.kind, tasks.DEADLINE_S[request.kind])
        was_handing = job["job_id"] in self._resumed.doubt and look_first
        handing = partial(self._tell, Handing, job)
        if self._tasks is not None:

            async def handed(task: str) -> None:
                await self._tell(Submitted, job, provider=provider.name, task_id=task)

            return await tasks.drive(
                self._tasks, request, handing=handing, handed=handed, task_id=task_id, look_first=look_first, was_handing=was_handing,
                deadline_s=seconds,
            )  # fmt: skip
        if self._direct is None:
            raise TypeError(f"{provider.name} is neither a Direct nor a Tasks provider")
        if (look_first or task_id) and (found := await self._recalled(request)) is not None:
            return found
        if task_id:
            return Answer(Outcome(failure=tasks.MADE_AND_GONE), recalled=True)
        if was_handing:
            return Answer(Outcome(failure=tasks.DIED_HANDING), unknown=True)
        await handing()
        return await self._generate(self._direct, request, seconds)

    async def _recalled(self, request: Request) -> Answer | None:
        """Look at the server for an answer that did not reach us, where it keeps them."""
        recall = getattr(self._provider, "recall", None)
        try:
            found = await recall(request) if callable(recall) else None
        except Exception:  # noqa: BLE001 - an adapter's mistake: not knowing is what None means
            return None
        return None if found is None else Answer(found, recalled=True)

    async def _generate(self, provider: Direct, request: Request, seconds: float) -> Answer:
        answer = await self._generated(provider, request, seconds)
        lost = answer.outcome.failure is not None and answer.outcome.failure.error == "timeout"
        return (await self._recalled(request) if lost else None) or answer

    async def _generated(self, provider: Direct, request: Request, seconds: float) -> Answer:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(seconds):
                outcome = await provider.generate(request)
                return Answer(outcome, seconds=time.perf_counter() - began)
        except TimeoutError:
            return Answer(Outcome(failure=Failure("timeout", f"no answer within {seconds:.0f} s; it may still be billed")))
        except Exception as error:  # noqa: BLE001 - an adapter's mistake is no reason to lose the other jobs
            return Answer(Outcome(failure=Failure("internal", f"{type(error).__name__}: {error}")))

    async def _tell(self, event: type[Handing | Submitted], job: JobPlan, **values: Any) -> None:
        await self._commit(event(run_id=self._plan.run_id, job_id=job["job_id"], **values))

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise ProviderStopped(self._reason)

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than until the executor is closed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closed.wait()

    def _heed(self, failure: Failure, wait: float | None) -> None:
        """Let one job's failure act on the others where it concerns them."""
        if failure.error in STOPS_PROVIDER:
            what = "refuses the key" if failure.error == "auth" else "has no money left"
            self.close(f"{self._provider.name} {what}: {secrets.redact(failure.message)}")
            self._check_open()
        if wait is not None and pauses_everyone(failure.error):
            self._limits.pause(wait)
        if failure.error == "concurrency":
            self._limits.crowded()

    def _recorded(self, made: tuple[JobPlan, Request, Call]) -> Generation:
        """Check and store what came back, and return the event. Runs in a thread where it decodes, writes much or flushes."""
        job, request, call = made
        outcome, failure = call.answer.outcome, call.answer.outcome.failure
        artifacts: list[ArtifactRef] = []
        if failure is None:
            checked = outputs.check(outcome.assets, request.kind)
            if isinstance(checked, Failure):
                failure = checked
            else:
                artifacts = [inlined.kept(self._store, asset) for asset in checked]
        cost_usd, source = self._pricing.cost_usd(request, outcome)
        return self._event(
            job,
            _status(failure, call.answer.unknown),
            error=failure.error if failure else "",
            message=str(secrets.redact(failure.message)) if failure else "",
            artifacts=artifacts,
            wire_request=secrets.redact(outcome.wire_request),
            wire_response=secrets.redact(outcome.wire_response),
            usage=outcome.usage.as_json(),
            cost_usd=cost_usd,
            cost_source=source,
            latency_s=call.latency_s,
            attempts=call.tries,
            model_resolved=outcome.model_resolved,
            truth=outcome.truth,
            simulated=self._provider.simulated or says_simulated(outcome),
        )

    def _event(self, job: JobPlan, status: GenerationStatus, **values: Any) -> Generation:
        values.setdefault("simulated", self._provider.simulated)
        values["again"] = self._requests.again(job["job_id"])
        return Generation(run_id=self._plan.run_id, job_id=job["job_id"], status=status, **values)

    def _book(self, hold: Hold, event: Generation) -> None:
        if event.cost_usd is None and not may_be_billed(event.status, event.error):
            self._budget.release(hold)
        else:
            self._budget.settle(hold, event.cost_usd)
        self._counts.spent_usd = self._budget.spent_usd
        self._counts.unpriced = self._budget.unpriced


def _is_light(made: tuple[JobPlan, Request, Call]) -> bool:
    """Say whether what came back is stored without waiting for the disk."""
    return all(asset.kind == "text" and len(asset.data) <= inlined.LONGEST for asset in made[2].answer.outcome.assets)


def says_simulated(outcome: Outcome) -> bool:
    """Say whether a server tells in its headers that it only simulates: the studio behind a real adapter."""
    headers = outcome.wire_response.get("headers")
    return isinstance(headers, Mapping) and bool(headers.get("x-workbench-simulated"))


def came_to_nothing(answer: Answer, failure: Failure) -> bool:
    """Say whether a try has surely bought nothing, so that the next one is no repetition."""
    return not (answer.unknown or answer.task_id or failure.error in MAY_BE_BILLED)


def may_be_billed(status: str, error: str) -> bool:
    """Say whether an outcome whose cost is unknown must be counted at its worst."""
    return status in {"ok", "unknown_submission"} or error in MAY_BE_BILLED


def _status(failure: Failure | None, unknown: bool) -> GenerationStatus:
    if unknown:
        return "unknown_submission"
    if failure is None:
        return "ok"
    named: dict[str, GenerationStatus] = {"content_refused": "refused", "expired": "expired"}
    return named.get(failure.error, "failed")
