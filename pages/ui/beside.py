"""What two arms wrote, beside each other for many cases at once: to read, before one is opened."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd
import streamlit as st

from pages.ui import live, shell
from runs.compare import Pair
from runs.workspace import Workspace

CHARS = 700
"""So much of each text is shown; the case shows all of it."""


def draw(ws: Workspace, pair: Pair, cases: pd.DataFrame, metric: str, wanted: str) -> None:
    """Offer to read the texts of some cases; they lie in files, which are opened only when somebody wants to."""
    mine = pair.frame[["arm", "case", "repeat", "artifact", "media_type"]]
    mine = mine[mine["case"].isin(cases["case"])]
    texts = mine[mine["media_type"].astype("str").str.startswith(live.TEXTS)].sort_values("repeat")
    if texts.empty:
        return
    opened = st.expander("Read what A and B wrote", key="texts", on_change="rerun")
    if opened.open:
        first = texts.drop_duplicates(["arm", "case"]).set_index(["arm", "case"])["artifact"]
        said = {key: live.words(ws, str(sha256), CHARS) for key, sha256 in first.items()}
        same = {"a": pair.a.address, "b": pair.b.address, "m": metric, "w": wanted}
        rows = [
            (
                row["case"],
                shell.link("case", **{**same, "case": row["case"]}),
                [said.get((arm.address, row["case"]), "") for arm in (pair.a, pair.b)],
            )
            for row in cases.to_dict("records")
        ]
        with opened:
            st.html(table_html(rows))


def table_html(rows: Sequence[tuple[str, str, Sequence[str]]]) -> str:
    """Return a block a case: its link, and under it both texts.

    Args:
        rows: Case, link, and the text of each arm; nothing where an arm has none.
    """
    return "".join(
        f'<div style="padding:.5rem 0"><a href="{escape(link)}" style="color:inherit;font-weight:600">{escape(case)}</a>'
        f'<div style="display:grid;grid-template-columns:1fr 1fr;gap:1.5rem;font-size:.875rem;line-height:1.5">{_cells(texts)}</div></div>'
        for case, link, texts in rows
    )


def _cells(texts: Sequence[str]) -> str:
    return "".join(
        f'<div style="min-width:0;overflow-wrap:anywhere"><b>{letter}</b>&ensp;{escape(text) or "no text"}</div>'
        for letter, text in zip("AB", texts, strict=True)
    )
