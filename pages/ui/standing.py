"""Where a run stands, drawn once a second while it goes on."""

from __future__ import annotations

import streamlit as st

from pages.ui import address, live, shell
from prompts.errors import WorkbenchError
from runs import launching, query
from runs.launching import Launched
from runs.settling import doubtful
from runs.workspace import Workspace

NEWEST = "newest"


def draw(ws: Workspace, run_id: str, was: str, was_alive: bool) -> None:
    """Draw how a run stands now; ask for the whole page anew when its state has changed, or its process has ended."""
    now, printed = query.progress(ws, run_id), launching.launched(ws, run_id)
    if now["state"] != was or (printed is not None and printed.alive) != was_alive:
        st.rerun()
    st.progress(min(1.0, now["done"] / max(1, now["jobs"])))
    with st.container(horizontal=True, gap="medium"):
        for label, figure in [*live.figures(now), *live.chain_spent(ws, now)]:
            st.metric(label, figure, width="content")
    if now["state"] == "running" and now["done"] >= now["jobs"]:
        st.text("Everything is generated; scoring goes on.")
    wrong = query.errors(ws, run_id)
    if len(wrong):
        st.subheader("What went wrong")
        columns = {"Latest": st.column_config.LinkColumn(display_text=r"case=(.*)$"), "Message": st.column_config.TextColumn(width="large")}
        st.dataframe(
            live.errors(run_id, wrong), hide_index=True, height="content", column_config=columns, alt="Errors, most frequent first"
        )
        if (wrong["status"] == "unknown_submission").any():
            _doubts(ws, run_id)
    _outputs(ws, run_id, now["state"])
    _told(ws, run_id, printed)


def _doubts(ws: Workspace, run_id: str) -> None:
    try:
        frame, commands = live.doubts(run_id, doubtful(ws, run_id))
    except WorkbenchError as error:
        st.text(str(error))
        return
    if frame.empty:
        return
    st.text(
        "Of these nobody knows whether they were made and paid. Look at the provider's list of tasks or bill, then say it, or ask again:"
    )
    st.dataframe(frame, hide_index=True, height="content", alt="Jobs in doubt")
    st.code(commands, language="shell", wrap_lines=True)


def _outputs(ws: Workspace, run_id: str, state: str) -> None:
    """Draw a dozen outputs: the newest while a run goes on, afterwards those that a metric judged worst."""
    metrics = [] if state == "running" else live.metrics(query.run_scores(ws, run_id))
    title, choice = st.columns([8, 3], vertical_alignment="center")
    by = NEWEST
    if metrics:
        options = [*metrics, NEWEST]
        by = address.one(choice.selectbox, "Outputs", "by", options, metrics[0], format_func=live.order, label_visibility="collapsed")
    found = query.newest(ws, run_id) if by == NEWEST else query.weakest(ws, run_id, by)
    if found.empty:
        return
    title.subheader("Newest outputs" if by == NEWEST else "Weakest outputs")
    frame = live.outputs(ws, run_id, found)
    columns = {
        "Score": st.column_config.NumberColumn(format="%.3f", help="Empty where there is no value: the reason says why"),
        "Why": st.column_config.TextColumn(width="large"),
        "Output": st.column_config.ImageColumn(width=70),
        "Case": st.column_config.LinkColumn(display_text=r"case=(.*)$"),
        "Beginning": st.column_config.TextColumn(width="large"),
        "Seconds": st.column_config.NumberColumn(format="%.1f"),
        "Cost $": st.column_config.NumberColumn(format="%.4f", help="Empty where unknown"),
        "At": st.column_config.DatetimeColumn(format="HH:mm:ss", help="UTC"),
    }
    tall = 84 if "Output" in frame else 56
    st.dataframe(frame, hide_index=True, height="content", row_height=tall, column_config=columns, placeholder="–", alt="Outputs")


def _told(ws: Workspace, run_id: str, printed: Launched | None) -> None:
    notes = query.notes(ws, run_id)
    for row in notes.itertuples():
        st.text(f"{row.noted_at:%H:%M:%S} {shell.shortened(row.text)}")
    if printed is not None and printed.said:
        with st.expander("What its process printed", key="printed"):
            st.code(printed.said, language=None, wrap_lines=True)
