"""Scoring: every unit of generations as soon as its last one is there, beside the generation of the others.

A group is all generations of one arm, repeat and series: the smallest thing in which faces can be compared across shots.
A unit is the groups of all arms with one repeat and series. It is scored in one call in one process, by all scorers, so
that they share what they find out about a picture and its references. Scores are journalled as they come; a unit that is
only half journalled when the power fails is scored again as a whole.

    plans = scorer_plans([("face_consistency", {}), ("latency", {})], stage="shot")
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evals.errors import ScorerError
from evals.registry import build
from evals.score import Media, Sample
from evals.waivers import load_waivers
from runs import engine, pool
from runs.errors import MediaError
from runs.events import ArtifactRef, JobPlan, MediaRef, ScoreDict, ScorerPlan, Scores
from runs.group import rows_of, score_groups
from runs.inlined import bare
from runs.media import MEDIA_TYPES, MediaStore
from runs.plan import Plan
from runs.resume import RunState
from runs.workspace import Workspace

GROUP_LIMIT_S = 900.0
"""A group that takes longer hangs: the worker is stopped, and the unit's scores are errors."""
WAITING = 1
"""Groups that wait for a worker, so that none is idle; more would keep the studio's pictures waiting."""

Commit = Callable[..., Awaitable[None]]
Unit = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Made:
    """What scoring needs to know of a generation."""

    status: str
    artifacts: Sequence[ArtifactRef] = ()
    cost_usd: float | None = None
    latency_s: float | None = None

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Made:
        """Take it from a `generation` event."""
        return cls(event["status"], bare(event["artifacts"]), event["cost_usd"], event["latency_s"])


def scorer_plans(specs: Iterable[tuple[str, Mapping[str, Any]]], stage: str, folder: Path | None = None) -> tuple[ScorerPlan, ...]:
    """Build scorers once, to see that they can be built, and return what a plan keeps of them.

    Raises:
        UnknownName: no scorer has that name.
        ScorerError: it cannot be built with these arguments, does not judge this stage, or is named twice.
    """
    plans: dict[str, ScorerPlan] = {}
    for name, args in specs:
        scorer = build(name, args, folder)
        if stage not in scorer.stages:
            raise ScorerError(
                f"The scorer {name!r} does not judge the stage {stage}.", hint=f"It judges {', '.join(sorted(scorer.stages))}."
            )
        if name in plans:
            raise ScorerError(f"The scorer {name!r} is named twice.")
        metrics: Any = [asdict(metric) for metric in scorer.metrics]
        plans[name] = {"name": name, "version": scorer.version, "args": dict(args), "metrics": metrics}
    return tuple(plans.values())


def any_cpu_bound(scorers: Iterable[ScorerPlan], folder: Path | None = None) -> bool:
    """Say whether one of the scorers needs a core of its own; scorers that only look things up are not worth a process.

    Raises:
        UnknownName, ScorerError: a scorer of an old plan cannot be built any more.
    """
    built = [build(s["name"], s["args"], folder) for s in scorers]
    return any(scorer.cpu_bound for scorer in built)


class Scoring:
    """Scores one run's groups with some scorers, in the event loop that makes it.

    Args:
        ws: the workspace.
        plan: the run.
        scorers: what to score with.
        heavy: whether to score in worker processes; see `any_cpu_bound`.
        commit: appends events to the run's journal.
        scored: called with a number of generations whenever their scores are on disk.
        broken: called with the error when scores cannot be written.
        folder: the workspace's scorer files, where they may be run.
    """

    def __init__(
        self,
        ws: Workspace,
        plan: Plan,
        scorers: Sequence[ScorerPlan],
        *,
        heavy: bool,
        commit: Commit,
        scored: Callable[[int], None],
        broken: Callable[[BaseException], None],
        folder: Path | None = None,
    ) -> None:
        self._plan = plan
        self._scorers = scorers
        self._commit = commit
        self._scored = scored
        self._broken = broken
        self._folder = str(folder) if folder else ""
        self._store = MediaStore(ws)
        self._waivers = load_waivers(ws.evals)
        self._made: dict[str, Made] = {}
        self._waiting: set[Unit] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(engine.chosen().size + WAITING)
        self._heavy = heavy

    def restore(self, state: RunState, *, again: bool = False) -> int:
        """Take over what the run's journals tell; begin with complete groups that lack scores, with all groups if `again`.

        Returns:
            How many generations need no more scoring.
        """
        names = {s["name"] for s in self._scorers}
        done = 0
        for key, groups in self._plan.units.items():
            jobs = [job for group in groups for job in group]
            made = [j["job_id"] for j in jobs if j["job_id"] in state.finished and state.finished[j["job_id"]].status != "budget"]
            unscored = [job for job in made if again or not names <= state.scored.get(job, set())]
            if len(made) == len(jobs) and not unscored:
                done += len(jobs)
                continue
            self._made.update({job: Made.of(state.generation(job)) for job in made})
            if unscored:
                self._waiting.add(key)
            self._begin_if_complete(key)
        return done

    def final(self, job_id: str, made: Made) -> None:
        """Take note of a generation, and begin with its unit if it was the last of it."""
        if not self._scorers or made.status == "budget":
            return
        _, repeat, series = self._plan.group_of(self._plan.by_id[job_id])
        key = (repeat, series)
        self._made[job_id] = made
        self._waiting.add(key)
        self._begin_if_complete(key)

    async def finish(self) -> None:
        """Score what is left, units too that will not become complete in this process, and wait for the last score."""
        for key in sorted(self._waiting):
            self._begin(key)
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def abandon(self) -> None:
        """Stop scoring; groups that are not done yet are left for a resumed run."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin_if_complete(self, key: Unit) -> None:
        if key in self._waiting and all(job["job_id"] in self._made for group in self._plan.units[key] for job in group):
            self._begin(key)

    def _begin(self, key: Unit) -> None:
        self._waiting.discard(key)
        task = asyncio.create_task(self._unit(key))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken(error)

    async def _unit(self, key: Unit) -> None:
        async with self._slots:
            groups: list[dict[str, Sample]] = []
            rows: dict[str, list[ScoreDict]] = {}
            for jobs in self._plan.units[key]:
                groups.append({})
                for job in (job for job in jobs if job["job_id"] in self._made):
                    try:
                        groups[-1][job["job_id"]] = self._sample(job)
                    except MediaError as error:  # an old run whose artifacts were cleaned away
                        rows[job["job_id"]] = [row for scorer in self._scorers for row in rows_of(scorer, "error", error.message)]
            for group, scored in zip(groups, await self._rows(self._scorers, [list(g.values()) for g in groups]), strict=True):
                rows.update(zip(group, scored, strict=True))
            await self._commit(*(Scores(run_id=self._plan.run_id, job_id=job, scores=scores) for job, scores in rows.items()))
            self._scored(len(rows))

    async def _rows(self, scorers: Sequence[ScorerPlan], groups: Sequence[Sequence[Sample]]) -> list[list[list[ScoreDict]]]:
        if not self._heavy:
            return await asyncio.to_thread(score_groups, scorers, groups, self._folder)
        limit = GROUP_LIMIT_S * len(groups)
        try:
            return await engine.chosen().score(engine.Batch(scorers, groups, self._folder, limit))
        except (pool.WorkerDied, pool.TaskFailed) as error:
            if len(scorers) > 1:
                # One of them brings the process down; the others shall not lose their scores to it.
                alone = [await self._rows([scorer], groups) for scorer in scorers]
                return [[_joined(of_sample) for of_sample in zip(*group, strict=True)] for group in zip(*alone, strict=True)]
            if len(groups) > 1:  # nor the other groups
                return [(await self._rows(scorers, [group]))[0] for group in groups]
            return [[rows_of(scorers[0], "error", error.message) for _ in group] for group in groups]

    def _sample(self, job: JobPlan) -> Sample:
        case, made = self._plan.cases[job["case_id"]], self._made[job["job_id"]]
        return Sample(
            generation=job["job_id"], stage=self._plan.event.stage, status=made.status, case=case["inputs"], case_id=case["case_id"],
            series=case["series"], media=tuple(self._media(a) for a in made.artifacts), cost_usd=made.cost_usd, latency_s=made.latency_s,
            references={who: tuple(self._media(r) for r in pictures) for who, pictures in case["references"].items()},
            contracts=self._contracts(job), waivers=self._waivers,
        )  # fmt: skip

    def _contracts(self, job: JobPlan) -> Mapping[str, Any]:
        version = self._plan.versions.get(self._plan.arms[job["arm"]]["version"])
        return (version["front_matter"].get("contracts") or {}) if version else {}

    def _media(self, ref: ArtifactRef | MediaRef) -> Media:
        path = self._store.path(ref["sha256"])
        # An artifact has its own word on the kind: an animated WebP may be a clip.
        kind: Any = ref.get("kind") or MEDIA_TYPES[ref["media_type"]][0]
        return Media(kind, ref["sha256"], ref["media_type"], path)


def _joined(rows: Iterable[list[ScoreDict]]) -> list[ScoreDict]:
    return [row for of_scorer in rows for row in of_scorer]
