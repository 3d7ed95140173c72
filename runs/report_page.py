"""A gate's report as one HTML page that opens anywhere: intervals as pictures, the outputs of fallen cases, the data embedded.

Nothing is fetched and no script runs; names and texts are escaped. The canonical JSON lies in the page, so that a mailed page
can be verified as well as the file.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
from collections.abc import Iterator
from html import escape
from typing import Any

from evals.errors import UnreadableMedia
from runs.errors import MediaError
from runs.media import MediaStore
from runs.report_text import bound_to, change, headline, margin, remarks
from runs.workspace import Workspace

Json = dict[str, Any]
SIDE = 256
CASES_SHOWN = 12
TEXT_SHOWN = 600
_WIDTH, _ROW, _LEFT = 760, 44, 210
_COLOURS = {"promote": "#116329", "hold": "#9a3412", "insufficient": "#57606a"}
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1c1c1c;background:#fff}"
    "h1{font-size:1.4rem}.verdict{border-left:.4rem solid;padding:.4rem 1rem;background:#f6f6f4}"
    ".simulated{background:#fff1c2;padding:.5rem 1rem}"
    "table{border-collapse:collapse;margin:1rem 0}th,td{border:1px solid #bbb;padding:.4rem .6rem;vertical-align:top;text-align:left}"
    "img{max-width:16rem;max-height:16rem;display:block}pre{white-space:pre-wrap;overflow-wrap:anywhere;max-width:24rem;margin:0}"
    "code{overflow-wrap:anywhere}svg{max-width:100%;height:auto}figure{margin:1rem 0}"
)


def page(ws: Workspace, report: Json) -> str:
    """Return the page. An output whose file is gone, or cannot be shown, is said to be so."""
    title = f"Gate: {report['challenger']['ref']} against {report['champion']['ref']}"
    told = "This shows that the tool works, not that a prompt is better on a real model."
    simulated = f'<p class="simulated"><strong>Simulated outputs.</strong> {told}</p>'
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="verdict" style="border-color:{_COLOURS[report["decision"]]}"><strong>{escape(headline(report))}</strong></p>',
        simulated if report["simulated"] else "",
        "<h2>Why</h2>" + _list(report["verdict"]["reasons"]),
        f"<h2>How sure</h2><figure>{_picture(report)}<figcaption>{_CAPTION}</figcaption></figure>",
        _fallen(ws, report),
        "<h2>To know</h2>" + _list(remarks(report)),
        "<h2>What it holds for</h2><table>" + "".join(_row(name, value) for name, value in bound_to(report)) + "</table>",
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{''.join(parts)}"
        f'<script type="application/json" id="report">{_embedded(report)}</script></body></html>\n'
    )


_CAPTION = (
    "Each bar is what the change of one metric may be, turned so that right is better; the dot is its mean. The full line is no change, "
    "the broken line is what may be lost, or of a primary metric the least gain that matters. A primary metric passes with its whole "
    "bar right of the full line and its mean right of the broken one, a guardrail with its whole bar right of the broken one."
)


def _picture(report: Json) -> str:
    checks = [check for check in report["verdict"]["checks"] if check["gain"] is not None]
    height = _ROW * len(checks) + 10
    rows = "".join(_bar(check, 8 + _ROW * i) for i, check in enumerate(checks))
    return f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img" aria-label="Intervals">{rows}</svg>'


def _bar(check: Json, top: int) -> str:
    """Draw one metric on a scale of its own, from the lower end or the margin to the upper end."""
    asked = check.get("min_effect") or None if (check["role"], check["scale"]) == ("primary", "difference") else None
    ends = [end for end in (check["lo"], check["hi"], check["gain"], check["bound"], asked, 0.0) if end is not None]
    low, high = min(ends), max(ends)
    span = (high - low) or 1.0
    left, width = _LEFT + 10, _WIDTH - _LEFT - 30

    def x(value: float | None, other: float) -> float:
        return left + width * ((other if value is None else value) - low) / span

    lo, hi, mean = x(check["lo"], low), x(check["hi"], high), x(check["gain"], 0)
    colour, y = "#116329" if check["passed"] else "#9a3412", top + _ROW / 2
    told = " … ".join(change(check)[1:])
    text = f"{change(check)[0]} ({told})" + (f", allowed {margin(check)}" if check["role"] == "guardrail" else "")
    broken = ""
    line = check["bound"] if check["bound"] < 0 else asked
    if line is not None:
        at = x(line, 0)
        broken = f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="{top + _ROW - 8}" stroke="#57606a" stroke-dasharray="4 3"/>'
    return (
        f"<g><title>{escape(check['metric'])}: {escape(text)}</title>"
        f'<text x="0" y="{y - 2:.1f}" font-size="14" font-weight="600">{escape(check["metric"][:28])}</text>'
        f'<text x="0" y="{y + 14:.1f}" font-size="11" fill="#444">{escape(text[:46])}</text>'
        f'<line x1="{x(0.0, 0):.1f}" x2="{x(0.0, 0):.1f}" y1="{top}" y2="{top + _ROW - 8}" stroke="#1c1c1c"/>{broken}'
        f'<line x1="{lo:.1f}" x2="{hi:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{colour}" stroke-width="6"/>'
        f'<circle cx="{mean:.1f}" cy="{y:.1f}" r="6" fill="#fff" stroke="{colour}" stroke-width="3"/></g>'
    )


def _fallen(ws: Workspace, report: Json) -> str:
    cases = report["verdict"]["fallen"]
    if not cases:
        return ""
    rows = "".join(
        f"<tr><td>{escape(case['series'])}<br>{escape(case['case'])}</td>"
        + "".join(f"<td>{case[arm]:.3g}{''.join(_outputs(ws, report, case, arm))}</td>" for arm in ("champion", "challenger"))
        + "</tr>"
        for case in cases[:CASES_SHOWN]
    )
    more = f"<p>And {len(cases) - CASES_SHOWN} more.</p>" if len(cases) > CASES_SHOWN else ""
    head = "<tr><th>case</th><th>champion</th><th>challenger</th></tr>"
    return f"<h2>Cases that clearly fell</h2><p>Look at them before you approve.</p><table>{head}{rows}</table>{more}"


def _outputs(ws: Workspace, report: Json, case: Json, arm: str) -> Iterator[str]:
    columns = report["data"]["columns"]
    for values in report["data"]["rows"]:
        row = dict(zip(columns, values, strict=True))
        if (row["arm"], row["series"], row["case"]) == (arm, case["series"], case["case"]):
            yield "<p>failed</p>" if row["status"] != "ok" else shown_output(ws, row)


def shown_output(ws: Workspace, row: Json) -> str:
    """Return one output as HTML: a small picture inside the page, the beginning of a text, or why it cannot be shown."""
    kind = str(row["media_type"] or "")
    try:
        path = MediaStore(ws).path(str(row["artifact"]))
        if kind.startswith(("image/", "video/")):
            return f'<img alt="output" src="data:image/webp;base64,{base64.b64encode(_thumbnail(path)).decode()}">'
        if kind.startswith("text/") or kind == "application/json":
            text = path.read_text("utf-8", errors="replace")
            return f"<pre>{escape(text[:TEXT_SHOWN])}{' …' if len(text) > TEXT_SHOWN else ''}</pre>"
    except (MediaError, UnreadableMedia, OSError, ValueError):
        return "<p>The file cannot be shown.</p>"
    return f"<p>{escape(kind) or 'no output'}</p>"


def _thumbnail(path: Any) -> bytes:
    from evals.media import clip_frames, is_clip, read_picture

    out = io.BytesIO()
    if is_clip(path):
        with contextlib.closing(clip_frames(path, side=SIDE)) as frames:  # type: ignore[type-var]
            image = next(iter(frames)).image
    else:
        image = read_picture(path).image
    image.thumbnail((SIDE, SIDE))
    image.save(out, "WEBP", quality=75)
    return out.getvalue()


def _list(texts: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"


def _row(name: str, value: str) -> str:
    return f"<tr><th>{escape(name)}</th><td><code>{escape(value)}</code></td></tr>"


def _embedded(report: Json) -> str:
    """Return the canonical JSON so that no text in it can end the element."""
    text = json.dumps(report, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
