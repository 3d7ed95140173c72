"""The cases of a comparison: which are worse, which better, with thumbnails, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from evals.result import Result
from pages.ui import address, effects, shell
from runs.compare import Arm, Pair

FILTERS: Mapping[str, str] = {
    "worse": "B worse",
    "better": "B better",
    "changed": "changed",
    "failed": "failed or missing",
    "same": "same",
    "all": "all",
}
PAGE = 20
THUMBNAIL, TEXT_ROW = 84, 56
"""Heights of rows with pictures, and of rows in which a reason has two lines."""


def draw(pair: Pair) -> None:
    """Draw the list, filtered and ordered as the address says; a click on a case opens it."""
    names = [r.metric.name for r in effects.ordered(pair) if r.cases or r.only_a or r.only_b]
    if not names:
        st.text("No metric has a value in both arms yet.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        metric = _metric(names)
        cases = pair.comparison.cases(metric)
        wanted = _filter(cases)
    if case := st.session_state.pop("_open_case", None):
        asked = {"a": pair.a.address, "b": pair.b.address, "case": case, "m": metric, "w": wanted}
        st.switch_page("examine.py", query_params=asked)
    _table(pair, pair.comparison.result(metric), only(cases, wanted))


def only(cases: pd.DataFrame, wanted: str) -> pd.DataFrame:
    """Return the cases that a filter keeps."""
    kinds = {"failed": ["failed", "missing"], "all": list(cases["change"])}.get(wanted, [wanted])
    return cases[cases["change"] != "same"] if wanted == "changed" else cases[cases["change"].isin(kinds)]


def _metric(names: list[str]) -> str:
    return address.one(st.selectbox, "By metric", "m", names, names[0], forget=["page"], format_func=_spaced, width=240)


def _filter(cases: pd.DataFrame) -> str:
    counts = {name: len(only(cases, name)) for name in FILTERS}
    usual = "worse" if counts["worse"] else "all"
    return address.one(
        st.segmented_control,
        "Show",
        "w",
        list(FILTERS),
        usual,
        forget=["page"],
        format_func=lambda name: f"{FILTERS[name]} {counts[name]}",
        label_visibility="collapsed",
    )


def _table(pair: Pair, result: Result, cases: pd.DataFrame) -> None:
    if cases.empty:
        st.text("No such case.")
        return
    pages = -(-len(cases) // PAGE)
    page = address.page("page", pages) if pages > 1 else 1
    frame = rows(pair, result, cases.iloc[(page - 1) * PAGE : page * PAGE])
    st.dataframe(
        frame,
        hide_index=True,
        height="content",
        row_height=THUMBNAIL if "A shows" in frame else TEXT_ROW,
        column_config=_columns(result),
        placeholder="–",
        alt="Cases, the largest loss first",
    )


def rows(pair: Pair, result: Result, cases: pd.DataFrame) -> pd.DataFrame:
    """Return the table of some cases: values, first pictures and reasons of both arms."""
    first = pair.frame.sort_values("repeat").drop_duplicates(["arm", "case"]).set_index(["arm", "case"])
    pictures = any(str(kind).startswith(("image/", "video/")) for kind in first["media_type"].dropna())
    frame = pd.DataFrame({"case": cases["case"], "series": cases["unit"]})
    for letter, arm in (("A", pair.a), ("B", pair.b)):
        if pictures:
            frame[f"{letter} shows"] = [_picture(first, arm, case) for case in cases["case"]]
        frame[letter] = cases[letter.lower()]
    frame["B − A"] = cases["delta"]
    for letter, arm in (("A", pair.a), ("B", pair.b)):
        frame[f"why {letter}"] = [reason(pair.frame, arm, result.metric.name, case) for case in cases["case"]]
    return frame


def reason(frame: pd.DataFrame, arm: Arm, metric: str, case: str) -> str:
    """Return why an arm's value is what it is: the scorer's words, or what went wrong with the generation."""
    mine = frame[(frame["arm"] == arm.address) & (frame["case"] == case)]
    broken = mine[mine["status"] != "ok"]
    words = [": ".join(filter(None, map(str, row))) for row in broken[["status", "error", "message"]].itertuples(index=False)]
    if f"{metric}__reason" in mine:
        words += [str(text) for text in mine[f"{metric}__reason"].dropna() if text]
    told = list(dict.fromkeys(words))
    return told[0] + (f" (and {len(told) - 1} more)" if len(told) > 1 else "") if told else ""


def _picture(first: pd.DataFrame, arm: Arm, case: str) -> str | None:
    if (arm.address, case) not in first.index:
        return None
    row: Any = first.loc[(arm.address, case)]
    return shell.poster(row["artifact"], row["media_type"]) if isinstance(row["artifact"], str) else None


def _columns(result: Result) -> dict[str, Any]:
    number = st.column_config.NumberColumn(format="%.3f", width=70)
    direction = "more is better" if result.metric.direction == "up" else "less is better"
    return {
        "case": st.column_config.ButtonColumn(type="tertiary", alignment="left", pinned=True, key="_row", on_click=_opened, width=210),
        "A": number,
        "B": number,
        "B − A": st.column_config.NumberColumn(format="%+.3f", width=80, help=f"{result.metric.unit}; {direction}"),
        "A shows": st.column_config.ImageColumn(width=70),
        "B shows": st.column_config.ImageColumn(width=70),
        "why A": st.column_config.TextColumn(width="medium"),
        "why B": st.column_config.TextColumn(width="medium"),
    }


def _opened() -> None:
    st.session_state["_open_case"] = st.session_state["_row"]["label"]


def _spaced(name: str) -> str:
    return name.replace("_", " ")
