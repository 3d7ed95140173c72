"""What the calls of one run may cost and did cost: the price table applied to one provider.

A simulated provider costs nothing, and so does one whose user says so; otherwise money that the provider reports goes
before the price table, and what nobody knows stays None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runs.prices import CostSource, Price, cost, worst_case
from runs.provider import Outcome, Request

PriceOf = Callable[[str], Price | None]
"""Gives the price of a model by its name, such as `functools.partial(settings.price, provider_name)`."""


def unknown(_model: str) -> Price | None:
    """Know no price."""
    return None


@dataclass(frozen=True, slots=True)
class Pricing:
    """Prices of one provider's models."""

    price_of: PriceOf = unknown
    free: bool = False

    def worst_usd(self, request: Request) -> float | None:
        """Return the most that a request can cost; None where nothing bounds it."""
        return 0.0 if self.free else worst_case(self.price_of(request.model), request)

    def cost_usd(self, request: Request, outcome: Outcome) -> tuple[float | None, CostSource]:
        """Return what a call did cost, and who says so."""
        if outcome.cost_usd is not None:
            return outcome.cost_usd, "reported"
        if self.free:
            return 0.0, "reported"
        price = self.price_of(outcome.model_resolved or request.model) or self.price_of(request.model)
        usd = cost(price, outcome.usage)
        return usd, "" if usd is None else "price table"
