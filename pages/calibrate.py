"""Scorers: how far each may be believed, from what the log holds and from what was labelled; nothing here is assumed."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from evals.checks.registry import CHECKS
from evals.judge.calibration import recorded
from evals.waiverfile import stamp_of
from pages.ui import agreement, cached, people, shell, takeaway
from runs import query
from runs.workspace import Workspace

TABLES = {
    "Truths": "truths",
    "Planted faults": "planted",
    "Votes and scores": "rated_scores",
    "Checks": "checks",
    "Drift": "drift",
    "Work": "workload",
}
"""What the numbers of the page are counted from, and what can be taken along, by name."""
MEASURES = (
    "AUC: how often the right one of two scores higher, half is a guess. Rank correlation: 1 where the order is the same, "
    "0 where it has nothing to do with the truth. Share: of all outputs."
)


def main() -> None:
    """Draw the page."""
    ws = shell.workspace()
    beside, below = shell.heading("Scorers")
    workload = _ask(str(ws.root), "workload", cached.stamp(ws))
    if workload.empty:
        st.text("Nothing has been scored yet. Whatever a run generates is scored, and this page then says how far scores can be trusted.")
        if people.may("launch"):
            shell.page_link("launch.py", "Launch two versions →", suite="shot", v=["shot/keyframe@plain", "shot/keyframe"])
        return
    with beside:
        takeaway.draw("scorers", {label: partial(_ask, str(ws.root), name, cached.stamp(ws)) for label, name in TABLES.items()}, below)
    _truth(ws)
    _people(ws)
    _checks(ws)
    _drift(ws)
    _work(workload)


@st.cache_data(max_entries=32, show_spinner="Counting …")
def _ask(root: str, question: str, at: tuple[int, ...]) -> pd.DataFrame:  # noqa: ARG001  part of the key
    from pathlib import Path

    found: pd.DataFrame = getattr(query, question)(Workspace(Path(root)))
    return found


def _truth(ws: Workspace) -> None:
    st.subheader("Beside the truth")
    st.caption("The studio logs what it drew, unseen by scorers. This says what a scorer can see at all, not how it does on your models.")
    at = cached.stamp(ws)
    faces = agreement.with_truth(_ask(str(ws.root), "truths", at))
    scripts = agreement.with_planted(_ask(str(ws.root), "planted", at))
    if faces.empty and scripts.empty:
        st.text("No simulated output with enough to compare. “workbench calibrate --studio 48” measures on people drawn for it.")
        return
    st.text("Faces and expression")
    if faces.empty:
        st.text("No simulated picture or clip of one person yet.")
    else:
        measure = st.column_config.TextColumn(help=MEASURES)
        _table(faces, "Scorers beside the studio's truth", Value=_number("%.2f"), Interval=_right(), Measure=measure)
    st.text("Faults planted in scripts")
    if scripts.empty:
        st.text("No simulated script with a planted fault yet.")
        return
    _table(scripts, "Checks beside planted faults", Found=_bar("Share of the planted ones that the check named at their place"))
    st.caption("What a prompt leaves open, such as the ids of the cast, the writer makes up; checks find that too, and are right to.")


def _people(ws: Workspace) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Beside people's votes")
        votes = agreement.with_votes(_ask(str(ws.root), "rated_scores", cached.stamp(ws)))
        if votes.empty:
            st.text("No pair that people judged has scores that differ.")
            shell.page_button("review.py", "Let people judge some")
        else:
            percent = _bar("Half is what a coin does")
            _table(votes, "Metrics beside people's votes", **{"Agrees with people": percent})
            st.caption("Of pairs where both have a side. Intervals are 90 % over series.")
    with right:
        st.subheader("Judges")
        judges = agreement.of_judges(recorded(ws.evals))
        if judges.empty:
            st.text("No judge was compared with people. Until one is, what it says is advice, and no gate reads it:")
            st.code("workbench calibrate --judge judge/screenplay@MODEL RUN ratings.csv", language="shell", wrap_lines=True)
        else:
            chip = st.column_config.MultiselectColumn(options=["✓ calibrated", "○ advice only"], color=["green", "gray"])
            _table(judges, "Judges beside people", Standing=chip, κ=_number("%.2f"))


def _checks(ws: Workspace) -> None:
    st.subheader("Checks on your own material")
    # What people say of findings stands in a file, which the log knows nothing of.
    said = stamp_of(ws.evals)
    checks = _ask(str(ws.root), "checks", (*cached.stamp(ws), *said)).drop(columns=["arm"]).rename(columns=str.capitalize)
    if checks.empty:
        st.text("No check has spoken yet.")
        return
    bar = st.column_config.ProgressColumn(
        min_value=0.0, max_value=1.0, format="percent", help="(right + meant) / all that people have judged"
    )
    catches = {check.id: check.catches for check in CHECKS}
    checks.insert(1, "Catches", [catches.get(name, "") for name in checks["Check"]])
    _table(checks, "Checks, and what people said of their findings", Precision=bar)
    if not checks["Precision"].notna().any():
        st.text("Nobody has said of a finding yet whether it is right: “workbench waive” does.")


def _drift(ws: Workspace) -> None:
    st.subheader("Drift")
    drift = _ask(str(ws.root), "drift", cached.stamp(ws))
    if drift.empty:
        st.text("No output was scored by two versions of a scorer. “workbench score RUN” judges old outputs again after an upgrade.")
        return
    drift = drift.assign(change=drift["mean_after"] - drift["mean_before"])
    names = {"mean_before": "Mean before", "mean_after": "Mean after"}
    _table(drift.rename(columns=names).rename(columns=str.capitalize), "The same outputs under two versions", Change=_number("%+.4f"))


def _work(workload: pd.DataFrame) -> None:
    st.subheader("Work done")
    names = {"waited_s": "Wait s", "cost_usd": "Cost $"}
    config = {
        "Wait s": st.column_config.NumberColumn(format="%.1f", help="Median from an output to its scores, waiting included"),
        "Cost $": st.column_config.NumberColumn(
            format="%.4f", help="What judges were billed; empty where no model is called, or the cost is not known"
        ),
        "Excluded": st.column_config.NumberColumn(help="Nothing to judge: it counts in no mean"),
        "Failed": st.column_config.NumberColumn(help="Counts as the worst value"),
    }
    _table(workload.rename(columns=names).rename(columns=str.capitalize), "What scorers did of late", **config)


def _table(frame: pd.DataFrame, alt: str, **config: Any) -> None:
    shown = frame.assign(**{name: frame[name].astype("str").str.replace("_", " ") for name in ("Scorer", "Metric") if name in frame})
    st.dataframe(shown, hide_index=True, height="content", placeholder="–", alt=alt, column_config=config)


def _number(form: str) -> Any:
    return st.column_config.NumberColumn(format=form)


def _bar(told: str) -> Any:
    return st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="percent", help=told)


def _right() -> Any:
    return st.column_config.TextColumn(alignment="right", help="95 %")


main()
