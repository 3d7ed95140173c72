"""A comparison as one HTML page that opens anywhere: intervals with margins, every metric, slices, the cases that moved.

    page(ws, pair, "face_consistency")   ->  "<!doctype html>…"

Nothing is fetched and no script runs: pictures are inside, names and texts of models are escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import pandas as pd

from evals.result import Result, ordered
from evals.sentence import change, level
from evals.slices import caution
from runs import query, slicing
from runs.compare import Arm, Pair
from runs.comparison_plot import MARKS, NONE, plot
from runs.margins import Rule, rule
from runs.report_page import shown_output
from runs.workspace import Workspace

CASES_SHOWN = 24
"""Of those that lost most, and half as many of those that gained most; each with pictures inside."""
SLICES_SHOWN = 24
"""Of more slices than these, those that lost and gained most are drawn; the table has all."""
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:64rem;padding:0 1rem;color:#0b0d12;background:#fff}"
    "h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}.care{background:#fff1c2;padding:.5rem 1rem}"
    "table{border-collapse:collapse;margin:1rem 0;font-size:.9rem}th,td{border-bottom:1px solid #d9dce3;padding:.35rem .6rem;"
    "vertical-align:top;text-align:left}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "img{max-width:11rem;max-height:11rem;display:block}pre{white-space:pre-wrap;overflow-wrap:anywhere;max-width:24rem;margin:0}"
    "code,td{overflow-wrap:anywhere}svg{max-width:100%;height:auto}"
)


def page(ws: Workspace, pair: Pair, metric: str, by: str = "") -> str:
    """Return the page, with the cases of one metric and its slices by one trait; without a trait, by the usual one.

    Raises:
        UnknownName: The metric was not compared.
    """
    title = f"{pair.b.shown} against {pair.a.shown}"
    found = pair.comparison
    results = ordered(found.results)
    asks = rule(ws, query.suite_of(ws, pair.b.run_id))
    parts = [
        f"<h1>{escape(title)}</h1>",
        _arms(pair),
        *(f'<p class="care">{escape(text)}</p>' for text in found.warnings),
        "<h2>What B changes</h2>",
        _list(result.sentence for result in results if result.metric.primary),
        plot([(r.metric.name, r) for r in results], asks.margins if asks else NONE),
        _caption(pair, asks),
        _table(results),
        _slices(ws, pair, metric, by),
        _cases(ws, pair, metric),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _caption(pair: Pair, asks: Rule | None) -> str:
    found = pair.comparison
    told = (
        f"Bars: {100 * (1 - 2 * found.alpha):.0f} % sure, paired by case, units are {found.unit}; each on its own scale. Dashed: no change."
    )
    return f"<p>{escape(' '.join([told, *([asks.told] if asks else [])]))}</p>"


def _arms(pair: Pair) -> str:
    rows = [_cells("th", ("", "version", "model", "provider", "run", "address"))]
    rows += [_cells("td", (letter, *_arm(arm))) for letter, arm in (("A", pair.a), ("B", pair.b))]
    return f"<table>{''.join(rows)}</table>"


def _arm(arm: Arm) -> tuple[str, ...]:
    provider = f"{arm.provider} (simulated)" if arm.simulated else arm.provider
    return arm.shown, arm.model, provider, arm.run_id, f"/compare?a={arm.address}"


def _cells(tag: str, cells: Iterable[str], numbers: Sequence[int] = ()) -> str:
    told = (f"<{tag}{' class=n' if i in numbers else ''}>{escape(cell)}</{tag}>" for i, cell in enumerate(cells))
    return f"<tr>{''.join(told)}</tr>"


def _table(results: Sequence[Result]) -> str:
    rows = [_cells("th", ("metric", "A", "B", "change", "interval", "+ / − / =", "verdict"), (1, 2, 3, 4))]
    for r in results:
        name = f"{r.metric.name.replace('_', ' ')} {'↑' if r.metric.direction == 'up' else '↓'}"
        counts = f"{r.by_unit.better} / {r.by_unit.worse} / {r.by_unit.same}"
        moved, interval, verdict = _moved(r)
        rows.append(_cells("td", (name, level(r, r.mean_a), level(r, r.mean_b), moved, interval, counts, verdict), (1, 2, 3, 4)))
    return f"<table>{''.join(rows)}</table>"


def _slices(ws: Workspace, pair: Pair, metric: str, by: str) -> str:
    """Return one trait's slices of a metric: a picture, a table, and what to bear in mind with so many."""
    traits = query.case_traits(ws, sorted({pair.a.run_id, pair.b.run_id}))
    names = slicing.offered(traits)
    if not names:
        return ""
    by = by if by in names else slicing.usual(names)
    found = slicing.sliced(pair.comparison, metric, traits, by)
    units = slicing.units_of(pair.comparison, by)
    rows = [_cells("th", (by, units, "change", "interval", "verdict", "among all"), (1, 2, 3))]
    rows += [
        _cells("td", (one.value, str(one.result.units), *_moved(one.result), "stands" if one.stands else ""), (1, 2, 3)) for one in found
    ]
    shown = [(one.value, one.result) for one in found]
    shown = shown if len(shown) <= SLICES_SHOWN else [*shown[: SLICES_SHOWN // 2], *shown[-SLICES_SHOWN // 2 :]]
    warning = caution(found, pair.comparison.alpha)
    return (
        f"<h2>{escape(metric.replace('_', ' ').capitalize())} by {escape(by)}</h2>"
        + (f'<p class="care">{escape(warning)}</p>' if warning else "")
        + plot(shown)
        + f"<p>Each slice for itself, over {escape(units)}. “Among all”: the verdict holds although so many were asked (Holm).</p>"
        + f"<table>{''.join(rows)}</table>"
    )


def _moved(r: Result) -> tuple[str, str, str]:
    if r.delta is None:
        return "–", "–", MARKS[r.verdict]
    return change(r, r.delta), f"{change(r, r.lo)} … {change(r, r.hi)}", MARKS[r.verdict]


def _cases(ws: Workspace, pair: Pair, metric: str) -> str:
    cases = pair.comparison.cases(metric)
    shown = cases if len(cases) <= CASES_SHOWN * 3 // 2 else _ends(cases)
    first = pair.frame.sort_values("repeat").drop_duplicates(["arm", "case"]).set_index(["arm", "case"])
    rows = [_cells("th", ("case", "change", "A", "B", "B − A"))]
    row: Any
    for row in shown.itertuples():
        sides = "".join(
            f"<td>{_number(value)}{_output(ws, first, arm, row.case)}</td>" for arm, value in ((pair.a, row.a), (pair.b, row.b))
        )
        head = f"<td>{escape(str(row.case))}</td><td>{escape(str(row.change))}</td>"
        rows.append(f"<tr>{head}{sides}<td class=n>{_number(row.delta, '+.3f')}</td></tr>")
    less = f" The {len(shown)} that moved most, of {len(cases)}." if len(shown) < len(cases) else ""
    return f"<h2>Cases by {escape(metric.replace('_', ' '))}</h2><p>The largest loss first.{less}</p><table>{''.join(rows)}</table>"


def _ends(cases: pd.DataFrame) -> pd.DataFrame:
    """Return the cases that lost most and those that gained most."""
    paired = cases[cases["missing"] == ""]
    return pd.concat([paired.head(CASES_SHOWN), paired.tail(CASES_SHOWN // 2)]).drop_duplicates("case")


def _output(ws: Workspace, first: Any, arm: Arm, case: str) -> str:
    if (arm.address, case) not in first.index:
        return "<p>not generated</p>"
    row = first.loc[(arm.address, case)]
    if not isinstance(row["artifact"], str):
        return f"<p>{escape(': '.join(str(row[name]) for name in ('status', 'error', 'message') if row[name]))}</p>"
    return shown_output(ws, {"artifact": row["artifact"], "media_type": row["media_type"]})


def _number(value: float, spec: str = ".3f") -> str:
    return "–" if value != value else format(value, spec)


def _list(texts: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"
