"""Colours of our own charts in the two looks. Never colour alone: sign, shape, dash or word says the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours that read well on one background.

    Attributes:
        ground: The page itself, to keep words clear of lines that run behind them.
        ink: Words and numbers.
        faint: Axes, zero lines, what stands behind.
        a: Everything of arm A, also dashed.
        b: Everything of arm B, also solid.
        verdicts: By verdict; blue and orange are told apart by nearly everybody.
    """

    ground: str
    ink: str
    faint: str
    a: str
    b: str
    verdicts: Mapping[str, str]


LIGHT = Palette(
    "#ffffff",
    "#0b0d12",
    "#9aa0ab",
    "#6b7280",
    "#0f766e",
    {"better": "#1f6fd0", "worse": "#b85c00", "unclear": "#6b7280", "insufficient": "#6b7280"},
)
DARK = Palette(
    "#111318",
    "#f0f2f6",
    "#6f7683",
    "#a5acb8",
    "#3cc7b5",
    {"better": "#6ea8ff", "worse": "#ff9d4d", "unclear": "#a5acb8", "insufficient": "#a5acb8"},
)


def palette() -> Palette:
    """Return the colours for the look that this visitor sees."""
    return DARK if st.context.theme.type == "dark" else LIGHT
