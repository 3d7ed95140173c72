"""What a comparison found: the plot, the numbers beside it, the words below, and what to be careful about."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from evals.result import Result, ordered
from evals.sentence import change, level
from pages.ui import address, badges, forest, shell
from pages.ui.palette import palette
from runs.compare import Pair
from runs.margins import Rule

EN = "\u2002"
"""A space that is not collapsed."""
_VERDICT_COLOURS = ("blue", "orange", "gray", "gray")


def warn(pair: Pair) -> None:
    """Say that outputs are simulated, and the weightiest caveat; fold the others away."""
    warnings = list(pair.comparison.warnings)
    if pair.a.simulated and pair.b.simulated and warnings:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(badges.SIMULATED, color="orange")
            st.caption(shell.plain(warnings.pop(0)))
    if warnings:
        st.warning(shell.plain(warnings[0]))
    if len(warnings) > 1:
        with st.expander(f"{len(warnings) - 1} more to be careful about"):
            for warning in warnings[1:]:
                st.text(warning)


def draw(pair: Pair, rule: Rule | None = None) -> None:
    """Draw the plot, with the margins of a gate policy, and beside it numbers and words."""
    results = ordered(pair.comparison.results)
    primary = [result for result in results if result.metric.primary]
    st.html(f'<div style="font-size:1.05rem;font-weight:600">{escape(headline(primary))}</div>')
    left, right = st.columns([6, 7], gap="small")
    with left.container(border=True, height="stretch"):
        _plot(pair, primary, rule)
    with right.container(border=True, height="stretch", gap="small"):
        slot = st.container()
        every = address.toggle(st, f"All {len(results)} metrics", "all") if len(results) > len(primary) else False
        with slot:
            _numbers(pair, results if every else primary)
        st.html(words_html(primary))


def headline(results: Sequence[Result]) -> str:
    """Return in one line what B is better and worse at, and what is not known; metrics that did not move are left out."""
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
        st.text("No metric changed.")
    told = f"Bars: {sure(pair.comparison.alpha)} sure, paired by case, units are {pair.comparison.unit}. Dashed: no change."
    if rule and any(frame["margin"].notna().any() for _, frame in panels):
        told += f" {shell.plain(rule.told)}"
    st.caption(told)


def _numbers(pair: Pair, results: Sequence[Result]) -> None:
    unit = pair.comparison.unit
    config: dict[str, Any] = {
        "metric": st.column_config.TextColumn(help="↑ more is better, ↓ less is better"),
        "verdict": verdict_column(),
        "change": st.column_config.TextColumn(help="B minus A; of cost and latency, by what share", alignment="right"),
        "A": st.column_config.TextColumn(alignment="right", help=f"Mean over {unit}; of cost and latency the geometric mean"),
        "B": st.column_config.TextColumn(alignment="right", help=f"Mean over {unit}; of cost and latency the geometric mean"),
        "+ / − / =": st.column_config.TextColumn(help=f"{unit} in which B is better / worse / the same"),
    }
    st.dataframe(table(results, pair.comparison.alpha), hide_index=True, column_config=config, alt="Both arms by metric")


def verdict_column() -> Any:
    """Return how a column of verdicts is drawn."""
    return st.column_config.MultiselectColumn(options=list(badges.VERDICTS.values()), color=list(_VERDICT_COLOURS))


def table(results: Sequence[Result], alpha: float) -> pd.DataFrame:
    """Return a row a metric, what matters most first, as narrow windows cut: verdict, change, interval, levels, units won and lost."""
    return pd.DataFrame(
        [
            {
                "metric": f"{r.metric.name.replace('_', ' ')} {'↑' if r.metric.direction == 'up' else '↓'}",
                "verdict": [badges.VERDICTS[r.verdict]],
                "change": "–" if r.delta is None else change(r, r.delta),
                f"{sure(alpha)} interval": "–" if r.delta is None else f"{change(r, r.lo)} … {change(r, r.hi)}",
                "A": level(r, r.mean_a),
                "B": level(r, r.mean_b),
                "+ / − / =": f"{r.by_unit.better} / {r.by_unit.worse} / {r.by_unit.same}",
            }
            for r in results
        ]
    )


def sure(alpha: float) -> str:
    """Return how sure the intervals are."""
    return f"{100 * (1 - 2 * alpha):.0f} %"
