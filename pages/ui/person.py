"""Who is at work: whoever signed in, else what the workspace says, else what the person types."""

from __future__ import annotations

import streamlit as st

from runs.promotions import actor
from runs.settings import load
from runs.workspace import Workspace


def signed_in() -> str:
    """Return the address of whoever signed in; empty where the app has no log-in."""
    if not getattr(st.user, "is_logged_in", False):
        return ""
    return str(getattr(st.user, "email", "") or "")


@st.cache_data(ttl=60, show_spinner=False)
def _usual(root: str) -> str:
    from pathlib import Path

    ws = Workspace(Path(root))
    return actor(ws, load(ws.root))


def name(ws: Workspace, label: str) -> str:
    """Ask for a name, once; the address keeps it where it is not the usual one. A signed-in person cannot be another one."""
    known = signed_in()
    if known:
        st.text_input(label, value=known, disabled=True, key="signed-in")
        return known
    given = st.text_input(label, value=_usual(str(ws.root)), key="person", bind="query-params", max_chars=200)
    return (given or "").strip()
