"""How fast one provider may be called: so many at once, so many a minute, and not before it said it may be asked again.

The number at once adapts: a provider that says it is crowded gets one call fewer, and one more again after as many
successes as there are slots (additive increase, as in congestion control, so that the limit is found and held).

What adapts is this process's own. Slots, pace and pauses of the account are shared with all others (`runs.accounts`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from runs.accounts import Shared


class Limits:
    """Admission to one provider, first come, first served.

    Args:
        concurrency: slots, at least 1; a call takes one or more.
        per_minute: calls a minute, evenly spaced; None for no limit.
        account: what others of this machine, or of this cluster, ask of the same account; None where there is no such.
    """

    def __init__(self, concurrency: int, per_minute: float | None = None, account: Shared | None = None) -> None:
        if concurrency < 1 or (per_minute is not None and per_minute <= 0):
            raise ValueError("limits must be positive")
        self.concurrency = concurrency
        self.allowed = concurrency
        self.in_flight = 0
        self._spacing = 60.0 / per_minute if per_minute else 0.0
        self._open_at = 0.0
        self._successes = 0
        self._queue = asyncio.Lock()
        self._freed = asyncio.Event()
        self._closed = asyncio.Event()
        self._account = account
        if account is not None:
            account.given_up = self._closed.is_set

    @contextlib.asynccontextmanager
    async def slot(self, weight: int = 1) -> AsyncIterator[None]:
        """Wait for a turn and hold it. A call that weighs more than all slots takes all of them."""
        weight = max(1, min(weight, self.concurrency))
        await self._acquire(weight)
        try:
            async with self._account.slot(weight) if self._account else contextlib.nullcontext():
                yield
        finally:
            self.in_flight -= weight
            self._freed.set()

    def pause(self, seconds: float) -> None:
        """Let nobody in for this long: the provider's `Retry-After`."""
        self._open_at = max(self._open_at, _now() + seconds)
        if self._account:
            self._account.pause(seconds)

    def close(self) -> None:
        """Keep nobody waiting any more: whoever waits is let through, to see that there is nothing left to do."""
        self._closed.set()
        self._freed.set()

    def crowded(self) -> None:
        """Allow one call fewer from now on: the provider says that too many run at once."""
        self.allowed = max(1, min(self.allowed, self.in_flight) - 1)
        self._successes = 0

    def succeeded(self) -> None:
        """Count a success; enough of them allow one call more again."""
        self._successes += 1
        if self.allowed < self.concurrency and self._successes >= self.allowed:
            self.allowed += 1
            self._successes = 0
            self._freed.set()

    async def _acquire(self, weight: int) -> None:
        # The lock is a fair queue: its holder is next in line, everybody else waits behind.
        async with self._queue:
            while not self._closed.is_set():
                # A heavy call goes alone where fewer are allowed than it weighs.
                if self.in_flight and self.in_flight + weight > self.allowed:
                    self._freed.clear()
                    await self._freed.wait()
                elif (wait := self._open_at - _now()) > 0:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(wait):
                            await self._closed.wait()
                else:
                    break
            self.in_flight += weight
            self._open_at = max(self._open_at, _now()) + self._spacing


def _now() -> float:
    return asyncio.get_running_loop().time()
