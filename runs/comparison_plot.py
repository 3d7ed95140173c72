"""Intervals as a drawing without a script: a bar a metric, zero dashed, and what a gate policy asks for as an upright line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from types import MappingProxyType

from evals.result import Result
from runs.margins import Margin

MARKS = {"better": "▲ better", "worse": "▼ worse", "unclear": "◆ unclear", "insufficient": "○ too little"}
NONE: Mapping[str, Margin] = MappingProxyType({})
_WIDTH, _ROW, _LEFT = 780, 34, 220
_COLOURS = {"better": "#1f6fd0", "worse": "#b85c00", "unclear": "#6b7280", "insufficient": "#6b7280"}


def plot(results: Sequence[tuple[str, Result]], margins: Mapping[str, Margin] = NONE) -> str:
    """Return the drawing as SVG: a row for each name and result that has a gain; right is better.

    A margin is drawn where it is on the result's scale, and the row's axis reaches it.
    """
    known = [(name, result, margin_of(result, margins)) for name, result in results if result.gain is not None]
    height = _ROW * len(known) + 6
    rows = "".join(_bar(name, result, margin, 4 + _ROW * i) for i, (name, result, margin) in enumerate(known))
    return f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img" aria-label="Intervals">{rows}</svg>'


def margin_of(result: Result, margins: Mapping[str, Margin]) -> float | None:
    """Return where a policy draws its line for a result, gains above zero; None where it draws none on that scale."""
    margin = margins.get(result.metric.name)
    return margin.at if margin is not None and margin.ratio == (result.scale == "ratio") else None


def _bar(name: str, r: Result, margin: float | None, top: int) -> str:
    """Draw one row, right is better, on a scale of its own with zero in the middle."""
    known = [abs(end) for end in (r.gain, r.gain_lo, r.gain_hi, margin) if end is not None]
    reach = max(known, default=0.0) or 1.0
    middle, half, y = (_LEFT + _WIDTH) / 2, (_WIDTH - _LEFT) / 2 - 14, top + _ROW / 2

    def x(value: float | None, open_end: float) -> float:
        return middle + half * (open_end if value is None else value / reach)

    lo, hi, mean = x(r.gain_lo, -1), x(r.gain_hi, 1), x(r.gain, 0)
    colour = _COLOURS[r.verdict]
    bound = "" if margin is None else _upright(x(margin, 0), top, margin)
    return (
        f"<g><title>{escape(r.sentence)}</title>"
        f'<text x="0" y="{y + 5:.1f}" font-size="14">{escape(name.replace("_", " ")[:30])}</text>'
        f'<line x1="{middle}" x2="{middle}" y1="{top}" y2="{top + _ROW - 4}" stroke="#9aa0ab" stroke-dasharray="4 4"/>{bound}'
        f'<line x1="{lo:.1f}" x2="{hi:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{colour}" stroke-width="5"/>'
        f'<circle cx="{mean:.1f}" cy="{y:.1f}" r="6" fill="{colour}"/></g>'
    )


def _upright(x: float, top: int, margin: float) -> str:
    told = f"a gain of at least {margin:.3g}" if margin >= 0 else f"a loss of less than {-margin:.3g}"
    line = f'<line class="margin" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + _ROW - 4}" stroke="#0b0d12" stroke-width="2">'
    return f"{line}<title>The policy asks for {told}</title></line>"
