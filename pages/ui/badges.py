"""Small marks with one meaning everywhere: who generated, how a run stands, what a comparison says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evals.result import Result

STATES: Mapping[str, str] = {
    "running": "◐ running",
    "finished": "● finished",
    "stopped": "◼ stopped",
    "failed": "✗ failed",
    "interrupted": "◌ interrupted",
}
VERDICTS: Mapping[str, str] = {"better": "▲ better", "worse": "▼ worse", "unclear": "◆ unclear", "insufficient": "○ too little"}
"""Sign and word say it; colour only repeats it."""
SAME = "= same"
"""Of a metric that is the same in every unit: nothing is unclear about that."""
SIMULATED, REAL = "SIM", "real"
_VERDICT_COLOURS = ("blue", "orange", "gray", "gray", "gray")
_STATE_COLOURS = ("blue", "green", "orange", "red", "gray")


def provider(simulated: bool | None) -> str:
    """Return the mark of who generated."""
    return SIMULATED if simulated else REAL


def colour(state: str) -> Any:
    """Return the colour of a state's chip."""
    return dict(zip(STATES, _STATE_COLOURS, strict=True)).get(state, "gray")


def verdict(result: Result) -> str:
    """Return what a comparison says of a metric."""
    return SAME if result.unmoved else VERDICTS[result.verdict]


def verdict_column() -> Any:
    """Return how a column of verdicts is drawn."""
    import streamlit as st

    return st.column_config.MultiselectColumn(options=[*VERDICTS.values(), SAME], color=list(_VERDICT_COLOURS))


def state_column() -> Any:
    """Return how a column of states is drawn: each a coloured chip."""
    import streamlit as st

    return st.column_config.MultiselectColumn(width=120, options=list(STATES.values()), color=list(_STATE_COLOURS))


def provider_column() -> Any:
    """Return how a column of provider marks is drawn."""
    import streamlit as st

    help_ = "SIM: the embedded studio; real: a model, or people"
    return st.column_config.MultiselectColumn(width=62, options=[SIMULATED, REAL], color=["orange", "green"], help=help_)
