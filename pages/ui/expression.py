"""Why an expression score is what it is: how the face moved, what it shows, and what the shot asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from pages.ui import traces
from pages.ui.crops import card, image, row
from pages.ui.palette import Palette, palette
from pages.ui.traces import People

MOMENT, STILL = 74, 150


def by_person(evidence: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Return what was found out, by character and side, from evidence given as (side, evidence)."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for side, of_side in evidence:
        for person in of_side.get("people", []):
            found.setdefault(str(person.get("character")), {})[side] = person
    return found


def draw_expression(evidence: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Draw each person of both sides on shared axes."""
    colours = palette()
    for who, people in by_person(evidence).items():
        with st.container(border=True):
            _person(who, people, colours)
    for side, of_side in evidence:
        if of_side.get("missing"):
            st.text(f"{side}: no face found of {', '.join(of_side['missing'])}")


def _person(who: str, people: People, colours: Palette) -> None:
    asked = f'<b style="font-size:1rem">{escape(who)}</b>&emsp;{escape(asked_words(next(iter(people.values()))))}'
    shown = "".join(f"<div><b>{side}</b>&ensp;{escape(shown_words(person))}</div>" for side, person in people.items())
    st.html(f'<div style="font-size:.875rem;line-height:1.5">{asked}{shown}</div>')
    frame = traces.traces(people)
    left, right = st.columns([7, 5] if len(frame) else [4, 8], gap="medium")
    with left:
        st.html(row([_film(side, person) for side, person in people.items()], gap="1.25rem"))
        if len(frame):
            _curves(who, people, colours)
    with right:
        _levels(who, people, colours)
    st.caption("A: dashed and hollow. B: solid and filled." + (" Head motion is taken out of the curves." if len(frame) else ""))


def _curves(who: str, people: People, colours: Palette) -> None:
    frame, shut = traces.traces(people), traces.blinks(people)
    with st.container(gap=None):
        for signal, words in traces.SIGNALS.items():
            st.caption(words)
            chart = traces.trace_chart(frame, shut, signal, colours, last=signal == list(traces.SIGNALS)[-1])
            st.altair_chart(chart, alt=f"{signal} of {who} over time, A dashed, B solid")


def _levels(who: str, people: People, colours: Palette) -> None:
    shown = traces.emotions(people)
    if len(shown):
        st.caption("Emotion shown; ▸ is the one asked for")
        st.altair_chart(traces.emotion_chart(shown, colours), alt=f"emotions that {who} shows")
    energies = traces.energies(people)
    if len(energies):
        st.caption("Movement by region; grey ticks: the noise floor")
        st.altair_chart(traces.energy_chart(energies, colours), alt=f"movement of {who} by region")


def asked_words(person: Mapping[str, Any]) -> str:
    """Return what the shot asks of a person."""
    asked = person.get("asked") or {}
    spoken = "speaking" if asked.get("speaking") else "silent"
    strength = f" at {asked['intensity']:.1f}" if asked.get("intensity") is not None else ""
    return f"asked for {asked.get('emotion', 'nothing')}{strength}, {spoken}"


def shown_words(person: Mapping[str, Any]) -> str:
    """Return what a person shows: the problem, or emotion, match and stiffness."""
    if person.get("problem"):
        return str(person["problem"])
    emotion = person.get("emotion") or {}
    told = []
    if shown := emotion.get("shown"):
        strongest = max(shown, key=shown.__getitem__)
        told.append(f"shows {strongest} ({100 * shown[strongest]:.0f} % sure)")
    if emotion.get("strength") is not None:
        told.append(f"strength {emotion['strength']:.2f}")
    if emotion.get("match") is not None:
        told.append(f"match {emotion['match']:.2f}")
    if person.get("stiffness") is not None:
        told.append(f"stiffness {person['stiffness']:.2f} (0 lively, 1 a photograph)")
        low, high = person.get("likely") or (0.0, 0.0)
        if high > low:
            told.append(f"a longer take would likely have {low:.2f} to {high:.2f}")
    return ", ".join(told) or "not measured"


def _film(side: str, person: Mapping[str, Any]) -> str:
    """Return some moments of one side as a strip."""
    moments = person.get("crops", [])
    size = MOMENT if len(moments) > 1 else STILL
    words = [f"{side}  {m.get('t', 0.0):.1f} s" if len(moments) > 1 else side for m in moments]
    cards = [card(image(m.get("crop"), word, size=size), [word], size=size) for m, word in zip(moments, words, strict=True)]
    return row(cards, gap=".35rem")
