"""Review: pairs without names, one key a vote; who won is said at the end."""

from __future__ import annotations

import streamlit as st

from pages.ui import badges, forest, people, person, queues, reveal, shell, takeaway
from pages.ui.judge import judge
from pages.ui.judging import Sitting, sit
from pages.ui.palette import palette
from prompts.errors import InputError
from runs import query
from runs.compare import Arm, find_arms
from runs.workspace import Workspace


def main() -> None:
    """Draw the page."""
    ws = shell.workspace()
    name = st.query_params.get("queue")
    title, who = st.columns([8, 3], vertical_alignment="bottom")
    title.header("Review")
    with who:
        rater = person.name(ws, "You judge as")
    if not rater:
        st.text("Give a name first: sides are drawn for each person, and votes are kept under it.")
        return
    if name is None:
        some = queues.draw(ws, rater)
        queues.new(ws, rater, first=not some)
        return
    sitting = _sitting(ws, name, rater)
    if not people.may("rate"):
        raise InputError("You may look here, but not judge.", hint="Roles stand in workbench.toml under [ui].")
    if sitting.done and not sitting.begun:
        _reveal(ws, sitting)
    else:
        st.fragment(_judge)(sitting)


def _sitting(ws: Workspace, name: str, rater: str) -> Sitting:
    """Return the sitting of this session; what was said elsewhere meanwhile counts after a reload."""
    key = f"sitting/{ws.root}/{name}/{rater}"
    if key not in st.session_state:
        st.session_state[key] = sit(ws, name, rater)
    found: Sitting = st.session_state[key]
    return found


def _judge(sitting: Sitting) -> None:
    """Draw the queue; a vote draws this alone again."""
    if judge(sitting):
        # From here on nothing can be taken back: it would not be blind any more.
        sitting.begun = False
        st.rerun()


def _reveal(ws: Workspace, sitting: Sitting) -> None:
    queue, everybody = sitting.queue, query.ratings(ws, sitting.queue["queue"])
    own = everybody[everybody["rater"] == sitting.rater]
    a, b = find_arms(ws, queue["a"], queue["b"])
    title, beside = st.columns([8, 3], vertical_alignment="bottom")
    title.subheader(shell.plain(queue["question"]))
    below = st.container()
    with beside.container(horizontal=True, horizontal_alignment="right"):
        takeaway.draw(queue["queue"], {"Votes": lambda: everybody}, below)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if a.simulated or b.simulated:
            st.badge(
                badges.SIMULATED, color="orange", help="Made by the embedded studio: shows that the tool works, not how a real model does."
            )
        st.text(f"A  {_shown(a)}      B  {_shown(b)}")
    row = reveal.row(everybody, a.shown, b.shown)
    left, right = st.columns([6, 7], gap="small")
    with left.container(border=True, height="stretch"):
        if row.empty:
            st.text("No vote counts: all pairs were flagged.")
        else:
            forest.draw(row, palette(), unit="preference", told=row["sentence"].iloc[0])
            st.text(f"{badges.VERDICTS[row['verdict'].iloc[0]].split()[0]}   {row['sentence'].iloc[0]}")
            st.caption("1: everybody prefers B; −1: A. Bar: 90 % sure, units are series. Dashed: no preference.")
    with right.container(border=True, height="stretch"):
        st.text("How far to trust it")
        st.html(reveal.facts_html(reveal.facts(everybody, own)))
    st.dataframe(
        reveal.cases(everybody, own, queue["a"], queue["b"]),
        hide_index=True,
        column_config={"Look": st.column_config.LinkColumn(display_text="look"), "People": st.column_config.TextColumn(help="1: B, −1: A")},
        alt="Preference by case",
    )
    with st.container(horizontal=True, gap="small"):
        shell.page_button("compare.py", "Compare what scorers say of both", a=queue["a"], b=queue["b"])
        shell.page_button("review.py", "All queues")


def _shown(arm: Arm) -> str:
    return f"{arm.shown} · {arm.model}"


main()
