"""Latency: how long a generation took, in seconds from request to last byte, waiting in the provider's queue included.

Example: a script that was written in 12.4 s

    Score(metric="latency", scorer="latency", scorer_version="1", value=12.4, status="ok", reason="12.40 s")
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from evals.cost import STAGES
from evals.score import Metric, Sample, Score


class Latency:
    """Report the time that the run has measured."""

    name = "latency"
    version = "1"
    scope: Literal["generation", "series"] = "generation"
    stages = STAGES
    metrics: tuple[Metric, ...] = (
        Metric("latency", "down", "s", worst=None, hi=None, description="Seconds from request to last byte, queue included"),
    )
    cpu_bound = False

    def score(self, group: Sequence[Sample]) -> list[list[Score]]:
        """Return the latency of each sample in seconds, or `not_scoreable` where none was measured."""
        return [[self._one(sample)] for sample in group]

    def _one(self, sample: Sample) -> Score:
        if sample.latency_s is None:
            return Score("latency", self.name, self.version, None, "not_scoreable", "latency not measured")
        return Score("latency", self.name, self.version, sample.latency_s, "ok", f"{sample.latency_s:.2f} s")
