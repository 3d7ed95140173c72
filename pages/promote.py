"""Promote: what each channel means, the evidence for what shall come next rule by rule, every move, and the ledger that keeps them."""

from __future__ import annotations

import streamlit as st

from pages.ui import acting, candidates, gate_progress, gate_run, moving, person, shell, state_of, takeaway
from pages.ui.moves import Hand
from prompts import channels
from prompts.channels import State
from prompts.ledger import FILE, Entry
from runs import promotions, query
from runs.prepare import registry
from runs.workspace import Workspace


def main() -> None:
    """Draw the page."""
    ws = shell.workspace()
    title, who = st.columns([8, 3], vertical_alignment="bottom")
    title.header("Promote")
    if picked := st.session_state.pop("_open_template", None):  # before the widget, so that it follows the address
        st.query_params.from_dict({**{name: value for name, value in st.query_params.items() if name == "person"}, "template": picked})
        st.session_state.pop("_template", None)
    with who:
        hand = Hand(ws, person.name(ws, "You act as"))
    # What was moved from a place that is not there any more is told on top; the place for it is always there, so that nothing below
    # is drawn anew for it and loses the focus.
    top = st.container()
    state, entries = channels.load(ws.prompts)
    names = state_of.templates(state, registry(ws).templates())
    choice, beside = st.columns([8, 3], vertical_alignment="bottom")
    with choice:
        chosen = _template(names)
    below = st.container()
    acting.about(chosen or "")
    if chosen is None:
        _overview(ws, state, names)
        return
    known = _names(ws, chosen)
    moving.channels(hand, state, chosen, known)
    at_work = gate_progress.draw(ws, chosen)
    candidates.draw(ws, hand, state, chosen, known, at_work=at_work)
    gate_run.draw(ws, hand, state, chosen, known)
    left, right = st.columns(2, gap="medium")
    with left:
        moving.series(hand, state, chosen, known)
    with right:
        moving.by_hand(hand, state, chosen, known, asked=st.query_params.get("v"))
    with beside.container(horizontal=True, horizontal_alignment="right"):
        whole = {"The whole ledger, which proves itself": (".jsonl", takeaway.BYTES, takeaway.raw(ws.prompts / FILE))}
        takeaway.draw(f"ledger-{chosen}", {"Moves": lambda: state_of.history(entries, chosen)}, below, whole)
    _ledger(ws, entries, chosen)
    with top:
        acting.told()


def _template(names: list[str]) -> str | None:
    asked = shell.asked("template", names)
    chosen: str | None = st.selectbox(
        "Template", names, index=names.index(asked) if asked else None, placeholder="Choose one, or click it below", key="_template",
        on_change=shell.keep, args=("template", ("report", "v", "base")),
    )  # fmt: skip
    if st.query_params.get("template") and asked is None:
        st.warning(shell.plain(f"There is no template {st.query_params['template']!r}."))
    return chosen


def _overview(ws: Workspace, state: State, names: list[str]) -> None:
    if not names:
        st.text("No template yet. “workbench init” makes a workspace with some to start from.")
        return
    used = query.versions(ws)
    frame = state_of.overview(state, names, dict(zip(used["version"], used["ref"], strict=True)))
    empty = [name for name in ("Marks", "Pins") if not frame[name].any()]
    st.dataframe(
        frame.drop(columns=empty),
        hide_index=True,
        height="content",
        column_config={
            "Template": st.column_config.ButtonColumn(type="tertiary", alignment="left", key="_template_row", on_click=_picked, width=190),
            "production": st.column_config.TextColumn(width=235),
            "Waiting": st.column_config.NumberColumn(width=65, help="Versions that passed a gate against what is in production now"),
            "Marks": st.column_config.TextColumn(width=290),
            "Pins": st.column_config.NumberColumn(help="Series that keep a version of their own"),
        },
        alt="Templates and what their channels mean",
    )
    st.caption("What each channel means. Click a template, or choose it above, to see its evidence and to move it.")


def _picked() -> None:
    st.session_state["_open_template"] = st.session_state["_template_row"]["label"]


def _names(ws: Workspace, template: str) -> dict[str, str]:
    """Return what versions are called, by id, the files' own first."""
    found = {version.id: version.ref for version in registry(ws).versions(template)} if template in registry(ws).templates() else {}
    used = query.versions(ws)
    used = used[used["template"] == template]
    return found | {str(v): str(ref) for v, ref in zip(used["version"], used["ref"], strict=True) if v not in found}


def _ledger(ws: Workspace, entries: list[Entry], template: str) -> None:
    st.subheader("Ledger")
    problems = promotions.verify(ws)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge("proved" if not problems else "changed", color="green" if not problems else "red")
        st.caption(shell.plain(f"{len(entries)} lines, head {promotions.ledger_head(ws)[:24]}…" if not problems else "; ".join(problems)))
    frame = state_of.history(entries, template)
    if frame.empty:
        st.text("Nothing was ever moved.")
        return
    st.dataframe(frame, hide_index=True, alt="Every move, newest first", column_config={"Line": st.column_config.NumberColumn(width=60)})


main()
