"""A comparison's numbers as a plain table: a grid that can be sorted takes longer to draw than ten rows to read."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from evals.result import Result
from evals.sentence import change, level
from pages.ui import badges, shell

WIDTHS = (22, 18, 12, 17, 9, 9, 13)
"""Of the columns in per cent: the table of what matters and the one that is folded away share them."""
_CELL = "padding:.4rem .4rem .4rem 0;border:0;border-bottom:1px solid rgba(138,143,152,.3);vertical-align:top;"
_TINTS = {"better": "rgba(31,111,208,.18)", "worse": "rgba(230,126,0,.22)"}
"""Behind a verdict; the word keeps the colour of the page's text, which reads well in both looks, also when the look changes."""
_TABLE = "width:100%;table-layout:fixed;border-collapse:collapse;font-size:.875rem;line-height:1.35;margin:0"


def figures_html(shown: Sequence[Result], folded: Sequence[Result], alpha: float, unit: str) -> str:
    """Return a table of some results and, folded away below it, one of others.

    Args:
        shown: A row each.
        folded: A row each, once the reader unfolds them.
        alpha: What the intervals leave out on each side.
        unit: What was counted, in the plural.
    """
    found = _table(shown, alpha, unit, head=True)
    if folded:
        said = f"{len(folded)} more metric{'s' * (len(folded) > 1)}"
        fold = "cursor:pointer;padding:.5rem 0;font-size:.875rem"
        found += f'<details><summary style="{fold}">{said}</summary>{_table(folded, alpha, unit, head=False)}</details>'
    return found


def columns(alpha: float, unit: str) -> list[tuple[str, str]]:
    """Return what the columns are called, and what they hold where that is not plain."""
    mean = f"Mean over {unit}; of cost and latency the geometric mean"
    return [
        ("metric", "↑ more is better, ↓ less is better"),
        ("verdict", ""),
        ("change", "B minus A; of cost and latency, by what share"),
        (f"{sure(alpha)} interval", ""),
        ("A", mean),
        ("B", mean),
        ("+ / − / =", f"{unit} in which B is better / worse / the same"),
    ]


def row(r: Result) -> list[str]:
    """Return the cells of a result."""
    return [
        f"{r.metric.name.replace('_', ' ')}\u00a0{'↑' if r.metric.direction == 'up' else '↓'}",
        badges.verdict(r),
        "–" if r.delta is None else change(r, r.delta),
        "–" if r.delta is None else f"{change(r, r.lo)} … {change(r, r.hi)}",
        level(r, r.mean_a),
        level(r, r.mean_b),
        f"{r.by_unit.better}\u00a0/\u00a0{r.by_unit.worse}\u00a0/\u00a0{r.by_unit.same}",
    ]


def sure(alpha: float) -> str:
    """Return how sure the intervals are."""
    return f"{100 * (1 - 2 * alpha):.0f} %"


def _table(results: Sequence[Result], alpha: float, unit: str, *, head: bool) -> str:
    widths = "".join(f'<col style="width:{width}%">' for width in WIDTHS)
    named = "".join(
        f'<th scope="col" title="{escape(told)}" style="{_CELL}text-align:{_side(n)};font-weight:600;opacity:.8">{escape(name)}</th>'
        for n, (name, told) in enumerate(columns(alpha, unit))
    )
    # Who listens to the folded table hears what its columns are, too.
    top = f"<thead{'' if head else ' hidden'}><tr>{named}</tr></thead>"
    body = "".join(f"<tr>{_cells(result)}</tr>" for result in results)
    return f'<table style="{_TABLE}"><colgroup>{widths}</colgroup>{top}<tbody>{body}</tbody></table>'


def _cells(result: Result) -> str:
    name, *rest = row(result)
    first = f'<th scope="row" style="{_CELL}text-align:left;font-weight:400;overflow-wrap:anywhere">{escape(name)}</th>'
    tint = "rgba(128,128,128,.14)" if result.unmoved else _TINTS.get(result.verdict, "rgba(128,128,128,.14)")
    chip = f'<span style="background:{tint};border-radius:.3rem;padding:.1rem .3rem;white-space:nowrap">{escape(rest[0])}</span>'
    # In a narrow window an interval takes two lines, and a number none of its own for its unit.
    cells = [chip, *(shell.unbroken(escape(text)) for text in rest[1:])]
    return first + "".join(f'<td style="{_CELL}text-align:{_side(n)}">{cell}</td>' for n, cell in enumerate(cells, start=1))


def _side(column: int) -> str:
    return "left" if column < 2 else "right"
