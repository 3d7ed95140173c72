"""The table of runs: a row a run, newest first, and under each metric how its arms did."""

from __future__ import annotations

import re
import zlib
from typing import Any

import pandas as pd
import streamlit as st

from evals.result import RATIO_UNITS
from pages.ui import badges
from runs import machine

FIRST = ("face_consistency", "expression", "logic", "schema")
"""What viewers notice comes before what only counts."""


def arms_by_metric(scores: pd.DataFrame) -> pd.DataFrame:
    """Return a row a run and a column a primary metric: the arms' means in the order of the plan, such as `0.03 → 0.85`.

    Of more than two arms it is the lowest and the highest, `0.46 … 0.91`.

    Args:
        scores: As `runs.query.run_scores` gives them. Cost and latency have columns of their own elsewhere and are left out.
    """
    kept = scores[scores["primary"].fillna(value=False).astype(bool) & ~scores["unit"].isin(RATIO_UNITS)]
    if kept.empty:
        return pd.DataFrame()
    texts = kept.groupby(["run_id", "metric"], sort=False)["mean"].agg(_arrow).unstack()
    order = sorted(texts.columns, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))
    return texts[order]


def _arrow(means: pd.Series[float]) -> str:
    if len(means) > 2:
        known = means.dropna()
        return f"{known.min():.2f} … {known.max():.2f}" if len(known) else "–"
    return " → ".join(f"{mean:.2f}" if mean == mean else "–" for mean in means)


def shown(runs: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Return the table as people read it.

    Args:
        runs: As `runs.query.runs` gives them.
        scores: As `runs.query.run_scores` gives them, of these runs or more.
    """
    frame = pd.DataFrame({"State": [[badges.STATES.get(state, state)] for state in runs["state"]]})
    frame["By"] = [[badges.provider(simulated)] for simulated in runs["simulated"]]
    frame["Versions"] = runs["arms"].map(versions)
    frame["Done"] = runs["done"].astype("str") + " / " + runs["jobs"].astype("str")
    frame["Failed"] = runs["failed"] + runs["refused"]
    frame["Cost $"] = runs["cost_usd"]
    frame["Started"] = runs["started_at"]
    means = arms_by_metric(scores)
    for name in means.columns:
        if (found := runs["run_id"].map(means[name])).notna().any():
            frame[name.replace("_", " ")] = found
    frame["Model"] = [
        _model(None if simulated else provider, models)
        for simulated, provider, models in zip(runs["simulated"], runs["provider"], runs["models"], strict=True)
    ]
    if not all(machine.is_ours(name) for names in runs["machines"].dropna() for name in names.split(", ")):
        frame["Machine"] = runs["machines"]
    frame["Run"] = runs["run_id"]
    return frame


def versions(arms: object) -> str:
    """Return which versions a run compares: `shot/keyframe  @plain → working file`, or whole references where templates differ."""
    refs = str(arms).split(", ") if isinstance(arms, str) else []
    cut = [re.split("(?=[@#])", ref, maxsplit=1) for ref in refs]
    templates = {name for name, *_ in cut}
    if len(refs) < 2 or len(templates) > 1:
        return " → ".join(refs)
    return f"{templates.pop()}  {' → '.join(''.join(label) or 'working file' for _, *label in cut)}"


def _model(provider: object, models: object) -> str:
    return " · ".join(dict.fromkeys(str(name) for name in (provider, models) if isinstance(name, str) and name))


def columns(frame: pd.DataFrame) -> dict[str, Any]:
    """Return how the columns of `shown` are drawn."""
    fixed = {
        "State": badges.state_column(),
        "By": badges.provider_column(),
        "Versions": st.column_config.TextColumn(width=270, help="In the order of the arms: A → B"),
        "Done": st.column_config.TextColumn(width=80, alignment="right", help="Jobs with an outcome, of all"),
        "Failed": st.column_config.NumberColumn(width=55, help="Failed and refused generations"),
        "Cost $": st.column_config.NumberColumn(width=60, format="%.2f", help="Empty where no cost is known"),
        "Started": st.column_config.DatetimeColumn(width=105, format="D MMM HH:mm", help="UTC"),
        "Model": st.column_config.TextColumn(),
        "Machine": st.column_config.TextColumn(help="Which machines of the team worked on it"),
        "Run": st.column_config.TextColumn(),
    }
    about = "Mean of each arm, in the order of the versions; of more than two the lowest and the highest"
    metric = st.column_config.TextColumn(help=about, alignment="right", width=112)
    return {name: fixed.get(name, metric) for name in frame.columns}


def key(runs: pd.DataFrame) -> str:
    """Return a widget key of just these rows: a selection counts rows, so it must not outlive a row that comes in above."""
    return f"runs-{zlib.crc32('|'.join(runs['run_id']).encode()):08x}"
