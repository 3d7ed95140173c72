"""A comparison to take along: numbers for a table, cases for a notebook, a page for somebody without the app."""

from __future__ import annotations

import io

import pandas as pd
import streamlit as st

from evals.report import report
from pages.ui import shell
from runs.compare import Pair
from runs.comparison_page import page
from runs.workspace import Workspace


def draw(ws: Workspace, pair: Pair) -> None:
    """Draw the button; files are made when they are asked for."""
    name = shell.file_name(f"{pair.a.run_id}-{pair.a.arm}-{pair.b.run_id}-{pair.b.arm}")
    metric = next((r.metric.name for r in pair.comparison.results if r.cases), None)
    with st.popover("Export", width="content"):
        st.download_button(
            "Metrics, CSV", lambda: report(pair.comparison, "csv"), f"{name}.csv", "text/csv", on_click="ignore", width="stretch"
        )
        st.download_button("Cases, CSV", lambda: cases_csv(pair), f"{name}-cases.csv", "text/csv", on_click="ignore", width="stretch")
        st.download_button(
            "Cases, Parquet", lambda: parquet(pair), f"{name}-cases.parquet", "application/octet-stream", on_click="ignore", width="stretch"
        )
        if metric:
            by = st.query_params.get("by", "")
            asked = shell.asked("m", [r.metric.name for r in pair.comparison.results if r.cases]) or metric
            st.download_button(
                "Report, HTML", lambda: page(ws, pair, asked, by), f"{name}.html", "text/html", on_click="ignore", width="stretch"
            )
        st.caption("The address of this page is a link that can be shared.")


def all_cases(pair: Pair) -> pd.DataFrame:
    """Return the cases of all metrics, one row a metric and case: `metric`, then the columns of `Comparison.cases`."""
    found = [pair.comparison.cases(r.metric.name).assign(metric=r.metric.name) for r in pair.comparison.results]
    frame = pd.concat(found, ignore_index=True)
    return frame[["metric", *(name for name in frame.columns if name != "metric")]]


def cases_csv(pair: Pair) -> str:
    """Return the cases as CSV in which no cell is a formula: names come from files and models, and spreadsheets run them."""
    frame = all_cases(pair)
    for name in ("unit", "case"):
        frame[name] = [f"'{text}" if str(text).startswith(("=", "+", "-", "@", "\t", "\r")) else text for text in frame[name]]
    return frame.to_csv(index=False)


def parquet(pair: Pair) -> bytes:
    """Return the cases as Parquet."""
    out = io.BytesIO()
    all_cases(pair).to_parquet(out, index=False)
    return out.getvalue()
