"""The list of queues, and a form that makes a new one."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui import acting, people, shell
from prompts.errors import InputError
from runs import query
from runs.compare import find_arms
from runs.ratings import QUESTION, begin
from runs.workspace import Workspace

COLUMNS = ("Question", "Stage", "You", "People", "Votes", "Flagged", "Compares", "Made", "By", "Queue")
HIDDEN = "shown when you have judged all"


def table(queues: pd.DataFrame, own: pd.Series, names: dict[str, str]) -> pd.DataFrame:
    """Return the queues as people read them; what a queue compares is said to those who have finished it.

    Args:
        queues: as `runs.query.queues` gives them.
        own: how many items this person has judged or flagged, by queue.
        names: what arms are called, by address.
    """
    done = queues["queue"].map(own).fillna(0).astype(int)
    finished = (done >= queues["items"]).fillna(value=False)
    told = [f"{names.get(a, a)}  ·  {names.get(b, b)}" for a, b in zip(queues["a"], queues["b"], strict=True)]
    compares = [names_ if over else HIDDEN for names_, over in zip(told, finished, strict=True)]
    values = (
        queues["question"], queues["stage"], done.astype(str) + " / " + queues["items"].astype(str), queues["raters"].fillna(0),
        queues["rated"], queues["flagged"], compares, queues["made_at"], queues["actor"], queues["queue"],
    )  # fmt: skip
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))


def draw(ws: Workspace, person: str) -> bool:
    """Draw the list, in which a row that is picked opens its queue; return whether there is any."""
    queues = query.queues(ws)
    if queues.empty:
        st.text("No queue yet. A queue shows two arms' outputs of the same case side by side, without names, to be judged one by one.")
    else:
        mine = query.ratings(ws, rater=person) if person else query.ratings(ws).iloc[:0]
        mine = mine[mine["flagged"].fillna(value=False).astype(bool) | (mine["choice"].fillna("") != "")]
        refs = {f"{row.run_id}:{row.arm}": str(row.ref) for row in query.arms(ws).itertuples()}
        shown = table(queues, mine.groupby("queue").size(), refs)
        event = st.dataframe(
            shown,
            key="queues",
            hide_index=True,
            on_select="rerun",
            selection_mode="single-row",
            column_config={"You": st.column_config.TextColumn(help="Judged by you, of all pairs"), "Made": _time()},
            alt="Queues, newest first",
        )
        st.caption("Tick a queue to judge it, or to see what came of it.")
        if event.selection.rows:
            st.query_params["queue"] = str(queues.iloc[event.selection.rows[0]]["queue"])
            st.rerun()
    return not queues.empty


def _time() -> Any:
    return st.column_config.DatetimeColumn(format="D MMM HH:mm", help="UTC")


def arm_names(ws: Workspace) -> dict[str, str]:
    """Return what arms are called, by address."""
    return {f"{row.run_id}:{row.arm}": f"{row.ref} · {row.model} · {row.run_id}" for row in query.arms(ws).itertuples()}


def new(ws: Workspace, person: str, *, first: bool) -> None:
    """Draw the form, unfolded where there is no queue yet; a queue that was made is opened."""
    names = arm_names(ws)
    if not names:
        st.text("It takes a run of two versions, and there is no run yet.")
        if people.may("launch"):
            shell.page_link("launch.py", "Launch two versions →")
    if not names or not people.may("queue"):
        return
    asked = {name: shell.asked(name, list(names)) for name in ("a", "b")}
    with st.expander("New queue", expanded=bool(asked["a"]) or first), st.form("new-queue", border=False):
        left, right = st.columns(2)
        for column, name, label in ((left, "a", "One arm (the baseline)"), (right, "b", "The other arm (the challenger)")):
            at = list(names).index(str(asked[name])) if asked[name] else None
            column.selectbox(label, list(names), index=at, format_func=names.__getitem__, key=f"new-{name}")
        left.text_input("Question", placeholder=QUESTION, max_chars=300, key="new-question")
        right.text_input("Criteria for marks from 1 to 5", placeholder="face, acting (none is usual)", max_chars=300, key="new-criteria")
        left.number_input("At most so many pairs", min_value=1, value=None, placeholder="all", step=1, key="new-limit")
        st.form_submit_button("Make the queue", on_click=acting.attempt, args=(partial(_make, ws, person),))
        acting.told()


def _make(ws: Workspace, person: str) -> None:
    """Make what the form says, read when it is sent."""
    said = {name: st.session_state.get(f"new-{name}") for name in ("a", "b", "question", "criteria", "limit")}
    if not (said["a"] and said["b"]):
        raise InputError("Choose two arms.")
    rubric = list(dict.fromkeys(word.strip() for word in (said["criteria"] or "").split(",") if word.strip()))
    people.require("queue")
    a, b = find_arms(ws, said["a"], said["b"])
    who = people.signed_in() or st.session_state.get("person") or person  # a name that was typed last may not have been drawn yet
    name = begin(ws, a, b, actor=who, question=said["question"] or "", rubric=rubric, limit=said["limit"])
    st.query_params.clear()
    st.query_params["queue"] = name
