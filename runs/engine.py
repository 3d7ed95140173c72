"""Where batches of generations are scored: in processes of this machine, or on a cluster. An engine is three calls.

    engine.start()                        # whatever is wrong with it is said now, before anything is paid
    rows = await engine.score(batch)      # any number at once; each worker loads a model once, at its first batch
    engine.stop()

The code that scores a batch is the same in every engine (`runs.group.score_groups`), so the scores are the same to the
bit. Results come back to the process that asked, which alone writes the journal. A batch whose worker dies is scored again
by another, a bounded number of times. `runs.pool` is the default; `runs.cluster` is imported only where it is chosen.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from evals.score import Sample
from runs import pool
from runs.events import ScoreDict, ScorerPlan
from runs.group import score_groups

if TYPE_CHECKING:
    from runs.cluster.limits import ClusterLimits
    from runs.settings import Settings

Groups = Sequence[Sequence[Sample]]
Rows = list[list[list[ScoreDict]]]
"""The rows of each sample of each group, in order."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one worker is given at once: groups, what to score them with, and how long that may take.

    `folder` is the workspace's folder of scorer files, empty where they may not be run; `limit_s` is in seconds, after which
    the worker is stopped.
    """

    scorers: Sequence[ScorerPlan]
    groups: Groups
    folder: str
    limit_s: float


class Engine(Protocol):
    """Scores batches somewhere."""

    @property
    def size(self) -> int:
        """Return how many batches are scored at once; known once it has started."""
        ...

    def start(self) -> None:
        """Get ready. Starting again is nothing.

        Raises:
            EngineError: it is not installed, cannot be reached, or is not what this machine can work with.
        """
        ...

    async def score(self, batch: Batch) -> Rows:
        """Score a batch in a worker.

        Raises:
            WorkerDied: its workers died, or one took too long.
            TaskFailed: the call raised.
            EngineError: there are no workers any more.
        """
        ...

    def stop(self) -> None:
        """End all workers at once; what they are scoring is given up."""
        ...

    @property
    def limits(self) -> ClusterLimits | None:
        """Return the limits that drivers on several machines share; None where there is one machine."""
        ...


class Local:
    """The processes of `runs.pool`, which rendering shares."""

    @property
    def size(self) -> int:
        """Return the number of processes."""
        return pool.size()

    def start(self) -> None:
        """Do nothing: processes start with the first batch that needs them."""

    async def score(self, batch: Batch) -> Rows:
        """Score a batch in a process; see `Engine.score`."""
        return await pool.shared().call(score_groups, batch.scorers, batch.groups, batch.folder, limit_s=batch.limit_s)

    def stop(self) -> None:
        """Nothing of its own: `close_shared` ends the processes."""

    @property
    def limits(self) -> None:
        """Return None: `runs.accounts` keeps those of a machine."""
        return None


_chosen: Engine = Local()
_keepers = 0


def choose(settings: Settings) -> None:
    """Take the engine that the settings name, for all runs of this process from now on."""
    global _chosen  # noqa: PLW0603 - like the pool, there is one
    pool.size(settings.workers)
    _chosen.stop()
    if settings.engine.name == "ray":
        from runs.cluster.engine import RayEngine

        _chosen = RayEngine(settings.engine)
    else:
        _chosen = Local()


def chosen() -> Engine:
    """Return the engine of this process: the local one unless another was chosen."""
    return _chosen


@contextlib.contextmanager
def used() -> Iterator[Engine]:
    """Start the engine, and end its workers afterwards unless somebody keeps them; errors as `Engine.start`."""
    _chosen.start()
    try:
        yield _chosen
    finally:
        if not _keepers:
            _chosen.stop()
        pool.close_shared()


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Keep workers, and the models that they have loaded, over several runs."""
    global _keepers  # noqa: PLW0603
    _keepers += 1
    try:
        with pool.kept():
            yield
    finally:
        _keepers -= 1
        if not _keepers:
            _chosen.stop()
