"""A file's source with numbered lines, and what is wrong with it under the line that is."""

from __future__ import annotations

from html import escape

MOST_LINES = 3000
_BOX = "font:0.85rem/1.55 ui-monospace,monospace"
_MARK = "background:rgba(217,115,13,.16);border-left:3px solid rgba(217,115,13,.8)"


def source_html(text: str, *, line: int | None = None, message: str = "", around: int | None = None) -> str:
    """Return a source as HTML in which nothing of it is markup.

    Args:
        text: The source.
        line: The number of a line to mark, from 1.
        message: What is said under that line.
        around: Show so many lines before and after the marked one; None shows the whole.
    """
    lines = text.split("\n")
    first, last = 0, len(lines)
    if line is not None and around is not None:
        first, last = max(0, line - 1 - around), min(len(lines), line + around)
    shown = lines[first : min(last, first + MOST_LINES)]
    rows = [_row(number, words, number == line, message) for number, words in enumerate(shown, start=first + 1)]
    if first + len(shown) < last:
        rows.append(f'<div style="opacity:.75">… {last - first - len(shown)} more lines</div>')
    return f'<div style="{_BOX}">{"".join(rows)}</div>'


def _row(number: int, words: str, marked: bool, message: str) -> str:
    tint = _MARK if marked else "border-left:3px solid transparent"
    # The gutter is not selected when a user copies.
    row = (
        f'<div style="display:flex;{tint}"><div style="flex:0 0 3rem;text-align:right;padding-right:.9rem;opacity:.75;'
        f'user-select:none">{number}</div><div style="min-width:0;white-space:pre-wrap;overflow-wrap:anywhere">{escape(words)}</div></div>'
    )
    if marked and message:
        row += f'<div style="{_MARK};padding:.2rem .6rem .3rem 3.9rem;font-weight:600;overflow-wrap:anywhere">✗ {escape(message)}</div>'
    return row
