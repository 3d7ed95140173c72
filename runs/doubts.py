"""Calls and tasks of a run whose answers died with a process, or never came: what they may have cost, and which are made again.

    doubts = Doubts(plan, provider, pricing, requests, state)
    doubts.resumed(budget=True)         # what the executor has to know of each open job
    doubts.lost_usd()                   # what a budget has to count for them, at worst

A call in doubt is made again by itself only where that costs nothing: a price of zero that is known, a server that pays once,
a simulation, or an answer that can be looked up. Elsewhere a person says so (`runs.settling`), or the provider's settings do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from prompts.errors import InputError, TemplateError
from runs.errors import MediaError
from runs.execution import Resumed, may_be_billed
from runs.plan import Plan
from runs.pricing import Pricing
from runs.provider import Provider, Tasks
from runs.providers import looks_up, pays_once, resends
from runs.requests import Requests
from runs.resume import Finished, RunState


class Doubts:
    """What nobody knows of a run that is resumed; of a new run (`state` is None), nothing."""

    def __init__(self, plan: Plan, provider: Provider, pricing: Pricing, requests: Requests, state: RunState | None) -> None:
        self._plan = plan
        self._provider = provider
        self._pricing = pricing
        self._requests = requests
        self._state = state

    def resumed(self, *, budget: bool) -> Resumed:
        """Return what the executor has to know of open jobs; `budget` is whether `paid_usd` and `lost_usd` are in one."""
        state = self._state
        if state is None:
            return Resumed()
        submitted = {job: task for job, (_, task) in state.submitted.items()}
        again = {job for job in self._jobs if self._by_itself(job)}
        # A call that is made again beside the lost one is a second one to pay, unless the server pays once.
        counted = {*self._jobs - again, *submitted, *(again if pays_once(self._provider) else ())}
        return Resumed(
            submitted,
            begun=frozenset({*state.handing, *state.claimed, *state.opened}),
            doubt=frozenset(self._jobs - again),
            counted=frozenset(counted if budget else ()),
        )

    def lost_usd(self) -> float:
        """Return the worst case of what is under way or in doubt, and of calls that were lost and made again: all may be billed."""
        state = self._state
        if state is None:
            return 0.0
        # Where a job is handed in again only after it was surely not found, or is billed once, the earlier ones cost nothing.
        sure = pays_once(self._provider) or self._surely_looks_up
        lost = Counter({job: n for job, n in state.lost.items() if not (sure and job not in state.settled)})
        lost.update(self._jobs | state.submitted.keys())
        return sum(n * self.worst_usd(job) for job, n in lost.items() if job in self._plan.by_id)

    def paid_usd(self, job_id: str, done: Finished) -> float:
        """Return what an outcome did cost; the worst case, where it may have been billed and nobody knows."""
        if done.cost_usd is not None:
            return done.cost_usd
        event = done.event()
        return self.worst_usd(job_id) if may_be_billed(event["status"], event["error"]) else 0.0

    def worst_usd(self, job_id: str) -> float:
        """Return the most that a call of a job can cost; 0 where nobody knows: a budget does not go with such."""
        return self._at_worst_usd(job_id) or 0.0

    def at_worst_usd(self, jobs: Iterable[str]) -> float | None:
        """Return the most that a call of each of some jobs can cost; None where a price is not known."""
        costs = [self._at_worst_usd(job) for job in jobs]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None

    def asked_again(self, todo: Iterable[str]) -> str:
        """Return what is to be said of calls among some jobs that are made again although they may have been paid; else nothing."""
        if self._provider.simulated or pays_once(self._provider) or self._surely_looks_up:
            return ""
        calls = sum(self._by_itself(job) and self._at_worst_usd(job) != 0 for job in self._jobs.intersection(todo))
        if not calls:
            return ""
        what = "looked up, and where nothing is found asked again" if looks_up(self._provider) else "asked again, and so perhaps paid twice"
        return f"{calls} call{'s' if calls > 1 else ''} whose answer was lost with an earlier process: {what}."

    @cached_property
    def _jobs(self) -> set[str]:
        """The jobs that a process was handing in when it ended.

        Earlier versions wrote a claim and nothing else before they made a call; before a task they wrote what we do.
        """
        if self._state is None:
            return set()
        return {*self._state.handing, *(() if isinstance(self._provider, Tasks) else self._state.claimed)} & self._plan.by_id.keys()

    @property
    def _surely_looks_up(self) -> bool:
        return bool(getattr(self._provider, "look_up", False))

    def _by_itself(self, job_id: str) -> bool:
        return resends(self._provider, free=self._at_worst_usd(job_id) == 0)

    def _at_worst_usd(self, job_id: str) -> float | None:
        """Return the most that a call of a job can cost; None where nobody knows, or where it cannot be made any more."""
        try:
            return self._pricing.worst_usd(self._requests.of(self._plan.by_id[job_id]))
        except (TemplateError, InputError, MediaError):
            return None
