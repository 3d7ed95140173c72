"""A budget holds under any concurrency."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.budget import Budget, Exhausted
from runs.errors import BudgetError

CENTS = st.integers(0, 60)
CALLS = st.lists(st.tuples(CENTS, st.integers(0, 100), st.sampled_from(["settle", "release", "unknown"]), st.integers(0, 3)), max_size=40)


def run(main: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(main)


@settings(max_examples=150, deadline=None)
@given(limit=st.integers(0, 300), calls=CALLS)
def test_spent_and_reserved_money_never_exceed_the_budget(limit: int, calls: list[tuple[int, int, str, int]]) -> None:
    """Whatever calls cost up to their worst case, in whatever order they end."""

    async def main() -> None:
        budget, sent, refused = Budget(limit / 100), [0], [0]

        def check() -> None:
            assert budget.spent_usd + budget.reserved_usd <= limit / 100 + 1e-6
            assert budget.reserved_usd >= 0

        async def call(worst: int, percent: int, end: str, turns: int) -> None:
            try:
                hold = await budget.reserve(worst / 100)
            except Exhausted:
                refused[0] += 1
                return
            sent[0] += 1
            check()
            for _ in range(turns):
                await asyncio.sleep(0)
            if end == "release":
                budget.release(hold)
            else:
                budget.settle(hold, worst * percent / 10_000 if end == "settle" else None)
            check()

        async with asyncio.timeout(20):
            await asyncio.gather(*(call(*c) for c in calls))
        assert sent[0] + refused[0] == len(calls)
        assert budget.reserved_usd == pytest.approx(0, abs=1e-9)

    run(main())


def test_ten_calls_at_ten_cents_fit_a_dollar() -> None:
    async def main() -> None:
        budget = Budget(1.0)
        for _ in range(10):
            budget.settle(await budget.reserve(0.1), 0.1)
        with pytest.raises(Exhausted, match=r"1\.0000 USD spent"):
            await budget.reserve(0.1)

    run(main())


def test_a_call_waits_for_money_that_calls_in_flight_may_give_back() -> None:
    async def main() -> None:
        budget = Budget(1.0)
        first = await budget.reserve(0.8)
        second = asyncio.create_task(budget.reserve(0.5))
        await asyncio.sleep(0.01)
        assert not second.done()
        budget.settle(first, 0.1)
        assert (await second).usd == 0.5

    run(main())


def test_a_waiting_call_is_refused_once_the_money_is_really_gone() -> None:
    async def main() -> None:
        budget = Budget(1.0)
        first = await budget.reserve(0.8)
        second = asyncio.create_task(budget.reserve(0.5))
        await asyncio.sleep(0.01)
        budget.settle(first, 0.8)
        with pytest.raises(Exhausted):
            await second

    run(main())


def test_an_unpriced_call_is_refused_where_there_is_a_budget() -> None:
    with pytest.raises(BudgetError, match="price of this model is unknown"):
        run(Budget(1.0).reserve(None))


def test_without_a_budget_an_unpriced_call_goes_out_and_is_counted() -> None:
    async def main() -> None:
        budget = Budget()
        budget.settle(await budget.reserve(None), None)
        assert (budget.unpriced, budget.spent_usd, budget.left_usd) == (1, 0.0, None)

    run(main())


def test_what_is_free_runs_on_a_budget_of_nothing() -> None:
    async def main() -> None:
        budget = Budget(0.0)
        budget.settle(await budget.reserve(0.0), 0.0)
        assert budget.left_usd == 0.0

    run(main())


def test_a_resumed_run_remembers_what_was_spent() -> None:
    with pytest.raises(Exhausted):
        run(Budget(1.0, spent_usd=0.95).reserve(0.1))


def test_money_is_given_back_once() -> None:
    async def main() -> None:
        budget = Budget(1.0)
        hold = await budget.reserve(0.5)
        budget.release(hold)
        with pytest.raises(ValueError, match="already"):
            budget.settle(hold, 0.1)

    run(main())


@pytest.mark.parametrize("limit", [-0.01, float("nan")])
def test_a_senseless_budget_is_refused(limit: float) -> None:
    with pytest.raises(BudgetError, match="makes no sense"):
        Budget(limit)
