"""The forest plot: how much better B is on each metric, how sure that is, and where zero lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import altair as alt

    from evals.result import Result

# Blue and orange are told apart by nearly everybody; shape says the verdict a second time.
COLOURS = {"better": "#2f7ed8", "worse": "#d9730d", "unclear": "#8a8f98", "insufficient": "#b9bdc5"}
SHAPES = {"better": "triangle-up", "worse": "triangle-down", "unclear": "diamond", "insufficient": "circle"}
ROW = 34


def rows(results: Sequence[Result], *, ratio: bool) -> pd.DataFrame:
    """Return what the plot shows, one row a metric on the asked-for scale; gains are turned so that right is better.

    Differences are in the metric's own unit; ratios in per cent.
    """
    factor = 100.0 if ratio else 1.0
    kept = [r for r in results if (r.scale == "ratio") == ratio and r.gain is not None]
    return pd.DataFrame(
        [
            {
                "metric": r.metric.name.replace("_", " "),
                "gain": factor * (r.gain or 0.0),
                "lo": None if r.gain_lo is None else factor * r.gain_lo,
                "hi": None if r.gain_hi is None else factor * r.gain_hi,
                "verdict": r.verdict,
                "sentence": r.sentence,
            }
            for r in kept
        ],
        columns=["metric", "gain", "lo", "hi", "verdict", "sentence"],
    )


def chart(frame: pd.DataFrame, *, title: str) -> alt.LayerChart | alt.FacetChart:
    """Draw the rows of `rows`: a point and its interval a metric, the zero line dashed."""
    import altair as alt

    verdicts = list(COLOURS)
    colour = alt.Color("verdict:N", scale=alt.Scale(domain=verdicts, range=[COLOURS[v] for v in verdicts]), legend=None)
    y = alt.Y(
        "metric:N", sort=None, title=None, axis=alt.Axis(labelLimit=220, labelFontSize=13, labelOverlap=False, ticks=False, domain=False)
    )
    reach = max(1e-9, *(abs(v) for v in frame[["gain", "lo", "hi"]].to_numpy().ravel() if v is not None and v == v)) * 1.08
    x = alt.X("lo:Q", title=title, scale=alt.Scale(domain=[-reach, reach]), axis=alt.Axis(grid=False, tickCount=7))
    tooltip = [alt.Tooltip("sentence:N", title="verdict")]
    base = alt.Chart(frame)
    interval = base.mark_rule(strokeWidth=3).encode(x=x, x2="hi:Q", y=y, color=colour, tooltip=tooltip)
    shape = alt.Shape("verdict:N", scale=alt.Scale(domain=verdicts, range=[SHAPES[v] for v in verdicts]), legend=None)
    point = base.mark_point(filled=True, size=150, opacity=1).encode(x="gain:Q", y=y, color=colour, shape=shape, tooltip=tooltip)
    zero = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(strokeDash=[4, 4], color="#8a8f98").encode(x="zero:Q")
    return alt.layer(zero, interval, point).properties(height=alt.Step(ROW))
