"""Choosing the arms of a comparison: the newest that fit stand in the list, any other is found by writing a part of its name.

A list of all arms would make each visit dearer with every run: browsers take a millisecond for ten of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages.ui import cached, shell
from pages.ui.cached import NamedArm
from runs.compare import Arm, find_arms
from runs.workspace import Workspace

OFFERED = 40
LABELS = {"a": "A, the baseline", "b": "B, the challenger"}
OTHER = {"a": "b", "b": "a"}


def choose(ws: Workspace) -> tuple[Arm, Arm] | None:
    """Let the user choose; the ids stand in the address, so that a shared link keeps its meaning.

    The address, as the lists, also takes references such as `shot/keyframe@rich`, and words of a name; they become ids as soon as
    they mean one arm.

    Raises:
        UnknownName: No run has such an arm.
        InputError: Both are the same arm.
    """
    arms = cached.arms(ws)
    resolve(ws, arms)
    left, right, swap = st.columns([5, 5, 1], vertical_alignment="bottom")
    a, b = (_pick(column, name, arms) for column, name in ((left, "a"), (right, "b")))
    swap.button("Swap", on_click=put, args=(b, a), disabled=not (a and b), width="stretch")
    return cached.found_arms(ws, a, b) if a and b else None


def put(a: str, b: str) -> None:
    """Open two arms."""
    st.query_params.update({"a": a, "b": b})


def offered(arms: Mapping[str, NamedArm], beside: str | None, *, words: str = "") -> list[str]:
    """Return the addresses of the newest arms that fit.

    Args:
        arms: All of them by address, newest first.
        beside: The arm that it is compared with: of its stage, and not itself.
        words: All of these are in what it is called, in any order and case.
    """
    other = arms.get(beside or "")
    sought = words.casefold().split()
    found = []
    for address, arm in arms.items():
        if other and (address == beside or arm.stage != other.stage):
            continue
        if all(word in f"{arm.label} {address}".casefold() for word in sought):
            found.append(address)
    return found


def resolve(ws: Workspace, arms: Mapping[str, NamedArm]) -> None:
    """Replace what the address calls the arms by the ids that it means now; words that mean several arms stay."""
    for name in LABELS:
        said = st.query_params.get(name)
        if said and said not in arms and not _is_reference(said):
            found = offered(arms, st.query_params.get(OTHER[name]), words=said)
            if len(found) == 1:
                st.query_params[name] = found[0]
    asked = [st.query_params.get(name) for name in LABELS]
    if any(said and said not in arms and _is_reference(said) for said in asked):
        first, second = (said if said and (said in arms or _is_reference(said)) else None for said in asked)
        found_arms = find_arms(ws, first or second or "", second or first or "")
        st.query_params.update({"a": found_arms[0].address, "b": found_arms[1].address})


def _is_reference(said: str) -> bool:
    """Return whether something is written as one arm is named, and not as words to look for."""
    return len(said.split()) == 1 and ("/" in said or ":" in said)


def _pick(where: Any, name: str, arms: Mapping[str, NamedArm]) -> str | None:
    said = st.query_params.get(name)
    words = said if said and said not in arms else ""
    found = offered(arms, st.query_params.get(OTHER[name]), words=words)
    options = _with(found[:OFFERED], said if said in arms else None)
    chosen = shell.choose(
        where, LABELS[name], name, options, format_func=lambda address: arms[address].label if address in arms else address,
        accept_new_options=True, placeholder="Choose one, or write a part of its name",
    )  # fmt: skip
    if words and found:
        where.text(f"{len(found):,} arms have {shell.shortened(words, 80)!r} in their names: choose one.")
    elif words:
        where.error(shell.plain(f"No arm that fits has {shell.shortened(words, 80)!r} in its name."))
    return chosen


def _with(options: Sequence[str], chosen: str | None) -> list[str]:
    return [*options] if chosen is None or chosen in options else [chosen, *options]
