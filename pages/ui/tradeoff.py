"""What better costs: each arm as a point of price or time against quality, A and B among all others of their stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from evals.result import RATIO_UNITS, ordered
from pages.ui import address, cached, shell
from pages.ui.palette import Palette, palette
from runs.compare import Pair
from runs.workspace import Workspace

if TYPE_CHECKING:
    import altair as alt

SPENDING = ("cost", "latency")
UNITS = {"cost": "USD a generation", "latency": "seconds a generation"}
MOST = 300
"""Other arms that are drawn, the newest ones."""


def draw(ws: Workspace, pair: Pair) -> None:
    """Draw the points, and what A and B cost in words."""
    stage = str(pair.frame["stage"].iloc[0])
    scores = cached.stage_scores(ws, stage)
    quality = [r.metric.name for r in ordered(pair.comparison.results) if r.metric.unit not in RATIO_UNITS and r.cases]
    spending = [name for name in SPENDING if scores.loc[scores["metric"] == name, "mean"].max() > 0]
    for line in told(pair):
        st.text(line)
    if not quality or not spending:
        st.text("Neither cost nor time is known here.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        y = address.one(st.selectbox, "Quality", "quality", quality, quality[0], format_func=_spaced, width=240)
        x = spending[0]
        if len(spending) > 1:  # one alone is no choice
            x = address.one(st.segmented_control, "Against", "against", spending, x, format_func=_spaced, label_visibility="collapsed")
    frame = points(scores, pair, x, y)
    said = " ".join(f"{row.side}: {row.spent:.4g} {UNITS[x]}, {row.quality:.3g}." for row in frame.itertuples() if row.side != "other")
    st.altair_chart(chart(frame, palette(), x, y, _budget(ws, pair) if x == "cost" else None), alt=f"{_spaced(y)} against {x}. {said}")
    down = (scores.loc[scores["metric"] == y, "direction"] == "down").any()
    st.caption(
        f"Best is {'low' if down else 'high'} and left. Grey: other arms of stage {shell.plain(stage)}, over whatever cases they ran; "
        "only A and B ran the same ones."
    )


def points(scores: pd.DataFrame, pair: Pair, x: str, y: str) -> pd.DataFrame:
    """Return a row an arm: `run_id`, `arm`, `ref`, `model`, `spent`, `quality`, and `side`: A, B or other; A and B last."""
    of = {name: scores[scores["metric"] == name].drop_duplicates(["run_id", "arm"]).set_index(["run_id", "arm"]) for name in (x, y)}
    frame = of[y][["ref", "model", "mean"]].rename(columns={"mean": "quality"}).join(of[x]["mean"].rename("spent"), how="inner").dropna()
    frame = frame.reset_index()
    address = frame["run_id"] + ":" + frame["arm"]
    frame["side"] = address.map({pair.a.address: "A", pair.b.address: "B"}).fillna("other")
    others = frame[frame["side"] == "other"].head(MOST)
    return pd.concat([others, frame[frame["side"] != "other"].sort_values("side")], ignore_index=True)


def told(pair: Pair) -> list[str]:
    """Return what a generation and a whole series cost and take in each arm; unknown costs are said to be so."""
    lines = []
    for letter, arm in (("A", pair.a), ("B", pair.b)):
        mine = pair.frame[pair.frame["arm"] == arm.address]
        parts = [part for part in (_spent(mine, "cost_usd", "$"), _spent(mine, "latency_s", "s")) if part]
        lines.append(f"{letter}  {' · '.join(parts) or 'nothing is known of cost and time'}")
    return lines


def _spent(rows: pd.DataFrame, column: str, unit: str) -> str:
    known = rows[rows[column].notna()]
    if known.empty:
        return "cost unknown" if unit == "$" else ""
    by_series = known.groupby(["series", "case", "repeat"], dropna=False)[column].sum().groupby(["series", "case"]).mean()
    each, series = float(known[column].mean()), float(by_series.groupby("series").sum().mean())
    missing = f" ({len(rows) - len(known)} of {len(rows)} unknown)" if len(known) < len(rows) else ""
    return f"{_amount(each, unit)} a generation, {_amount(series, unit)} a series{missing}"


def _amount(value: float, unit: str) -> str:
    return f"${value:.4g}" if unit == "$" else f"{value:.3g} s"


def _budget(ws: Workspace, pair: Pair) -> float | None:
    """Return what B's run might have spent on a generation; None without a budget."""
    run: dict[str, Any] = cached.progress(ws, pair.b.run_id)
    return run["budget_usd"] / run["jobs"] if run["budget_usd"] and run["jobs"] else None


def chart(frame: pd.DataFrame, colours: Palette, x: str, y: str, budget: float | None = None) -> alt.LayerChart | alt.FacetChart:
    """Draw the points: others small and grey, A hollow, B solid, both with their letter; a budget as an upright dashed line."""
    import altair as alt

    across = alt.X("spent:Q", title=UNITS[x], scale=alt.Scale(zero=False, nice=True, padding=16), axis=alt.Axis(grid=False, tickCount=6))
    up = alt.Y("quality:Q", title=_spaced(y), scale=alt.Scale(zero=False, nice=True, padding=16))
    tips = [alt.Tooltip(f"{name}:N") for name in ("side", "ref", "model", "run_id")]
    tips += [alt.Tooltip("spent:Q", format=".4g", title=UNITS[x]), alt.Tooltip("quality:Q", format=".3f", title=_spaced(y))]
    base = alt.Chart(frame).encode(x=across, y=up, tooltip=tips)
    sides: Sequence[str] = ("A", "B")
    others = base.transform_filter("datum.side === 'other'").mark_point(filled=True, size=45, opacity=0.9, color=colours.faint, aria=False)
    mine = base.transform_filter("datum.side !== 'other'")
    stroke = alt.Stroke("side:N", scale=alt.Scale(domain=sides, range=[colours.a, colours.b]), legend=None)
    fill = alt.Fill("side:N", scale=alt.Scale(domain=sides, range=["transparent", colours.b]), legend=None)
    marks = mine.mark_point(size=190, strokeWidth=3, opacity=1).encode(stroke=stroke, fill=fill)
    letters = mine.mark_text(dy=-18, fontWeight="bold", fontSize=13, color=colours.ink).encode(text="side:N")
    line = alt.Chart(pd.DataFrame({"at": [] if budget is None else [budget]})).mark_rule(strokeDash=[2, 4], color=colours.ink, aria=False)
    return alt.layer(line.encode(x="at:Q"), others, marks, letters).properties(height=320)


def _spaced(name: str) -> str:
    return name.replace("_", " ")
