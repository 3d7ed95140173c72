"""The book of a cluster: slots, pace, pauses and money of several drivers, some of which die."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from runs.cluster.limiter import Holdings, Limiter


def run(main: Callable[[Limiter], Coroutine[Any, Any, None]], grace_s: float = 0.0) -> None:
    async def inner() -> None:
        await asyncio.wait_for(main(Limiter(grace_s)), 10)

    asyncio.run(inner())


async def ask(limiter: Limiter, driver: str, ticket: str, weight: int = 1, slots: int = 2, spacing_s: float = 0.0) -> asyncio.Task[None]:
    task = asyncio.create_task(limiter.acquire(driver, "a", ticket, weight, slots, spacing_s))
    await asyncio.sleep(0.01)
    return task


def test_two_drivers_share_the_slots_of_an_account() -> None:
    async def main(limiter: Limiter) -> None:
        one, two, three = [await ask(limiter, driver, driver) for driver in ("x", "y", "z")]
        assert one.done() and two.done() and not three.done()
        limiter.release("a", "x")
        await three

    run(main)


def test_a_heavy_request_is_not_starved_by_light_ones() -> None:
    async def main(limiter: Limiter) -> None:
        await ask(limiter, "x", "1")
        heavy, light = await ask(limiter, "y", "2", weight=5), await ask(limiter, "x", "3")
        assert not heavy.done() and not light.done(), "first come, first served"
        limiter.release("a", "1")
        await heavy
        assert not light.done()
        limiter.release("a", "2")
        await light

    run(main)


def test_calls_begin_at_the_pace_whoever_makes_them() -> None:
    async def main(limiter: Limiter) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for driver in "xyx":
            await limiter.acquire(driver, "a", driver + str(loop.time()), 1, 9, 0.1)
        assert 0.19 <= loop.time() - began < 1

    run(main)


def test_a_pause_of_one_holds_for_all() -> None:
    async def main(limiter: Limiter) -> None:
        limiter.pause("a", 0.15)
        limiter.pause("a", 0.01)
        other = asyncio.create_task(limiter.acquire("y", "b", "2", 1, 2, 0))
        waiting = await ask(limiter, "x", "1")
        assert other.done() and not waiting.done()
        await waiting

    run(main)


def test_the_slots_of_a_driver_that_dies_are_free_and_its_place_in_the_line_too() -> None:
    async def main(limiter: Limiter) -> None:
        for ticket in "12":
            await ask(limiter, "x", ticket)
        gone, waiting = await ask(limiter, "x", "3"), await ask(limiter, "y", "4")
        limiter.gone("x")
        await waiting
        assert gone.cancelled()

    run(main)


def test_a_slot_is_given_up_while_it_is_waited_for() -> None:
    async def main(limiter: Limiter) -> None:
        await ask(limiter, "x", "1", weight=2)
        await ask(limiter, "x", "2", weight=2)
        last = await ask(limiter, "y", "3")
        limiter.release("a", "2")
        limiter.release("a", "1")
        limiter.release("a", "1")
        await last

    run(main)


def test_the_purse_is_one_for_all_and_is_never_overdrawn() -> None:
    async def main(limiter: Limiter) -> None:
        assert await limiter.reserve("x", "1", 0.6, 1.0) == (True, 0.0)
        waiting = asyncio.create_task(limiter.reserve("y", "2", 0.6, 1.0))
        await asyncio.sleep(0.01)
        assert not waiting.done(), "the first may cost less than it may at worst"
        limiter.settle("1", 0.3)
        assert await waiting == (True, 0.3)
        limiter.settle("2", 0.6)
        assert await limiter.reserve("x", "3", 0.2, 1.0) == (False, 0.8999999999999999)
        assert (await limiter.reserve("x", "4", 0.1, 1.0))[0]

    run(main)


def test_the_money_of_a_driver_that_dies_is_spent_at_its_worst() -> None:
    async def main(limiter: Limiter) -> None:
        await limiter.reserve("x", "1", 0.7, 1.0)
        waiting = asyncio.create_task(limiter.reserve("x", "2", 0.7, 1.0))
        await asyncio.sleep(0.01)
        limiter.gone("x")
        assert not (await waiting)[0], "nobody is there to spend it"
        assert await limiter.reserve("y", "3", 0.3, 1.0) == (True, 0.7)

    run(main)


def test_a_limiter_without_its_book_is_told_by_those_who_hold_something() -> None:
    async def main(limiter: Limiter) -> None:
        early, quick, given_up = await ask(limiter, "z", "8"), await ask(limiter, "y", "2"), await ask(limiter, "y", "9")
        limiter.gone("z")
        money = asyncio.create_task(limiter.reserve("y", "h2", 0.2, 1.0))
        limiter.release("a", "9")
        limiter.announce("x", Holdings({("a", "1"): 2}, {"h": 0.5}, 0.4))
        limiter.announce("y", Holdings({}, {}, 0.3))
        await asyncio.sleep(0.3)
        assert not quick.done() and not money.done() and given_up.cancelled()
        limiter.gone("x")
        await quick
        assert early.cancelled()
        assert await money == (False, 0.9)

    run(main, grace_s=0.1)
