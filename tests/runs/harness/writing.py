"""A writer that says what it is told, at a price, and remembers who asked."""

from __future__ import annotations

from typing import Any, Self

from runs.harness import Options
from runs.prices import Price
from runs.pricing import Pricing
from runs.progress import Silent
from runs.provider import Asset, Failure, Outcome, Request, Usage

COSTS = 0.01
SAID = Asset("text", "application/json", b'{"title": "The Well"}')
PRICED = Pricing(lambda *_: Price(model="*", kind="call", call=COSTS))


class Writer:
    """Answers what it is told for the first calls of each job, and then a script; keeps the keys that it was asked under."""

    name, simulated, concurrency, base_url, kinds = "writer", False, 2, "http://writer", frozenset({"text"})
    resend: bool | None = None

    def __init__(self, *first: Failure | Outcome) -> None:
        self.first = first
        self.keys: dict[str, list[str]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def generate(self, request: Request) -> Outcome:
        asked = self.keys.setdefault(request.job_id, [])
        asked.append(request.key)
        if len(asked) <= len(self.first):
            said = self.first[len(asked) - 1]
            return said if isinstance(said, Outcome) else Outcome(failure=said)
        return Outcome(assets=(SAID,), usage=Usage(output_tokens=5))

    @property
    def asked(self) -> int:
        """Return how many calls were made."""
        return sum(map(len, self.keys.values()))


class Told(Silent):
    """Keeps what is said to the user."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def options(budget_usd: float | None = None, **more: Any) -> Options:
    return Options(**{"pricing": PRICED, "scoring": False, "budget_usd": budget_usd, **more})
