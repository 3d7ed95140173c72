"""Watch: how a run is getting on, what it costs, what went wrong, what came out last; stop it, resume it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui import acting, badges, live, people, shell, standing, takeaway
from prompts.errors import InputError, UnknownName
from runs import launching, query
from runs.settling import FAILED
from runs.workspace import Workspace

REFRESH_S = 1.0
OPEN = ("stopped", "failed", "interrupted")
STOP = "As Ctrl-C: no new jobs, what is in flight may finish. Resume does the rest."
LEAVE = "Give up what is in flight. Nothing that is done is lost, but a call that is given up may still be paid."
RESUME = "Do what is missing, in a process of its own."
RESEND = "Ask again for what no answer came of; what was billed for a lost call may be billed again."
RETRY = "Make what failed once more, and what is missing; what was billed for a failed call may be billed again."


def main() -> None:
    """Draw the page."""
    ws = shell.workspace()
    run_id = st.query_params.get("id")
    if not run_id:
        raise InputError("This page shows one run.", hint="Open one from Runs.")
    try:
        now = query.progress(ws, run_id)
    except UnknownName:
        started = launching.launched(ws, run_id) if launching.RUN_ID.fullmatch(run_id) else None
        if started is None:
            raise
        _beginning(ws, run_id, started)
        return
    acting.about(run_id)
    acting.told()
    of_process = launching.launched(ws, run_id)
    alive = of_process is not None and of_process.alive
    _heading(ws, now, alive)
    moves = alive or now["state"] == "running"
    st.fragment(standing.draw, run_every=REFRESH_S if moves else None)(ws, run_id, now["state"], alive)


def _beginning(ws: Workspace, run_id: str, started: launching.Launched) -> None:
    """Show a run that is not in the log yet, because its process has only just been started, or could not begin."""
    st.header(f"Run {run_id}")
    if started.alive:
        st.text("It is being prepared: prompts are rendered, reference pictures are stored.")
    else:
        st.error("It ended before it began. Nothing was sent, and nothing was paid.")
    if started.said:
        st.code(started.said, language=None, wrap_lines=True)
    shell.page_button("launch.py", "Back to Launch")
    if started.alive:
        st.fragment(_begun, run_every=REFRESH_S)(ws, run_id)


def _begun(ws: Workspace, run_id: str) -> None:
    found = launching.launched(ws, run_id)
    if found is None or not found.alive or run_id in set(query.runs(ws)["run_id"]):
        st.rerun()


def _heading(ws: Workspace, now: dict[str, Any], alive: bool) -> None:
    run_id, state = now["run_id"], now["state"]
    arms = query.arms(ws, run_id)
    title, actions = st.columns([7, 4], vertical_alignment="bottom")
    title.header(f"Run {run_id}")
    below = st.container()
    tables: dict[str, Callable[..., pd.DataFrame]] = {
        "Generations": query.generations, "Scores": query.scores, "Findings": query.findings, "Errors": query.errors,
    }  # fmt: skip
    with actions.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        if people.may("launch"):
            _buttons(ws, now, alive)
        takeaway.draw(run_id, {label: partial(ask, ws, run_id) for label, ask in tables.items()}, below)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if bool(arms["simulated"].fillna(value=False).any()):
            st.badge("SIM", color="orange", help="Made by the embedded studio: shows that the tool works, not how a real model does.")
        st.badge(badges.STATES.get(state, state), color=badges.colour(state))
        if len(arms):
            st.text(live.arms(arms))
        if len(arms) > 1:
            a, b = (f"{run_id}:{arm}" for arm in arms["arm"].head(2))
            st.page_link("compare.py", label="Compare →", query_params={"a": a, "b": b})
        if len(arms):
            st.page_link("examine.py", label="Cases →", query_params={"a": f"{run_id}:{arms['arm'].iloc[0]}"})


def _buttons(ws: Workspace, now: dict[str, Any], alive: bool) -> None:
    """Draw Stop or Resume. What is clicked twice is done once; see `runs.launching`."""
    run_id = now["run_id"]
    if now["state"] == "running":
        asked = launching.stopping(ws, run_id)
        label, about = ("Leave at once", LEAVE) if asked else ("Stop", STOP)
        if asked:
            st.text("Stopping …")
        _button(run_id, label, about, lambda: launching.stop(ws, run_id, at_once=asked))
    elif alive:
        st.text("Its process is at work …")  # it prepares the run, or writes the last of it down
    else:
        if now["state"] in OPEN or now["done"] < now["jobs"]:
            _button(run_id, "Resume", RESUME, lambda: launching.resume(ws, run_id))
        wrong = query.errors(ws, run_id)
        if (wrong["status"] == "unknown_submission").any():
            _button(run_id, "Ask again", RESEND, lambda: launching.resume(ws, run_id, resend=True))
        if ((wrong["kind"] == "generation") & wrong["status"].isin(FAILED)).any():
            _button(run_id, "Retry failed", RETRY, lambda: launching.resume(ws, run_id, retry_failed=True))


def _button(run_id: str, label: str, about: str, act: Callable[[], object]) -> None:
    def allowed() -> None:
        people.require("launch")
        act()

    acting.button(label, allowed, help=about, key=f"{label} {run_id}")


main()
