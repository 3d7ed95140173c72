"""Why a face score is what it is: each face found beside the person it should be, and where its match lies.

A row a person: the reference, the face found here with its match on a scale, and the same person in the rest of the series.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from pages.ui.crops import card, image, row
from pages.ui.palette import Palette
from pages.ui.series import Sighting
from pages.ui.shell import minus

REFERENCE, FOUND, SMALL = 72, 116, 72
ABSENT: Mapping[str, str] = {
    "missing": "No such face found: counts as 0.",
    "too_small": "The face is too small to tell: left out.",
    "alone": "Nothing to compare with: no reference picture, and nobody else of the series shows them.",
}


def faces_html(evidence: Mapping[str, Any], strips: Mapping[str, Sequence[Sighting]], colours: Palette, *, label: str = "") -> str:
    """Return a block a person asked for; then faces that belong to nobody.

    Args:
        evidence: As `evals.face_consistency` gives it.
        strips: The same people in the other generations of the series, by character.
        colours: Of the look.
        label: What stands before each name.
    """
    faces = evidence.get("faces", [])
    blocks = []
    for person in evidence.get("expected", []):
        who = str(person["character"])
        mine = [face for face in faces if face.get("character") == who]
        reference = (evidence.get("references") or {}).get(who, {})
        limit = (reference.get("threshold") or evidence.get("threshold") or {}).get("match")
        parts = [_references(reference), *(_found(face, limit, colours) for face in mine)]
        if not mine or person.get("state") == "alone":
            parts.append(f'<div style="padding:1rem 0">{escape(_absent(person))}</div>')
        strip = _strip(strips.get(who, ()), limit, colours)
        blocks.append(f"{_heading(label + who, person)}{row(parts, gap='1.25rem')}{strip}")
    strangers = [_stranger(face) for face in faces if not face.get("character")]
    if strangers:
        blocks.append(_head(f"{label}Nobody asked for") + row(strangers))
    return '<div style="font-size:.85rem;line-height:1.5">' + "".join(blocks) + "</div>"


def _heading(who: str, person: Mapping[str, Any]) -> str:
    same = person.get("p_same")
    return _head(who, "" if same is None else f"same person: {100 * same:.0f} %")


def _head(name: str, value: str = "") -> str:
    style = "display:flex;justify-content:space-between;font-weight:600;font-size:1rem;padding:.5rem 0 .35rem"
    return f'<div style="{style}"><span>{escape(name)}</span><span>{escape(value)}</span></div>'


def _absent(person: Mapping[str, Any]) -> str:
    state = str(person.get("state", "missing"))
    return ABSENT.get(state, state)


def _references(reference: Mapping[str, Any]) -> str:
    crops = [image(crop, f"reference {n + 1}", size=REFERENCE) for n, crop in enumerate(reference.get("crops", [])[:3])]
    label = "reference" if reference.get("source") == "reference" else "rest of the series"
    return f"<div>{row(crops, gap='.3rem')}<div>{label}</div></div>" if crops else ""


def _found(face: Mapping[str, Any], limit: float | None, colours: Palette) -> str:
    match = face.get("match")
    same = match is not None and limit is not None and match >= limit
    frame = f"3px {'solid' if same else 'dashed'} {_colour(same, colours) if match is not None else colours.faint}"
    lines = []
    if match is not None and limit is not None:
        lines = [f"<b>match {minus(f'{match:.2f}')}</b> {'≥' if same else '&lt;'} {limit:.2f}", _scale(match, limit, same, colours)]
    lines += [escape(line) for line in (_turned(face), _size(face), _within(face)) if line]
    words = "".join(f'<div style="white-space:nowrap">{line}</div>' for line in lines)
    picture = image(face.get("crop"), f"the face found, match {match or 0:.2f}", size=FOUND, frame=frame)
    return f'<div style="display:flex;gap:.75rem">{picture}<div>{words}</div></div>'


def _scale(match: float, limit: float, same: bool, colours: Palette) -> str:
    """Return a line from 0 to 1 with a tick at the threshold and a dot at the match."""

    def at(value: float, style: str) -> str:
        return f'<div style="position:absolute;left:{100 * min(1.0, max(0.0, value)):.1f}%;{style}"></div>'

    line = f'<div style="position:absolute;top:7px;left:0;right:0;height:2px;background:{colours.faint}"></div>'
    tick = at(limit, f"top:1px;width:2px;height:14px;background:{colours.ink}")
    dot = at(match, f"top:3px;width:10px;height:10px;margin-left:-5px;border-radius:5px;background:{_colour(same, colours)}")
    return f'<div style="position:relative;width:140px;height:16px;margin:.2rem 0" aria-hidden="true">{line}{tick}{dot}</div>'


def _strip(sightings: Sequence[Sighting], limit: float | None, colours: Palette) -> str:
    """Return the person in all generations of the series, this one marked; nothing where it is the only one."""
    if len(sightings) < 2:
        return ""
    cards = []
    for seen in sightings:
        same = seen.match is not None and limit is not None and seen.match >= limit
        frame = f"{'4px' if seen.here else '2px'} {'solid' if same else 'dashed'} {_colour(same, colours)}"
        told = "missing" if seen.match is None else minus(f"{seen.match:.2f}")
        picture = image(seen.crop, f"{seen.case}: {told}", size=SMALL, frame=frame)
        linked = picture if seen.here else f'<a href="{escape(seen.link)}" title="{escape(seen.case)}">{picture}</a>'
        cards.append(card(linked, [f"{told}{'  here' if seen.here else ''}", seen.short], size=SMALL))
    return f'<div style="padding:.6rem 0 .25rem">In the series, with match:</div>{row(cards, gap=".5rem")}'


def _stranger(face: Mapping[str, Any]) -> str:
    return card(image(face.get("crop"), "a face of nobody asked for", size=SMALL), [_size(face)], size=SMALL + 40)


def _colour(same: bool, colours: Palette) -> str:
    return colours.verdicts["better" if same else "worse"]


def _turned(face: Mapping[str, Any]) -> str:
    pose = face.get("pose") or {}
    return minus(f"turned {pose['yaw']:+.0f}°, tilted {pose.get('pitch', 0.0):+.0f}°") if "yaw" in pose else ""


def _size(face: Mapping[str, Any]) -> str:
    return f"eyes {face['iod']:.0f} px apart" if "iod" in face else ""


def _within(face: Mapping[str, Any]) -> str:
    within = face.get("within") or {}
    if "worst" not in within:
        return ""
    return f"within the clip: worst {within['worst']:.2f}, drift {within.get('drift') or 0.0:+.2f}"
