"""Hands batches to workers that may die at any moment, wherever they are. Knows nothing of Ray.

    crew = Crew(hire, seats=4)
    rows = await crew.score(batch)

Each seat hires a worker, gives it what waits, and hires another when it is gone. Small batches go together, so that a call to
another machine is worth its while: up to `ITEMS` generations, a clip counting as many. A batch that was with a worker that died
is given out alone from then on, so that it cannot take others with it, and at most `ATTEMPTS` times.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from prompts.errors import WorkbenchError
from runs.engine import Batch, Rows
from runs.errors import EngineError
from runs.pool import ATTEMPTS, TaskFailed, WorkerDied

ITEMS = 40
"""Generations that go to a worker at once."""
CLIP = 20
"""What a generation with a clip counts as: scoring it takes seconds, not milliseconds."""
LOST_S = 120.0
"""How long there may be no worker at all before scoring is given up."""
_AGAIN_S = 0.5

Answer = tuple[bool, Any]
"""What became of a batch: `(True, rows)`, or `(False, (message, traceback))` where the call raised."""


class Gone(Exception):
    """A worker, or the machine under it, is no more."""


class Worker(Protocol):
    """Somebody who scores batches, one after the other."""

    async def score(self, batches: Sequence[Batch]) -> list[Answer]:
        """Score batches; raise `Gone` where nothing comes back any more."""
        ...

    def kill(self) -> None:
        """End it at once, in the middle of what it does."""
        ...


Hire = Callable[[], Awaitable[Worker]]
"""Makes a worker and waits until it is there; raises `Gone` if it does not come up, `EngineError` if none can."""


@dataclass(eq=False, slots=True)
class _Task:
    batch: Batch
    future: asyncio.Future[Rows]
    items: int
    tries: int = 0
    alone: bool = False


@dataclass(eq=False, slots=True)
class Seats:
    """The workers of all seats; they stay from one run to the next."""

    count: int
    workers: dict[int, Worker] = field(default_factory=dict)

    def clear(self) -> None:
        """End all workers."""
        for worker in self.workers.values():
            worker.kill()
        self.workers.clear()


class Crew:
    """Workers in seats, and what waits for them. Belongs to one event loop and ends with it."""

    def __init__(self, hire: Hire, seats: Seats, *, lost_s: float = LOST_S) -> None:
        self.loop = asyncio.get_running_loop()
        self._hire = hire
        self._seats = seats
        self._lost_s = lost_s
        self._waiting: deque[_Task] = deque()
        self._open: set[_Task] = set()
        self._arrived = asyncio.Event()
        self._running: set[asyncio.Task[None]] = {self.loop.create_task(self._sit(n)) for n in range(seats.count)}
        self._running.add(self.loop.create_task(self._watch()))
        self._error: WorkbenchError | None = None

    async def score(self, batch: Batch) -> Rows:
        """Score a batch; see `runs.engine.Engine.score`."""
        if self._error is not None:
            raise self._error
        task = _Task(batch, self.loop.create_future(), _items(batch))
        self._open.add(task)
        self._waiting.append(task)
        self._arrived.set()
        try:
            return await task.future
        finally:
            self._open.discard(task)

    async def _sit(self, seat: int) -> None:
        try:
            while True:
                worker = await self._hired(seat)
                await self._give(seat, worker, await self._take())
        except WorkbenchError as error:
            self._give_up(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody shall wait for ever for what this seat had
            self._give_up(EngineError(f"Scoring on the cluster broke: {type(error).__name__}: {error}"))

    async def _hired(self, seat: int) -> Worker:
        while seat not in self._seats.workers:
            try:
                self._seats.workers[seat] = await self._hire()
            except Gone:
                await asyncio.sleep(_AGAIN_S)
        return self._seats.workers[seat]

    async def _take(self) -> list[_Task]:
        """Wait for work; take what goes together, but no more than a fair share of what waits."""
        while True:
            self._waiting = deque(task for task in self._waiting if not task.future.done())
            if self._waiting:
                break
            self._arrived.clear()
            await self._arrived.wait()
        share = min(ITEMS, sum(task.items for task in self._waiting) // self._seats.count)
        taken = [self._waiting.popleft()]
        items = taken[0].items
        while self._waiting and not (taken[0].alone or self._waiting[0].alone) and items + self._waiting[0].items <= share:
            taken.append(self._waiting.popleft())
            items += taken[-1].items
        return taken

    async def _give(self, seat: int, worker: Worker, tasks: list[_Task]) -> None:
        limit_s = sum(task.batch.limit_s for task in tasks)
        try:
            async with asyncio.timeout(limit_s):
                answers = await worker.score([task.batch for task in tasks])
        except TimeoutError:
            self._dismiss(seat)
            if len(tasks) == 1:
                _fail(tasks[0], WorkerDied(f"score_groups took longer than {limit_s:.0f} s and was stopped."))
            else:
                self._again(tasks)
        except Gone as gone:
            self._dismiss(seat)
            for task in tasks:
                task.tries += 1
                if task.tries >= ATTEMPTS:
                    _fail(task, WorkerDied(f"The worker of score_groups died {ATTEMPTS} times: {gone}."))
            self._again(tasks)
        except OSError as error:  # a file of it is not there any more
            for task in tasks:
                _fail(task, TaskFailed(f"{type(error).__name__}: {error}"))
        else:
            for task, (good, answer) in zip(tasks, answers, strict=True):
                if not good:
                    _fail(task, TaskFailed(*answer))
                elif not task.future.done():
                    task.future.set_result(answer)

    def _again(self, tasks: list[_Task]) -> None:
        for task in reversed(tasks):
            task.alone = True
            self._waiting.appendleft(task)
        self._arrived.set()

    def _dismiss(self, seat: int) -> None:
        worker = self._seats.workers.pop(seat, None)
        if worker is not None:
            worker.kill()

    async def _watch(self) -> None:
        """Give up where there has been no worker at all for too long: nobody is coming any more."""
        since = self.loop.time()
        while self._error is None:
            await asyncio.sleep(min(1.0, self._lost_s / 4))
            if self._seats.workers or not self._waiting:
                since = self.loop.time()
            elif self.loop.time() - since > self._lost_s:
                self._give_up(
                    EngineError(
                        f"The cluster has had no worker for {self._lost_s:.0f} s.",
                        hint="See `ray status`; scores are kept: go on with --resume, or score without --engine.",
                    )
                )

    def _give_up(self, error: WorkbenchError) -> None:
        self._error = error
        for task in self._open:
            _fail(task, error)


def _fail(task: _Task, error: WorkbenchError) -> None:
    if not task.future.done():
        task.future.set_exception(error)


def _items(batch: Batch) -> int:
    samples = [sample for group in batch.groups for sample in group]
    return sum(CLIP if any(media.kind == "video" for media in sample.media) else 1 for sample in samples)
