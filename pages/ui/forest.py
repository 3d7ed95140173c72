"""The forest plot: how much better B is on each metric, how sure that is, and where zero lies."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import pandas as pd
import streamlit as st

from evals.result import Result
from evals.sentence import change
from pages.ui.palette import Palette
from runs.margins import Margin

SHAPES = {"better": "triangle-up", "worse": "triangle-down", "unclear": "diamond", "insufficient": "circle"}
ROW, LOW_ROW = 54, 34
"""Heights of a row, with the change in figures above the point and without."""
LABELS = 130
"""Width of the metric names, so that plots below each other share their zero line."""
NO_MARGINS: Mapping[str, Margin] = MappingProxyType({})
EM = "\u2003"
"""A space that is not collapsed."""
TICK = "format(abs(datum.value), abs(datum.value) >= 1 ? ',.1~f' : '.2~g')"
"""How far from zero, without a sign: right is better, and of a cost that is a fall."""
STEPS = (1.0, 1.2, 1.6, 2.0, 2.4, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
"""Ends of axes whose halves are short numbers too."""
COLUMNS = ("metric", "gain", "lo", "hi", "open_lo", "open_hi", "verdict", "label", "interval", "sentence", "margin", "told")


def panels(results: Sequence[Result], margins: Mapping[str, Margin] = NO_MARGINS) -> list[tuple[str, pd.DataFrame]]:
    """Return what is drawn on one axis each: what the axis counts, and its rows; metrics without any change are left out.

    Shares, probabilities and other metrics from 0 to 1 stand together; ratios in per cent; other units alone. Gains are turned
    so that right is better, `label` is the change as measured: of a cost that fell by a tenth the gain is +10 and the label
    −10 %. An end of the interval that the data does not bound is None, as is the margin of a metric that no policy names.
    """
    found: dict[str, list[tuple[object, ...]]] = {}
    for r in results:
        if r.gain is None or r.by_unit.same == r.units:
            continue
        bounded = (r.metric.lo, r.metric.hi) == (0.0, 1.0)
        unit = "change in per cent" if r.scale == "ratio" else "change" if bounded else f"change in {r.metric.unit}"
        found.setdefault(unit, []).append(_row(r, margins.get(r.metric.name)))
    return [(unit, pd.DataFrame(rows, columns=list(COLUMNS))) for unit, rows in found.items()]


def _row(r: Result, margin: Margin | None) -> tuple[object, ...]:
    factor = 100.0 if r.scale == "ratio" else 1.0
    gain, lo, hi = (None if v is None else factor * v for v in (r.gain, r.gain_lo, r.gain_hi))
    interval = f"{change(r, r.lo)} to {change(r, r.hi)}"
    name = r.metric.name.replace("_", " ")
    at, told = _margin(r, margin)
    return (name, gain, lo, hi, lo is None, hi is None, r.verdict, change(r, r.delta), interval, r.sentence, at, told)


def _margin(r: Result, margin: Margin | None) -> tuple[float | None, str]:
    """Return where a policy draws its line, and that in words; nothing where its scale is not the axis's."""
    if margin is None or margin.ratio != (r.scale == "ratio"):
        return None, ""
    room = f"{100 * margin.room:.3g} %" if margin.ratio else f"{margin.room:.3g}"
    words = f"the gate asks for a gain of at least {room}" if margin.kind == "gain" else f"the gate lets B lose less than {room}"
    return (100.0 if margin.ratio else 1.0) * margin.at, words


def reach(frame: pd.DataFrame) -> float:
    """Return where the axis ends on both sides: a round number just beyond the longest interval."""
    ends = frame.filter(["gain", "lo", "hi", "margin"]).astype("float64").abs().to_numpy().ravel()
    most = max((float(v) for v in ends if v == v), default=0.0) * 1.05
    if most == 0:
        return 1.0
    scale = 10.0 ** math.floor(math.log10(most))
    return next(step * scale for step in STEPS if step * scale >= most)


def draw(frame: pd.DataFrame, colours: Palette, *, unit: str, told: str, row: int = ROW) -> None:
    """Draw the rows of a panel: a point and its interval a metric, the change in figures above it, the zero line dashed.

    What a gate would ask stands as an upright bar: of a guardrail the whole interval has to lie right of it. `told` is the plot in
    words, for those who do not see it.
    """
    rows, spec = chart(frame, colours, unit=unit, row=row)
    st.vega_lite_chart(rows, spec, alt=told)


def chart(frame: pd.DataFrame, colours: Palette, *, unit: str, row: int = ROW) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the rows as they are drawn, and the plot as Vega-Lite says it; an end that is not bounded is the axis's."""
    end = reach(frame)
    rows = frame.assign(
        margin=frame["margin"].astype("float64"),
        lo=frame["lo"].astype("float64").fillna(-end),
        hi=frame["hi"].astype("float64").fillna(end),
    )
    # Altair takes a tenth of a second to say the same again; only the rows differ from one visit to the next.
    return rows, json.loads(_spec(tuple(colours.verdicts.items()), colours.ink, colours.faint, colours.ground, unit, row, end))


@lru_cache(maxsize=64)
def _spec(verdict_colours: tuple[tuple[str, str], ...], ink: str, faint: str, ground: str, unit: str, row: int, end: float) -> str:
    """Return the plot as Vega-Lite says it, without its rows."""
    import altair as alt

    verdicts, of_verdict = list(SHAPES), dict(verdict_colours)
    colour = alt.Color("verdict:N", scale=alt.Scale(domain=verdicts, range=[of_verdict[v] for v in verdicts]), legend=None)
    axis = alt.Axis(labelLimit=LABELS, minExtent=LABELS, maxExtent=LABELS, labelFontSize=13, labelOverlap=False, ticks=False, domain=False)
    y = alt.Y("metric:N", sort=None, title=None, axis=axis)
    x = alt.X(
        "lo:Q",
        title=f"← B worse{EM * 2}{unit.replace('change in per cent', 'change, %')}{EM * 2}B better →",
        scale=alt.Scale(domain=[-end, end], nice=False),
        axis=alt.Axis(grid=False, values=[-end, -end / 2, 0, end / 2, end], labelExpr=TICK, labelFlush=True, titlePadding=8),
    )
    told = [
        alt.Tooltip("metric:N"),
        alt.Tooltip("label:N", title="change"),
        alt.Tooltip("interval:N"),
        alt.Tooltip("verdict:N"),
        alt.Tooltip("sentence:N", title="in words"),
        alt.Tooltip("told:N", title="margin"),
    ]
    base = alt.Chart()
    interval = base.mark_rule(strokeWidth=3, strokeCap="round").encode(x=x, x2="hi:Q", y=y, color=colour, tooltip=told)
    caps = [
        base.transform_filter(f"!datum.open_{side}").mark_tick(thickness=3, size=12).encode(x=f"{side}:Q", y=y, color=colour)
        for side in ("lo", "hi")
    ]
    shape = alt.Shape("verdict:N", scale=alt.Scale(domain=verdicts, range=[SHAPES[v] for v in verdicts]), legend=None)
    point = base.mark_point(filled=True, size=170, opacity=1).encode(x="gain:Q", y=y, color=colour, shape=shape, tooltip=told)
    label = base.mark_text(dy=-15, fontSize=12, fontWeight="bold").encode(x="gain:Q", y=y, text="label:N", color=colour)
    clear = base.mark_text(dy=-15, fontSize=12, fontWeight="bold", stroke=ground, strokeWidth=5, strokeJoin="round", aria=False).encode(
        x="gain:Q", y=y, text="label:N"
    )
    zero = base.mark_rule(strokeDash=[4, 4], color=faint, aria=False).encode(x=alt.XDatum(0))
    told_margin = [alt.Tooltip("metric:N"), alt.Tooltip("told:N", title="margin")]
    bound = base.transform_filter("isValid(datum.margin)").mark_tick(thickness=2, size=row * 0.8, color=ink, aria=False)
    layers = [zero, bound.encode(x="margin:Q", y=y, tooltip=told_margin), interval, *caps, point, *([clear, label] if row >= ROW else [])]
    spec = alt.layer(*layers).properties(height=alt.Step(row)).to_dict()
    spec.pop("config", None)  # Altair's own sizes: the page decides
    return json.dumps(spec)
