"""Cost: what a generation cost, in US dollars.

Example: a shot drawn for 0.04 USD

    Score(metric="cost", scorer="cost", scorer_version="1", value=0.04, status="ok", reason="0.0400 USD")

A price that nobody knows is `not_scoreable`, never 0: an unknown price must not look like a bargain. A failed generation
that was paid for has a cost like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from evals.score import Metric, Sample, Score

STAGES = frozenset({"outline", "script", "character", "shot", "clip", "music", "judge"})


class Cost:
    """Report the cost that the run has recorded."""

    name = "cost"
    version = "1"
    scope: Literal["generation", "series"] = "generation"
    stages = STAGES
    metrics: tuple[Metric, ...] = (
        Metric("cost", "down", "USD", worst=None, hi=None, description="What the generation cost, by the dated price table"),
    )
    cpu_bound = False

    def score(self, group: Sequence[Sample]) -> list[list[Score]]:
        """Return the cost of each sample in US dollars, or `not_scoreable` where no price is known."""
        return [[self._one(sample)] for sample in group]

    def _one(self, sample: Sample) -> Score:
        if sample.cost_usd is None:
            return Score("cost", self.name, self.version, None, "not_scoreable", "price unknown")
        return Score("cost", self.name, self.version, sample.cost_usd, "ok", f"{sample.cost_usd:.4f} USD")
