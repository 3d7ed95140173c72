"""Prices: which one holds, what it comes to, and that unknown stays unknown."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from runs.prices import Price, cost, price_of, published, worst_case
from runs.provider import Message, Request, Usage
from runs.settings import load

MINI = Price(provider="p", model="m", kind="tokens", input=0.75, output=4.5)
counts = st.integers(0, 10**7)


def ask(text: str = "hello", **more: Any) -> Request:
    return Request(key="k", stage="script", kind="text", messages=(Message("user", text),), model="m", **more)


def test_every_shipped_price_has_a_source_and_a_date_and_stands_once() -> None:
    seen = [(p.provider, p.model, p.variant) for p in published()]
    assert len(seen) == len(set(seen))
    assert all(p.source and p.as_of for p in published())


def test_tokens_are_priced_per_million() -> None:
    assert cost(MINI, Usage(input_tokens=1_000_000, output_tokens=1_000_000)) == 5.25
    assert cost(MINI, Usage(input_tokens=1000, output_tokens=200)) == pytest.approx(0.00165)


def test_cached_tokens_cost_their_own_price_where_there_is_one() -> None:
    cheap = MINI.model_copy(update={"cached": 0.075})
    usage = Usage(input_tokens=1000, output_tokens=0, cached_tokens=800)
    assert cost(cheap, usage) == pytest.approx((200 * 0.75 + 800 * 0.075) / 1e6)
    assert cost(MINI, usage) == pytest.approx(1000 * 0.75 / 1e6)


def test_unknown_is_none_and_never_zero() -> None:
    assert cost(None, Usage(input_tokens=1, output_tokens=1)) is None
    assert cost(MINI, Usage(input_tokens=1)) is None
    assert cost(MINI, Usage()) is None
    assert cost(Price(model="m", kind="image", image=0.03), Usage()) is None
    assert cost(Price(model="m", kind="second", second=0.1), Usage()) is None
    assert price_of("nobody", "nothing") is None


def test_a_price_does_not_reach_beyond_its_tier() -> None:
    tier = MINI.model_copy(update={"up_to": 32_000})
    assert cost(tier, Usage(input_tokens=32_000, output_tokens=1)) is not None
    assert cost(tier, Usage(input_tokens=32_001, output_tokens=1)) is None


def test_pictures_seconds_and_calls() -> None:
    assert cost(Price(model="m", kind="image", image=0.028), Usage(images=3)) == pytest.approx(0.084)
    assert cost(Price(model="m", kind="second", second=0.112), Usage(seconds=5.0)) == pytest.approx(0.56)
    assert cost(Price(model="m", kind="call", call=0.0), Usage()) == 0.0


def test_the_workspaces_price_goes_before_the_shipped_one_and_a_name_before_its_snapshot() -> None:
    own = Price(provider="openai", model="gpt-5.4-mini", kind="tokens", input=1, output=1)
    dated = own.model_copy(update={"model": "gpt-5.4-mini-2026-03-17", "input": 2.0})
    shipped = price_of("openai", "gpt-5.4-mini-2026-03-17")
    assert shipped and shipped.input == 0.75
    assert price_of("openai", "gpt-5.4-mini", overrides=[own]) is own
    assert price_of("openai", "gpt-5.4-mini-2026-03-17", overrides=[own, dated]) is dated
    assert price_of("openai", "gpt-5.4", overrides=[own]) in published()


def test_a_variant_has_a_price_of_its_own() -> None:
    assert price_of("kling", "kling-v3") is None
    pro = price_of("kling", "kling-v3", variant="pro")
    assert pro and pro.second == 0.112


def test_a_server_of_ones_own_sends_no_bill() -> None:
    assert cost(price_of("ollama", "any-model"), Usage()) == 0.0


def test_settings_know_the_price_of_a_provider_by_its_preset(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "workbench.toml").write_text('[providers.house]\npreset = "qwen"\n[[prices]]\nmodel = "own"\nkind = "call"\ncall = 0.5\n')
    settings = load(tmp_path)
    qwen, own = settings.price("house", "qwen-plus"), settings.price("house", "own")
    assert qwen and qwen.input == 0.40
    assert own and own.call == 0.5


@pytest.mark.parametrize(
    "wrong", [{"kind": "tokens", "input": 1.0}, {"kind": "image"}, {"kind": "call", "call": -1}, {"kind": "call", "call": math.inf}]
)
def test_a_price_without_its_numbers_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Price(model="m", **wrong)


def test_the_worst_case_needs_a_bound_on_the_answer() -> None:
    assert worst_case(MINI, ask()) is None
    assert worst_case(MINI, ask(parameters={"max_tokens": True})) is None
    assert worst_case(MINI.model_copy(update={"max_output": 1000}), ask()) is not None
    assert worst_case(None, ask(parameters={"max_tokens": 5})) is None


def test_the_worst_case_of_pictures_and_clips() -> None:
    assert worst_case(Price(model="m", kind="image", image=0.03), ask(parameters={"n": 4})) == pytest.approx(0.12)
    assert worst_case(Price(model="m", kind="second", second=0.1), ask(parameters={"duration": 5})) == pytest.approx(0.5)
    assert worst_case(Price(model="m", kind="second", second=0.1), ask()) is None


@given(st.text(min_size=1, max_size=300), st.integers(1, 8000), st.integers(0, 8000))
def test_the_worst_case_is_never_below_what_a_call_costs(text: str, limit: int, used: int) -> None:
    """A token is at least one byte, so no tokeniser makes more tokens than the bytes of the prompt and the chat frame."""
    request = ask(text, parameters={"max_tokens": limit})
    actual = cost(MINI, Usage(input_tokens=len(text.encode("utf-8", "replace")) + 8, output_tokens=min(used, limit)))
    bound = worst_case(MINI, request)
    assert actual is not None and bound is not None and actual <= bound


@given(counts, counts, counts)
def test_more_tokens_never_cost_less_and_cost_is_linear(a: int, b: int, cached: int) -> None:
    priced = MINI.model_copy(update={"cached": 0.1})
    one = cost(priced, Usage(input_tokens=a, output_tokens=b, cached_tokens=cached))
    more = cost(priced, Usage(input_tokens=a + 1, output_tokens=b + 1, cached_tokens=cached))
    assert one is not None and more is not None and 0 <= one <= more
