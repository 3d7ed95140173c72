"""The views of one version on Write: its prompt, changes, checks, source, declarations and runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from evals.case import Case
from pages.ui import changes, checks_of, declared, preview, shell, used, written
from pages.ui.known import Known
from pages.ui.source import source_html
from prompts.errors import WorkbenchError
from prompts.version import Version
from runs.prepare import registry
from runs.workspace import Workspace

VIEWS = {
    "prompt": "Prompt",
    "changes": "Changes",
    "checks": "Checks",
    "source": "Source",
    "declared": "Inputs and contracts",
    "runs": "Runs",
}


def draw(ws: Workspace, at: str, view: str, version: Version, base: Version | None) -> None:
    """Draw one view of a version; `base` is what its changes are counted from, `at` the stamp of the files."""
    if view == "source":
        _whole(version)
    elif view == "runs":
        used.draw(ws, version.id)
    else:
        _over_cases(ws, at, view, version, base)


def _over_cases(ws: Workspace, at: str, view: str, version: Version, base: Version | None) -> None:
    """Draw a view that needs cases. A broken file of cases spoils these views and no others."""
    try:
        cases = written.cases(ws, at)
    except WorkbenchError as error:
        preview.broken(error)
        return
    of_stage = [case for case in cases if case.stage == version.stage]
    if view == "declared":
        declared.draw(version, next((case for case in of_stage if case.id == st.query_params.get("case")), next(iter(of_stage), None)))
    elif version.stage == "judge" and view != "changes":
        st.text(
            "A judge's prompt is made of what a run has generated, so there is none to show before one. See its source and its changes."
        )
    elif view == "prompt":
        preview.draw(ws, version, of_stage)
    elif view == "checks":
        left, right, _ = st.columns([3, 3, 5])
        suite, chosen = _suite(left, ws, at, version.stage, cases)
        checks_of.draw(right, version, chosen, suite)
    elif base is None:
        st.text("Choose a version to compare with; this template has no other that can be used.")
    else:
        changes.files(base, version)
        if version.stage != "judge":
            suite, chosen = _suite(st.container(width=320), ws, at, version.stage, cases)
            changes.prompts(base, version, chosen, suite)


def _suite(where: Any, ws: Workspace, at: str, stage: str, cases: Sequence[Case]) -> tuple[str, list[Case]]:
    """Let the user choose a suite of the stage; without one all cases of the stage count."""
    suites = {name: suite for name, suite in written.suites(ws, at).items() if suite.stage == stage}
    chosen = shell.choose(where, "Suite", "suite", list(suites), usual=next(iter(suites), None)) if suites else None
    if chosen is None:
        return f"of all {stage}s", [case for case in cases if case.stage == stage]
    return chosen, suites[chosen].cases(cases)


def source_of(ws: Workspace, one: Known) -> str:
    """Return the text of the file in which a version breaks; empty where it cannot be read."""
    path = (one.problem.path if one.problem else "") or one.path
    try:
        return registry(ws).read(path) or ""
    except WorkbenchError:
        return ""


def _whole(version: Version) -> None:
    for path in sorted(version.closure, key=lambda path: (path != version.entry, path)):
        st.text(path)
        st.html(source_html(version.closure[path]))
