"""The scores of one case: both arms beside each other, and the scorers' words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from evals.result import RATIO_UNITS
from pages.ui import address, shell

SMALLEST = 0.0005
"""What three digits do not show."""
MOST_WORDS = 400
"""Of a reason; the evidence below has all of it."""
MARKS = {True: "▲", False: "▼"}
_SMALL = "font-size:.85rem;line-height:1.45;overflow-wrap:anywhere"
COLUMNS = ("metric", "A", "B", "B − A")


def table(sides: Iterable[Mapping[str, Any]], *, every: bool) -> pd.DataFrame:
    """Return a row a metric that any side has: primary ones, or all; spending comes last.

    Without a value, a cell is empty and `words` says why.
    """
    rows: dict[str, dict[str, Any]] = {}
    for side in sides:
        for score in side.get("scores", []):
            if every or score["primary"]:
                arrow = {"up": "↑", "down": "↓"}.get(str(score["direction"]), "")
                row = rows.setdefault(score["metric"], {"metric": f"{score['metric'].replace('_', ' ')} {arrow}".strip()})
                row["last"] = score["unit"] in RATIO_UNITS
                row["primary"] = bool(score["primary"])
                row[side["letter"]] = score["value"] if score["status"] == "ok" else None
    frame = pd.DataFrame(rows.values(), columns=["metric", "A", "B", "last", "primary"])
    frame = frame.sort_values(["primary", "last", "metric"], ascending=[False, True, True], kind="stable").reset_index(drop=True)
    numbers = frame[["A", "B"]].astype("float64")
    return frame[["metric"]].join(numbers).assign(**{"B − A": numbers["B"] - numbers["A"]})[list(COLUMNS)]


def _more(sides: Sequence[Mapping[str, Any]]) -> bool:
    return any(not score["primary"] for side in sides for score in side.get("scores", []))


def without_equal(frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the rows in which the sides differ, or one has no value, and in words what is the same in both."""
    equal = frame["B − A"].abs() < SMALLEST
    if equal.all():
        return frame, ""
    same = ", ".join(f"{name.rstrip(' ↑↓')} {value:.3g}" for name, value in zip(frame["metric"][equal], frame["A"][equal], strict=True))
    return frame[~equal].reset_index(drop=True), same


def signed(delta: float, arrow: str) -> str:
    """Return a change as people read it: its sign, and whether that is better (▲) or worse (▼)."""
    if delta != delta:
        return "–"
    if abs(delta) < SMALLEST:
        return "0"
    good = {"↑": delta > 0, "↓": delta < 0}.get(arrow)
    return f"{'+' if delta > 0 else '−'}{abs(delta):.3f}{'' if good is None else f' {MARKS[good]}'}"


def words(sides: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """Return (metric, sides, words) of the primary metrics whose scorer says more than the number; the same words once."""
    found: dict[tuple[str, str], list[str]] = {}
    for side in sides:
        for score in side.get("scores", []):
            text = shell.shortened(score["reason"] if score["status"] == "ok" else _why_not(score), MOST_WORDS)
            if score["primary"] and score["unit"] not in RATIO_UNITS and text:
                found.setdefault((score["metric"].replace("_", " "), text), []).append(side["letter"])
    return [(metric, ", ".join(letters), text) for (metric, text), letters in found.items()]


def _why_not(score: Mapping[str, Any]) -> str:
    return ": ".join(filter(None, (str(score["status"]).replace("_", " "), score["reason"])))


def draw(sides: Sequence[Mapping[str, Any]], *, apart: Any = None) -> None:
    """Draw the numbers, then the words: below them, or in the place `apart`, in a column a side."""
    slot = st.container()
    told = apart.container() if apart is not None else st.container()
    every = address.toggle(st, "All metrics", "all") if _more(sides) else False
    frame, same = table(sides, every=every), ""
    if len(sides) > 1 and not every:
        frame, same = without_equal(frame)
    if frame.empty:
        slot.text("Nothing was scored.")
        return
    with slot:
        number = st.column_config.NumberColumn(format="%.3f")
        change = st.column_config.TextColumn(alignment="right", help="▲ better, ▼ worse")
        config = {
            "A": number,
            "B": number,
            "B − A": change,
            "metric": st.column_config.TextColumn(help="↑ more is better, ↓ less is better"),
        }
        frame["B − A"] = [signed(delta, name[-1]) for delta, name in zip(frame["B − A"], frame["metric"], strict=True)]
        if len(sides) < 2:
            frame = frame[["metric", "A"]].rename(columns={"A": "score"})
            config["score"] = number
        st.dataframe(frame, hide_index=True, column_config=config, placeholder="–", alt="Scores of both arms", height="content")
        if same:
            st.html(f'<div style="{_SMALL};opacity:.75">The same in both: {escape(same)}</div>')
    shown = {name.rstrip(" ↑↓") for name in frame["metric"]}  # what is the same in both needs no reasons
    found = [one for one in sorted(words(sides)) if one[0] in shown]
    if found:
        told.html(words_html(found, [str(side["letter"]) for side in sides] if apart is not None else []))


def words_html(found: Sequence[tuple[str, str, str]], columns: Sequence[str]) -> str:
    """Return reasons as lines, or those of each side in a column of its own, and what both were told across all."""

    def lines(letters: str) -> str:
        return "".join(
            f'<div style="padding:.1rem 0"><b>{letter}</b>&ensp;{escape(metric)}: {escape(text)}</div>'
            for metric, letter, text in found
            if letters in ("", letter)
        )

    if not columns:
        return f'<div style="{_SMALL}">{lines("")}</div>'
    apart = "".join(f'<div style="flex:1 1 0;min-width:0">{lines(letter)}</div>' for letter in columns)
    both = "".join(lines(letters) for letters in sorted({letter for _, letter, _ in found} - set(columns)))
    return f'<div style="{_SMALL}"><div style="display:flex;gap:1rem">{apart}</div>{both}</div>'
