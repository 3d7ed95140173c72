"""Compare: is B better than A, by how much, how sure, and in which cases it is worse."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from evals.result import RATIO_UNITS, Result
from pages.ui import badges, forest, shell
from runs import query
from runs.compare import Arm, Pair, compare_arms, find_arms
from runs.workspace import Workspace

FILTERS = {"worse": "B worse", "better": "B better", "failed": "failed or missing", "same": "same", "all": "all"}
PAGE = 30
THUMBNAIL = 90


def main() -> None:
    """Draw the page."""
    ws = shell.workspace()
    st.header("Compare")
    chosen = _choose(ws)
    if chosen is None:
        st.text("Choose two arms: two versions of a template, or the two arms of an A/A test.")
        return
    pair = compare_arms(ws, *chosen)
    if pair.comparison.warnings:
        st.warning(shell.plain("  ".join(pair.comparison.warnings)))
    _effects(pair)
    _cases(pair)


def _choose(ws: Workspace) -> tuple[Arm, Arm] | None:
    """Let the user choose; the ids stand in the address, so that a shared link keeps its meaning."""
    arms = query.arms(ws)
    addresses = [f"{row.run_id}:{row.arm}" for row in arms.itertuples()]
    names = {
        address: f"{row.ref} · {row.model} · {row.stage} · {row.run_id}" for address, row in zip(addresses, arms.itertuples(), strict=True)
    }
    for name in ("a", "b"):
        if (asked := st.query_params.get(name)) and asked not in names:
            found = find_arms(ws, st.query_params["a"], st.query_params.get("b", asked))
            st.query_params.update({"a": found[0].address, "b": found[1].address})
    left, right, swap = st.columns([5, 5, 1], vertical_alignment="bottom")
    a = _pick(left, "A, the baseline", "a", names)
    b = _pick(right, "B, the challenger", "b", names)
    swap.button("Swap", on_click=_swap, args=(a, b), disabled=not (a and b), width="stretch")
    return find_arms(ws, a, b) if a and b else None


def _pick(column: Any, label: str, name: str, names: dict[str, str]) -> str | None:
    asked = shell.asked(name, list(names))
    index = list(names).index(asked) if asked else None
    chosen: str | None = column.selectbox(
        label, list(names), index=index, format_func=names.__getitem__, key=f"_{name}", on_change=shell.keep, args=(name,)
    )
    return chosen


def _swap(a: str, b: str) -> None:
    st.session_state["_a"], st.session_state["_b"] = b, a
    st.query_params.update({"a": b, "b": a})


def _effects(pair: Pair) -> None:
    # What viewers see first; what it costs, last.
    shown = sorted((r for r in pair.comparison.results if r.metric.primary), key=lambda r: r.metric.unit in RATIO_UNITS)
    left, right = st.columns([5, 6], gap="medium")
    with left.container(border=True):
        st.subheader("How much better B is")
        for ratio, title in ((False, "gain in the metric's own unit, right is better"), (True, "gain in per cent, right is better")):
            frame = forest.rows(shown, ratio=ratio)
            if len(frame):
                st.altair_chart(forest.chart(frame, title=title), alt=" ".join(frame["sentence"]))
        st.caption(f"Interval: {100 * (1 - 2 * pair.comparison.alpha):.0f} % sure. Unit: {pair.comparison.unit}. Dashed: no change.")
    with right.container(border=True):
        st.subheader("In words")
        for result in shown:
            st.text(f"{badges.VERDICTS[result.verdict]}  {result.sentence}")
    with st.expander("All metrics, with details"):
        st.dataframe(pair.comparison.to_frame(), hide_index=True)


def _cases(pair: Pair) -> None:
    results = sorted(pair.comparison.results, key=lambda r: (not r.metric.primary, r.metric.unit in RATIO_UNITS))
    names = [r.metric.name for r in results if r.cases or r.only_a or r.only_b]
    if not names:
        st.text("No metric has a value in both arms yet.")
        return
    st.subheader("Cases")
    left, right = st.columns([2, 5], vertical_alignment="bottom")
    first = names.index(shell.asked("m", names) or names[0])
    metric = left.selectbox("Metric", names, index=first, format_func=_spaced, key="_m", on_change=shell.keep, args=("m",))
    cases = pair.comparison.cases(metric)
    counts = {name: len(_only(cases, name)) for name in FILTERS}
    usual = "worse" if counts["worse"] else "all"
    wanted = right.segmented_control(
        "Show",
        list(FILTERS),
        default=shell.asked("w", list(FILTERS)) or usual,
        format_func=lambda f: f"{FILTERS[f]} {counts[f]}",
        key="_w",
        on_change=shell.keep,
        args=("w",),
        label_visibility="collapsed",
    )
    wanted = wanted or usual
    _table(pair, pair.comparison.result(metric), _only(cases, wanted), wanted)


def _only(cases: pd.DataFrame, wanted: str) -> pd.DataFrame:
    if wanted == "all":
        return cases
    if wanted == "failed":
        return cases[cases["change"].isin(["failed", "missing"])]
    return cases[cases["change"] == wanted]


def _table(pair: Pair, result: Result, cases: pd.DataFrame, wanted: str) -> None:
    if cases.empty:
        st.text("No such case.")
        return
    pages = -(-len(cases) // PAGE)
    page = st.pagination(pages, key="page") if pages > 1 else 1
    part = cases.iloc[(page - 1) * PAGE : page * PAGE]
    first = _first_generations(pair)
    frame = pd.DataFrame({"case": part["case"], "series": part["unit"]})
    pictures = any(str(kind).startswith("image/") for kind in first["media_type"].dropna())
    for letter, arm in (("a", pair.a), ("b", pair.b)):
        if pictures:
            frame[f"{letter.upper()} picture"] = [shell.blob(*_media(first, arm.address, case)) for case in part["case"]]
        frame[letter.upper()] = part[letter]
    frame["B − A"] = part["delta"]
    frame["why"] = [_reason(pair, result, case) for case in part["case"]]
    frame["open"] = [_open(pair, result.metric.name, wanted, case) for case in part["case"]]
    st.dataframe(frame, hide_index=True, row_height=THUMBNAIL if "A picture" in frame else None, column_config=_columns(result))


def _columns(result: Result) -> dict[str, Any]:
    number = st.column_config.NumberColumn(format="%.3f")
    return {
        "A": number,
        "B": number,
        "B − A": st.column_config.NumberColumn(format="%+.3f", help=f"{result.metric.unit}; {result.metric.direction} is better"),
        "A picture": st.column_config.ImageColumn(width="small"),
        "B picture": st.column_config.ImageColumn(width="small"),
        "open": st.column_config.LinkColumn(display_text="look"),
    }


def _first_generations(pair: Pair) -> pd.DataFrame:
    frame = pair.frame.sort_values("repeat")
    return frame.drop_duplicates(["arm", "case"]).set_index(["arm", "case"])


def _media(first: pd.DataFrame, arm: str, case: str) -> tuple[str | None, str | None]:
    if (arm, case) not in first.index:
        return None, None
    row: Any = first.loc[(arm, case)]
    return (row["artifact"], row["media_type"]) if isinstance(row["artifact"], str) else (None, None)


def _reason(pair: Pair, result: Result, case: str) -> str:
    name = f"{result.metric.name}__reason"
    rows = pair.frame[(pair.frame["arm"] == pair.b.address) & (pair.frame["case"] == case)]
    if name not in rows or rows.empty:
        return ""
    return "; ".join(str(reason) for reason in rows[name].dropna().unique())


def _open(pair: Pair, metric: str, wanted: str, case: str) -> str:
    return shell.link("case", a=pair.a.address, b=pair.b.address, case=case, m=metric, w=wanted)


def _spaced(name: str) -> str:
    return name.replace("_", " ")


main()
