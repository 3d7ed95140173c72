"""What both arms made of a case: pictures and clips in the pair viewer, texts in two columns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from pages.ui import live, shell, takeaway
from pages.ui.pair import Side, pair
from pages.ui.text import script_html
from runs import query
from runs.workspace import Workspace

TEXT_HEIGHT = 520
MOST_TEXT = 200_000
"""Characters of an output that are shown: an answer of ten megabytes would stop the browser for a minute."""
TEXT_STAGES = frozenset({"outline", "script"})


def are_texts(sides: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the sides made texts; a failure of a stage that makes texts counts as one."""
    kinds = {_kind(side) for side in sides} - {""}
    return kinds == {"text"} if kinds else any(side.get("stage") in TEXT_STAGES for side in sides)


def show_texts(ws: Workspace, sides: Sequence[Mapping[str, Any]]) -> None:
    """Draw both texts in columns; a failure is shown in its place, with its reason."""
    for column, side in zip(st.columns(len(sides), gap="medium"), sides, strict=True):
        with column:
            st.text(_label(side))
            _text(ws, side)


def show_visuals(sides: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """Draw pictures, clips or sounds of both sides; a failure is shown in its place, with its reason."""
    pair([_visual(side) for side in sides], key=key, fps=_fps(sides))


def failure(side: Mapping[str, Any]) -> tuple[str, str]:
    """Return what went wrong in a few words (status and class of error), and the message."""
    if not side.get("status"):
        return "not generated", "This arm has no generation of the case and repeat."
    what = " · ".join(filter(None, (live.spaced(side["status"]), live.spaced(side.get("error")))))
    return what, shell.shortened(side.get("message") or "There is no output.")


def _kind(side: Mapping[str, Any]) -> str:
    artifacts = side.get("artifacts") or []
    return str(artifacts[0]["kind"]) if artifacts else ""


def _label(side: Mapping[str, Any]) -> str:
    arm = side["arm"]
    return f"{side['letter']}  {' · '.join(filter(None, (arm.shown, arm.model)))}"


def _visual(side: Mapping[str, Any]) -> Side:
    kinds: dict[str, Literal["image", "video", "audio"]] = {"image": "image", "video": "video", "audio": "audio"}
    kind = kinds.get(_kind(side))
    if kind is None:
        return Side(_label(side), "none", "", "\n".join(failure(side)))
    url = shell.blob(side["artifact"], side["media_type"]) or ""
    return Side(_label(side), kind, url, f"{side['letter']}: {side['stage']} of case {side['case_id']}")


def _fps(sides: Sequence[Mapping[str, Any]]) -> float:
    """Return the frame rate to step by: what the expression scorer saw in the clip, or 12."""
    for side in sides:
        for score in side.get("scores", []):
            if rate := (score["evidence"] or {}).get("fps"):
                return float(rate)
    return 12.0


def _text(ws: Workspace, side: Mapping[str, Any]) -> None:
    if _kind(side) != "text":
        what, why = failure(side)
        with st.container(height=TEXT_HEIGHT, border=True):
            st.error(shell.plain(what))
            st.text(why)
        return
    text, more = beginning(query.media_path(ws, side["artifact"]))
    if more:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"The first {MOST_TEXT:,} characters; {more:,} more bytes are in the file.")
            path = query.media_path(ws, side["artifact"])
            takeaway.button("The whole text", takeaway.raw(path), f"{side['letter']}-{path.name}", "text/plain", width="content")
    with st.container(height=TEXT_HEIGHT, border=True):
        script = None if more else _script(text)
        if script is None:
            st.code(text, language=None, wrap_lines=True)
        else:
            st.html(script_html(script, side["findings"], _names(side)))


def beginning(path: Path) -> tuple[str, int]:
    """Return as much of a text as a browser can be given, and how many bytes are left out."""
    with path.open("rb") as file:
        data = file.read(4 * MOST_TEXT)
    text = data.decode("utf-8", errors="replace")[:MOST_TEXT]
    left = path.stat().st_size - len(text.encode("utf-8"))
    return text, left if len(text) == MOST_TEXT and left > 0 else 0


def _script(text: str) -> dict[str, Any] | None:
    from evals.schema import read

    model = read(text, "script").model
    return None if model is None else dict(json.loads(model.model_dump_json()))


def _names(side: Mapping[str, Any]) -> dict[str, str]:
    inputs = side.get("inputs") or {}
    return {thing["id"]: thing["name"] for group in ("characters", "locations", "props") for thing in inputs.get(group, [])}
