"""What changed between two prompts: in the templates, and in what one case makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.ui.text import diff_html
from prompts.diff import source_diff, text_diff
from prompts.errors import WorkbenchError
from prompts.version import from_closure
from runs import query
from runs.compare import Arm
from runs.workspace import Workspace

WHOLE = 100
"""Lines around a change of a rendered prompt: it is short enough to be read as a whole."""


def template_diff(ws: Workspace, a: Arm, b: Arm) -> None:
    """Draw the files that differ between the versions of two arms."""
    try:
        files = source_diff(*(from_closure(arm.template, arm.version, query.version_source(ws, arm.version)) for arm in (a, b)))
    except WorkbenchError as error:  # the rest of the page is still worth seeing
        st.text(str(error))
        return
    for file in files:
        st.text(f"{file.path} ({file.status})")
        st.html(diff_html(file.hunks))
    if not files:
        st.text("Both arms have the same template.")


def rendered_diff(a: Mapping[str, Any], b: Mapping[str, Any]) -> None:
    """Draw how the prompts differ that two generations were sent."""
    rendered = diff_html(text_diff(_prompt(a), _prompt(b), context=WHOLE))
    if rendered:
        st.html(rendered)
    else:
        st.text("Both arms were sent the same prompt.")


def _prompt(side: Mapping[str, Any]) -> str:
    return "\n\n".join(f"[{message['role']}]\n{message['content']}" for message in side.get("messages") or [])
