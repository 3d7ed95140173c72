"""Blocking work of many tasks, done in few threads for all that wait: a thread for each costs more than most of the work.

    store = Together(write_and_flush, threads=8)
    media = await store(data)               # from thousands of tasks of one event loop

A thread takes one after the other of what waits. Where it does not get through at once, because the work waits for a disk,
more of them are asked for. Work that hardly ever waits can be named `light`: it is done at once, without a thread, whose every
system call would have it and the event loop take the interpreter from each other. Where it waits all the same, because the disk is
busy, the next goes to a thread, so that the loop is held for a small share of the time at most.
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
SLOW_S = 0.002
"""Light work that took longer has waited for something."""
SHARE = 0.1
"""How much of the time such work may hold the event loop."""


class Together(Generic[Given, Result]):
    """A function that is called in threads, at most so many at a time, for one event loop.

    Attributes:
        batches: how often a thread was asked for.
    """

    def __init__(self, call: Callable[[Given], Result], *, threads: int = 1, light: Callable[[Given], bool] = lambda _: False) -> None:
        self._call = call
        self._threads = threads
        self._light = light
        self._threads_until = 0.0
        self._waiting: deque[tuple[Given, asyncio.Future[Result]]] = deque()
        self._running = 0
        self._next: asyncio.Handle | None = None
        self.batches = 0

    async def __call__(self, given: Given) -> Result:
        """Return what the function returns, or raise what it raises."""
        if self._light(given) and time.monotonic() >= self._threads_until:
            return self._at_once(given)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((given, done))
        self._soon(loop)
        return await done

    def _at_once(self, given: Given) -> Result:
        began = time.monotonic()
        try:
            return self._call(given)
        finally:
            ended = time.monotonic()
            if ended - began > SLOW_S:
                self._threads_until = ended + (ended - began) / SHARE

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
