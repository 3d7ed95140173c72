"""Bars that a run must reach, for builds: `--at-least logic=0.8 --at-most latency=20`.

    bars = read_bars(("logic=0.8",), ("latency=20",))
    missed(bars, means)          # ["script/episode@plain: logic is 0.17, at least 0.8 was asked for"]

A bar holds for every arm. A mean counts failed outputs as the metric's worst value; what was not measured reaches no bar. For saying
that one version is better than another a bar is no substitute: that is what `compare` and the gate are for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prompts.errors import InputError, UnknownName

if TYPE_CHECKING:
    import pandas as pd

    from runs.events import ScorerPlan


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: the mean of `metric` must be at least `value`, or at most where not `least`."""

    metric: str
    value: float
    least: bool

    def reached(self, mean: float) -> bool:
        """Tell whether a mean reaches it; NaN never does."""
        return mean >= self.value if self.least else mean <= self.value

    @property
    def told(self) -> str:
        """Return it in words, such as `at least 0.8`."""
        return f"at {'least' if self.least else 'most'} {self.value:g}"


def read_bars(at_least: Iterable[str], at_most: Iterable[str]) -> list[Bar]:
    """Read `METRIC=VALUE` pairs.

    Raises:
        InputError: one is no such pair.
    """
    return [_bar(text, least=least) for texts, least in ((at_least, True), (at_most, False)) for text in texts]


def check_metrics(bars: Sequence[Bar], scorers: Iterable[ScorerPlan]) -> None:
    """Refuse a bar for what no scorer of a run measures, before anything is paid.

    Raises:
        UnknownName: there is one.
    """
    known = {metric["name"] for scorer in scorers for metric in scorer["metrics"]}
    for bar in bars:
        if bar.metric not in known:
            raise UnknownName("metric", bar.metric, known)


def missed(bars: Sequence[Bar], means: pd.DataFrame) -> list[str]:
    """Return a line for each arm and bar that is not reached; `means` has the columns of `runs.query.RUN_SCORES`."""
    lines = []
    for bar in bars:
        for row in means[means["metric"] == bar.metric].to_dict("records"):
            mean = float("nan") if row["mean"] is None else float(row["mean"])
            if not bar.reached(mean):
                found = "has no value" if math.isnan(mean) else f"is {mean:.4g}"
                lines.append(f"{row['ref']}: {bar.metric} {found}, {bar.told} was asked for")
        if not (means["metric"] == bar.metric).any():
            lines.append(f"{bar.metric} was not measured, {bar.told} was asked for")
    return lines


def _bar(text: str, *, least: bool) -> Bar:
    metric, mark, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not (metric.strip() and mark) or not math.isfinite(number):
        raise InputError(f"{text!r} is no bar.", hint="Write METRIC=VALUE, such as logic=0.8.")
    return Bar(metric.strip(), number, least)
