"""Small marks with one meaning everywhere: who generated, how a run stands, what a comparison says."""

from __future__ import annotations

import streamlit as st

STATES = {
    "running": "🔵 running",
    "finished": "🟢 finished",
    "stopped": "🟠 stopped",
    "failed": "🔴 failed",
    "interrupted": "🟠 interrupted",
}
VERDICTS = {"better": "▲ better", "worse": "▼ worse", "unclear": "◆ unclear", "insufficient": "○ too little"}
"""Sign and word say it; colour only repeats it."""


def provider(simulated: bool | None) -> str:
    """Return the mark of who generated."""
    return "SIM" if simulated else "real"


def simulated_banner(a: bool, b: bool) -> None:
    """Say plainly that simulated outputs prove nothing about a real model."""
    if a and b:
        st.info("Both arms are simulated: this shows that the tool works, not that B is better on a real model.", icon="🧪")
    elif a or b:
        st.warning("One arm is simulated and the other is not: they cannot be compared.", icon="🧪")
