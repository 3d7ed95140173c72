"""Widgets whose values stand in the address, so that a link that is sent, or opened again tomorrow, shows the same.

    words = address.text(left, "Search", "q")            # ?q=wolf
    kinds = address.several(right.pills, "Stage", "stage", stages)

The address is the truth: it is put into the widget before each run, and a change is written back into it. Streamlit's own binding
would keep a name for the first page that uses it and leave defaults out, and then a link changes its meaning with the default.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

NONE = "none"
"""What stands in the address of a number that was left empty where it usually is not."""


def text(where: Any, label: str, name: str, *, usual: str = "", forget: Sequence[str] = (), **look: Any) -> str:
    """Let the user write some words; `usual` stands where the address says nothing. A change takes `forget` out of the address."""
    key = _set(name, st.query_params.get(name, usual))
    return str(where.text_input(label, key=key, on_change=_keep, args=(name, usual, forget), **look) or "")


def toggle(where: Any, label: str, name: str, **look: Any) -> bool:
    """Let the user switch something on."""
    key = _set(name, st.query_params.get(name) == "true")
    return bool(where.toggle(label, key=key, on_change=_keep, args=(name,), **look))


def several(draw: Callable[..., Any], label: str, name: str, options: Sequence[str], **look: Any) -> tuple[str, ...]:
    """Let the user choose some of the options.

    Args:
        draw: `pills` with its selection mode, or `multiselect`, of the container to draw in.
        label: What is chosen.
        name: The parameter of the address, given once for each choice.
        options: Ids; what the address says beyond them is not chosen.
        look: Further arguments of `draw`.
    """
    key = _set(name, [value for value in st.query_params.get_all(name) if value in options])
    return tuple(draw(label, list(options), key=key, on_change=_keep, args=(name,), **look) or ())


def one(
    draw: Callable[..., Any], label: str, name: str, options: Sequence[str], usual: str, *, forget: Sequence[str] = (), **look: Any
) -> str:
    """Let the user choose one of the options; `usual` where the address says none of them. A change takes `forget` out of the address."""
    said = st.query_params.get(name)
    key = _set(name, said if said in options else usual)
    return str(draw(label, list(options), key=key, on_change=_keep, args=(name, None, forget), **look) or usual)


def page(name: str, pages: int) -> int:
    """Let the user turn pages; return which one is open, from 1."""
    key = _set(name, min(whole(name, 1), pages))
    return int(st.pagination(pages, key=key, on_change=_keep, args=(name, 1)))


def whole(name: str, usual: int) -> int:
    """Return the whole number from 1 that the address gives; `usual` where it gives none."""
    said = st.query_params.get(name, "")
    return max(int(said), 1) if said.isascii() and said.isdigit() and len(said) < 10 else usual


def number(where: Any, label: str, name: str, least: float, most: float | None, usual: float | None, **look: Any) -> float | None:
    """Let the user give a number; its type is that of `least`. It stands in the address also where it is the usual one.

    A number that the address gives and that lies outside of the bounds, or is none at all, is left for the usual one. With a
    `placeholder` the user may give none.
    """
    kind = type(least)
    may_be_empty = "placeholder" in look
    said = st.query_params.get(name)
    value = usual if said is None else None if said == NONE and may_be_empty else _number(said, kind, least, most, usual)
    key = _set(name, None if value is None else kind(value))
    # What is usual may change in the settings, and what a link says may not: so it is written down.
    if (value is not None or usual is not None) and said != _said(value):
        st.query_params[name] = _said(value)
    first = None if may_be_empty else "min"
    found: float | None = where.number_input(label, least, most, first, key=key, on_change=_keep_number, args=(name, usual), **look)
    return found


def _set(name: str, value: Any) -> str:
    key = f"_{name}"
    st.session_state[key] = value
    return key


def _keep(name: str, usual: object = None, forget: Sequence[str] = ()) -> None:
    value = st.session_state[f"_{name}"]
    for other in forget:
        st.query_params.pop(other, None)
    if not value or value == usual:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value if isinstance(value, list) else "true" if value is True else str(value)


def _keep_number(name: str, usual: float | None) -> None:
    value = st.session_state[f"_{name}"]
    if value is None and usual is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = _said(value)


def _said(value: float | None) -> str:
    return NONE if value is None else f"{value:.12g}"


def _number(said: str, kind: type, least: float, most: float | None, usual: float | None) -> float | None:
    try:
        value = float(kind(said))
    except ValueError:
        return usual
    return value if least <= value <= (most if most is not None else 1e12) else usual  # NaN is refused as well
