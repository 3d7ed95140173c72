"""Search: words in prompts, outputs, errors, reasons and findings of all runs, with links to where they stand."""

from __future__ import annotations

import streamlit as st

from pages.ui import shell
from pages.ui.hits import hits_html
from runs import query
from runs.query.of_search import ALL_KINDS, MOST_FILES
from runs.workspace import Workspace

PAGE = 25


def main() -> None:
    """Draw the page."""
    ws = shell.workspace()
    st.header("Search")
    left, right = st.columns([5, 6], vertical_alignment="bottom")
    # Not bound by Streamlit: the Runs page has a search of its own, and a key is one widget on all pages.
    st.session_state["_q"] = st.query_params.get("q", "")
    words = left.text_input("Words", key="_q", on_change=shell.keep, args=("q",), placeholder="all of them, in any order") or ""
    st.session_state["_kind"] = shell.asked("kind", ALL_KINDS) or ALL_KINDS[0]
    kind = right.segmented_control("In", list(ALL_KINDS), key="_kind", on_change=shell.keep, args=("kind",), label_visibility="collapsed")
    if not words.strip():
        st.text("Looks through the prompts that were sent, the texts that came back, errors, and what scorers and checks said.")
        return
    _hits(ws, words, kind or ALL_KINDS[0])


def _hits(ws: Workspace, words: str, kind: str) -> None:
    """Draw one page of hits; a page is asked for one more than it shows, which tells whether there is another."""
    place = f"_hits-{kind}-{words}"
    page = int(st.session_state.get(place, 0))
    found = query.search(ws, words, kind, limit=PAGE + 1, offset=page * PAGE)
    if found.empty:
        st.text(f"Nothing in {kind}." if kind != "outputs" else f"Nothing in the newest {MOST_FILES} texts.")
        return
    st.html(hits_html(found.head(PAGE), words))
    with st.container(horizontal=True, vertical_alignment="center"):
        if page:
            st.button("◀ newer", on_click=_turn, args=(place, page - 1))
        st.text(f"{page * PAGE + 1} to {page * PAGE + min(len(found), PAGE)}, newest first")
        if len(found) > PAGE:
            st.button("older ▶", on_click=_turn, args=(place, page + 1))


def _turn(place: str, page: int) -> None:
    st.session_state[place] = page


main()
