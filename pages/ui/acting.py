"""Buttons that do something beyond the page, and are heard however busy the page is.

A button whose press is read while the page is drawn (`if st.button(…)`) can lose it: Streamlit begins another run of the page for the
press, and the run before, when it ends meanwhile, resets what was pressed. Pages that draw themselves again once a second meet this.
What is done in a callback is done before anything of the page is drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.ui import shell
from prompts.errors import WorkbenchError

_PROBLEM = "acting/problem"


def button(label: str, act: Callable[[], None], **look: Any) -> None:
    """Draw a button; what it could not do is kept for `told`."""

    def pressed() -> None:
        try:
            act()
        except WorkbenchError as error:
            st.session_state[_PROBLEM] = (error.message, error.hint or "")

    st.button(label, on_click=pressed, **look)


def told() -> None:
    """Draw why the last button could not do what it says, once."""
    message, hint = st.session_state.pop(_PROBLEM, ("", ""))
    if message:
        st.error(shell.plain(message))
    if hint:
        st.text(hint)
