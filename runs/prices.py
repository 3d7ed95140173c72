"""What a call costs: reported by the provider > usage x dated price > unknown (None, never 0).

Prices are data with source and date: `prices.toml` beside this file, and `[[prices]]` in `workbench.toml` before it.

    >>> price = price_of("openai", "gpt-5.4-mini")
    >>> price.input, price.output, price.as_of
    (0.75, 4.5, '2026-11-23')
    >>> cost(price, Usage(input_tokens=1000, output_tokens=200))
    0.00165
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from runs.provider import Request, Usage

MILLION = 1_000_000
Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]
CostSource = Literal["reported", "price table", ""]
_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{4})$")
_MAX_TOKENS = ("max_completion_tokens", "max_output_tokens", "max_tokens")


class Price(BaseModel):
    """One published price in US dollars. `model` may be `*`: every model of that provider. Tokens are priced per million.

    `cached` is the price of an input token read from the provider's cache; None counts it as an ordinary one.
    `up_to` is the number of input tokens that the price holds for (providers charge long prompts more).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str = "*"
    model: str
    variant: str = ""
    kind: Literal["tokens", "image", "second", "call"]
    input: Money | None = None
    output: Money | None = None
    cached: Money | None = None
    image: Money | None = None
    second: Money | None = None
    call: Money | None = None
    up_to: int | None = Field(default=None, gt=0)
    max_output: int | None = Field(default=None, gt=0)
    source: str = ""
    as_of: str = Field(default="", pattern=r"^(\d{4}-\d{2}-\d{2})?$")

    @model_validator(mode="after")
    def _has_its_numbers(self) -> Self:
        needed = ("input", "output") if self.kind == "tokens" else (self.kind,)
        if missing := [n for n in needed if getattr(self, n) is None]:
            raise ValueError(f"a price of kind {self.kind!r} needs {' and '.join(missing)}")
        return self


@lru_cache(maxsize=1)
def published() -> tuple[Price, ...]:
    """Return the shipped price table."""
    data = tomllib.loads((Path(__file__).parent / "prices.toml").read_text("utf-8"))
    common = {k: v for k, v in data.items() if k != "prices"}
    return tuple(Price(**{**common, **row}) for row in data["prices"])


def price_of(provider: str, model: str, *, variant: str = "", overrides: Sequence[Price] = ()) -> Price | None:
    """Find the price of a model; None if there is none.

    Overrides go before the shipped table, a model's own name before a dated snapshot of it (`m-2026-03-17` costs what `m`
    does), and both before `*`.

    Args:
        provider: the provider's or its preset's name.
        model: the name that is asked for, or the one that the provider resolved it to.
        variant: what else decides the price: quality, resolution, sound.
        overrides: prices of the workspace.
    """
    plain = _SNAPSHOT.sub("", model)
    for table in (overrides, published()):
        rows = [p for p in table if p.provider in (provider, "*") and p.variant in (variant, "*")]
        for name in (model, plain, "*"):
            if found := next((p for p in rows if p.model == name), None):
                return found
    return None


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
    return _tokens(price, usage.input_tokens, usage.output_tokens, usage.cached_tokens or 0)


def worst_case(price: Price | None, request: Request) -> float | None:
    """Return the most that a request can cost in dollars; None where nothing bounds it.

    Tokens in: a token is at least one byte of UTF-8, so bytes bound them from above (2-4 times the truth); each message
    and the schema add their frame. Tokens out: the request's own limit, or the model's. Reasoning counts as output.
    """
    if price is None:
        return None
    if price.kind == "call":
        return price.call
    if price.kind == "image":
        return _times(price.image, _number(request, "n") or 1)
    if price.kind == "second":
        return _times(price.second, _number(request, "duration", "seconds", "duration_s", "target_seconds"))
    output = _number(request, *_MAX_TOKENS) or price.max_output
    if output is None:
        return None
    schema = len(json.dumps(dict(request.schema)).encode()) if request.schema else 0
    tokens_in = sum(len(m.content.encode()) + 16 for m in request.messages) + schema + 16
    return _tokens(price, tokens_in, int(output + (_number(request, "thinking_budget") or 0)), 0)


def _tokens(price: Price, tokens_in: int, tokens_out: int, cached: int) -> float | None:
    if price.input is None or price.output is None or (price.up_to is not None and tokens_in > price.up_to):
        return None
    cached = min(cached, tokens_in)
    at_cache = price.input if price.cached is None else price.cached
    return ((tokens_in - cached) * price.input + cached * at_cache + tokens_out * price.output) / MILLION


def _times(unit: float | None, amount: float | None) -> float | None:
    return None if unit is None or amount is None else unit * amount


def _number(request: Request, *names: str) -> float | None:
    for name in names:
        value = request.parameters.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
            return float(value)
    return None
