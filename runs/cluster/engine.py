"""The engine that scores on a Ray cluster: actors that load a model once, on whatever nodes there are.

A worker takes half a core of Ray's account, so that two runs fit side by side and nothing hangs where there are two cores; it
computes with one thread. Generation stays in the driver, which alone writes the journal: a node that is lost costs time only.
"""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from evals import pulled
from evals.score import Media
from runs import one_thread
from runs.cluster.connect import Cluster, connect
from runs.cluster.crew import Answer, Crew, Gone, Seats
from runs.cluster.fingerprint import difference, fingerprint
from runs.cluster.limits import ClusterLimits
from runs.cluster.parcel import Parcel, pack
from runs.cluster.worker import Hello, ScoringWorker
from runs.engine import Batch, Rows
from runs.errors import EngineError
from runs.pool import QUIET
from runs.settings import EngineSettings

DEPTH = 16
"""Batches that are offered for each worker: small ones go together."""
START_S = 120.0
LENT_BYTES = 16 << 20
"""Media that stay in the object store for the next batch, pictures of reference above all."""


class RayEngine:
    """See `runs.engine.Engine`."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._cluster: Cluster | None = None
        self._crew: Crew | None = None
        self._seats = Seats(0)
        self._lent: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._class: Any = None
        self._limits: ClusterLimits | None = None

    @property
    def size(self) -> int:
        """Return how many batches may be offered at once."""
        return max(1, self._seats.count) * DEPTH

    @property
    def cluster(self) -> Cluster | None:
        """Return the cluster, once the engine has started."""
        return self._cluster

    def start(self) -> None:
        """Join the cluster and see that a worker of it gives the scores that this machine gives."""
        if self._cluster is not None:
            return
        self._cluster = connect(self._settings)
        import ray

        # A core each, and no waiting for more than there are: they would never come.
        self._seats.count = self._settings.workers or max(1, int(self._cluster.cpus))
        # Cheap to make again, so no restarts by Ray: those would run what has killed one worker in the next without our knowing.
        options = {"num_cpus": self._settings.cpus, "num_gpus": self._settings.gpus, "max_restarts": 0, "scheduling_strategy": "SPREAD"}
        self._class = ray.remote(**options)(ScoringWorker)
        try:
            if self._settings.address:
                self._limits = ClusterLimits(self._settings.budget_usd)
                self._limits.start()
            handle = self._made()
            self._seats.workers[0] = self._checked(handle, ray.get(handle.hello.remote(), timeout=START_S))
        except ray.exceptions.GetTimeoutError:
            self.stop()
            raise EngineError(
                f"The cluster has no room for a worker ({self._settings.cpus} CPU) within {START_S:.0f} s.", hint="See `ray status`."
            ) from None
        except ray.exceptions.RayError as error:
            self.stop()
            raise EngineError(
                f"No worker comes up on the cluster: {_line(error)}", hint="Is the workbench installed on its nodes?"
            ) from None
        except BaseException:
            self.stop()
            raise

    @property
    def limits(self) -> ClusterLimits | None:
        """Return the limits that hold over the cluster; None for one that nobody else can join."""
        return self._limits

    async def score(self, batch: Batch) -> Rows:
        """Score a batch; see `Engine.score`."""
        if self._crew is None or self._crew.loop is not asyncio.get_running_loop():
            self._crew = Crew(self._hire, self._seats)
        return await self._crew.score(batch)

    def stop(self) -> None:
        """End the workers and leave the cluster."""
        cluster, self._cluster, self._crew = self._cluster, None, None
        if cluster is not None:
            if self._limits is not None:
                self._limits.stop()
            self._limits = None
            self._seats.clear()
            self._lent.clear()
            cluster.close()

    def _made(self) -> Any:
        environment = {**one_thread.for_a_worker(), **QUIET}
        if (models := os.environ.get(pulled.VARIABLE)) is not None:
            environment[pulled.VARIABLE] = models
        return self._class.remote(environment)

    async def _hire(self) -> RayWorker:
        from ray.exceptions import RayError

        handle = self._made()
        try:
            return self._checked(handle, await handle.hello.remote())
        except RayError as error:
            raise Gone(_line(error)) from None

    def _checked(self, handle: Any, hello: Hello) -> RayWorker:
        if differs := difference(fingerprint(), hello.fingerprint):
            import ray

            ray.kill(handle)
            raise EngineError(f"A node of the cluster would score otherwise: {differs}.", hint="Install the same workbench on all nodes.")
        assert self._cluster is not None  # noqa: S101 - started
        return RayWorker(handle, hello, None if hello.node == self._cluster.node else self._lend)

    def _lend(self, media: Media) -> Any:
        import ray

        if media.sha256 not in self._lent:
            data = media.path.read_bytes()
            self._lent[media.sha256] = (ray.put(data), len(data))
        self._lent.move_to_end(media.sha256)
        lent = self._lent[media.sha256][0]
        while sum(size for _, size in self._lent.values()) > LENT_BYTES:
            self._lent.popitem(last=False)
        return lent


class RayWorker:
    """An actor as `Crew` sees it; `lend` is None where it sees this machine's disk."""

    def __init__(self, handle: Any, hello: Hello, lend: Any) -> None:
        self.hello = hello
        self._handle = handle
        self._lend = lend

    async def score(self, batches: Sequence[Batch]) -> list[Answer]:
        """Score batches; see `crew.Worker`."""
        from ray.exceptions import RayError

        parcels = [Parcel(batch) if self._lend is None else pack(batch, self._lend) for batch in batches]
        try:
            answers: list[Answer] = await self._handle.score.remote(parcels)
        except RayError as error:
            raise Gone(_line(error)) from None
        return answers

    def kill(self) -> None:
        """End the process, in the middle of what it does."""
        import ray

        ray.kill(self._handle)


def _line(error: BaseException) -> str:
    """Return what Ray says in one line of bearable length, without the addresses and logs that follow."""
    return " ".join(str(error).split())[:200]
