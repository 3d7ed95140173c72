"""The cases of a comparison: which are worse, which better, with thumbnails, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from evals.result import Result, ordered
from pages.ui import address, beside, shell
from runs.compare import Pair
from runs.workspace import Workspace

FILTERS: Mapping[str, str] = {
    "worse": "B worse",
    "better": "B better",
    "changed": "changed",
    "failed": "failed or missing",
    "same": "same",
    "all": "all",
}
_KINDS = {"failed": ("failed", "missing"), "changed": ("worse", "better", "failed", "missing")}
PAGE = 20
_OF_GENERATION = ("arm", "case", "repeat", "status", "error", "message", "artifact", "media_type")
THUMBNAIL, TEXT_ROW = 84, 56
"""Heights of rows with pictures, and of rows in which a reason has two lines."""


def draw(ws: Workspace, pair: Pair) -> None:
    """Draw the list, filtered and ordered as the address says; a click on a case opens it."""
    names = [r.metric.name for r in ordered(pair.comparison.results) if r.cases or r.only_a or r.only_b]
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
    shown = _table(pair, pair.comparison.result(metric), listed(cases, wanted))
    if len(shown):
        # Buttons in a table do not hear the keyboard; a link does.
        same = {"a": pair.a.address, "b": pair.b.address, "m": metric, "w": wanted}
        shell.page_link("examine.py", "Look at these one by one, or click one above →", case=str(shown["case"].iloc[0]), **same)
        beside.draw(ws, pair, shown, metric, wanted)


def only(cases: pd.DataFrame, wanted: str) -> pd.DataFrame:
    """Return the cases that a filter keeps."""
    return cases if wanted == "all" else cases[cases["change"].isin(_KINDS.get(wanted, (wanted,)))]


def counted(cases: pd.DataFrame) -> dict[str, int]:
    """Return how many cases each filter keeps."""
    of = cases["change"].value_counts().to_dict()
    return {name: len(cases) if name == "all" else sum(of.get(kind, 0) for kind in _KINDS.get(name, (name,))) for name in FILTERS}


def listed(cases: pd.DataFrame, wanted: str) -> pd.DataFrame:
    """Return the cases that a filter keeps, in the order of the list: the largest loss first, of those that are better the largest gain."""
    kept = only(cases, wanted)
    return kept.sort_values("gain", ascending=False, kind="stable") if wanted == "better" else kept


def _metric(names: list[str]) -> str:
    return address.one(st.selectbox, "By metric", "m", names, names[0], forget=["page"], format_func=_spaced, width=240)


def _filter(cases: pd.DataFrame) -> str:
    counts = counted(cases)
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


def _table(pair: Pair, result: Result, cases: pd.DataFrame) -> pd.DataFrame:
    """Draw a page of the cases; return those of it."""
    if cases.empty:
        st.text("No such case.")
        return cases
    pages = -(-len(cases) // PAGE)
    page = address.page("page", pages) if pages > 1 else 1
    shown = cases.iloc[(page - 1) * PAGE : page * PAGE]
    frame = rows(pair, result, shown)
    st.dataframe(
        frame,
        hide_index=True,
        height="content",
        row_height=THUMBNAIL if "A shows" in frame else TEXT_ROW,
        column_config=_columns(result),
        placeholder="–",
        alt="Cases, the largest loss first",
    )
    return shown


def rows(pair: Pair, result: Result, cases: pd.DataFrame) -> pd.DataFrame:
    """Return the table of some cases: values, first pictures and reasons of both arms."""
    told = f"{result.metric.name}__reason"
    known = [*_OF_GENERATION, *([told] if told in pair.frame else [])]
    # Few of many columns first: a row of a hundred columns is slow to pick out.
    frame = pair.frame[known]
    of: dict[tuple[str, str], list[Any]] = {}
    row: Any
    for row in frame[frame["case"].isin(cases["case"])].rename(columns={told: "reason"}).sort_values("repeat").itertuples(index=False):
        of.setdefault((row.arm, row.case), []).append(row)
    sides = {"A": pair.a.address, "B": pair.b.address}
    generations = {letter: [of.get((arm, case), []) for case in cases["case"]] for letter, arm in sides.items()}
    columns: dict[str, Any] = {"case": cases["case"], "series": cases["unit"]}
    pictures = frame["media_type"].dropna().str.startswith(("image/", "video/")).any()
    for letter, found in generations.items():
        columns |= {f"{letter} shows": list(map(_picture, found))} if pictures else {}
        columns[letter] = cases[letter.lower()]
    columns["B − A"] = cases["delta"]
    columns |= {f"why {letter}": list(map(reason, found)) for letter, found in generations.items()}
    return pd.DataFrame(columns)


def reason(generations: Sequence[Any]) -> str:
    """Return why the value of a case is what it is: what went wrong with its generations, or else the scorer's words."""
    words = [": ".join(filter(None, map(str, (g.status, g.error, g.message)))) for g in generations if g.status != "ok"]
    words += [str(g.reason) for g in generations if isinstance(getattr(g, "reason", None), str) and g.reason]
    told = list(dict.fromkeys(words))
    return shell.shortened(told[0]) + (f" (and {len(told) - 1} more)" if len(told) > 1 else "") if told else ""


def _picture(generations: Sequence[Any]) -> str | None:
    first = generations[0] if generations else None
    return shell.poster(first.artifact, first.media_type) if first and isinstance(first.artifact, str) else None


def _columns(result: Result) -> dict[str, Any]:
    number = st.column_config.NumberColumn(format="%.3f", width=62)
    direction = "more is better" if result.metric.direction == "up" else "less is better"
    return {
        "case": st.column_config.ButtonColumn(type="tertiary", alignment="left", pinned=True, key="_row", on_click=_opened, width=180),
        "A": number,
        "B": number,
        "B − A": st.column_config.NumberColumn(format="%+.3f", width=80, help=f"{result.metric.unit}; {direction}"),
        "A shows": st.column_config.ImageColumn(width=70),
        "B shows": st.column_config.ImageColumn(width=70),
        "why A": st.column_config.TextColumn(width=240),
        "why B": st.column_config.TextColumn(width=240),
    }


def _opened() -> None:
    st.session_state["_open_case"] = st.session_state["_row"]["label"]


def _spaced(name: str) -> str:
    return name.replace("_", " ")
