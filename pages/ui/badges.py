"""Small marks with one meaning everywhere: who generated, how a run stands, what a comparison says."""

from __future__ import annotations

STATES = {
    "running": "◐ running",
    "finished": "● finished",
    "stopped": "◼ stopped",
    "failed": "✗ failed",
    "interrupted": "◌ interrupted",
}
VERDICTS = {"better": "▲ better", "worse": "▼ worse", "unclear": "◆ unclear", "insufficient": "○ too little"}
"""Sign and word say it; colour only repeats it."""


def provider(simulated: bool | None) -> str:
    """Return the mark of who generated."""
    return "SIM" if simulated else "real"
