"""Runs: which there are, how they stand, and two picked to compare."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.ui import badges, shell
from runs import query
from runs.query.of_runs import RUNS
from runs.workspace import Workspace

MEAN_FORMAT = "%.2f"


def main() -> None:
    """Draw the page."""
    ws = shell.workspace()
    runs = query.runs(ws)
    st.header("Runs")
    if runs.empty:
        _empty()
        return
    shown = _filtered(runs)
    selected = _table(shown)
    _actions(ws, shown.iloc[selected])
    if (runs["state"] == "running").any():
        st.button("Refresh", help="Runs are on their way.")


def _empty() -> None:
    st.text("No runs yet. This one needs no key:")
    st.code("workbench run --suite shot --version shot/keyframe@plain --version shot/keyframe", language="shell")


def _filtered(runs: pd.DataFrame) -> pd.DataFrame:
    """Filter by what the address says, so that a filtered list can be shared."""
    search, stages, real = st.columns([3, 4, 2], vertical_alignment="bottom")
    words = search.text_input("Search", key="q", bind="query-params", placeholder="template, suite, model, provider or run")
    chosen = stages.pills("Stage", sorted(runs["stage"].dropna().unique()), selection_mode="multi", key="stage", bind="query-params")
    hide = real.toggle("Hide simulated", key="real", bind="query-params")
    keep = pd.Series(True, index=runs.index)
    for word in (words or "").casefold().split():
        text = runs[["run_id", "arms", "suite", "models", "provider", "state"]].astype("str").agg(" ".join, axis=1).str.casefold()
        keep &= text.str.contains(word, regex=False)
    if chosen:
        keep &= runs["stage"].isin(chosen)
    if hide:
        keep &= ~runs["simulated"].fillna(False).astype(bool)
    return runs[keep].reset_index(drop=True)


def _table(runs: pd.DataFrame) -> list[int]:
    means = [c for c in runs.columns if c not in RUNS and c not in ("mean_cost_usd", "mean_latency_s")]
    frame = pd.DataFrame(
        {
            "Run": runs["run_id"],
            "State": runs["state"].map(badges.STATES).fillna(runs["state"]),
            "Stage": runs["stage"],
            "Versions": runs["arms"],
            "By": runs["simulated"].map(badges.provider),
            "Provider": runs["provider"],
            "Started (UTC)": runs["started_at"],
            "Done": runs["done"].astype("str") + " / " + runs["jobs"].astype("str"),
            "Failed": runs["failed"] + runs["refused"],
            **{name.replace("_", " "): runs[name] for name in means},
            "Cost $": runs["cost_usd"],
        }
    )
    config = {name.replace("_", " "): st.column_config.NumberColumn(format=MEAN_FORMAT, help="Mean over all arms") for name in means}
    config["Cost $"] = st.column_config.NumberColumn(format="%.2f", help="Empty where no cost is known")
    config["Started (UTC)"] = st.column_config.DatetimeColumn(format="D MMM HH:mm")
    config["By"] = st.column_config.TextColumn(help="SIM: the embedded studio; real: a model, or people")
    event = st.dataframe(frame, key="runs", hide_index=True, column_config=config, on_select="rerun", selection_mode="multi-row")
    st.caption(f"{len(runs)} runs. Pick one run to compare its arms, or two runs to compare their first arms.")
    return list(event.selection.rows)


def _actions(ws: Workspace, picked: pd.DataFrame) -> None:
    if picked.empty:
        return
    arms = pd.concat([query.arms(ws, run_id) for run_id in picked["run_id"]], ignore_index=True)
    if len(picked) > 1:
        arms = arms.groupby("run_id", sort=False).head(1)
    st.subheader("Means by arm")
    scores = pd.concat([query.run_scores(ws, run_id) for run_id in picked["run_id"]], ignore_index=True)
    scores = scores[scores["primary"].fillna(False).astype(bool)]
    if not scores.empty:
        table = scores.pivot_table(index=["run_id", "ref"], columns="metric", values="mean", sort=False).reset_index()
        st.dataframe(table.rename(columns={"run_id": "Run", "ref": "Version"}), hide_index=True)
    if len(arms) >= 2:
        first, second = (f"{row.run_id}:{row.arm}" for row in arms.head(2).itertuples())
        st.link_button("Compare", shell.link("compare", a=first, b=second), type="primary")
    else:
        st.caption("This run has one arm; pick another run to compare it with.")


main()
