"""Write a comparison as a table for the terminal, as Markdown, CSV or JSON."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from evals.result import Result
from evals.sentence import change, level

if TYPE_CHECKING:
    import pandas as pd

    from evals.compare import Comparison

JSON_VERSION = 1
"""Raised when a key of the JSON changes its meaning or goes; new keys may come without."""
Format = Literal["table", "md", "csv", "json"]
COLUMNS = (
    "metric", "direction", "measure", "primary", "scale", "mean_a", "mean_b", "delta", "lo", "hi", "gain", "gain_lo", "gain_hi",
    "p", "p_worse", "units", "cases", "units_better", "units_worse", "units_same", "cases_better", "cases_worse", "cases_same",
    "failed_a", "failed_b", "excluded_a", "excluded_b", "only_a", "only_b", "verdict", "more_units", "sentence",
)  # fmt: skip
"""Columns of `Comparison.to_frame`; `measure` is the metric's unit, the rest is described at `evals.result.Result`."""

_HEADS = ("metric", "A", "B", "change", "interval", "units", "better/worse/same", "verdict")
_RIGHT = frozenset({"A", "B", "change", "units"})


def report(comparison: Comparison, fmt: Format = "table") -> str:
    """Return the comparison as text in one of the formats, without a line break at its end."""
    writers: dict[str, Callable[[Comparison], str]] = {"table": table, "md": markdown, "csv": csv, "json": to_json}
    return writers[fmt](comparison)


def to_frame(comparison: Comparison) -> pd.DataFrame:
    """Return a row a metric with the columns `COLUMNS`."""
    import pandas as pd

    return pd.DataFrame([_record(result) for result in comparison.results], columns=list(COLUMNS))


def table(comparison: Comparison) -> str:
    """Return aligned plain text: a row a metric, then what it means, then what to be careful about."""
    rows = [list(_HEADS), *(_cells(result) for result in _measured(comparison))]
    widths = [max(_width(row[i]) for row in rows) for i in range(len(_HEADS))]
    lines = ["  ".join(_padded(text, width, head) for text, width, head in zip(row, widths, _HEADS, strict=True)).rstrip() for row in rows]
    told = [f"{result.metric.name}: {result.sentence}" for result in comparison.results if result.metric.primary]
    lines += _unmeasured(comparison)
    return "\n".join([*lines, "", *told, *(f"! {warning}" for warning in comparison.warnings)])


def markdown(comparison: Comparison) -> str:
    """Return a Markdown table with the sentences as a list below it."""
    rows = [list(_HEADS), ["---:" if head in _RIGHT else "---" for head in _HEADS]]
    rows += [_cells(result) for result in _measured(comparison)]
    lines = ["| " + " | ".join(text.replace("|", "\\|") for text in row) + " |" for row in rows]
    told = [f"- **{result.metric.name}**: {result.sentence}" for result in comparison.results if result.metric.primary]
    lines += ["", *unmeasured] if (unmeasured := _unmeasured(comparison)) else []
    return "\n".join([*lines, "", *told, *(f"- ⚠ {warning}" for warning in comparison.warnings)])


def csv(comparison: Comparison) -> str:
    """Return comma-separated values with the columns `COLUMNS`, numbers to six digits."""
    return str(to_frame(comparison).to_csv(index=False, float_format="%.6g", lineterminator="\n")).removesuffix("\n")


def to_json(comparison: Comparison) -> str:
    """Return strict JSON with a `version` field; unknown numbers are null."""
    results = [{name: _plain(value) for name, value in _record(result, nested=True).items()} for result in comparison.results]
    value = {
        "version": JSON_VERSION,
        "a": comparison.a,
        "b": comparison.b,
        "unit": comparison.unit,
        "alpha": comparison.alpha,
        "warnings": list(comparison.warnings),
        "metrics": results,
    }
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)


def _measured(comparison: Comparison) -> list[Result]:
    """Return what people want to see: primary metrics always, others where an arm has a value."""
    return [r for r in comparison.results if r.metric.primary or r.mean_a is not None or r.mean_b is not None]


def _unmeasured(comparison: Comparison) -> list[str]:
    shown = _measured(comparison)
    names = [result.metric.name for result in comparison.results if result not in shown]
    return [f"Not measured in either arm: {', '.join(names)}."] if names else []


def _record(result: Result, *, nested: bool = False) -> dict[str, Any]:
    """Return a result by `COLUMNS`; lists and counts by reason are text unless `nested`."""
    metric = result.metric
    names = ("scale", "mean_a", "mean_b", "delta", "lo", "hi", "gain", "gain_lo", "gain_hi", "p", "p_worse", "units", "cases")
    record: dict[str, Any] = {"metric": metric.name, "direction": metric.direction, "measure": metric.unit, "primary": metric.primary}
    record |= {name: getattr(result, name) for name in names}
    for group, counts in (("units", result.by_unit), ("cases", result.by_case)):
        record |= {f"{group}_{name}": getattr(counts, name) for name in ("better", "worse", "same")}
    for i, arm in enumerate("ab"):
        excluded, only = result.excluded[i], (result.only_a, result.only_b)[i]
        record[f"failed_{arm}"] = result.failed[i]
        record[f"excluded_{arm}"] = dict(excluded) if nested else "; ".join(f"{count} {reason}" for reason, count in excluded.items())
        record[f"only_{arm}"] = list(only) if nested else " ".join(only)
    record |= {"verdict": result.verdict, "more_units": result.more_units, "sentence": result.sentence}
    return {name: record[name] for name in COLUMNS}


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cells(result: Result) -> list[str]:
    counts = result.by_unit
    interval = f"{change(result, result.lo)} … {change(result, result.hi)}" if result.delta is not None else "–"
    return [
        f"{result.metric.name} {'↑' if result.metric.direction == 'up' else '↓'}",
        level(result, result.mean_a),
        level(result, result.mean_b),
        change(result, result.delta) if result.delta is not None else "–",
        interval,
        str(result.units),
        f"{counts.better}/{counts.worse}/{counts.same}",
        result.verdict,
    ]


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes; Chinese signs take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _padded(text: str, width: int, head: str) -> str:
    space = " " * (width - _width(text))
    return space + text if head in _RIGHT else text + space
