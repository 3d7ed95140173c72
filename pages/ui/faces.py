"""Why a face score is what it is: each face found beside the person it should be, with its similarity and the threshold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

_CROP = re.compile(r"data:image/(jpeg|webp|png);base64,[A-Za-z0-9+/=]{1,20000}")
_CARD = "display:inline-block;vertical-align:top;width:7.2rem;margin:0 .6rem .6rem 0;font:0.8rem/1.35 inherit"
_OUTLINE = {"same": "#2f7ed8", "other": "#d9730d", "none": "#8a8f98"}


def faces_html(evidence: Mapping[str, Any]) -> str:
    """Return a row a person: what the references show, then the faces found; then faces that belong to nobody, and who is missing.

    Args:
        evidence: As `evals.face_consistency` gives it. Crops that are no small inline pictures are left out.
    """
    faces = evidence.get("faces", [])
    limit = (evidence.get("threshold") or {}).get("match")
    rows = []
    for person in evidence.get("expected", []):
        who = person["character"]
        reference = (evidence.get("references") or {}).get(who, {})
        cards = [_card(crop, f"reference {i + 1}", "none") for i, crop in enumerate(reference.get("crops", [])[:3])]
        cards += [_found(face, limit) for face in faces if face.get("character") == who]
        if person.get("state") != "found":
            cards.append(f'<div style="{_CARD}">{escape(person.get("state", "missing"))}: counts as 0</div>')
        rows.append(f'<div><div style="font-weight:600;padding:.3rem 0">{escape(who)}</div>{"".join(cards)}</div>')
    strangers = [_card(face.get("crop"), _pose(face), "none") for face in faces if not face.get("character")]
    if strangers:
        rows.append(f'<div><div style="font-weight:600;padding:.3rem 0">nobody asked for</div>{"".join(strangers)}</div>')
    return "".join(rows)


def _found(face: Mapping[str, Any], limit: float | None) -> str:
    match = face.get("match")
    if match is None:
        return _card(face.get("crop"), _pose(face), "none")
    same = limit is not None and match >= limit
    words = f"match {match:.2f} {'≥' if same else '<'} {limit:.2f}<br>same person {100 * face.get('p_same', 0.0):.0f} %<br>{_pose(face)}"
    return _card(face.get("crop"), words, "same" if same else "other")


def _card(crop: object, words: str, kind: str) -> str:
    """Return a picture with words under it; `words` is our own HTML."""
    inline = isinstance(crop, str) and _CROP.fullmatch(crop)
    alt = escape(re.sub(r"<br>", ", ", words))
    border = f"3px {'solid' if kind == 'same' else 'dashed'} {_OUTLINE[kind]}"
    picture = f'<img src="{crop}" alt="{alt}" style="width:100%;border:{border};border-radius:.4rem">' if inline else "no picture"
    return f'<div style="{_CARD}">{picture}<div>{words}</div></div>'


def _pose(face: Mapping[str, Any]) -> str:
    pose = face.get("pose") or {}
    turned = f"turned {pose['yaw']:+.0f}°" if "yaw" in pose else ""
    size = f"eyes {face['iod']:.0f} px apart" if "iod" in face else ""
    return "<br>".join(filter(None, (turned, size)))


def draw_faces(evidence: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Draw the faces of each side, given as (label, evidence)."""
    for column, (label, of_side) in zip(st.columns(len(evidence), gap="medium"), evidence, strict=True):
        with column:
            st.text(label)
            if of_side:
                st.html(faces_html(of_side))
                threshold = of_side.get("threshold") or {}
                if threshold.get("source"):
                    st.caption(f"Threshold from {threshold['source']}. Solid: the same person; dashed: not.")
            else:
                st.text("No faces were looked at.")
