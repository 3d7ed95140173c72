"""The demo: the main job done on the embedded studio, from templates to verdicts, in about a minute.

Each part is an ordinary run of the starter workspace. A part that was interrupted is resumed, a finished one is kept, so the
demo can be killed at any moment and started again, and comes to the same tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prompts.errors import UnknownName
from runs import harness, pool, query
from runs.harness import Options
from runs.plan import Plan
from runs.prepare import Order, prepare
from runs.pricing import Pricing
from runs.progress import Progress
from runs.provider import Provider
from runs.providers import get, reference
from runs.settings import Settings, load
from runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Part:
    """One run of the demo: a suite, two arms, how many cases (spread over the series), and scorers other than the suite's."""

    title: str
    suite: str
    a: str
    b: str
    limit: int
    scorers: tuple[str, ...] = ()


PARTS = (
    Part("Scripts: does the story hold together?", "script", "script/episode@plain", "script/episode", 20),
    Part("Character sheets: is it one person in all views?", "character", "character/sheet@plain", "character/sheet", 10),
    Part("Key frames: is it the same face, and does it act?", "shot", "shot/keyframe@plain", "shot/keyframe", 16),
    Part("Clips: does the face come alive?", "clip", "clip/motion@plain", "clip/motion", 8, ("expression", "cost", "latency")),
    Part("A/A, one version against itself: nothing should differ", "script", "script/episode", "script/episode", 20),
)


@dataclass(frozen=True, slots=True)
class Done:
    """A part of the demo and the run that did it."""

    part: Part
    run_id: str


def run_demo(ws: Workspace, progress: Progress) -> Iterator[Done]:
    """Do the parts one after the other; yield each when its run is finished and in the log.

    Raises:
        Interrupted: the user stopped it; calling it again goes on.
        WorkbenchError: see `runs.harness.run`.
    """
    settings = load(ws.root)
    pool.size(settings.workers)
    with pool.kept():
        yield from (_do(ws, part, settings, progress) for part in PARTS)


def _do(ws: Workspace, part: Part, settings: Settings, progress: Progress) -> Done:
    provider = get("studio", settings)
    order = Order((part.a, part.b), part.suite, ("studio",), seed=settings.seed, split="explore", limit=part.limit, scorers=part.scorers)
    plan = prepare(ws, order, reference(provider))
    return Done(part, once(ws, plan, provider, Options(pricing=Pricing(free=True), progress=progress)))


def once(ws: Workspace, plan: Plan, provider: Provider, options: Options) -> str:
    """Do a plan, or what is missing of a run with the very same jobs, or nothing where all of it is done; return the run."""
    known = _same(ws, plan)
    if known is None:
        return harness.run(ws, plan, provider, options).run_id
    if query.progress(ws, known)["state"] != "finished":
        harness.resume(ws, known, provider, options)
    return known


def _same(ws: Workspace, plan: Plan) -> str | None:
    """Return the newest run that has the very jobs of a plan, finished or not; None if there is none."""
    wanted = {job["job_id"] for job in plan.jobs}
    runs = query.runs(ws)
    for run_id in runs[runs["stage"] == plan.event.stage]["run_id"]:
        try:
            jobs = query.run_plan(ws, run_id)["jobs"]
        except UnknownName:  # it was killed before its plan was on disk
            continue
        if {job["job_id"] for job in jobs} == wanted:
            return str(run_id)
    return None
