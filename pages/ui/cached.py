"""Comparisons that the pages ask for again and again, computed once for each state of the log."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from runs import query
from runs.compare import Arm, Pair, compare_arms, find_arms
from runs.log import freshen
from runs.workspace import Workspace

Stamp = tuple[int, int]
MAX_ENTRIES = 8
"""A pair of a thousand cases takes some megabytes; a user goes back and forth between a few."""


FRESH_S = 0.3
"""A page asks for the stamp again and again while it is drawn; within this time it is not looked up anew."""
_LOOKED: dict[Path, tuple[float, Stamp]] = {}


def stamp(ws: Workspace) -> Stamp:
    """Return what changes whenever the log does. New journal bytes are folded in first, as before any query."""
    looked, known = _LOOKED.get(ws.log, (0.0, (0, 0)))
    if time.monotonic() - looked < FRESH_S:
        return known
    # Without opening the log: whoever asks on finds out whether it can be read.
    freshen(ws)
    found = ws.log.stat()
    _LOOKED[ws.log] = time.monotonic(), (found.st_mtime_ns, found.st_size)
    return found.st_mtime_ns, found.st_size


class NamedArm(NamedTuple):
    """An arm as a list calls it."""

    label: str
    stage: str


def arms(ws: Workspace) -> Mapping[str, NamedArm]:
    """Return the arms of all runs by address, newest run first, until the log changes. Read only: it is shared."""
    return _arms(str(ws.root), stamp(ws))


@st.cache_resource(max_entries=2, show_spinner=False)
def _arms(root: str, at: Stamp) -> Mapping[str, NamedArm]:  # noqa: ARG001  part of the key
    rows = query.arms(Workspace(Path(root)))[["run_id", "arm", "ref", "model", "stage"]].itertuples(index=False)
    return {f"{run}:{arm}": NamedArm(f"{ref} · {model} · {stage} · {run}", stage) for run, arm, ref, model, stage in rows}


def queue(ws: Workspace, a: str, b: str) -> str | None:
    """Return the newest rating queue over the pairs of two arms, whichever of them was called the baseline, until the log changes."""
    return _queues(str(ws.root), stamp(ws)).get(frozenset((a, b)))


@st.cache_resource(max_entries=2, show_spinner=False)
def _queues(root: str, at: Stamp) -> Mapping[frozenset[str], str]:  # noqa: ARG001  part of the key
    newest_last = query.queues(Workspace(Path(root)))[::-1]
    return {frozenset((str(row["a"]), str(row["b"]))): str(row["queue"]) for row in newest_last.to_dict("records")}


def found_arms(ws: Workspace, a: str, b: str) -> tuple[Arm, Arm]:
    """Return `runs.compare.find_arms`, until the log changes; addresses only, whose meaning does not depend on any file.

    Raises:
        UnknownName: No run has such an arm.
        InputError: Both are the same arm.
    """
    return _found_arms(str(ws.root), a, b, stamp(ws))


@st.cache_data(max_entries=64, show_spinner=False)
def _found_arms(root: str, a: str, b: str, at: Stamp) -> tuple[Arm, Arm]:  # noqa: ARG001  part of the key
    return find_arms(Workspace(Path(root)), a, b)


def comparison(ws: Workspace, a: Arm, b: Arm) -> Pair:
    """Return `runs.compare.compare_arms` of two arms; the same arms cost nothing until the log changes. Read only: it is shared.

    Raises:
        InputError: The arms are of different stages, or nothing was generated.
    """
    # A log that grows between the two steps is compared as it is now under its old stamp; the next stamp differs.
    return _compared(str(ws.root), a, b, stamp(ws))


# Not copied for each visit: that alone would be a third of the page where runs have hundreds of jobs.
@st.cache_resource(max_entries=MAX_ENTRIES, show_spinner=False)
def _compared(root: str, a: Arm, b: Arm, at: Stamp) -> Pair:  # noqa: ARG001  part of the key
    return compare_arms(Workspace(Path(root)), a, b)


def traits(ws: Workspace, run_ids: tuple[str, ...]) -> pd.DataFrame:
    """Return `runs.query.case_traits`; a run's cases never change."""
    return _traits(str(ws.root), run_ids)


@st.cache_data(max_entries=MAX_ENTRIES, show_spinner=False)
def _traits(root: str, run_ids: tuple[str, ...]) -> pd.DataFrame:
    return query.case_traits(Workspace(Path(root)), run_ids)


def stage_scores(ws: Workspace, stage: str) -> pd.DataFrame:
    """Return `runs.query.run_scores` of a stage, until the log changes."""
    return _stage_scores(str(ws.root), stage, stamp(ws))


@st.cache_data(max_entries=MAX_ENTRIES, show_spinner=False)
def _stage_scores(root: str, stage: str, at: Stamp) -> pd.DataFrame:  # noqa: ARG001  part of the key
    return query.run_scores(Workspace(Path(root)), stage=stage)


def progress(ws: Workspace, run_id: str) -> dict[str, Any]:
    """Return `runs.query.progress`, until the log changes."""
    return _progress(str(ws.root), run_id, stamp(ws))


@st.cache_data(max_entries=MAX_ENTRIES, show_spinner=False)
def _progress(root: str, run_id: str, at: Stamp) -> dict[str, Any]:  # noqa: ARG001  part of the key
    return query.progress(Workspace(Path(root)), run_id)


def suite(ws: Workspace, run_id: str) -> str | None:
    """Return the suite of a run; it never changes."""
    return _suite(str(ws.root), run_id)


@st.cache_data(max_entries=64, show_spinner=False)
def _suite(root: str, run_id: str) -> str | None:
    return query.suite_of(Workspace(Path(root)), run_id)


def all_scores(ws: Workspace) -> pd.DataFrame:
    """Return `runs.query.run_scores` of all runs, until the log changes."""
    return _all_scores(str(ws.root), stamp(ws))


@st.cache_data(max_entries=2, show_spinner=False)
def _all_scores(root: str, at: Stamp) -> pd.DataFrame:  # noqa: ARG001  part of the key
    return query.run_scores(Workspace(Path(root)))
