"""What a case asks for, in a few lines, and the pictures that go with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.ui import shell
from pages.ui.crops import card, image, row

REFERENCE = 76


def lines(inputs: Mapping[str, Any]) -> list[str]:
    """Return what is asked: the shot and who is in it, the character and look, or the episode."""
    shot = inputs.get("shot")
    if shot:
        place = (inputs.get("location") or {}).get("name", shot.get("location", ""))
        camera = [shot.get("size"), shot.get("angle"), shot.get("move"), f"{shot['duration']:g} s" if shot.get("duration") else ""]
        told = [str(shot.get("action", "")), ", ".join(str(word) for word in (*camera, shot.get("daypart"), place) if word)]
        return told + [_person(person) for person in inputs.get("people", [])]
    if character := inputs.get("character"):
        look = inputs.get("look") or {}
        return [str(character.get("name", "")), ", ".join(character.get("static_descriptors", [])), ", ".join(look.get("descriptors", []))]
    if episode := inputs.get("episode"):
        return [str(episode[name]) for name in ("title", "premise", "logline", "summary") if episode.get(name)]
    return []


def _person(person: Mapping[str, Any]) -> str:
    spoken = "speaking" if person.get("speaking") else "silent"
    acting = f": {person['acting']}" if person.get("acting") else ""
    return f"{(person.get('character') or {}).get('id', '')}: {person.get('emotion')} {person.get('intensity') or 0:.1f}, {spoken}{acting}"


def draw(one: Mapping[str, Any]) -> None:
    """Draw the brief of a generation's case and the reference pictures of its people."""
    inputs = one.get("inputs") or {}
    for line in filter(None, lines(inputs)):
        st.text(line)
    wanted = {(person.get("character") or {}).get("id") for person in inputs.get("people", [])}
    wanted |= {(inputs.get("character") or {}).get("id")}
    cards = []
    for who, pictures in (one.get("references") or {}).items():
        if who not in wanted - {None}:
            continue
        for picture in pictures:
            url = shell.blob(picture["sha256"], picture["media_type"]) or ""
            shown = image(url, f"reference picture of {who}", size=REFERENCE)
            cards.append(card(f'<a href="{url}" title="whole picture">{shown}</a>', [who], size=REFERENCE))
    if cards:
        st.html(row(cards))
