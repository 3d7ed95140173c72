"""The blind queue as a component: the browser votes by itself, the server writes down what it hears and says so."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui import people
from pages.ui.judging import Sitting
from runs.errors import Forbidden

FOLDER = Path(__file__).parent


@cache
def _component() -> Any:
    html, css, js = (FOLDER.joinpath(f"judging.{kind}").read_text("utf-8") for kind in ("html", "css", "js"))
    return st.components.v2.component("workbench_judging", html=html, css=css, js=js)


def judge(sitting: Sitting) -> bool:
    """Draw the queue; return whether the person asks who won, which they may once all is judged."""
    key = f"judging/{sitting.queue['queue']}/{sitting.rater}"

    def hear() -> None:
        # Runs before the page does, so that what is drawn already says what was written down.
        sent = st.session_state[key].get("commands") or {}
        listed = sent.get("list") if isinstance(sent, dict) else None
        try:
            people.require("rate")
        except Forbidden as error:
            sitting.problem = error.message
            return
        sitting.take(command for command in listed or [] if isinstance(command, dict))

    result = _component()(key=key, data=sitting.data(), on_commands_change=hear, on_reveal_change=lambda: None)
    return bool(result.reveal) and sitting.done
