"""Whose votes these are: whoever signed in, else who the person says they are, by default whoever is at work here."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.ui import people
from runs.promotions import actor
from runs.settings import load
from runs.workspace import Workspace


def name(ws: Workspace, label: str) -> str:
    """Ask for a name; the address keeps one that is not the usual one. Whoever signed in cannot be somebody else."""
    known = people.signed_in()
    if known:
        st.text_input(label, value=known, disabled=True, key="signed-in")
        return known
    given = st.text_input(label, value=_usual(str(ws.root)), key="person", bind="query-params", max_chars=200)
    return (given or "").strip()


@st.cache_data(ttl=60, show_spinner=False)
def _usual(root: str) -> str:
    # It may ask git, which is too slow for every vote.
    ws = Workspace(Path(root))
    return actor(ws, load(ws.root))
