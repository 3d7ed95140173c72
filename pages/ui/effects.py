"""What a comparison found: the plot, the numbers beside it, the words below, and what to be careful about."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from evals.result import Result, ordered
from pages.ui import badges, figures, forest, shell
from pages.ui.palette import palette
from runs.compare import Pair
from runs.margins import Rule

EN = "\u2002"
"""A space that is not collapsed."""
TWICE = "A/A test: both arms are the same version, so what differs here is chance."
_BADGE = "background:rgba(255,140,0,.16);border-radius:.3rem;padding:.05rem .4rem;margin-right:.6rem;font-weight:600"
_NOTE = "font-size:.875rem;line-height:1.45;opacity:.8"


def draw(pair: Pair, rule: Rule | None = None) -> None:
    """Draw the verdicts, what to be careful about, the plot with the margins of a gate policy, and beside it numbers and words."""
    results = ordered(pair.comparison.results)
    primary = [result for result in results if result.metric.primary] or results
    warnings = list(pair.comparison.warnings)
    simulated = warnings.pop(0) if pair.a.simulated and pair.b.simulated and warnings else ""
    st.html(verdict_html(headline(primary), simulated, TWICE if twice(pair) else ""))
    _warn(warnings)
    left, right = st.columns([6, 7], gap="small")
    with left.container(border=True, height="stretch"):
        _plot(pair, primary, rule)
    with right.container(border=True, height="stretch"):
        folded = [result for result in results if result not in primary]
        numbers = figures.figures_html(primary, folded, pair.comparison.alpha, pair.comparison.unit)
        st.html(f'{numbers}<div style="height:.9rem"></div>{words_html(primary)}')


def _warn(warnings: Sequence[str]) -> None:
    """Say the weightiest caveat; fold the others away."""
    if warnings:
        st.warning(shell.plain(warnings[0]))
    if len(warnings) > 1:
        with st.expander(f"{len(warnings) - 1} more to be careful about"):
            for warning in warnings[1:]:
                st.text(warning)


def verdict_html(told: str, simulated: str = "", note: str = "") -> str:
    """Return what a comparison found in one line, and under it that the outputs are simulated, where they are, and a note."""
    found = f'<div style="font-size:1.05rem;font-weight:600">{escape(told)}</div>'
    badge = f'<span style="{_BADGE}">{badges.SIMULATED}</span>' if simulated else ""
    words = " ".join(filter(None, (simulated, note)))
    return (
        f'{found}<div style="font-size:.875rem;margin-top:.35rem">{badge}<span style="opacity:.8">{escape(words)}</span></div>'
        if words
        else found
    )


def twice(pair: Pair) -> bool:
    """Return whether one version was run twice, side by side and by the same model."""
    a, b = ((arm.run_id, arm.version, arm.model, arm.provider) for arm in (pair.a, pair.b))
    return a == b


def headline(results: Sequence[Result]) -> str:
    """Return in one line what B is better and worse at, and what is not known; metrics that did not move are left out."""
    if all(result.delta is None for result in results):
        return "Nothing to compare yet: no metric has a value in both arms."
    told = {"better": "B is better at", "worse": "B is worse at", "unclear": "unclear", "insufficient": "too little data"}
    found = []
    for verdict, words in told.items():
        names = [r.metric.name.replace("_", " ") for r in results if r.verdict == verdict and not r.unmoved]
        colon = "" if words.startswith("B ") else ":"
        found += [f"{badges.VERDICTS[verdict].partition(' ')[0]} {words}{colon} {', '.join(names)}"] if names else []
    return f"{EN}{EN}".join(found) or "Nothing differs between A and B."


def words_html(results: Sequence[Result]) -> str:
    """Return what the results say in words, a paragraph each, and in one those of metrics that did not move."""
    told = [f"{badges.VERDICTS[result.verdict]}   {result.sentence}" for result in results if not result.unmoved]
    same = [result.metric.name.replace("_", " ") for result in results if result.unmoved]
    told += [f"The same in every case: {', '.join(same)}."] if same else []
    # No paragraphs: Streamlit gives those a size of its own.
    lines = "".join(f'<div style="margin:0 0 .4rem">{shell.unbroken(escape(text))}</div>' for text in told)
    return f'<div style="font-size:.875rem;line-height:1.45;white-space:pre-wrap">{lines}</div>'


def _plot(pair: Pair, results: Sequence[Result], rule: Rule | None) -> None:
    panels = forest.panels(results, rule.margins if rule else forest.NO_MARGINS)
    for unit, frame in panels:
        forest.draw(frame, palette(), unit=unit, told=" ".join(frame["sentence"]))
    if not panels:
        st.text("No metric changed." if any(result.unmoved for result in results) else "No case was scored in both arms.")
        return
    told = f"Bars: {figures.sure(pair.comparison.alpha)} sure, paired by case, units are {pair.comparison.unit}. Dashed: no change."
    if rule and any(frame["margin"].notna().any() for _, frame in panels):
        told += f" {rule.told}"
    st.html(f'<div style="{_NOTE}">{escape(told)}</div>')
