"""A budget holds under any concurrency."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any, Self

import kit
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runs.budget import Budget, Exhausted
from runs.errors import BudgetError
from runs.harness import Options, resume
from runs.harness import run as harness_run
from runs.prices import Price, cost
from runs.pricing import Pricing
from runs.provider import Asset, Failure, Outcome, Request, Usage
from runs.retry import Retry

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


def test_a_call_without_a_bound_is_no_longer_counted_once_its_cost_is_known_or_nothing_was_bought() -> None:
    """A model with a price and no max_tokens: what it costs at worst is unknown, what it did cost is not."""

    async def main() -> None:
        budget = Budget()
        budget.settle(await budget.reserve(None), 0.25)
        budget.release(await budget.reserve(None))
        assert (budget.unpriced, budget.spent_usd) == (0, 0.25)

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


class Billing:
    """A server that bills what it likes up to what was asked for, also for answers that never arrive."""

    name, simulated, base_url, kinds, concurrency = "billing", False, "http://billing", frozenset({"text"}), 5
    PRICE = Price(model="*", kind="tokens", input=1_000.0, output=100_000.0)  # a token out is 10 cents

    def __init__(self, ends: list[tuple[str, int]]) -> None:
        self.ends = itertools.cycle(ends)
        self.billed_usd = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def generate(self, request: Request) -> Outcome:
        end, percent = next(self.ends)
        tokens = request.parameters["max_tokens"] * percent // 100
        usage = Usage(input_tokens=len(request.prompt), output_tokens=tokens)
        usd = cost(self.PRICE, usage) or 0.0
        await asyncio.sleep(0)
        if end in ("server", "refused"):  # nothing was made
            return Outcome(failure=Failure("server" if end == "server" else "content_refused", "no"))
        self.billed_usd += usd
        if end == "lost":
            return Outcome(failure=Failure("timeout", "the answer never came"))
        return Outcome(
            assets=(Asset("text", "text/plain", b"yes"),),
            usage=usage if end != "silent" else Usage(),
            cost_usd=usd if end == "told" else None,
        )


@pytest.mark.slow
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    limit=st.integers(0, 900),
    most=st.integers(1, 9),
    ends=st.lists(
        st.tuples(st.sampled_from(["ok", "told", "silent", "lost", "server", "refused"]), st.integers(0, 100)), min_size=1, max_size=9
    ),
)
def test_what_a_run_and_its_resumption_are_billed_never_exceeds_the_budget(
    tmp_path_factory: pytest.TempPathFactory, limit: int, most: int, ends: list[tuple[str, int]]
) -> None:
    """Counted at the server: whatever answers cost, get lost, are repeated, or tell of themselves."""
    ws = kit.workspace(tmp_path_factory.mktemp("budget"))
    provider = Billing(ends)
    plan = kit.plan(ws, provider, series=2, cases=2, scorers=(), parameters={"max_tokens": most})
    options = Options(budget_usd=limit / 100, pricing=Pricing(lambda *_: Billing.PRICE), retry=Retry(base_s=0.0))
    harness_run(ws, plan, provider, options)
    assert provider.billed_usd <= limit / 100 + 1e-6
    resume(ws, plan.run_id, provider, options)
    assert provider.billed_usd <= limit / 100 + 1e-6
