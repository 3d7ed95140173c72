"""What the calls of one run may cost and did cost: the price table applied to one provider.

A simulated provider costs nothing, and so does one whose user says so; otherwise money that the provider reports goes
before the price that the user names for a run, that before the price table, and what nobody knows stays None.

    named_price(["input=0.75", "output=4.5"])      # as --price has it; the run keeps it, so that a resumed run has it too
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from pydantic import ValidationError

from prompts.errors import InputError
from runs.prices import CostSource, Price, best_case, cost, worst_case
from runs.provider import Outcome, Request

PriceOf = Callable[[str, str], Price | None]
"""Gives the price of a model and variant by their names, such as `functools.partial(settings.price, provider_name)`."""


def unknown(_model: str, _variant: str) -> Price | None:
    """Know no price."""
    return None


def no_variant(_request: Request) -> str:
    """Say that the model alone decides the price."""
    return ""


def unchanged(request: Request) -> Request:
    """Say that a request is sent as it is."""
    return request


NAMED = ("input", "output", "cached", "picture", "reasoning", "image", "second", "call", "max_output", "max_picture")
"""What a user may name of a price; amounts in US dollars, tokens by the million, and the bounds of an answer and of a picture."""


def named_price(pairs: Iterable[str]) -> Price | None:
    """Return the price that a user names for all calls of a run, `NAME=USD` each; None where nothing is named.

    Raises:
        InputError: an unknown name, no number, or a price without what its kind needs.
    """
    given: dict[str, float] = {}
    for pair in pairs:
        name, _, amount = pair.partition("=")
        try:
            given[name.strip()] = float(amount)
        except ValueError:
            raise InputError(f"The price {pair!r} is no NAME=USD.", hint="Such as image=0.07, or input=0.75 and output=4.5.") from None
    if unknown_names := sorted(given.keys() - set(NAMED)):
        raise InputError(f"A price has no {unknown_names[0]}.", hint=f"It has {', '.join(NAMED)}.")
    return price_from(given) if given else None


def price_from(given: Mapping[str, Any]) -> Price:
    """Return a named price from its amounts, as a run keeps them.

    Raises:
        InputError: it lacks what its kind needs, or an amount is none.
    """
    kind = next((k for k in ("image", "second", "call") if k in given), "tokens")
    try:
        return Price.model_validate({"model": "*", "kind": kind, "source": "named for this run", **given})
    except ValidationError as error:
        why = error.errors(include_url=False, include_input=False)[0]["msg"].removeprefix("Value error, ")
        raise InputError(f"This is no price: {why}.", hint="Such as image=0.07, or input=0.75 and output=4.5.") from None


@dataclass(frozen=True, slots=True)
class Pricing:
    """Prices of one provider's models.

    Attributes:
        price_of: gives the price of a model and variant.
        free: nothing costs anything.
        variant_of: says what decides a request's price beside its model.
        as_sent: gives a request with the parameters that the provider will add or leave out.
        named: the price that the user named for all calls of the run; it goes before all others.
    """

    price_of: PriceOf = unknown
    free: bool = False
    variant_of: Callable[[Request], str] = no_variant
    as_sent: Callable[[Request], Request] = unchanged
    named: Price | None = None

    def naming(self, amounts: Mapping[str, Any] | None) -> Self:
        """Return prices that know what the user named when the run was begun, unless another price is named now."""
        return replace(self, named=price_from(amounts)) if amounts and self.named is None else self

    @property
    def amounts(self) -> dict[str, Any] | None:
        """Return what the user named, as a run keeps it."""
        return self.named.model_dump(include=set(NAMED), exclude_none=True) if self.named else None

    def worst_usd(self, request: Request) -> float | None:
        """Return the most that a request can cost; None where nothing bounds it."""
        return 0.0 if self.free else worst_case(self._price(request.model, request), self.as_sent(request))

    def best_usd(self, request: Request, prompt_tokens: int) -> float | None:
        """Return the least that a request with so many tokens can cost; None where that is unknown."""
        return 0.0 if self.free else best_case(self._price(request.model, request), self.as_sent(request), prompt_tokens)

    def cost_usd(self, request: Request, outcome: Outcome) -> tuple[float | None, CostSource]:
        """Return what a call did cost, and who says so."""
        if outcome.cost_usd is not None:
            return outcome.cost_usd, "reported"
        if self.free:
            return 0.0, "reported"
        price = self._price(outcome.model_resolved or request.model, request) or self._price(request.model, request)
        if outcome.failure is not None and price is not None and price.kind == "call" and price.call:
            # A price of a call is that of one that gave something: no usage tells whether this one is billed.
            return None, ""
        usd = cost(price, outcome.usage)
        return usd, "" if usd is None else "named price" if self.named else "price table"

    def _price(self, model: str, request: Request) -> Price | None:
        return self.named or self.price_of(model, self.variant_of(request))
