"""Buttons that do something beyond the page, are heard however busy the page is, and whose outcome stays to be read.

A button whose press is read while the page is drawn (`if st.button(…)`) can lose it: Streamlit begins another run of the page for the
press, and the run before, when it ends meanwhile, resets what was pressed. Pages that draw themselves again once a second meet this.
What is done in a callback is done before anything of the page is drawn.

What became of it is said at every drawing, until something else is done or the user goes elsewhere: a page is drawn anew at any touch of a
widget, and a drawing can be cut short before it reaches the reader.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.ui import shell
from prompts.errors import WorkbenchError
from prompts.evidence import Refused

_SAID, _WHERE, _DRAWN, _PAGE, _ABOUT = (f"acting/{name}" for name in ("said", "where", "drawn", "page", "about"))


@dataclass(frozen=True, slots=True)
class _Said:
    message: str
    hint: str
    done: bool
    where: str


def button(label: str, act: Callable[[], None], **look: Any) -> None:
    """Draw a button; what it could not do is kept for `told`."""
    st.button(label, on_click=lambda: attempt(act), **look)


def attempt(act: Callable[[], None], where: str = "") -> None:
    """Do something in a callback; keep why it could not be done, or what it says itself, for a place of the page."""
    st.session_state.pop(_SAID, None)
    st.session_state[_WHERE] = where
    try:
        act()
    except Refused as error:
        say(f"Refused, {error.reason}: {error.message}", error.hint or "")
    except WorkbenchError as error:
        say(error.message, error.hint or "")


def say(message: str, hint: str = "", *, done: bool = False) -> None:
    """Keep what became of what is being done: why not and what to do, or that it is `done`."""
    st.session_state[_SAID] = _Said(message, hint, done, st.session_state.get(_WHERE, ""))


def on_page(name: str) -> None:
    """Note which page is drawn: what was said on another one is over."""
    _arrive(_PAGE, name)
    st.session_state[_DRAWN] = False


def about(thing: str) -> None:
    """Note what the page is about, such as a template: what was said of another one is over."""
    _arrive(_ABOUT, thing)


def _arrive(key: str, value: str) -> None:
    if st.session_state.get(key) != value:
        st.session_state.pop(_SAID, None)
        st.session_state[key] = value


def told(where: str | None = None) -> None:
    """Draw what became of the last thing that was done, if it was done at this place; without a place, if no place has drawn it."""
    said: _Said | None = st.session_state.get(_SAID)
    if said is None or st.session_state.get(_DRAWN) or where not in (None, said.where):
        return
    st.session_state[_DRAWN] = True
    (st.success if said.done else st.error)(shell.plain(said.message))
    if said.hint:
        st.text(said.hint)
