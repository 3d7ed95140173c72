"""Case: one case in both arms, side by side, and why each score is what it is."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.ui import brief, cached, outputs, scores, shell
from pages.ui.evidence import VIEWS
from prompts.errors import InputError
from runs import query
from runs.compare import Pair, find_arms
from runs.workspace import Workspace

SIDE = 510
"""Height in pixels of what stands beside the pictures."""
PARAMETERS = ("a", "b", "case", "m", "w", "ev")


def main() -> None:
    """Draw the page."""
    ws = shell.workspace()
    asked = {name: st.query_params.get(name) for name in PARAMETERS}
    if not (asked["a"] and asked["b"]):
        raise InputError("This page shows one case of a comparison.", hint="Open one from Compare.")
    pair = cached.comparison(ws, *find_arms(ws, asked["a"], asked["b"]))
    order = _order(pair, asked["m"])
    case = asked["case"] or order[0]
    if case not in order:
        raise InputError(f"The comparison has no case {case}.", hint=f"It has, for example, {', '.join(order[:3])}.")
    repeat = _heading(pair, case, order, asked)
    sides = _sides(ws, pair, case, repeat, asked)
    if outputs.are_texts(sides):
        _about(sides)
        outputs.show_texts(ws, sides)
    else:
        left, right = st.columns([8, 5], gap="medium")
        with left:
            outputs.show_visuals(ws, sides, key=f"{pair.a.address}/{pair.b.address}/{case}")
        # Long reasons scroll, so that the evidence below stays where it was from case to case.
        with right.container(height=SIDE, border=False):
            scores.draw(sides)
            brief.draw(_asked(sides))
    _evidence(ws, sides)


def _order(pair: Pair, metric: str | None) -> list[str]:
    """Return the cases in the order of the list that the user came from: the largest loss first."""
    results = [r.metric.name for r in pair.comparison.results if r.cases]
    name = metric if metric in results else (results[0] if results else None)
    ranked = list(pair.comparison.cases(name)["case"]) if name else []
    return ranked + [case for case in sorted(pair.frame["case"].unique()) if case not in ranked]


def _heading(pair: Pair, case: str, order: list[str], asked: dict[str, str | None]) -> int:
    """Draw name and place in the list; return the repeat that the user looks at."""
    place = order.index(case)
    title, back, forth, up = st.columns([8, 1.2, 1.2, 1.2], vertical_alignment="center")
    title.header(shell.plain(case))
    for column, label, step, key in ((back, "◀ prev", -1, "left"), (forth, "next ▶", 1, "right")):
        there = place + step
        if column.button(label, disabled=not 0 <= there < len(order), shortcut=key, width="stretch"):
            st.query_params["case"] = order[there]
            st.rerun()
    same = {name: value for name in ("m", "w") if (value := asked[name])}
    up.page_link("compare.py", label="all cases", query_params={"a": pair.a.address, "b": pair.b.address, **same})
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if pair.a.simulated or pair.b.simulated:
            st.badge("SIM", color="orange", help="Made by the embedded studio: shows that the tool works, not how a real model does.")
        st.caption(f"{place + 1} of {len(order)}, the largest loss first. Arrow keys turn the pages.")
        return _repeat(pair, case)


def _repeat(pair: Pair, case: str) -> int:
    repeats = sorted(int(r) for r in pair.frame.loc[pair.frame["case"] == case, "repeat"].unique())
    if len(repeats) < 2:
        return repeats[0]
    named = {r: f"repeat {r + 1}" for r in repeats}
    chosen = st.segmented_control(
        "Repeat", repeats, default=repeats[0], format_func=named.__getitem__, key="repeat", label_visibility="collapsed"
    )
    return repeats[0] if chosen is None else int(chosen)


def _sides(ws: Workspace, pair: Pair, case: str, repeat: int, asked: dict[str, str | None]) -> list[dict[str, Any]]:
    """Return one repeat of the case in A and in B; an arm without it gives no more than its name."""
    rows = pair.frame[(pair.frame["case"] == case) & (pair.frame["repeat"] == repeat)]
    same = {"a": pair.a.address, "b": pair.b.address, "m": asked["m"], "w": asked["w"], "ev": "faces"}
    links = {str(name): shell.link("case", **{**same, "case": str(name)}) for name in pair.frame["case"].unique()}
    sides = []
    for letter, arm in (("A", pair.a), ("B", pair.b)):
        found = rows[rows["arm"] == arm.address]
        one = query.generation(ws, arm.run_id, str(found.iloc[0]["job_id"])) if len(found) else {}
        sides.append({**one, "letter": letter, "arm": arm, "links": links})
    return sides


def _about(sides: list[dict[str, Any]]) -> None:
    left, right = st.columns([5, 8], gap="medium")
    with left:
        scores.draw(sides)
    with right:
        brief.draw(_asked(sides))


def _asked(sides: list[dict[str, Any]]) -> dict[str, Any]:
    return next((side for side in sides if side.get("inputs")), {})


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
