"""Runs: which there are, how they stand, and two picked to compare."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.ui import cached, filters, live, people, runs_table, shell, takeaway
from runs import query
from runs.team import following
from runs.workspace import Workspace

REFRESH_S = 2
FIRST_RUN = "workbench run --suite shot --version shot/keyframe@plain --version shot/keyframe"


def main() -> None:
    """Draw the page."""
    ws = shell.workspace()
    beside, below = shell.heading("Runs")
    if told := following.standing():
        st.caption(shell.plain(told))
    runs = query.runs(ws)
    if runs.empty:
        st.text("No runs yet. This one needs no key and takes a minute or two:")
        st.code(FIRST_RUN, language="shell")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button("Look again")
            if people.may("launch"):
                shell.page_link("launch.py", "Launch two versions →", suite="shot", v=["shot/keyframe@plain", "shot/keyframe"])
        return
    asked = filters.draw(runs)
    with beside:

        def kept() -> pd.DataFrame:
            return filters.kept(query.runs(ws), asked)

        takeaway.draw("runs", {"Runs": kept, "Mean scores": lambda: _means(ws, kept())}, below)
    running = bool((runs["state"] == "running").any())
    # While something runs, the list draws itself again; the filters above keep their focus meanwhile.
    st.fragment(_list, run_every=REFRESH_S if running else None)(ws, asked, running)


def _list(ws: Workspace, asked: filters.Filters, was_running: bool) -> None:
    runs = query.runs(ws)
    if was_running and not (runs["state"] == "running").any():
        st.rerun()  # the whole page, so that the timer ends with the run
    _progress(ws, runs)
    kept = filters.kept(runs, asked)
    if kept.empty:
        st.text("No run fits the filters.")
        return
    frame = runs_table.shown(kept, cached.all_scores(ws))
    event = st.dataframe(
        frame,
        key=runs_table.key(kept),
        hide_index=True,
        column_config=runs_table.columns(frame),
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="–",
        alt="Runs, those that are running first, then the newest",
    )
    how = "Tick one run (Shift+Space) to compare its arms, or two to compare the last arm of each."
    st.caption(f"{len(kept)} of {len(runs)} runs. {how}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _actions(ws, kept.iloc[list(event.selection.rows)])


def _means(ws: Workspace, runs: pd.DataFrame) -> pd.DataFrame:
    means = cached.all_scores(ws)
    return means[means["run_id"].isin(runs["run_id"])]


def _progress(ws: Workspace, runs: pd.DataFrame) -> None:
    for run_id in runs.loc[runs["state"] == "running", "run_id"]:
        now = query.progress(ws, run_id)
        told = [f"{now['done']} of {now['jobs']} done"]
        told += [f"{now['failed'] + now['refused']} failed"] if now["failed"] + now["refused"] else []
        told += [live.speed(now["rate_per_s"])] if now["rate_per_s"] else []
        told += [f"about {live.duration(now['eta_s'])} left"] if now["eta_s"] else []
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            shell.page_link("watch.py", f"Run {run_id} →", id=run_id)
            st.text(", ".join(told))
        st.progress(min(1.0, now["done"] / max(1, now["jobs"])))


def _actions(ws: Workspace, picked: pd.DataFrame) -> None:
    """Offer to compare what is picked: the arms of one run, or the last arm (the challenger) of two, the older run first."""
    if picked.empty:
        return
    if len(picked) == 1:
        shell.page_button("watch.py", "Open this run", id=picked["run_id"].iloc[0])
    by_run = [query.arms(ws, run_id) for run_id in picked.sort_values("started_at")["run_id"]]
    arms = by_run[0].head(2) if len(by_run) == 1 else pd.concat([arms.tail(1) for arms in by_run[:2]])
    if len(by_run) > 2:
        st.text("Two runs can be compared at a time.")
    elif len(arms) < 2:
        st.text("This run has one arm. Tick another run to compare it with, or look at its cases.")
        only = next(arms.itertuples())
        shell.page_button("examine.py", f"Cases of {only.ref}", a=f"{only.run_id}:{only.arm}")
    elif arms["stage"].nunique() > 1:
        st.text("These runs are of different stages; nothing of them can be compared.")
    else:
        first, second = arms.itertuples()
        shell.page_button(
            "compare.py",
            f"Compare {first.ref} with {second.ref}",
            a=f"{first.run_id}:{first.arm}",
            b=f"{second.run_id}:{second.arm}",
        )


main()
