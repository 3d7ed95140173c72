"""What changes from one version to another: in the files, and in the prompts of a whole suite."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import pandas as pd
import streamlit as st

from evals.case import Case
from pages.ui.text import diff_html
from pages.ui.written import CaseKey
from prompts.diff import CaseDiff, RenderedDiff, rendered_diff, source_diff
from prompts.version import Version


def files(a: Version, b: Version) -> None:
    """Draw the files that differ."""
    st.subheader("In the files")
    found = source_diff(a, b)
    for file in found:
        st.text(f"{file.path} ({file.status})")
        st.html(diff_html(file.hunks))
    if not found:
        st.text("Both versions have the same text.")


def prompts(a: Version, b: Version, of_suite: Sequence[Case], suite: str) -> None:
    """Draw which cases of a suite get another prompt, and the difference for a chosen one."""
    st.subheader("In the prompts")
    diff = _diff(a, b, CaseKey(of_suite))
    st.text(told(diff, suite))
    changed = diff.changed
    if not changed:
        return
    frame = rows(changed)
    event = st.dataframe(
        frame,
        hide_index=True,
        height=min(36 + 35 * len(frame), 300),
        on_select="rerun",
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [0]}},
        key=f"changed-{a.short}-{b.short}-{suite}",
        alt="Cases whose prompt changes",
    )
    picked = list(event.selection.rows)
    one = changed[picked[0]] if picked and picked[0] < len(changed) else changed[0]
    st.text(one.case_id)
    for letter, error in (("A", one.error_a), ("B", one.error_b)):
        if error:
            st.text(f"{letter} does not render: {error}")
    st.html(diff_html(one.lines))


def told(diff: RenderedDiff, suite: str) -> str:
    """Return what a rendered diff adds up to."""
    total, broken = len(diff.cases), sum(bool(case.error_b) for case in diff.cases)
    sums = f"{diff.characters:+,} characters, about {diff.tokens:+,} tokens"
    words = f"{len(diff.changed)} of {total} prompts of the suite {suite} change: {sums}"
    return f"{words}; {broken} do not render any more" if broken else words


def rows(changed: Sequence[CaseDiff]) -> pd.DataFrame:
    """Return the table of cases whose prompt changes, those that no longer render first, then the largest change."""
    return pd.DataFrame(
        {
            "Case": [case.case_id for case in changed],
            "Characters": [case.characters for case in changed],
            "Tokens": [case.tokens for case in changed],
            "Error": [case.error_b or case.error_a for case in changed],
        }
    )


@lru_cache(maxsize=16)
def _diff(a: Version, b: Version, of: CaseKey) -> RenderedDiff:
    return rendered_diff(a, b, [(case.id, case.inputs) for case in of.cases])
