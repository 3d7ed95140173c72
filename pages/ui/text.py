"""Text that models wrote and text that differs, as HTML in which nothing of it is markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from evals.waivers import TAKES_OUT
from pages.ui.shell import shortened
from prompts.diff import Line

# Sign and border say what colour says: + and − stay readable in both looks and without colour.
_STYLE = {
    "+": ("+", "rgba(46,160,67,.16)", "rgba(46,160,67,.45)"),
    "-": ("−", "rgba(217,115,13,.16)", "rgba(217,115,13,.45)"),
    " ": (" ", "transparent", "transparent"),
}
_MARKS = {"block": "✗", "warn": "!", "info": "i"}
_VERDICTS = {"right": "✓ right", "wrong": "✗ wrong", "meant": "◦ meant"}
_BOX = "font:0.85rem/1.55 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere"


def diff_html(hunks: Iterable[Sequence[Line]]) -> str:
    """Return hunks of a diff: changed lines tinted and signed, changed words within them tinted more."""
    rows = []
    for number, hunk in enumerate(hunks):
        if number:
            rows.append('<div style="opacity:.6">⋯</div>')
        rows += [_diff_row(line) for line in hunk]
    return f'<div style="{_BOX}">{"".join(rows)}</div>' if rows else ""


def _diff_row(line: Line) -> str:
    sign, tint, strong = _STYLE[line.sign]
    # Where all of a line is new, the line says so; marks are for the words within one that has changed in part.
    part = not all(span.changed for span in line.spans)
    words = "".join(
        f'<span style="background:{strong};border-radius:3px">{escape(s.text)}</span>' if part and s.changed else escape(s.text)
        for s in line.spans
    )
    return f'<div style="background:{tint};padding-left:1.4rem;text-indent:-1.4rem">{sign} {words}</div>'


def script_html(script: Mapping[str, Any], findings: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    """Return a script as people read one, each finding under the line, beat or scene that it is about.

    Args:
        script: What the model wrote, as parsed JSON of `prompts.story.Script`.
        findings: As `evals.logic` gives them.
        names: Names of characters, places and props by id.
    """
    left = list(findings)
    rows: list[str] = []
    for scene in script.get("scenes", []):
        place = names.get(scene.get("location"), scene.get("location"))
        present = ", ".join(str(names.get(p, p)) for p in scene.get("present", []))
        head = f"{scene.get('id')} · {place} · {scene.get('daypart')} · day {scene.get('story_day', 1)} · present: {present}"
        rows.append(f'<div style="font-weight:600;padding-top:.8rem">{escape(head)}</div>')
        rows += _taken(left, scene.get("id"), depth=1)
        for beat in scene.get("beats", []):
            rows.append(f'<div style="padding:.25rem 0 0 .5rem;opacity:.9">{escape(str(beat.get("action", "")))}</div>')
            rows += _taken(left, beat.get("id"), depth=2)
            for line in beat.get("lines", []):
                rows += [_line(line, names), *_taken(left, line.get("id"), depth=3)]
    rest = "".join(_finding(finding) for finding in left)
    return focusable(f'<div style="font:0.9rem/1.5 inherit">{"".join(rows)}{rest}</div>', "Script")


def focusable(html: str, called: str) -> str:
    """Let keys scroll what stands in a box of its own: it can be focused, and has a name."""
    return f'<div tabindex="0" role="group" aria-label="{escape(called)}">{html}</div>'


def _line(line: Mapping[str, Any], names: Mapping[str, str]) -> str:
    speaker = str(names.get(line.get("speaker", ""), line.get("speaker") or "narration"))
    manner = f" ({line['manner']})" if line.get("manner") else ""
    head = f'<span style="font-weight:600">{escape(speaker)}</span>{escape(manner)}'
    return f'<div style="padding-left:1.5rem">{escape(str(line.get("id", "")))} {head}: {escape(str(line.get("text", "")))}</div>'


def _taken(findings: list[Mapping[str, Any]], place: object, depth: int) -> list[str]:
    """Take out the findings that are about a place and nothing smaller within it."""
    here = [f for f in findings if len(f.get("where", [])) == depth and f["where"][-1] == place]
    for finding in here:
        findings.remove(finding)
    return [_finding(finding) for finding in here]


def findings_html(findings: Sequence[Mapping[str, Any]]) -> str:
    """Return broken rules as a list, the blocking ones first and what people have waived last, each with its place.

    What somebody has said of a finding stands in its `said`: a verdict, who and why.
    """
    grave = list(_MARKS)
    order = sorted(findings, key=lambda f: (waived(f), grave.index(str(f.get("severity"))) if f.get("severity") in grave else 9))
    rows = [f'<div style="padding:.2rem 0">{_finding(f, " / ".join(map(str, f.get("where", []))))}</div>' for f in order]
    return focusable(f'<div style="font:0.9rem/1.5 inherit">{"".join(rows)}</div>', "Findings")


def waived(finding: Mapping[str, Any]) -> bool:
    """Tell whether somebody has said that a finding should not count."""
    return (finding.get("said") or {}).get("verdict") in TAKES_OUT


def _finding(finding: Mapping[str, Any], place: str = "") -> str:
    severity = "info" if waived(finding) else str(finding.get("severity"))
    mark = _MARKS.get(severity, "!")
    tint = "rgba(217,115,13,.16)" if severity == "block" else "rgba(138,143,152,.16)"
    edge = "rgba(217,115,13,.8)" if severity == "block" else "rgba(138,143,152,.8)"
    quote = f' <q style="opacity:.85">{escape(shortened(finding["quote"]))}</q>' if finding.get("quote") else ""
    words = f"<b>{mark} {escape(str(finding.get('check', '')))}</b> {escape(shortened(finding.get('message', '')))}"
    if waived(finding):
        words, quote = f"<s>{words}</s>", f"<s>{quote}</s>" if quote else ""
    where = f'<span style="opacity:.75"> {escape(place)}</span>' if place else ""
    if said := finding.get("said"):
        verdict = _VERDICTS.get(str(said["verdict"]), str(said["verdict"]))
        where += f"<div>{escape(verdict)}, says {escape(str(said['who']))}: {escape(str(said['why']))}</div>"
    indent = "" if place else "margin-left:1.5rem;"
    return f'<div style="{indent}padding:.15rem .6rem;background:{tint};border-left:3px solid {edge}">{words}{quote}{where}</div>'
