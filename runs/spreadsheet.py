"""Cells that people open in a spreadsheet, which takes what begins with some signs for a formula and runs it."""

from __future__ import annotations

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def inert(cell: str) -> str:
    """Return a cell's text with an apostrophe before what a spreadsheet would run: a model or a stranger may have written it."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
