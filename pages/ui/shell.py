"""What every page stands in: the workspace it reads, errors in words, links that name everything by id."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from prompts.errors import WorkbenchError
from runs.workspace import VARIABLE, Workspace


def workspace() -> Workspace:
    """Return the workspace that the app shows: the one that the environment names, else the one of the folder it was started in.

    Raises:
        WorkspaceError: there is none.
    """
    named = os.environ.get(VARIABLE)
    return Workspace.find(Path(named) if named else None)


@contextlib.contextmanager
def errors_in_words() -> Iterator[None]:
    """Show an error that the user can mend as a sentence, with a way back, instead of a trace."""
    try:
        yield
    except WorkbenchError as error:
        st.error(plain(error.message))
        if error.hint:
            st.text(error.hint)
        st.link_button("All runs", "/")


def heading(title: str) -> tuple[Any, Any]:
    """Draw a page's title; return the room right of it and the room below: what stands there is met early by whoever goes by keyboard."""
    left, right = st.columns([3, 5], vertical_alignment="bottom")
    left.header(title)
    return right.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"), st.container()


def link(path: str, **parameters: str | None) -> str:
    """Return a link to a page with its parameters; None leaves one out."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"/{path}?{urlencode(given)}" if given else f"/{path}"


def page_button(page: str, label: str, **parameters: str | Sequence[str] | None) -> None:
    """Draw a link to another page in the same tab; None leaves a parameter out."""
    with st.container(border=True, width="content"):
        page_link(page, label, **parameters)


def page_link(page: str, label: str, **parameters: str | Sequence[str] | None) -> None:
    """Draw such a link without a frame, for a row of other controls."""
    st.page_link(page, label=plain(label), query_params={name: value for name, value in parameters.items() if value is not None})


def asked(name: str, options: Sequence[str]) -> str | None:
    """Return what the address says of a widget, if it is one of its options."""
    value = st.query_params.get(name)
    return value if value in options else None


def choose(
    where: Any, label: str, name: str, options: Sequence[str], *, usual: str | None = None, forget: Sequence[str] = (), **look: Any
) -> str | None:
    """Let the user choose one of some ids; the choice stands in the address, also where it is only the usual one.

    Args:
        where: The container to draw in.
        label: What is chosen.
        name: The parameter of the address.
        options: Ids.
        usual: Chosen, and written into the address, where that says nothing usable.
        forget: What another choice takes out of the address, because it means something of this one.
        look: Further arguments of `st.selectbox`, such as `format_func`.
    """
    if not options:  # Streamlit draws an empty choice disabled, too faint to read
        return None
    value = asked(name, options) or usual
    key = f"_{name}"
    if value is None:
        st.session_state.pop(key, None)
    else:
        st.session_state[key] = value  # a link within the app changes the address, not the widget
        if st.query_params.get(name) != value:
            st.query_params[name] = value
    index = None if value is None else 0
    chosen: str | None = where.selectbox(label, list(options), index=index, key=key, on_change=keep, args=(name, forget), **look)
    return chosen


def keep(name: str, forget: Sequence[str] = ()) -> None:
    """Write a widget's choice into the address. Streamlit's own binding writes labels there, and leaves defaults out: neither is an id."""
    value = st.session_state[f"_{name}"]
    for other in forget:
        st.query_params.pop(other, None)
    if value is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value


def blob(sha256: str | None, media_type: str | None) -> str | None:
    """Return where the browser gets an artifact; None where there is none."""
    return f"/blob/{sha256}" if sha256 and media_type else None


def poster(sha256: str | None, media_type: str | None) -> str | None:
    """Return where the browser gets a small picture of a picture or clip; None for anything else."""
    return f"/poster/{sha256}" if sha256 and str(media_type).startswith(("image/", "video/")) else None


def plain(text: str) -> str:
    """Escape what Streamlit would read as Markdown, for words that a model or a file had a part in."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()#+-.!|<>$:~" else c for c in text)


def shortened(text: object, most: int = 2000) -> str:
    """Return what a model or a server said, as much of it as people read, and how much is left out: megabytes would stop the browser."""
    said = "" if text is None else str(text)
    return said if len(said) <= most else f"{said[:most]} … {len(said) - most:,} more characters"


def unbroken(text: str) -> str:
    """Keep a number and its sign of per cent on one line."""
    return text.replace(" %", "\u00a0%")


def minus(number: str) -> str:
    """Write a number with a minus sign, which is as wide as the plus."""
    return number.replace("-", "\u2212")


def file_name(text: str) -> str:
    """Return a name for a file to download, of plain letters only."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in text)[:120]
