"""Compare: is B better than A, by how much, how sure, and in which cases it is worse."""

from __future__ import annotations

import streamlit as st

from pages.ui import address, arms, cached, cases, effects, exports, onward, runs_table, shell, sliced, tradeoff
from pages.ui.diff import template_diff
from runs import query
from runs.margins import rule
from runs.workspace import Workspace

NEWEST = 8
VIEWS = {"cases": "Cases", "slices": "Slices", "cost": "Cost and quality", "diff": "What changed in the template"}


def main() -> None:
    """Draw the page."""
    ws = shell.workspace()
    beside, below = shell.heading("Compare")
    if not cached.arms(ws) and not st.query_params.get("a"):
        st.text("Nothing to compare yet: no run has generated anything.")
        shell.page_link("launch.py", "Launch two versions →")
        return
    chosen = arms.choose(ws)
    if chosen is None:
        st.text("Choose two arms: two versions of a template, or the two arms of an A/A test.")
        _newest(ws)
        return
    a, b = chosen
    pair = cached.comparison(ws, a, b)
    effects.draw(pair, rule(ws, cached.suite(ws, b.run_id)))
    with beside:
        onward.draw(ws, pair)
        exports.draw(ws, pair, below)
    view = _view()
    # Filtering draws the view alone again, not the plots.
    if view == "cases":
        st.fragment(cases.draw)(ws, pair)
    elif view == "slices":
        st.fragment(sliced.draw)(ws, pair)
    elif view == "cost":
        st.fragment(tradeoff.draw)(ws, pair)
    else:
        template_diff(ws, a, b)


def _newest(ws: Workspace) -> None:
    """Offer the newest runs that compare something."""
    runs = query.runs(ws)
    two = runs[runs["arms"].fillna("").str.contains(", ", regex=False)].head(NEWEST)
    if len(two):
        st.subheader("The newest")
    for run in two.itertuples():
        first, second = (f"{run.run_id}:{arm}" for arm in ("a", "b"))
        label = f"{runs_table.versions(run.arms)} · {run.suite} · {run.started_at:%d %b %H:%M}"
        st.button(shell.plain(f"{label} →"), type="tertiary", key=first, on_click=arms.put, args=(first, second))


def _view() -> str:
    usual = next(iter(VIEWS))
    return address.one(
        st.segmented_control, "View", "view", list(VIEWS), usual, format_func=VIEWS.__getitem__, label_visibility="collapsed"
    )


main()
