"""Who is at work in the app, and what they may do: `people.require("launch")` stands in the action, not in the view.

    if st.button("Stop", disabled=not people.may("launch")):
        who = people.require("launch")          # refuses here, whatever the page showed
        stop(ws, run_id, by=who)

Without a log-in everybody who reaches the app is this machine's user. See `runs.people` for roles and `docs/app.md` for the set-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.ui import shell
from runs import people, promotions
from runs.people import Action, Role
from runs.settings import Settings, load


def may(action: Action) -> bool:
    """Return whether whoever is at work may do something; for what a page offers, never instead of `require`."""
    settings = _settings()
    return not people.has_login(settings.ui) or people.allowed(_held(settings), action)


def require(action: Action) -> str:
    """Refuse an action, or return who does it, as ledger and ratings shall name them: whoever signed in, else as on the command line.

    Raises:
        Forbidden: No role of theirs allows it.
    """
    settings = _settings()
    if not people.has_login(settings.ui):
        return promotions.actor(shell.workspace(), settings)
    who = people.identity(settings.ui, claims())
    people.refuse(who or "Nobody", _held(settings), action)
    return who


def signed_in() -> str:
    """Return who signed in; empty where the app has no log-in, or for a stranger."""
    settings = _settings()
    return people.identity(settings.ui, claims()) if people.has_login(settings.ui) else ""


def door() -> bool:
    """Return whether the visitor may come in; draw a way to sign in where not."""
    settings = _settings()
    if not people.has_login(settings.ui) or people.allowed(_held(settings), "look"):
        return True
    st.header("Microdrama Workbench")
    told = claims()
    if told.get("is_logged_in") is True:
        who = people.identity(settings.ui, told)
        st.text(f"{who} is in no list of this workspace." if who else f"You signed in, but without a verified {settings.ui.claim}.")
        st.text("Whoever looks after workbench.toml can add you under [ui].")
        st.button("Sign out", on_click=st.logout)
    elif "is_logged_in" in told:
        st.text("This workspace is open to its team.")
        st.button("Sign in", on_click=st.login)
    else:
        st.error("People are listed in workbench.toml, but the log-in itself is not set up: nobody can come in.")
        st.text("docs/app.md says what belongs into .streamlit/secrets.toml of the workspace.")
    return False


def footer() -> None:
    """Say at the end of a page who is signed in, and let them out."""
    who = signed_in()
    if who:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(shell.plain(f"{who} · {', '.join(_held(_settings()))}"))
            st.button("Sign out", on_click=st.logout, type="tertiary")


def claims() -> Mapping[str, Any]:
    """Return what the log-in says of the visitor."""
    return st.user.to_dict()


def _held(settings: Settings) -> tuple[Role, ...]:
    return people.roles(settings.ui, people.identity(settings.ui, claims()))


def _settings() -> Settings:
    return load(shell.workspace().root)
