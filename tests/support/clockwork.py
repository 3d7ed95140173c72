"""An event loop whose clock moves only while everybody waits, and then at once to what is due next.

    found = clockwork.run(main())       # a minute's sleep takes no time, and `loop.time()` tells exactly one minute

For code that waits for time and for itself alone. What waits for a thread or a socket is not waited for here.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _Jumping(selectors.DefaultSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found:
            assert timeout is not None, "everybody waits, and for nothing that will come"
            self.now += max(timeout, 0.0)
        return found


class Clockwork(asyncio.SelectorEventLoop):
    """The loop; its clock begins at 0."""

    def __init__(self) -> None:
        self._clock = _Jumping()
        super().__init__(self._clock)

    def time(self) -> float:
        """Return the seconds that have been waited for."""
        return self._clock.now


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end and return its result."""
    with asyncio.Runner(loop_factory=Clockwork) as runner:
        return runner.run(main)
