"""Case: one case in both arms, side by side, and why each score is what it is."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.ui import shell
from pages.ui.evidence import VIEWS
from pages.ui.outputs import show_outputs
from prompts.errors import InputError
from runs import query
from runs.compare import Pair, compare_arms, find_arms
from runs.workspace import Workspace


def main() -> None:
    """Draw the page."""
    ws = shell.workspace()
    asked = {name: st.query_params.get(name) for name in ("a", "b", "case", "m", "w")}
    if not (asked["a"] and asked["b"]):
        raise InputError("This page shows one case of a comparison.", hint="Open one from Compare.")
    pair = compare_arms(ws, *find_arms(ws, asked["a"], asked["b"]))
    order = _order(pair, asked["m"])
    case = asked["case"] or order[0]
    if case not in order:
        raise InputError(f"The comparison has no case {case}.", hint=f"It has, for example, {', '.join(order[:3])}.")
    _heading(pair, case, order, asked)
    if pair.a.simulated or pair.b.simulated:
        st.caption("SIM: made by the embedded studio; it shows that the tool works, not how a real model does.")
    sides = _sides(ws, pair, case)
    show_outputs(ws, sides, key=f"{pair.a.address}/{pair.b.address}/{case}")
    _scores(sides)
    _evidence(ws, sides)


def _order(pair: Pair, metric: str | None) -> list[str]:
    """Return the cases in the order of the list that the user came from: the largest loss first."""
    results = [r.metric.name for r in pair.comparison.results if r.cases]
    name = metric if metric in results else (results[0] if results else None)
    ranked = list(pair.comparison.cases(name)["case"]) if name else []
    return ranked + [case for case in sorted(pair.frame["case"].unique()) if case not in ranked]


def _heading(pair: Pair, case: str, order: list[str], asked: dict[str, str | None]) -> None:
    place = order.index(case)
    title, back, forth, up = st.columns([8, 1, 1, 1.4], vertical_alignment="bottom")
    title.header(shell.plain(case))
    for column, label, step, key in ((back, "◀ prev", -1, "left"), (forth, "next ▶", 1, "right")):
        there = place + step
        if column.button(label, disabled=not 0 <= there < len(order), shortcut=key, width="stretch"):
            st.query_params["case"] = order[there]
            st.rerun()
    same = {name: value for name in ("m", "w") if (value := asked[name])}
    up.page_link("compare.py", label="to the list", query_params={"a": pair.a.address, "b": pair.b.address, **same})
    st.caption(f"{place + 1} of {len(order)}, the largest loss first. Arrow keys turn the pages.")


def _sides(ws: Workspace, pair: Pair, case: str) -> list[dict[str, Any]]:
    """Return the chosen repeat of the case in A and in B; an arm without it gives an empty mapping."""
    rows = pair.frame[pair.frame["case"] == case]
    repeats = sorted(int(r) for r in rows["repeat"].unique())
    chosen = repeats[0]
    if len(repeats) > 1:
        chosen = st.segmented_control("Repeat", repeats, default=repeats[0], format_func=lambda r: f"repeat {r + 1}", key="repeat") or 0
    sides = []
    for letter, arm in (("A", pair.a), ("B", pair.b)):
        found = rows[(rows["arm"] == arm.address) & (rows["repeat"] == chosen)]
        one = query.generation(ws, arm.run_id, str(found.iloc[0]["job_id"])) if len(found) else {}
        sides.append({**one, "letter": letter, "arm": arm})
    return sides


def _scores(sides: list[dict[str, Any]]) -> None:
    import pandas as pd

    rows: dict[str, dict[str, Any]] = {}
    for side in sides:
        for score in side.get("scores", []):
            row = rows.setdefault(score["metric"], {"metric": score["metric"].replace("_", " "), "primary": bool(score["primary"])})
            row[side["letter"]] = score["value"]
            row[f"why {side['letter']}"] = score["reason"] if score["status"] == "ok" else f"{score['status']}: {score['reason']}"
    frame = pd.DataFrame(rows.values(), columns=["metric", "primary", "A", "B", "why A", "why B"])
    details = st.toggle("All metrics", key="details")
    frame = frame if details else frame[frame["primary"].fillna(value=False).astype(bool)]
    number = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(frame.drop(columns="primary"), hide_index=True, column_config={"A": number, "B": number})


def _evidence(ws: Workspace, sides: list[dict[str, Any]]) -> None:
    views = {name: view for name, view in VIEWS.items() if view.fits(sides)}
    usual = next(iter(views), None)
    chosen = st.segmented_control(
        "Why",
        list(views),
        default=shell.asked("ev", list(views)) or usual,
        format_func=lambda name: views[name].title,
        key="_ev",
        on_change=shell.keep,
        args=("ev",),
    )
    view = views.get(chosen or usual or "")
    if view is not None:
        view.draw(ws, sides)


main()
