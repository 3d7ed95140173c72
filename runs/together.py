"""Blocking work of many tasks, done in few threads for all that wait: a thread for each costs more than most of the work.

    store = Together(write_and_flush, threads=8)
    media = await store(data)               # from thousands of tasks of one event loop

A thread takes one after the other of what waits. Where it does not get through at once, because the work waits for a disk,
more of them are asked for.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

Given = TypeVar("Given")
Result = TypeVar("Result")

BATCH_S = 0.02
"""How long a thread goes on before it tells what came of it."""
MORE_S = 0.004
"""When to ask for another thread, where some still wait."""


class Together(Generic[Given, Result]):
    """A function that is called in threads, at most so many at a time, for one event loop.

    Attributes:
        batches: how often a thread was asked for.
    """

    def __init__(self, call: Callable[[Given], Result], *, threads: int = 1) -> None:
        self._call = call
        self._threads = threads
        self._waiting: deque[tuple[Given, asyncio.Future[Result]]] = deque()
        self._running = 0
        self._next: asyncio.Handle | None = None
        self.batches = 0

    async def __call__(self, given: Given) -> Result:
        """Return what the function returns, or raise what it raises."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((given, done))
        self._soon(loop)
        return await done

    def _soon(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._next is None and self._waiting and self._running < self._threads:
            # Not at once: whoever is about to come in this turn of the loop comes along.
            self._next = loop.call_later(MORE_S, self._begin, loop) if self._running else loop.call_soon(self._begin, loop)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._next = None
        if not self._waiting:
            return
        self._running += 1
        self.batches += 1
        taken: list[asyncio.Future[Result]] = []
        loop.run_in_executor(None, self._work, taken).add_done_callback(partial(self._answer, loop, taken))
        self._soon(loop)

    def _work(self, taken: list[asyncio.Future[Result]]) -> list[Result | Exception]:
        """Take what waits until nothing does or time is up; return what came of it."""
        results: list[Result | Exception] = []
        end = time.monotonic() + BATCH_S
        while time.monotonic() < end:
            try:
                given, done = self._waiting.popleft()
            except IndexError:
                break
            taken.append(done)
            if done.done():  # its task was cancelled meanwhile, and nobody wants it
                taken.pop()
                continue
            try:
                results.append(self._call(given))
            except Exception as error:  # noqa: BLE001  whoever asked gets it
                results.append(error)
        return results

    def _answer(
        self, loop: asyncio.AbstractEventLoop, taken: list[asyncio.Future[Result]], worked: asyncio.Future[list[Result | Exception]]
    ) -> None:
        self._running -= 1
        failure = asyncio.CancelledError() if worked.cancelled() else worked.exception()
        results = [failure] * len(taken) if failure is not None else worked.result()
        for done, result in zip(taken, results, strict=True):
            if done.done():
                continue
            if isinstance(result, BaseException):
                done.set_exception(result)
            else:
                done.set_result(result)
        if self._next is not None and not self._running:
            self._next.cancel()
            self._next = None
        self._soon(loop)
