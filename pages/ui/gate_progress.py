"""Gates of a template that are under way, or were cut off: their looks, how far each is, and what the process printed."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st

from pages.ui import live, shell
from prompts.errors import InputError, UnknownName
from runs import gating, launching, query
from runs.launching import Launched
from runs.workspace import Workspace

REFRESH_S = 1.0
RECENT_S = 24 * 3600.0
"""So long a gate that could not begin is told of."""
SHOWN = ("Done", "Failed", "Spent", "Left")
REPORTED = "Report: "


def draw(ws: Workspace, template: str) -> bool:
    """Draw the gates that are under way, anew each second, and those that ended without a verdict; return whether any is under way."""
    found = launching.launched_gates(ws, template)
    alive = {name: one for name, one in found.items() if one.alive}
    for name in alive:
        with st.container(border=True):
            st.fragment(_under_way, run_every=REFRESH_S)(ws, template, name)
    for name, one in found.items():
        if name not in alive and _cut_off(ws, template, name, one):
            with st.container(border=True):
                _stopped(ws, name, one)
    return bool(alive)


def _under_way(ws: Workspace, template: str, name: str) -> None:
    now = launching.launched_gates(ws, template).get(name)
    if now is None or not now.alive:
        st.rerun()
    st.text("A gate is under way. It goes on when this page is closed; its report comes to the candidates below.")
    if not _looks(ws, name):
        st.text("It is being prepared: prompts are rendered, reference pictures are stored.")


def _stopped(ws: Workspace, name: str, one: Launched) -> None:
    st.warning("A gate ended without a verdict. What is done is kept: start it again with the same choices.")
    _looks(ws, name)
    lines = one.said.strip().splitlines() or ["Its process printed nothing."]
    st.text(lines[-1])
    if len(lines) > 1:
        with st.expander("What its process printed", key=f"printed/{name}"):
            st.code("\n".join(lines), language=None, wrap_lines=True)


def _looks(ws: Workspace, name: str) -> bool:
    """Draw a line a look that has begun, with a link to its run; return whether there is any."""
    steps = _steps(ws, name)
    drawn = False
    for step, run_id in steps.items():
        try:
            now, arms = query.progress(ws, run_id), query.arms(ws, run_id)
        except UnknownName:  # its process has not written the plan yet
            continue
        drawn = True
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            told = ", ".join(f"{figure} {label.lower()}" for label, figure in live.figures(now) if label in SHOWN)
            st.text(f"Look {step}: {live.arms(arms)}. {told}.")
            shell.page_link("watch.py", "Watch it →" if now["state"] == "running" else "Its run →", id=run_id)
        st.progress(min(1.0, now["done"] / max(1, now["jobs"])))
    return drawn


def _steps(ws: Workspace, name: str) -> dict[str, str]:
    """Return the run of each look that has begun; of a file that is not whole nothing: the gate itself says so when it is started."""
    try:
        return gating.under_way(ws, name).steps()
    except InputError:
        return {}


def _cut_off(ws: Workspace, template: str, name: str, one: Launched) -> bool:
    """Tell whether a gate that is not at work has something left to do, or could not begin a short while ago."""
    if _steps(ws, name):
        return True
    path: Path = launching.gate_output(ws, template, name)
    return REPORTED not in one.said and time.time() - path.stat().st_mtime < RECENT_S
