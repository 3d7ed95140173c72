"""What a case asks for, in a few lines, and the pictures that go with it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from pages.ui import shell
from pages.ui.crops import image, row

REFERENCE = 84
Line = tuple[str, str]


def lines(inputs: Mapping[str, Any]) -> list[Line]:
    """Return what is asked, as (label, words): the shot and who is in it, the character and look, or the episode."""
    found = _shot(inputs) if inputs.get("shot") else _character(inputs) if inputs.get("character") else _episode(inputs)
    return [(label, words) for label, words in found if words]


def _shot(inputs: Mapping[str, Any]) -> list[Line]:
    shot = inputs["shot"]
    place = (inputs.get("location") or {}).get("name", shot.get("location", ""))
    camera = [shot.get("size"), shot.get("angle"), shot.get("move"), f"{shot['duration']:g} s" if shot.get("duration") else ""]
    told = [("asked", str(shot.get("action", ""))), ("camera", _joined(*camera, shot.get("daypart"), place))]
    return told + [_person(person) for person in inputs.get("people", [])]


def _person(person: Mapping[str, Any]) -> Line:
    spoken = "speaking" if person.get("speaking") else "silent"
    who = str((person.get("character") or {}).get("id", ""))
    return who, _joined(f"{person.get('emotion')} {person.get('intensity') or 0:.1f}", spoken, person.get("acting"))


def _character(inputs: Mapping[str, Any]) -> list[Line]:
    character, look = inputs["character"], inputs.get("look") or {}
    return [
        (str(character.get("id", "")), _joined(*character.get("static_descriptors", []))),
        ("look", _joined(*look.get("descriptors", []))),
    ]


def _episode(inputs: Mapping[str, Any]) -> list[Line]:
    outline = (inputs.get("episode") or {}).get("outline") or {}
    names = {"title": "title", "opening_hook": "hook", "core_conflict": "conflict", "key_events": "events", "cliffhanger": "cliffhanger"}
    told = []
    for name, label in names.items():
        value = outline.get(name) or ""
        told.append((label, " · ".join(map(str, value)) if isinstance(value, list) else str(value)))
    return [*told, ("series", str((inputs.get("series") or {}).get("logline", "")))]


def _joined(*words: object) -> str:
    return ", ".join(str(word).replace("_", " ") for word in words if word)


def brief_html(inputs: Mapping[str, Any], references: Mapping[str, Any]) -> str:
    """Return the lines and the reference pictures of the people asked for, each a link to the whole picture."""
    told = "".join(
        f'<div style="display:flex;gap:.75rem;padding:.1rem 0"><div style="min-width:5.5rem;opacity:.75">{escape(label)}</div>'
        f'<div style="min-width:0;overflow-wrap:anywhere">{escape(words)}</div></div>'
        for label, words in lines(inputs)
    )
    wanted = {(person.get("character") or {}).get("id") for person in inputs.get("people", [])}
    wanted |= {(inputs.get("character") or {}).get("id")}
    links = []
    for who, pictures in references.items():
        for picture in pictures if who in wanted else ():
            url = shell.blob(picture["sha256"], picture["media_type"]) or ""
            shown = image(url, f"reference picture of {who}", size=REFERENCE, whole=True)
            links.append(f'<a href="{escape(url)}" title="{escape(who)}: the whole reference picture">{shown}</a>')
    pictures_row = f'<div style="padding-top:.4rem">{row(links, gap=".4rem")}</div>' if links else ""
    return f'<div style="font-size:.875rem;line-height:1.45">{told}{pictures_row}</div>' if told or links else ""


def draw(one: Mapping[str, Any]) -> None:
    """Draw the brief of a generation's case."""
    html = brief_html(one.get("inputs") or {}, one.get("references") or {})
    if html:
        st.html(html)
