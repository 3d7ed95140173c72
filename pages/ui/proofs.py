"""What scorers of clips, of originality and of judgement saw, as HTML: moments on a line, passages side by side, quotes.

Everything here was written by models or strangers and is escaped; pictures come from our own media route alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from pages.ui.crops import image, row
from pages.ui.palette import Palette

FAULTS = (
    "cuts", "flicker", "frozen", "blank", "warping", "burnt_text", "sharpness", "shot_distance", "near_identical", "aspect_error",
    "duration_error",
)  # fmt: skip
_HASH = re.compile(r"[0-9a-f]{64}")
PICTURE = 180
MOST = 40
"""Moments, passages or answers that are shown of one score."""
Json = Mapping[str, Any]


def faults(side: Json) -> list[Json]:
    """Return the scores of a generation that are about faults of its picture, in the order of `FAULTS`."""
    found = {score["metric"]: score for score in side.get("scores", []) if score["metric"] in FAULTS}
    return [found[name] for name in FAULTS if name in found]


def judged(side: Json) -> list[Json]:
    """Return the scores that a model gave, by criterion."""
    return [score for score in side.get("scores", []) if str(score.get("scorer", "")).startswith("judge/")]


def reuse(side: Json) -> list[Json]:
    """Return the earlier works that a generation repeats."""
    return [
        found
        for score in side.get("scores", [])
        if score["metric"] == "originality"
        for found in (score["evidence"] or {}).get("reuse", [])
    ]


def moments(evidence: Any) -> Iterator[tuple[float, float]]:
    """Yield begin and end in seconds of whatever in some evidence has a time: `t`, `from`/`to`, or pairs under `runs`."""
    if isinstance(evidence, Mapping):
        begin, end = evidence.get("from", evidence.get("t")), evidence.get("to", evidence.get("t"))
        if _number(begin):
            yield float(begin), float(end) if _number(end) else float(begin)
        for name, value in evidence.items():
            if name == "runs" and isinstance(value, list):
                yield from ((float(pair[0]), float(pair[1])) for pair in value if _pair(pair))
            else:
                yield from moments(value)
    elif isinstance(evidence, list):
        for value in evidence:
            yield from moments(value)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_number(v) for v in value)


def faults_html(scores: Sequence[Json], colours: Palette, length: float) -> str:
    """Return a row a fault: its words, and on a line of the clip's length the moments in which it was seen."""
    return _block("".join(_fault(score, colours, length) for score in scores))


def _fault(score: Json, colours: Palette, length: float) -> str:
    name = escape(str(score["metric"]).replace("_", " "))
    told = str(score["reason"] or "") if score["status"] == "ok" else f"{score['status']}: {score['reason']}".replace("_", " ")
    value = f"{score['value']:.3g}" if score["value"] is not None else "–"
    seen = list(moments(score["evidence"]))[:MOST] if length > 0 else []
    return (
        f'<div style="padding:.35rem 0"><b>{name}</b> {value}&ensp;<span style="opacity:.85">{escape(told)}</span>'
        f"{_line(seen, colours, length) if seen else ''}</div>"
    )


def _line(seen: Sequence[tuple[float, float]], colours: Palette, length: float) -> str:
    marks = "".join(
        f'<div title="{begin:.2f} s" style="position:absolute;left:{100 * min(1.0, max(0.0, begin / length)):.2f}%;'
        f"width:max(3px,{100 * max(0.0, min(end, length) - begin) / length:.2f}%);top:0;height:12px;"
        f'background:{colours.verdicts["worse"]}"></div>'
        for begin, end in seen
    )
    words = ", ".join(f"{begin:.2f} s" if end <= begin else f"{begin:.2f}–{end:.2f} s" for begin, end in seen[:8])
    bar = f'<div style="position:relative;height:12px;background:rgba(138,143,152,.25);border-radius:3px" aria-hidden="true">{marks}</div>'
    return f'<div style="padding-top:.25rem">{bar}<div style="font-size:.8rem">{words}</div></div>'


def reuse_html(found: Sequence[Json], mine: str | None, kept: Mapping[str, str] | None = None) -> str:
    """Return what was there before, each with its passages beside ours, or both pictures.

    Args:
        found: As `evals.originality` gives it.
        mine: SHA-256 of our own picture; None of a text.
        kept: Earlier pictures that are no output of this workspace, by SHA-256, as inline addresses.
    """
    return _block("".join(_reused(one, mine, kept or {}) for one in found[:MOST]))


def _reused(one: Json, mine: str | None, kept: Mapping[str, str]) -> str:
    source = one.get("source") or {}
    head = f"{one.get('relation', 'earlier work')}: {source.get('name', '')}"
    share = f" · {100 * float(one['share']):.0f} %" if _number(one.get("share")) else ""
    cells = [
        f'<div style="display:grid;grid-template-columns:1fr 1fr;gap:1rem;padding:.3rem 0">'
        f"<q>{escape(str(passage.get('mine', '')))}</q><q>{escape(str(passage.get('theirs', '')))}</q></div>"
        for passage in (one.get("passages") or [])[:MOST]
    ]
    theirs = str(source.get("sha256") or "")
    if mine and not cells:
        pictures = [(mine, "this picture", one.get("view")), (theirs, "the earlier picture", one.get("other_view"))]
        cells = [row(_half(sha, f"{alt}, {view}" if view else alt, kept.get(sha)) for sha, alt, view in pictures)]
    labels = '<div style="display:grid;grid-template-columns:1fr 1fr;gap:1rem;opacity:.7"><span>here</span><span>there</span></div>'
    return f'<div style="padding:.4rem 0"><b>{escape(head + share)}</b>{labels if one.get("passages") else ""}{"".join(cells)}</div>'


def _half(sha: str, alt: str, inline: str | None) -> str:
    """Return one of two pictures, with which part of it is meant."""
    address = inline or (f"/blob/{sha}" if _HASH.fullmatch(sha) else None)
    return f"<div>{image(address, alt, size=PICTURE, whole=True)}<small>{escape(alt)}</small></div>"


def judge_html(scores: Sequence[Json]) -> str:
    """Return each criterion with the answers of all repeats and their quotes; what people did not confirm is grey, as advice."""
    return _block("".join(_judgement(score) for score in scores))


def _judgement(score: Json) -> str:
    evidence = score["evidence"] or {}
    standing = evidence.get("calibration") or {}
    sure = bool(standing.get("calibrated"))
    value = f"{score['value']:.2f}" if score["value"] is not None else str(score["status"]).replace("_", " ")
    why = escape(str(standing.get("reason") or "not calibrated"))
    note = "" if sure else f' <span style="border:1px solid;border-radius:.3rem;padding:0 .3rem">advice: {why}</span>'
    answers = "".join(_answer(answer) for answer in (evidence.get("answers") or [])[:MOST])
    head = f"<b>{escape(str(score['metric']))}</b> {escape(value)} {escape(str(score['reason'] or ''))}"
    return f'<div style="padding:.4rem 0;{"" if sure else "opacity:.72"}">{head}{note}{answers}</div>'


def _answer(answer: Json) -> str:
    told = [str(answer.get(name) or "") for name in ("answer", "reason")]
    quote = f"<q>{escape(str(answer['quote']))}</q> {escape(str(answer.get('where') or ''))} " if answer.get("quote") else ""
    lost = f"dropped: {escape(str(answer['dropped']))}" if answer.get("dropped") else ""
    return f'<div style="padding-left:1rem">{escape(": ".join(filter(None, told)))} {quote}{lost}</div>'


def _block(inner: str) -> str:
    return f'<div style="font-size:.875rem;line-height:1.5;overflow-wrap:anywhere">{inner}</div>'
