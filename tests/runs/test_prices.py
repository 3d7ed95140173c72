"""Prices: which one holds, what it comes to, and that unknown stays unknown."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from runs.prices import Price, Rate, best_case, cost, price_of, published, published_rates, worst_case
from runs.pricing import Pricing
from runs.provider import Message, Outcome, Reference, Request, Usage
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


def test_the_variant_itself_goes_before_a_pattern_and_that_before_a_price_for_all() -> None:
    rows = [
        Price(model="m", kind="image", image=1), Price(model="m", variant="* large", kind="image", image=2),
        Price(model="m", variant="high large", kind="image", image=3),
    ]  # fmt: skip
    found = {v: price_of("p", "m", v, overrides=rows) for v in ("high large", "low large", "low small", "")}
    assert {v: p.image for v, p in found.items() if p} == {"high large": 3, "low large": 2, "low small": 1, "": 1}


def test_a_price_in_another_currency_is_turned_into_dollars_at_a_dated_rate() -> None:
    """The workspace's rate goes before the shipped one, and the source says which it was."""
    yuan = Price(model="m", kind="image", currency="CNY", image=0.5, source="list")
    rate = Rate(currency="CNY", usd=0.2, as_of="2026-11-25")
    found = price_of("p", "m", overrides=[yuan], rates=[rate])
    assert found and (found.currency, found.image, found.source) == ("USD", pytest.approx(0.1), "list; CNY at 0.2 USD of 2026-11-25")
    shipped = price_of("p", "m", overrides=[yuan])
    assert shipped and shipped.image == pytest.approx(0.5 * published_rates()[0].usd)
    assert published_rates()[0].as_of and published_rates()[0].source
    assert price_of("p", "m", overrides=[yuan.model_copy(update={"currency": "EUR"})]) is None  # no rate: unknown, not free


def test_rates_are_settings(tmp_path) -> None:  # type: ignore[no-untyped-def]
    text = '[[rates]]\ncurrency = "CNY"\nusd = 0.15\n[[prices]]\nmodel = "own"\nkind = "call"\ncurrency = "CNY"\ncall = 2\n'
    (tmp_path / "workbench.toml").write_text(text)
    own = load(tmp_path).price("openai", "own")
    assert own and own.call == pytest.approx(0.3)


def test_tokens_of_pictures_and_of_thinking_have_prices_of_their_own() -> None:
    price = Price(model="m", kind="tokens", input=5, output=30, cached=1, picture=8, reasoning=60, max_output=1000, max_picture=2000)
    usage = Usage(input_tokens=1000, output_tokens=500, cached_tokens=100, picture_tokens=600, reasoning_tokens=200)
    assert cost(price, usage) == pytest.approx((300 * 5 + 100 * 1 + 600 * 8 + 300 * 30 + 200 * 60) / 1e6)
    two = tuple(Reference(n, n * 64, "image/png", Path("x")) for n in "ab")
    asked = ask(references=two, parameters={"n": 3})
    asked = replace(asked, kind="image")
    assert worst_case(price, asked) == pytest.approx(((5 + 32) * 5 + 2 * 2000 * 8 + 3 * 1000 * 60) / 1e6)
    assert worst_case(price.model_copy(update={"max_picture": None}), asked) is None  # nothing bounds what a picture becomes


@pytest.mark.parametrize(
    ("wanted", "lengths", "billed"),
    [(4.0, (5, 10), 5), (5, (5, 10), 5), (5.5, (5, 10), 10), (12, (5, 10), 10), (3.2, (), 4), ("5", (), 5), (4.0, (), 4)],
)
def test_a_clip_is_billed_by_the_next_length_that_can_be_had(wanted: Any, lengths: tuple[float, ...], billed: float) -> None:
    price = Price(model="m", kind="second", second=0.1, lengths=lengths)
    assert worst_case(price, ask(parameters={"duration": wanted})) == pytest.approx(0.1 * billed)
    assert best_case(price, ask(parameters={"duration": wanted}), 10) == pytest.approx(0.1 * billed)


def test_a_pictures_bound_grows_with_the_size_that_the_variant_names() -> None:
    """So a budget can be kept for any size but `auto`."""
    asked = replace(ask("a fox"), kind="image")
    small, large = (worst_case(price_of("openai-images", "gpt-image-2", f"high {size}"), asked) for size in ("1024x1024", "2048x1024"))
    assert small is not None and large is not None
    assert large - small == pytest.approx(8000 * 1.048576 * 30 / 1e6, rel=1e-3)
    assert worst_case(price_of("openai-images", "gpt-image-2", "high auto"), asked) is None
    newer = price_of("openai-images", "gpt-image-2.6-flare", "high 1024x1024")
    assert worst_case(newer, asked) is None, "nobody says how many tokens its pictures take"
    assert cost(newer, Usage(input_tokens=1000, output_tokens=4000, picture_tokens=0)) == pytest.approx(0.125)


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


def test_the_worst_case_holds_the_schema_that_goes_along() -> None:
    """Each byte of it counts as a token: a server puts it into the prompt."""
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    bare, shaped = (worst_case(MINI, ask(parameters={"max_tokens": 100}, **more)) for more in ({}, {"schema": schema}))
    assert bare is not None
    assert shaped == pytest.approx(bare + len(json.dumps(schema)) * MINI.input / 1e6)


def test_a_call_costs_what_the_model_costs_that_answered() -> None:
    """A name without a date means another model tomorrow; where the one that answered is in no table, the one that was asked for counts."""
    dear = MINI.model_copy(update={"model": "m-2", "input": 7.5})
    pricing = Pricing(price_of=lambda model, _variant: {"m": MINI, "m-2": dear}.get(model))
    usage = Usage(input_tokens=1_000_000, output_tokens=0)
    came = {name: pricing.cost_usd(ask(), Outcome(usage=usage, model_resolved=name)) for name in ("m-2", "m-3", "")}
    assert came == {"m-2": (7.5, "price table"), "m-3": (0.75, "price table"), "": (0.75, "price table")}


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
