"""A comparison to take along: numbers for a table, cases for a notebook, a page for somebody without the app."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from evals.report import report
from pages.ui import shell, takeaway
from runs.compare import Pair
from runs.comparison_page import page
from runs.workspace import Workspace


def draw(ws: Workspace, pair: Pair, below: Any) -> None:
    """Draw the button here, and what is behind it below; files are made when they are asked for."""
    name = shell.file_name(f"{pair.a.run_id}-{pair.a.arm}-{pair.b.run_id}-{pair.b.arm}")
    metric = next((r.metric.name for r in pair.comparison.results if r.cases), None)
    if not takeaway.unfolded(name):
        return
    with takeaway.row(below):
        takeaway.button("Metrics, CSV", lambda: report(pair.comparison, "csv"), f"{name}.csv", "text/csv")
        takeaway.button("Cases, CSV", lambda: takeaway.csv(all_cases(pair)), f"{name}-cases.csv", "text/csv")
        takeaway.button("Cases, Parquet", lambda: takeaway.parquet(all_cases(pair)), f"{name}-cases.parquet", takeaway.BYTES)
        if metric:
            by = st.query_params.get("by", "")
            asked = shell.asked("m", [r.metric.name for r in pair.comparison.results if r.cases]) or metric
            takeaway.button("Report, HTML", lambda: page(ws, pair, asked, by), f"{name}.html", "text/html")


def all_cases(pair: Pair) -> pd.DataFrame:
    """Return the cases of all metrics, one row a metric and case: `metric`, then the columns of `Comparison.cases`."""
    found = [pair.comparison.cases(r.metric.name).assign(metric=r.metric.name) for r in pair.comparison.results]
    frame = pd.concat(found, ignore_index=True)
    return frame[["metric", *(name for name in frame.columns if name != "metric")]]
