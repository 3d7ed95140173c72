"""Comparisons that the pages ask for again and again, computed once for each state of the log."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from runs.compare import Arm, Pair, compare_arms
from runs.log import read
from runs.workspace import Workspace

Stamp = tuple[int, int]
MAX_ENTRIES = 8
"""A pair of a thousand cases takes some megabytes; a user goes back and forth between a few."""


def stamp(ws: Workspace) -> Stamp:
    """Return what changes whenever the log does. New journal bytes are folded in first, as before any query."""
    with read(ws):
        found = ws.log.stat()
    return found.st_mtime_ns, found.st_size


def comparison(ws: Workspace, a: Arm, b: Arm) -> Pair:
    """Return `runs.compare.compare_arms` of two arms; the same arms cost nothing until the log changes.

    Raises:
        InputError: The arms are of different stages, or nothing was generated.
    """
    # A log that grows between the two steps is compared as it is now under its old stamp; the next stamp differs.
    return _compared(str(ws.root), a, b, stamp(ws))


@st.cache_data(max_entries=MAX_ENTRIES, show_spinner=False)
def _compared(root: str, a: Arm, b: Arm, at: Stamp) -> Pair:  # noqa: ARG001  part of the key
    return compare_arms(Workspace(Path(root)), a, b)
