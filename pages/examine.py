"""Case: one case in both arms, side by side, or in one arm alone, and why each score is what it is."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.ui import address, brief, outputs, scores, shell, takeaway
from pages.ui.evidence import VIEWS, of_scorer, with_verdicts
from pages.ui.listing import Listing, listing
from prompts.errors import InputError
from runs import query
from runs.workspace import Workspace

PARAMETERS = ("a", "b", "case", "m", "w", "ev")


def main() -> None:
    """Draw the page."""
    ws = shell.workspace()
    asked = {name: st.query_params.get(name) for name in PARAMETERS}
    if not asked["a"]:
        raise InputError("This page shows one case of a comparison, or of a run.", hint="Open one from Runs or Compare.")
    cases = listing(ws, asked["a"], asked["b"], asked["m"], wanted=asked["w"], case=asked["case"])
    if not cases.order:
        raise InputError("Nothing was generated in this run yet.")
    case = asked["case"] or cases.order[0]
    if case not in cases.order:
        raise InputError(f"There is no case {case} here.", hint=f"There is, for example, {', '.join(cases.order[:3])}.")
    repeat, beside, below = _heading(cases, case, asked)
    sides = _sides(ws, cases, case, repeat, asked)
    with beside:
        named = f"{case}-{'-'.join(arm.address for arm in cases.arms)}"
        takeaway.draw(named, {}, below, {"Outputs and all that is known, ZIP": (".zip", takeaway.ZIP, lambda: takeaway.case(ws, sides))})
    if outputs.are_texts(sides):
        _about(sides)
        outputs.show_texts(ws, sides)
    else:
        left, right = st.columns([8, 5], gap="medium")
        with left:
            outputs.show_visuals(sides, key=f"{'/'.join(cases.address.values())}/{case}")
        with right:
            brief.draw(_asked(sides))
            scores.draw(sides, apart=left)  # each side's reasons stand under its picture, where there is room
    _evidence(ws, sides, asked["m"])


def _heading(cases: Listing, case: str, asked: dict[str, str | None]) -> tuple[int, Any, Any]:
    """Draw name and place in the list; return the repeat that the user looks at, and the room beside the name and below."""
    place = cases.order.index(case)
    title, turns = st.columns([6, 5], vertical_alignment="center")
    title.header(shell.plain(case))
    # As wide as their words: in a small window, columns would cut them.
    up = turns.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small")
    for label, step, key in (("Previous", -1, "left"), ("Next", 1, "right")):
        there = place + step
        known = 0 <= there < len(cases.order)
        to = {"case": cases.order[there]} if known else {}
        up.button(label, disabled=not known, shortcut=key, on_click=st.query_params.update, args=(to,))
    same = {name: value for name in ("m", "w") if (value := asked[name])}
    if len(cases.arms) > 1:
        up.page_link("compare.py", label="All cases", query_params={**cases.address, **same})
    else:
        up.page_link("home.py", label="All runs")
    below = st.container()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if any(arm.simulated for arm in cases.arms):
            st.badge("SIM", color="orange", help="Made by the embedded studio: shows that the tool works, not how a real model does.")
        st.caption(f"{place + 1} of {len(cases.order)}, {cases.sorted_by}. Arrow keys turn the pages.")
        return _repeat(cases, case), up, below


def _repeat(cases: Listing, case: str) -> int:
    repeats = sorted(int(r) for r in cases.frame.loc[cases.frame["case"] == case, "repeat"].unique())
    if len(repeats) < 2:
        return repeats[0]
    named = {str(r): f"repeat {r + 1}" for r in repeats}
    first = str(repeats[0])
    chosen = address.one(
        st.segmented_control, "Repeat", "repeat", list(named), first, format_func=named.__getitem__, label_visibility="collapsed"
    )
    return int(chosen)


def _sides(ws: Workspace, cases: Listing, case: str, repeat: int, asked: dict[str, str | None]) -> list[dict[str, Any]]:
    """Return one repeat of the case in each arm; an arm without it gives no more than its name."""
    rows = cases.frame[(cases.frame["case"] == case) & (cases.frame["repeat"] == repeat)]
    same = {**cases.address, "m": asked["m"], "w": asked["w"], "ev": "faces"}
    links = {name: shell.link("case", **{**same, "case": name}) for name in cases.frame["case"].unique()}
    sides = []
    for letter, arm in zip("AB", cases.arms, strict=False):
        found = rows[rows["arm"] == arm.address]
        one = query.generation(ws, arm.run_id, str(found.iloc[0]["job_id"])) if len(found) else {}
        if one:
            one["findings"] = with_verdicts(ws, one)
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


def _evidence(ws: Workspace, sides: list[dict[str, Any]], metric: str | None) -> None:
    views = {name: view for name, view in VIEWS.items() if view.fits(sides)}
    # Who comes from a list by expression asks why expression is what it is.
    about = of_scorer(sides, metric)
    usual = about if about in views else next(iter(views), None)
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
