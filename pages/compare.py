"""Compare: is B better than A, by how much, how sure, and in which cases it is worse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.ui import address, cached, cases, effects, exports, onward, runs_table, shell, sliced, tradeoff
from pages.ui.diff import template_diff
from runs import query
from runs.compare import Arm, find_arms
from runs.margins import rule
from runs.workspace import Workspace

NEWEST = 8
VIEWS = {"cases": "Cases", "slices": "Slices", "cost": "Cost and quality", "diff": "What changed in the template"}


def main() -> None:
    """Draw the page."""
    ws = shell.workspace()
    title, beside = st.columns([3, 5], vertical_alignment="bottom")
    title.header("Compare")
    chosen = _choose(ws)
    if chosen is None:
        st.text("Choose two arms: two versions of a template, or the two arms of an A/A test.")
        _newest(ws)
        return
    a, b = chosen
    pair = cached.comparison(ws, a, b)
    effects.warn(pair)
    effects.draw(pair, rule(ws, cached.suite(ws, b.run_id)))
    with beside.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        onward.draw(ws, pair)
        exports.draw(ws, pair)
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
        st.button(shell.plain(label), type="tertiary", key=first, on_click=_put, args=(first, second))


def _view() -> str:
    usual = next(iter(VIEWS))
    return address.one(
        st.segmented_control, "View", "view", list(VIEWS), usual, format_func=VIEWS.__getitem__, label_visibility="collapsed"
    )


def _choose(ws: Workspace) -> tuple[Arm, Arm] | None:
    """Let the user choose; the ids stand in the address, so that a shared link keeps its meaning."""
    names = cached.arm_names(ws)
    _resolve(ws, names)
    left, right, swap = st.columns([5, 5, 1], vertical_alignment="bottom")
    a = _pick(left, "A, the baseline", "a", names)
    b = _pick(right, "B, the challenger", "b", names)
    swap.button("Swap", on_click=_put, args=(b, a), disabled=not (a and b), width="stretch")
    return cached.found_arms(ws, a, b) if a and b else None


def _resolve(ws: Workspace, names: Mapping[str, str]) -> None:
    """Replace references in the address, such as `shot/keyframe@plain`, by the arms that they mean now."""
    asked = [st.query_params.get(name) for name in ("a", "b")]
    if all(value is None or value in names for value in asked):
        return
    first, second = (value or other or "" for value, other in zip(asked, reversed(asked), strict=True))
    found = find_arms(ws, first, second)
    st.query_params.update({"a": found[0].address, "b": found[1].address})


def _pick(column: Any, label: str, name: str, names: Mapping[str, str]) -> str | None:
    asked = shell.asked(name, list(names))
    index = list(names).index(asked) if asked else None
    chosen: str | None = column.selectbox(
        label, list(names), index=index, format_func=names.__getitem__, key=f"_{name}", on_change=shell.keep, args=(name,)
    )
    return chosen


def _put(a: str, b: str) -> None:
    st.session_state["_a"], st.session_state["_b"] = a, b
    st.query_params.update({"a": a, "b": b})


main()
