"""Admission to a provider: how many at once, how fast, and not before it may be asked again."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any

import clockwork
import pytest

from runs.limits import Limits


def run(main: Coroutine[Any, Any, Any]) -> Any:
    return clockwork.run(main)


def now() -> float:
    return asyncio.get_running_loop().time()


def test_never_more_calls_at_once_than_allowed() -> None:
    async def main() -> int:
        limits, peak = Limits(3), 0

        async def one() -> None:
            nonlocal peak
            async with limits.slot():
                peak = max(peak, limits.in_flight)
                await asyncio.sleep(0.002)

        await asyncio.gather(*(one() for _ in range(40)))
        assert limits.in_flight == 0
        return peak

    assert run(main()) == 3


def test_a_call_takes_as_many_slots_as_it_weighs() -> None:
    """One that weighs more than all of them goes alone."""

    async def main() -> int:
        limits, peak = Limits(4), 0

        async def one(weight: int) -> None:
            nonlocal peak
            async with limits.slot(weight):
                peak = max(peak, limits.in_flight)
                await asyncio.sleep(0.002)

        async with asyncio.timeout(5):
            await asyncio.gather(*(one(w) for w in [3, 2, 9, 1, 4, 1, 2] * 3))
        assert limits.in_flight == 0
        return peak

    assert run(main()) == 4


def test_nobody_waits_for_limits_that_are_closed() -> None:
    async def main() -> None:
        limits = Limits(1)
        limits.pause(60)

        async def through() -> None:
            async with limits.slot():
                pass

        waiting = [asyncio.create_task(through()) for _ in range(3)]
        await asyncio.sleep(0.01)
        limits.close()
        async with asyncio.timeout(1):
            await asyncio.gather(*waiting)

    run(main())


def test_calls_are_let_in_first_come_first_served() -> None:
    async def main() -> list[int]:
        limits, order = Limits(1), []

        async def one(i: int) -> None:
            async with limits.slot():
                order.append(i)
                await asyncio.sleep(0)

        await asyncio.gather(*(one(i) for i in range(10)))
        return order

    assert run(main()) == list(range(10))


def test_a_rate_spaces_calls_evenly() -> None:
    async def main() -> list[float]:
        limits, times = Limits(10, per_minute=60 / 0.03), []

        async def one() -> None:
            async with limits.slot():
                times.append(now())

        await asyncio.gather(*(one() for _ in range(6)))
        return times

    times = run(main())
    assert all(b - a == pytest.approx(0.03) for a, b in itertools.pairwise(times))


def test_a_pause_holds_everybody_back() -> None:
    async def main() -> float:
        limits = Limits(5)
        limits.pause(0.2)
        limits.pause(0.05)  # a shorter one does not shorten it
        async with limits.slot():
            return now()

    assert run(main()) == pytest.approx(0.2)


def test_a_crowded_provider_gets_fewer_calls_and_more_again_after_successes() -> None:
    async def main() -> None:
        limits = Limits(4)
        async with limits.slot(), limits.slot(), limits.slot():
            limits.crowded()
        assert limits.allowed == 2
        limits.succeeded()
        assert limits.allowed == 2
        limits.succeeded()
        assert limits.allowed == 3
        for _ in range(20):
            limits.succeeded()
        assert limits.allowed == 4

    run(main())


def test_one_call_is_always_allowed() -> None:
    async def main() -> None:
        limits = Limits(2)
        for _ in range(5):
            async with limits.slot():
                limits.crowded()
        assert limits.allowed == 1

    run(main())


def test_a_cancelled_waiter_leaves_the_queue_working() -> None:
    async def main() -> None:
        limits = Limits(1)

        async def hold(seconds: float) -> None:
            async with limits.slot():
                await asyncio.sleep(seconds)

        first, second = asyncio.create_task(hold(0.05)), asyncio.create_task(hold(9))
        await asyncio.sleep(0.01)
        second.cancel()
        async with asyncio.timeout(2):
            await hold(0)
        await first

    run(main())


@pytest.mark.parametrize(("concurrency", "rate"), [(0, None), (1, 0.0), (1, -3.0)])
def test_limits_that_let_nobody_in_are_refused(concurrency: int, rate: float | None) -> None:
    with pytest.raises(ValueError, match="positive"):
        Limits(concurrency, rate)
