"""A comparison as one HTML page that opens anywhere: what to be careful about, intervals, every metric, the cases that moved.

    page(ws, pair, "face_consistency")   ->  "<!doctype html>…"

Nothing is fetched and no script runs: pictures are inside, names and texts of models are escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from evals.result import Result
from evals.sentence import change, level
from runs.compare import Arm, Pair
from runs.report_page import shown_output
from runs.workspace import Workspace

CASES_SHOWN = 24
"""Of those that lost most, and half as many of those that gained most; each with pictures inside."""
_WIDTH, _ROW, _LEFT = 780, 34, 220
_COLOURS = {"better": "#1f6fd0", "worse": "#b85c00", "unclear": "#6b7280", "insufficient": "#6b7280"}
_MARKS = {"better": "▲ better", "worse": "▼ worse", "unclear": "◆ unclear", "insufficient": "○ too little"}
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:64rem;padding:0 1rem;color:#0b0d12;background:#fff}"
    "h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}.care{background:#fff1c2;padding:.5rem 1rem}"
    "table{border-collapse:collapse;margin:1rem 0;font-size:.9rem}th,td{border-bottom:1px solid #d9dce3;padding:.35rem .6rem;"
    "vertical-align:top;text-align:left}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "img{max-width:11rem;max-height:11rem;display:block}pre{white-space:pre-wrap;overflow-wrap:anywhere;max-width:24rem;margin:0}"
    "code,td{overflow-wrap:anywhere}svg{max-width:100%;height:auto}"
)


def page(ws: Workspace, pair: Pair, metric: str) -> str:
    """Return the page, with the cases of one metric.

    Raises:
        UnknownName: The metric was not compared.
    """
    title = f"{pair.b.shown} against {pair.a.shown}"
    found = pair.comparison
    results = sorted(found.results, key=lambda r: not r.metric.primary)
    parts = [
        f"<h1>{escape(title)}</h1>",
        _arms(pair),
        *(f'<p class="care">{escape(text)}</p>' for text in found.warnings),
        "<h2>What B changes</h2>",
        _list(result.sentence for result in results if result.metric.primary),
        _plot([r for r in results if r.gain is not None]),
        f"<p>Bars: {100 * (1 - 2 * found.alpha):.0f} % sure, paired by case, units are {escape(found.unit)}; each on its own scale.</p>",
        _table(results),
        _cases(ws, pair, metric),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


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
        interval = f"{change(r, r.lo)} … {change(r, r.hi)}" if r.delta is not None else "–"
        counts = f"{r.by_unit.better} / {r.by_unit.worse} / {r.by_unit.same}"
        moved = change(r, r.delta) if r.delta is not None else "–"
        rows.append(_cells("td", (name, level(r, r.mean_a), level(r, r.mean_b), moved, interval, counts, _MARKS[r.verdict]), (1, 2, 3, 4)))
    return f"<table>{''.join(rows)}</table>"


def _plot(results: Sequence[Result]) -> str:
    height = _ROW * len(results) + 6
    rows = "".join(_bar(result, 4 + _ROW * i) for i, result in enumerate(results))
    return f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img" aria-label="Intervals">{rows}</svg>'


def _bar(r: Result, top: int) -> str:
    """Draw one metric, right is better, on a scale of its own with zero in the middle."""
    known = [abs(end) for end in (r.gain, r.gain_lo, r.gain_hi) if end is not None]
    reach = max(known, default=0.0) or 1.0
    middle, half, y = (_LEFT + _WIDTH) / 2, (_WIDTH - _LEFT) / 2 - 14, top + _ROW / 2

    def x(value: float | None, open_end: float) -> float:
        return middle + half * (open_end if value is None else value / reach)

    lo, hi, mean = x(r.gain_lo, -1), x(r.gain_hi, 1), x(r.gain, 0)
    colour = _COLOURS[r.verdict]
    return (
        f"<g><title>{escape(r.sentence)}</title>"
        f'<text x="0" y="{y + 5:.1f}" font-size="14">{escape(r.metric.name.replace("_", " ")[:30])}</text>'
        f'<line x1="{middle}" x2="{middle}" y1="{top}" y2="{top + _ROW - 4}" stroke="#9aa0ab" stroke-dasharray="4 4"/>'
        f'<line x1="{lo:.1f}" x2="{hi:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{colour}" stroke-width="5"/>'
        f'<circle cx="{mean:.1f}" cy="{y:.1f}" r="6" fill="{colour}"/></g>'
    )


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


def _ends(cases: Any) -> Any:
    import pandas as pd

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
