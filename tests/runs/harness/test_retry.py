"""Which failures are tried again, how often, and after how long."""

from __future__ import annotations

import random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.provider import RETRYABLE, ErrorClass, Failure
from runs.retry import LONGEST_WAIT_S, TRIES, Retry, pauses_everyone


@pytest.mark.parametrize("error", sorted(set(get_args(ErrorClass)) - RETRYABLE))
def test_what_will_not_change_or_may_have_been_paid_is_not_tried_again(error: ErrorClass) -> None:
    assert Retry().wait_s(Failure(error, "no"), 1, random.Random(0)) is None


def test_the_table_covers_exactly_the_retryable_classes() -> None:
    assert set(TRIES) == RETRYABLE


@pytest.mark.parametrize("error", sorted(RETRYABLE))
def test_tries_are_bounded(error: ErrorClass) -> None:
    made, rng = 1, random.Random(0)
    while Retry().wait_s(Failure(error, "busy"), made, rng) is not None:
        made += 1
    assert made == TRIES[error]


@given(made=st.integers(1, 3), seed=st.integers(), base=st.floats(0.001, 10), cap=st.floats(0.001, 100))
def test_waits_grow_exponentially_within_the_upper_half_of_each_step(made: int, seed: int, base: float, cap: float) -> None:
    wait = Retry(base, cap).wait_s(Failure("server", "500"), made, random.Random(seed))
    step = min(cap, base * 2 ** (made - 1))
    assert wait is not None
    assert step / 2 <= wait <= step


def test_the_provider_s_own_wish_is_honoured_exactly() -> None:
    assert Retry().wait_s(Failure("rate_limit", "slow down", retry_after_s=17.5), 1, random.Random(0)) == 17.5


def test_a_wish_beyond_reason_is_not_waited_for() -> None:
    assert Retry().wait_s(Failure("rate_limit", "tomorrow", retry_after_s=LONGEST_WAIT_S + 1), 1, random.Random(0)) is None


def test_the_same_job_waits_the_same_way_each_time() -> None:
    def waits() -> list[float | None]:
        rng = random.Random("job")
        return [Retry().wait_s(Failure("server", "500"), n, rng) for n in (1, 2, 3)]

    assert waits() == waits()


def test_only_a_rate_limit_concerns_the_other_calls_too() -> None:
    assert [e for e in get_args(ErrorClass) if pauses_everyone(e)] == ["rate_limit"]
