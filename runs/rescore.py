"""Score an old run again: with a scorer that it never had, or with a new version of one that it had.

Nothing is generated. New scores are appended; the latest of each metric counts, and the older ones stay in the journals.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runs import engine
from runs.errors import Interrupted, LogError
from runs.events import End, EndState, ScorerPlan, Scorers
from runs.harness import only_one, plan_of
from runs.journal import GroupCommit, Journal
from runs.log import catch_up
from runs.plan import Plan
from runs.progress import Counts, Progress, Silent
from runs.resume import RunState, state_of
from runs.scoring import Scoring, any_cpu_bound, scorer_plans
from runs.stopping import on_stop
from runs.workspace import Workspace


def score_run(
    ws: Workspace,
    run_id: str,
    names: Sequence[str] | None = None,
    *,
    args: Mapping[str, Mapping[str, Any]] | None = None,
    progress: Progress | None = None,
    scorer_folder: Path | None = None,
) -> Counts:
    """Score every generation of a run with some scorers and return how many were scored.

    Args:
        ws: the workspace.
        run_id: the run.
        names: scorers; by default those that the run was planned with.
        args: arguments by scorer; by default those of the plan, else none.
        progress: whom to tell.
        scorer_folder: the workspace's scorer files, where the user allows them to run.

    Raises:
        UnknownName, ScorerError: no such run or scorer, or one that does not judge this stage.
        JournalError: a process is working on the run, or the disk takes no more.
        Interrupted: the user stopped it; what was scored is kept.
    """
    with only_one(ws, run_id):
        state = state_of(ws, run_id)
        plan = plan_of(state)
        planned = {scorer["name"]: scorer["args"] for scorer in plan.event.scorers}
        specs = [(name, (args or {}).get(name, planned.get(name, {}))) for name in names or planned]
        scorers = scorer_plans(specs, plan.event.stage, scorer_folder)
        rescoring = _Rescoring(ws, plan, state, scorers, progress or Silent(), scorer_folder)
        with engine.used():
            finished = asyncio.run(rescoring.run())
    if not finished:
        raise Interrupted(f"Stopped: {rescoring.counts.scored} of {rescoring.counts.to_score} are scored.", hint="Score again to go on.")
    try:
        catch_up(ws)
    except LogError as error:  # the journal has everything: whoever reads next folds it in
        rescoring.progress.say(str(error))
    return rescoring.counts


class _Rescoring:
    def __init__(
        self, ws: Workspace, plan: Plan, state: RunState, scorers: tuple[ScorerPlan, ...], progress: Progress, folder: Path | None
    ) -> None:
        self.counts = Counts(jobs=len(plan.jobs), before=len(state.finished))
        self.progress = progress
        self._ws = ws
        self._plan = plan
        self._state = state
        self._scorers = scorers
        self._folder = folder
        self._heavy = any_cpu_bound(scorers, folder)

    async def run(self) -> bool:
        """Score everything; return False if the user stopped it."""
        run_id = self._plan.run_id
        for done in self._state.finished.values():
            self.counts.add(done.status)
        self.counts.to_score = self.counts.done
        # The run ends in the state that it was in: scoring makes an interrupted run no more finished than it was.
        end: EndState = "finished" if self.counts.done == self.counts.jobs else "stopped"
        with Journal(self._ws, run_id) as journal:
            journal.append(Scorers(run_id=run_id, scorers=self._scorers))
            self.progress.begin(f"Scoring {run_id}: {', '.join(s['name'] for s in self._scorers)}", self.counts)
            try:
                async with GroupCommit(journal) as group:
                    finished = await self._score(group)
                    await group.commit(End(run_id=run_id, state=end))
            finally:
                self.progress.end(self.counts)
        return finished

    async def _score(self, group: GroupCommit) -> bool:
        loop = asyncio.get_running_loop()
        over: asyncio.Future[bool] = loop.create_future()

        def settle(value: bool | BaseException) -> None:
            if over.done():
                return
            if isinstance(value, BaseException):
                over.set_exception(value)
            else:
                over.set_result(value)

        def scored(n: int) -> None:
            self.counts.scored += n
            self.progress.update(self.counts)

        scoring = Scoring(
            self._ws, self._plan, self._scorers, heavy=self._heavy, commit=group.commit, scored=scored, broken=settle, folder=self._folder
        )  # fmt: skip
        try:
            with on_stop(lambda: settle(False)):
                scoring.restore(self._state, again=True)
                finish = asyncio.create_task(scoring.finish())
                finish.add_done_callback(lambda task: None if task.cancelled() else settle(True))
                return await over
        finally:
            finish.cancel()
            await scoring.abandon()
