"""Where a generation comes from and what was made of it: the stages of its chain, each a link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui import shell
from runs import query
from runs.workspace import Workspace

MOST = 50


def has(side: Mapping[str, Any]) -> bool:
    """Return whether a generation can have a lineage: it is there."""
    return bool(side.get("job_id"))


def draw(ws: Workspace, side: Mapping[str, Any]) -> None:
    """Draw what fed a generation, back to the first stage, and what it fed."""
    up = query.ancestry(ws, side["arm"].run_id, side["job_id"])
    down = query.descendants(ws, side["arm"].run_id, side["job_id"])
    if up.empty and down.empty:
        st.text(f"{side['letter']}: made from its case alone, and nothing was made of it. “workbench chain” makes one stage from another.")
        return
    st.text(f"{side['letter']}: what it was made from, the nearest first" if len(up) else f"{side['letter']}: made from its case alone")
    _table(links(ws, up, "from_"), "Upstream")
    if len(down):
        st.text("what was made of it")
        _table(links(ws, down, ""), "Downstream")


def links(ws: Workspace, rows: pd.DataFrame, prefix: str) -> pd.DataFrame:
    """Return a row a generation: stage, case where known, run, and the address of its page."""
    seen = rows.drop_duplicates([f"{prefix}run_id", f"{prefix}job_id"]).head(MOST)
    found = []
    for one in seen.itertuples():
        run_id, job_id = str(getattr(one, f"{prefix}run_id")), str(getattr(one, f"{prefix}job_id"))
        place = query.place(ws, run_id, job_id)
        address = shell.link("case", a=f"{run_id}:{place['arm']}", case=place["case_id"]) if place else None
        stage = getattr(one, f"{prefix}stage")
        found.append((stage, place["case_id"] if place else None, run_id, job_id[:12], address))
    return pd.DataFrame(found, columns=["stage", "case", "run", "job", "open"])


def _table(frame: pd.DataFrame, alt: str) -> None:
    if len(frame):
        config = {"open": st.column_config.LinkColumn(display_text="open")}
        st.dataframe(frame, hide_index=True, column_config=config, placeholder="–", alt=alt, height="content")
