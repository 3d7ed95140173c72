"""What the calls of one run may cost and did cost: the price table applied to one provider.

A simulated provider costs nothing, and so does one whose user says so; otherwise money that the provider reports goes
before the price table, and what nobody knows stays None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Pricing:
    """Prices of one provider's models; `variant_of` says what decides a request's price beside its model."""

    price_of: PriceOf = unknown
    free: bool = False
    variant_of: Callable[[Request], str] = no_variant

    def worst_usd(self, request: Request) -> float | None:
        """Return the most that a request can cost; None where nothing bounds it."""
        return 0.0 if self.free else worst_case(self._price(request.model, request), request)

    def best_usd(self, request: Request, prompt_tokens: int) -> float | None:
        """Return the least that a request with so many tokens can cost; None where that is unknown."""
        return 0.0 if self.free else best_case(self._price(request.model, request), request, prompt_tokens)

    def cost_usd(self, request: Request, outcome: Outcome) -> tuple[float | None, CostSource]:
        """Return what a call did cost, and who says so."""
        if outcome.cost_usd is not None:
            return outcome.cost_usd, "reported"
        if self.free:
            return 0.0, "reported"
        price = self._price(outcome.model_resolved or request.model, request) or self._price(request.model, request)
        usd = cost(price, outcome.usage)
        return usd, "" if usd is None else "price table"

    def _price(self, model: str, request: Request) -> Price | None:
        return self.price_of(model, self.variant_of(request))
