"""What a call costs: reported by the provider > usage x dated price > unknown (None, never 0).

Prices are data with source and date: `prices.toml` beside this file, and `[[prices]]` in `workbench.toml` before it. Prices
in other currencies are turned into US dollars at a dated rate, which is data too (`[[rates]]`).

    >>> price = price_of("openai", "gpt-5.4-mini")
    >>> price.input, price.output, price.as_of
    (0.75, 4.5, '2026-11-23')
    >>> cost(price, Usage(input_tokens=1000, output_tokens=200))
    0.00165
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from runs.provider import Request, Usage

MILLION = 1_000_000
Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]
CostSource = Literal["reported", "named price", "price table", ""]
_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{4})$")
_SIZE = re.compile(r"\b(\d{2,5})x(\d{2,5})\b")
_AMOUNTS = ("input", "output", "cached", "picture", "reasoning", "image", "second", "call")
_MAX_TOKENS = ("max_completion_tokens", "max_output_tokens", "max_tokens")


class Rate(BaseModel):
    """What one unit of a currency was worth in US dollars on a day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: Literal["CNY", "EUR"]
    usd: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    source: str = ""
    as_of: str = Field(default="", pattern=r"^(\d{4}-\d{2}-\d{2})?$")


class Price(BaseModel):
    """One published price. `model` may be `*`: every model of that provider. Tokens are priced per million.

    `variant` is what else decides the price, in the words of the adapter (`pro sound`, `high 1024x1536`), with `*` for
    anything; a price without one holds for every variant that has none of its own. `cached` is the price of an input token
    read from the provider's cache, `picture` of one that a picture was turned into, `reasoning` of one that was thought;
    None counts them as ordinary ones. `up_to` is the number of input tokens that the price holds for (providers charge long
    prompts more). `max_output` bounds the tokens of an answer, or of each picture, `max_output_mpx` those of a picture of a
    million pixels; `max_picture` those of each picture sent along. `lengths` are the seconds that can be had and are
    billed; without them every whole second can.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str = "*"
    model: str
    variant: str = ""
    kind: Literal["tokens", "image", "second", "call"]
    currency: Literal["USD", "CNY", "EUR"] = "USD"
    input: Money | None = None
    output: Money | None = None
    cached: Money | None = None
    picture: Money | None = None
    reasoning: Money | None = None
    image: Money | None = None
    second: Money | None = None
    call: Money | None = None
    up_to: int | None = Field(default=None, gt=0)
    max_output: int | None = Field(default=None, gt=0)
    max_output_mpx: int | None = Field(default=None, gt=0)
    max_picture: int | None = Field(default=None, gt=0)
    lengths: tuple[float, ...] = ()
    source: str = ""
    as_of: str = Field(default="", pattern=r"^(\d{4}-\d{2}-\d{2})?$")

    @model_validator(mode="after")
    def _has_its_numbers(self) -> Self:
        needed = ("input", "output") if self.kind == "tokens" else (self.kind,)
        if missing := [n for n in needed if getattr(self, n) is None]:
            raise ValueError(f"a price of kind {self.kind!r} needs {' and '.join(missing)}")
        return self


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Any]:
    return tomllib.loads((Path(__file__).parent / "prices.toml").read_text("utf-8"))


@lru_cache(maxsize=1)
def published() -> tuple[Price, ...]:
    """Return the shipped price table."""
    return tuple(Price(**{"as_of": _table()["as_of"], **row}) for row in _table()["prices"])


@lru_cache(maxsize=1)
def published_rates() -> tuple[Rate, ...]:
    """Return the shipped rates of exchange."""
    return tuple(Rate(**{"as_of": _table()["as_of"], **row}) for row in _table()["rates"])


def price_of(provider: str, model: str, variant: str = "", *, overrides: Sequence[Price] = (), rates: Sequence[Rate] = ()) -> Price | None:
    """Find the price of a model in US dollars; None if there is none.

    Overrides go before the shipped table, a model's own name before a dated snapshot of it (`m-2026-03-17` costs what `m`
    does), both before `*`; then the variant itself before a pattern that it fits, and that before a price without one.

    Args:
        provider: the provider's or its preset's name.
        model: the name that is asked for, or the one that the provider resolved it to.
        variant: what else decides the price: quality, resolution, sound.
        overrides: prices of the workspace.
        rates: rates of exchange of the workspace; the shipped ones come after them.
    """
    plain = _SNAPSHOT.sub("", model)
    for table in (overrides, published()):
        rows = [p for p in table if p.provider in (provider, "*")]
        for name in (model, plain, "*"):
            fitting = sorted((fit, n) for n, p in enumerate(rows) if p.model == name and (fit := _fit(p.variant, variant)) is not None)
            if fitting:
                return in_usd(_sized(rows[fitting[0][1]], variant), rates)
    return None


def _sized(price: Price, variant: str) -> Price:
    """Return a price whose bound is that of the size which the variant names."""
    size = _SIZE.search(variant)
    if price.max_output_mpx is None or size is None:
        return price
    return price.model_copy(update={"max_output": math.ceil(price.max_output_mpx * int(size[1]) * int(size[2]) / MILLION)})


def in_usd(price: Price, rates: Sequence[Rate] = ()) -> Price | None:
    """Return a price in US dollars, its source saying at which rate; None where no rate is known."""
    if price.currency == "USD":
        return price
    rate = next((r for r in (*rates, *published_rates()) if r.currency == price.currency), None)
    if rate is None:
        return None
    amounts = {name: usd * rate.usd for name in _AMOUNTS if (usd := getattr(price, name)) is not None}
    source = f"{price.source}; {price.currency} at {rate.usd} USD of {rate.as_of or 'an unknown day'}"
    return price.model_copy(update={**amounts, "currency": "USD", "source": source})


def _fit(offered: str, asked: str) -> int | None:
    """Return how well a price's variant fits the one asked for, the smaller the better; None if not at all."""
    if offered == asked:
        return 0
    if offered and fnmatchcase(asked, offered):
        return 1
    return 2 if not offered else None


def cost(price: Price | None, usage: Usage) -> float | None:
    """Return what the usage costs in dollars; None where price or usage is unknown, or the price does not reach so far."""
    if price is None:
        return None
    if price.kind == "call":
        return price.call
    if price.kind == "image":
        return _times(price.image, usage.images)
    if price.kind == "second":
        return _times(price.second, usage.seconds)
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    return _tokens(price, usage.input_tokens, usage.output_tokens, usage)


def worst_case(price: Price | None, request: Request) -> float | None:
    """Return the most that a request can cost in dollars; None where nothing bounds it.

    Tokens in: a token is at least one byte of UTF-8, so bytes bound them from above (2-4 times the truth); each message
    and the schema add their frame, each picture the most that one makes. Tokens out: the request's own limit, or the
    model's, for each picture that is made. Reasoning counts as output, at the dearer of the two prices.
    """
    if price is None:
        return None
    if price.kind in ("call", "image"):
        return _times(price.call, 1) if price.kind == "call" else _times(price.image, pictures(request))
    if price.kind == "second":
        return _times(price.second, billed_seconds(price, request))
    output = _number(request, *_MAX_TOKENS) or price.max_output
    if output is None or (request.references and price.picture is not None and price.max_picture is None):
        return None
    schema = len(json.dumps(dict(request.schema)).encode()) if request.schema else 0
    tokens_in = sum(len(m.content.encode()) + 16 for m in request.messages) + schema + 16
    of_pictures = len(request.references) * (price.max_picture or 0)
    made = pictures(request) if request.kind == "image" else 1
    tokens_out = int((output + (_number(request, "thinking_budget") or 0)) * made)
    thought = tokens_out if (price.reasoning or 0) > (price.output or 0) else 0
    # Nothing is cached at worst, and every token of the prompt is of the dearer kind only where pictures are sent.
    return _tokens(price, tokens_in + of_pictures, tokens_out, Usage(picture_tokens=of_pictures, reasoning_tokens=thought))


def best_case(price: Price | None, request: Request, prompt_tokens: int) -> float | None:
    """Return the least that a request can cost in dollars: its prompt and an empty answer; None where that is unknown."""
    if price is None:
        return None
    seconds = billed_seconds(price, request) if price.kind == "second" else None
    return cost(price, Usage(input_tokens=prompt_tokens, output_tokens=0, images=pictures(request), seconds=seconds))


def pictures(request: Request) -> int:
    """Return how many pictures a request asks for."""
    return int(_number(request, "n") or 1)


def billed_seconds(price: Price, request: Request) -> float | None:
    """Return the seconds that a request will be billed for: the next length that can be had; None where it names none."""
    asked = _number(request, "duration", "seconds", "duration_s", "target_seconds")
    if asked is None:
        return None
    if not price.lengths:
        return float(math.ceil(asked - 1e-9))
    return min((length for length in price.lengths if length >= asked), default=max(price.lengths))


def _tokens(price: Price, tokens_in: int, tokens_out: int, usage: Usage) -> float | None:
    if price.input is None or price.output is None or (price.up_to is not None and tokens_in > price.up_to):
        return None
    cached = min(usage.cached_tokens or 0, tokens_in)
    # What is cached of pictures is not told apart; counting it as text would be the cheaper guess, so it is not made.
    of_pictures = min(usage.picture_tokens or 0, tokens_in - cached)
    thought = min(usage.reasoning_tokens or 0, tokens_out)
    return (
        (tokens_in - cached - of_pictures) * price.input
        + cached * _or(price.cached, price.input)
        + of_pictures * _or(price.picture, price.input)
        + (tokens_out - thought) * price.output
        + thought * _or(price.reasoning, price.output)
    ) / MILLION


def _or(own: float | None, ordinary: float) -> float:
    return ordinary if own is None else own


def _times(unit: float | None, amount: float | None) -> float | None:
    return None if unit is None or amount is None else unit * amount


def _number(request: Request, *names: str) -> float | None:
    """Return the first of some parameters that is a number above zero; some APIs want `"5"` for 5."""
    for name in names:
        value = request.parameters.get(name)
        if isinstance(value, str) and re.fullmatch(r"\d{1,6}(\.\d+)?", value):
            value = float(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < math.inf:
            return float(value)
    return None
