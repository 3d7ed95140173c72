"""Compare two arms fairly: paired by case, counted by independent unit, with an interval and a verdict in words.

A case's value is the mean of its repeats; a case's difference is B minus A; a unit's difference is the mean of its cases'.
A failed generation counts as the metric's worst value: dropping it would reward the template that fails on hard cases.
Cost and latency are compared as ratios (differences of logarithms) where all are above zero. See `evals.stats` for the
tests, `evals.pairing` for what counts as a value, `evals.result` for the numbers and `evals.sentence` for the words.

Example: `compare(frame, metrics, "a", "b", seed_key="run-7").result("face_consistency").verdict` is `better`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from evals.caveats import caveats
from evals.pairing import CasePair, pair
from evals.result import Result, case_move, direction_sign, result_of
from evals.score import Metric
from evals.sentence import sentence
from prompts.errors import InputError, UnknownName

if TYPE_CHECKING:
    import pandas as pd

Change = Literal["better", "worse", "same", "failed", "missing"]
CASE_COLUMNS = ("unit", "case", "a", "b", "delta", "gain", "change", "failed_a", "failed_b", "missing")


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer: one `Result` a metric, in the order in which the metrics were given, and what to be careful about."""

    a: str
    b: str
    unit: str
    alpha: float
    results: tuple[Result, ...]
    warnings: tuple[str, ...]
    pairs: Mapping[str, tuple[CasePair, ...]] = field(repr=False)

    def result(self, metric: str) -> Result:
        """Return the result of a metric.

        Raises:
            UnknownName: It was not compared.
        """
        for result in self.results:
            if result.metric.name == metric:
                return result
        raise UnknownName("metric", metric, (result.metric.name for result in self.results))

    def to_frame(self) -> pd.DataFrame:
        """Return a row a metric, with the columns of `evals.report.COLUMNS`; unknown numbers are NaN."""
        from evals.report import to_frame

        return to_frame(self)

    def cases(self, metric: str) -> pd.DataFrame:
        """Return a row a case of a metric, the largest loss first, cases without a pair last.

        Columns: `unit`, `case`, `a`, `b`, `delta` (B minus A), `gain` (above zero: B better), `change`, `failed_a` and
        `failed_b` (outputs that count as the worst value), `missing` (`a` or `b` where that arm has no value, else empty).
        `change` is `failed` where an output of either arm failed, else `better`, `worse` or `same`; `missing` without a pair.
        All that is not `same` has changed.
        """
        import pandas as pd

        result = self.result(metric)
        sign = direction_sign(result.metric)
        rows = [
            (p.unit, p.case, p.a, p.b, p.b - p.a, sign * (p.b - p.a), _change(p, sign), p.failed_a, p.failed_b, "")
            for p in self.pairs[metric]
        ]
        rows.sort(key=lambda row: (row[5], row[0], row[1]))
        nan = float("nan")
        lost = [(case, "b") for case in result.only_a] + [(case, "a") for case in result.only_b]
        rows += [("", case, nan, nan, nan, nan, "missing", 0, 0, arm) for case, arm in sorted(lost)]
        return pd.DataFrame(rows, columns=list(CASE_COLUMNS))


def compare(
    frame: pd.DataFrame, metrics: Iterable[Metric], a: str, b: str, *, alpha: float = 0.05, unit: str = "series", seed_key: str = ""
) -> Comparison:
    """Compare two arms on each metric.

    Args:
        frame: One row a generation. Columns: `arm`, `series`, `case`, `status`; one a metric with its value or nothing, and
            perhaps `<metric>__status` (see `evals.score.Status`) and `<metric>__version`; perhaps `model`, `simulated`. The
            order of rows does not matter.
        metrics: What to compare; a metric without a column has no pairs.
        a: The value of `arm` of the baseline.
        b: The value of `arm` of the challenger.
        alpha: One-sided level; the interval leaves so much out on each side, so 0.05 gives a 90 % interval.
        unit: Column of the highest level that was sampled independently.
        seed_key: Names the experiment; random numbers depend on it and on nothing else.

    Raises:
        InputError: A column is missing, or alpha is not between 0 and 0.5.
    """
    missing = [name for name in ("arm", "case", "status", unit) if name not in frame.columns]
    if missing:
        raise InputError(f"The frame to compare has no column {', '.join(missing)}.")
    if not 0 < alpha < 0.5:
        raise InputError(f"alpha must be between 0 and 0.5, got {alpha!r}.")
    chosen = list(metrics)
    paired = {metric.name: pair(frame, metric, a, b, unit) for metric in chosen}
    results = [result_of(metric, paired[metric.name], alpha=alpha, seed_key=seed_key) for metric in chosen]
    told = tuple(replace(result, sentence=sentence(result, unit=unit, alpha=alpha)) for result in results)
    most = max((result.units for result in results), default=0)
    warnings = caveats(frame, paired.values(), list(paired), (a, b), most, unit)
    return Comparison(a, b, unit, alpha, told, warnings, {name: found.pairs for name, found in paired.items()})


def _change(p: CasePair, sign: int) -> Change:
    if p.failed_a or p.failed_b:
        return "failed"
    move = case_move(p) * sign
    return "better" if move > 0 else "worse" if move < 0 else "same"
