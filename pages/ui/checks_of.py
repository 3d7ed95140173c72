"""The checks of prompts over a whole suite: which speak, on how many prompts, and where."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import pandas as pd
import streamlit as st

from evals.case import Case
from evals.checks.targets import target
from pages.ui import preview
from pages.ui.written import CaseKey
from prompts.errors import WorkbenchError
from prompts.version import Version
from runs.linting import Lints, lint_versions

SIGNS = {"block": "✗ block", "warn": "! warn", "info": "i info"}
MOST = 500


def draw(where: Any, version: Version, of_suite: Sequence[Case], suite: str) -> None:
    """Draw what the checks say of a version's prompts for a suite, for a model that the user chooses there."""
    aim = preview.target_of(where, version.stage)
    try:
        lints = _lints(version, CaseKey(of_suite), aim)
    except WorkbenchError as error:
        preview.broken(error)
        return
    st.text(told(lints, suite))
    if lints.clean() == len(lints.prompts):
        return
    st.dataframe(summary(lints), hide_index=True, height="content", alt="Checks that speak")
    every = st.expander("Every finding", key="every", on_change="rerun")
    if every.open:
        with every:
            frame = pd.DataFrame(lints.rows()).drop(columns="version")
            frame["severity"] = frame["severity"].map(SIGNS)
            st.dataframe(frame.head(MOST), hide_index=True, alt="Findings in prompts")


def told(lints: Lints, suite: str) -> str:
    """Return what the checks say in one line."""
    counts, total = lints.counts(), len(lints.prompts)
    if lints.clean() == total:
        return f"✓ The checks find nothing in the {total} prompts of the suite {suite}."
    said = ", ".join(f"{n} {name}" for name, n in counts.items() if n)
    return f"{total - lints.clean()} of the {total} prompts of the suite {suite} have findings: {said}."


def summary(lints: Lints) -> pd.DataFrame:
    """Return a row a check that speaks."""
    return pd.DataFrame(
        [
            {
                "Check": one["check"],
                "Severity": SIGNS[one["severity"]],
                "Prompts": f"{one['prompts']} of {one['of']}",
                "For example": one["for_example"],
                "Says": one["message"],
            }
            for one in lints.summary()
        ]
    )


@lru_cache(maxsize=16)
def _lints(version: Version, of: CaseKey, aim: str | None) -> Lints:
    return lint_versions([version], of.cases, target(aim) if aim else None)
