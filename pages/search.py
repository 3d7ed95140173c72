"""Search: words in prompts, outputs, errors, reasons and findings of all runs, with links to where they stand."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.ui import address, cached, shell, takeaway
from pages.ui.hits import hits_html
from runs import query
from runs.query.of_search import ALL_KINDS, MOST_FILES, MOST_ROWS
from runs.workspace import Workspace

PAGE = 25


def main() -> None:
    """Draw the page."""
    ws = shell.workspace()
    room = shell.heading("Search")
    left, right = st.columns([5, 6], vertical_alignment="bottom")
    words = address.text(left, "Words", "q", forget=["page", "whole"], placeholder="all of them, in any order")
    first = ALL_KINDS[0]
    kind = address.one(right.segmented_control, "In", "kind", ALL_KINDS, first, forget=["page", "whole"], label_visibility="collapsed")
    if not words.strip():
        st.text("Looks through the prompts that were sent, the texts that came back, errors, and what scorers and checks said.")
        return
    _hits(ws, words, kind, room)


def _hits(ws: Workspace, words: str, kind: str, room: tuple[Any, Any]) -> None:
    """Draw one page of hits; a page is asked for one more than it shows, which tells whether there is another."""
    page = address.whole("page", 1) - 1
    whole = st.query_params.get("whole") == "1"
    found = query.search(ws, words, kind, limit=PAGE + 1, offset=page * PAGE, whole=whole)
    if found.empty and page:
        st.text("Nothing more.")
        st.button("◀ the newest", on_click=_turn, args=(1,))
        return
    if found.empty:
        st.text(f"Nothing in {kind}." if whole else f"Nothing in the newest {MOST_ROWS.get(kind, MOST_FILES):,} {kind}.")
        _further(kind, whole)
        _elsewhere(ws, words, kind)
        return
    names = {address: arm.label for address, arm in cached.arms(ws).items()}
    st.html(hits_html(found.head(PAGE), words, names))
    with st.container(horizontal=True, vertical_alignment="center"):
        if page:
            st.button("◀ newer", on_click=_turn, args=(page,))
        more = page or len(found) > PAGE
        st.text(f"{page * PAGE + 1} to {page * PAGE + min(len(found), PAGE)}, newest first" if more else _all(len(found)))
        if len(found) > PAGE:
            st.button("older ▶", on_click=_turn, args=(page + 2,))
        else:
            _further(kind, whole)
    beside, below = room
    with beside:
        takeaway.draw("hits", {"Hits": lambda: found.head(PAGE)}, below)


def _all(hits: int) -> str:
    return f"{hits} hits, newest first" if hits > 1 else "1 hit"


def _elsewhere(ws: Workspace, words: str, kind: str) -> None:
    """Say where else the words are, so that nobody has to try one kind after the other."""
    kinds = [other for other in ALL_KINDS if other != kind and len(query.search(ws, words, other, limit=1))]
    if not kinds:
        st.text("Nothing anywhere else either. All the words have to stand in one text.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text("But there is something in")
        for other in kinds:
            st.button(other, on_click=st.query_params.from_dict, args=({"q": words, "kind": other},))


def _further(kind: str, whole: bool) -> None:
    """Offer to look through the whole log; outputs lie in files, of which only the newest are ever read."""
    if not whole and kind in MOST_ROWS:
        st.button("Look through the whole log", on_click=_whole)


def _whole() -> None:
    st.query_params["whole"] = "1"


def _turn(page: int) -> None:
    st.query_params["page"] = str(page)


main()
