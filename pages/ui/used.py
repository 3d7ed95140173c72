"""The runs that a version took part in, newest first, and ways to them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.ui import badges, shell
from runs import query
from runs.workspace import Workspace

MOST = 50


def draw(ws: Workspace, version: str) -> None:
    """Draw the runs of a version as a table with links."""
    frame = rows(ws, version)
    if frame.empty:
        st.text("No run has used this version yet.")
        shell.page_button("launch.py", "Launch a run")
        return
    st.dataframe(
        frame,
        hide_index=True,
        height="content",
        column_config={
            "State": badges.state_column(),
            "By": badges.provider_column(),
            "Started": st.column_config.DatetimeColumn(format="D MMM HH:mm", help="UTC"),
            "Run": st.column_config.LinkColumn(display_text=r"id=(.*)$"),
        },
        alt="Runs of this version",
    )


def rows(ws: Workspace, version: str) -> pd.DataFrame:
    """Return a row a run and arm of a version."""
    arms = query.arms(ws)
    arms = arms[arms["version"] == version].head(MOST)
    state = query.runs(ws).set_index("run_id")["state"]
    return pd.DataFrame(
        {
            "State": [[badges.STATES.get(state[run], state[run])] for run in arms["run_id"]],
            "By": [[badges.provider(simulated)] for simulated in arms["simulated"]],
            "Arm": arms["arm"].str.upper(),
            "Called": arms["ref"],
            "Model": arms["model"],
            "Started": arms["started_at"],
            "Run": [shell.link("run", id=run) for run in arms["run_id"]],
        }
    )
