"""Which runs are listed: by words, stage, template, model and state; the address says by what, so that a list can be shared."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from pages.ui import address


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for; an empty list asks for everything."""

    words: str = ""
    stages: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    hide_simulated: bool = False


def templates(runs: pd.DataFrame) -> pd.Series[str]:
    """Return the templates of each run, by name: `shot/keyframe` of `shot/keyframe@plain, shot/keyframe#2`."""
    names = runs["arms"].fillna("").map(lambda text: sorted({ref.partition("@")[0].partition("#")[0] for ref in text.split(", ") if ref}))
    return names.astype("object")


def models(runs: pd.DataFrame) -> pd.Series[str]:
    """Return the models of each run."""
    return runs["models"].fillna("").map(lambda text: [name for name in text.split(", ") if name]).astype("object")


def draw(runs: pd.DataFrame) -> Filters:
    """Draw the filters over what there is to choose from."""
    search, *columns = st.columns([4, 3, 3, 3])
    words = address.text(search, "Search", "q", placeholder="template, suite, model, provider or run")
    offered = {
        "template": sorted(set(templates(runs).explode().dropna())),
        "model": sorted(set(models(runs).explode().dropna())),
        "state": sorted(set(runs["state"])),
    }
    template, model, state = (
        address.several(column.multiselect, name.capitalize(), name, options, placeholder=f"any {name}")
        for column, (name, options) in zip(columns, offered.items(), strict=True)
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        stages = sorted(runs["stage"].dropna().unique())
        stage = address.several(st.pills, "Stage", "stage", stages, selection_mode="multi", label_visibility="collapsed")
        hide = address.toggle(st, "Hide simulated", "real")
    return Filters(words, stage, template, model, state, hide)


def kept(runs: pd.DataFrame, asked: Filters) -> pd.DataFrame:
    """Return the runs that fit, those that are running first, otherwise in their order."""
    if runs.empty:
        return runs
    keep = pd.Series(True, index=runs.index)
    text = runs[["run_id", "arms", "suite", "models", "provider", "state"]].astype("str").fillna("").agg(" ".join, axis=1).str.casefold()
    for word in asked.words.casefold().split():
        keep &= text.str.contains(word, regex=False)
    if asked.stages:
        keep &= runs["stage"].isin(asked.stages)
    if asked.states:
        keep &= runs["state"].isin(asked.states)
    for found, names in ((templates(runs), asked.templates), (models(runs), asked.models)):
        if names:
            keep &= found.map(lambda mine, names=names: bool(set(mine) & set(names))).astype(bool)
    if asked.hide_simulated:
        keep &= ~runs["simulated"].fillna(value=False).astype(bool)
    fitting = runs[keep]
    return fitting.sort_values("state", key=lambda state: state != "running", kind="stable").reset_index(drop=True)
