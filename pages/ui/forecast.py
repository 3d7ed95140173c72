"""What a run would take and could show, in words and two tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.ui import checks_of, preview, shell
from runs.dryrun import DryRun
from runs.margins import NAMES

GUESS = "guesses"
ROLES = {"primary": "must improve", "guardrail": "must not get worse", "hard": "must not happen"}


def size(found: DryRun) -> None:
    """Draw jobs and money, and what stands against it."""
    with st.container(horizontal=True, gap="large"):
        for label, figure in figures(found):
            st.metric(label, figure, width="content")
    for line in warnings(found):
        st.text(line)


def effects(found: DryRun, pilots: Sequence[str], usual: str) -> None:
    """Draw what the checks say of the prompts, and what effect the run can show; `pilots` are runs that tell how much metrics vary."""
    if found.lints.clean() < len(found.lints.prompts):
        with st.expander(f"What the checks say of its prompts: {said(found)}", key="lints"):
            frame = checks_of.summary(found.lints)
            frame.insert(0, "Version", [one["version"] for one in found.lints.summary()])
            st.dataframe(frame, hide_index=True, height="content", alt="Checks that speak")
    if not found.needs:
        st.text("The suite names no gate policy, so it is not known what effect matters. Name one under “gate:” in the suite.")
        return
    title, choice = st.columns([7, 4], vertical_alignment="bottom")
    title.subheader("What it can show")
    shell.choose(choice, "How much metrics vary, from", "pilot", pilots, usual=usual, help="The first two arms of a run")
    st.text(headline(found))
    columns = {name: st.column_config.NumberColumn(format="%.3g") for name in ("To be seen", "This run shows")}
    columns["They cost $"] = st.column_config.NumberColumn(format="%.2f", help="At most, for both versions; empty where no price is known")
    columns["Takes series"] = st.column_config.NumberColumn(
        help="How many series show what is to be seen, four times out of five or better"
    )
    st.dataframe(needs(found), hide_index=True, height="content", column_config=columns, placeholder="–", alt="What each metric needs")
    st.caption(source(found))


def figures(found: DryRun) -> list[tuple[str, str]]:
    """Return the size of a run, as (label, figure)."""
    estimate, event = found.estimate, found.plan.event
    return [
        ("Jobs", f"{estimate.jobs:,}"),
        ("Arms", str(len(event.arms))),
        ("Series", str(found.means.series)),
        ("Cases", str(len(event.cases))),
        ("Prompt tokens", f"{estimate.prompt_tokens:,}"),
        ("Cost", preview.usd(estimate.low_usd, estimate.high_usd)),
    ]


def said(found: DryRun) -> str:
    """Return how many findings the checks of prompts have."""
    counts = found.lints.counts()
    names = {"block": "blocking", "warn": "warnings" if counts["warn"] > 1 else "warning"}
    return ", ".join(f"{counts[name]} {word}" for name, word in names.items() if counts[name]) or "✓ nothing"


def warnings(found: DryRun) -> list[str]:
    """Return what a user should know before starting."""
    lines = [found.refusal] if found.refusal else []
    if found.estimate.unpriced:
        names = ", ".join(found.estimate.unpriced)
        lines.append(f"Cost unknown for {names}: there is no price, or nothing bounds the length of an answer.")
    return lines


def headline(found: DryRun) -> str:
    """Return in a sentence what the run can show of what is to improve."""
    told = []
    for need in (one for one in found.needs if one.role == "primary"):
        name = spaced(need.metric)
        seen = f"a gain of {need.detectable:.2g} or more in {name}" if need.detectable is not None else f"no gain in {name}"
        fix = "enough" if need.affordable else f"{need.series:,} would show {need.effect:.2g}"
        told.append(f"{found.means.series} series show {seen} ({100 * need.power:.0f} % of the time); {fix}.")
    return " ".join(told)


def needs(found: DryRun) -> pd.DataFrame:
    """Return a row a metric of the policy."""
    return pd.DataFrame(
        [
            {
                "Metric": spaced(need.metric),
                "What": ROLES[need.role],
                "To be seen": need.effect,
                "This run shows": need.detectable,
                "Enough": "✓" if need.affordable else "✗",
                "Takes series": need.series,
                "They cost $": need.usd,
            }
            for need in found.needs
        ]
    ).astype({"This run shows": "float64", "They cost $": "float64"})


def source(found: DryRun) -> str:
    """Return where the numbers come from."""
    guesses = [spaced(need.metric) for need in found.needs if need.role != "hard" and need.metric not in found.measured]
    if not guesses:
        return "How much the metrics vary was measured in the pilot."
    return f"How much {', '.join(guesses)} varies is guessed. A run of this suite as pilot, such as an A/A, replaces the guess."


def spaced(name: str) -> str:
    """Return a metric's name as people write it."""
    return NAMES.get(name, name).replace("_", " ")
