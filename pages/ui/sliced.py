"""Where B helps and where it does not: one interval for each character, emotion, size of shot, or series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from evals.result import ordered
from evals.sentence import change
from evals.slices import Slice, caution
from pages.ui import address, badges, cached, figures, forest
from pages.ui.palette import palette
from runs import slicing
from runs.compare import Pair
from runs.workspace import Workspace

MOST = 16
"""Slices that are drawn; the table has all."""


def draw(ws: Workspace, pair: Pair) -> None:
    """Let the user choose a trait and a metric, and draw a slice a value."""
    names = [r.metric.name for r in ordered(pair.comparison.results) if r.cases]
    traits = cached.traits(ws, tuple(sorted({pair.a.run_id, pair.b.run_id})))
    offered = slicing.offered(traits)
    if not names or not offered:
        st.text("All cases are alike; there is nothing to slice by.")
        return
    by, metric = _chosen(offered, names)
    found = slicing.sliced(pair.comparison, metric, traits, by)
    if warning := caution(found, pair.comparison.alpha):
        st.warning(warning)
    left, right = st.columns([6, 7], gap="small")
    with left.container(border=True, height="stretch"):
        _plot(found)
    with right.container(border=True, height="stretch"):
        units = slicing.units_of(pair.comparison, by)
        st.dataframe(table(found, pair.comparison.alpha, units), hide_index=True, column_config=_columns(units), alt=f"Slices by {by}")
        st.caption(
            f"{figures.sure(pair.comparison.alpha)} intervals over {units}, each slice for itself. "
            "“holds”: the verdict stands although so many were asked (Holm)."
        )


def _chosen(offered: Sequence[str], names: Sequence[str]) -> tuple[str, str]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = address.one(st.segmented_control, "Slice by", "by", offered, slicing.usual(offered), label_visibility="collapsed")
        metric = address.one(st.selectbox, "Metric", "sm", names, names[0], format_func=_spaced, width=240)
    return by, metric


def _plot(found: Sequence[Slice]) -> None:
    # Where B loses most, and where it gains most: what lies between says least.
    shown = found if len(found) <= MOST else [*found[: MOST // 2], *found[-MOST // 2 :]]
    named = [replace(one.result, metric=replace(one.result.metric, name=one.value)) for one in shown]
    panels = forest.panels(named)
    for unit, frame in panels:
        told = " ".join(f"{row.metric}: {row.label}." for row in frame.itertuples())
        forest.draw(frame, palette(), unit=unit, told=told, row=forest.LOW_ROW)
    if not panels:
        st.text("Nothing changed in any slice.")
    if len(shown) < len(found):
        st.caption(f"The {MOST // 2} largest losses and gains of {len(found)} slices.")


def table(found: Sequence[Slice], alpha: float, units: str) -> pd.DataFrame:
    """Return a row a slice: how many units, change, interval, verdict, and whether it stands among all."""
    return pd.DataFrame(
        [
            {
                "slice": one.value,
                units: one.result.units,
                "change": change(one.result, one.result.delta) if one.result.delta is not None else "–",
                f"{figures.sure(alpha)} interval": f"{change(one.result, one.result.lo)} … {change(one.result, one.result.hi)}",
                "verdict": [badges.verdict(one.result)],
                "holds": "✓" if one.stands else "",
            }
            for one in found
        ]
    )


def _columns(units: str) -> dict[str, Any]:
    return {
        units: st.column_config.NumberColumn(width=54, help=f"How many {units} have a pair"),
        "change": st.column_config.TextColumn(alignment="right", width=56),
        "verdict": badges.verdict_column(),
        "holds": st.column_config.TextColumn(help="Stands although so many slices were asked at once", width=50),
    }


def _spaced(name: str) -> str:
    return name.replace("_", " ")
