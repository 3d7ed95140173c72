"""A screenplay as a run of elements, whatever file it came from: headings, actions, speeches, and the notes that we write.

A note `[[beat {…}]]` (see `runs.screenplay.fountain`) holds what a screenplay has no words for; without notes it is inferred.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from prompts.story import Beat, Line, Scene
from runs.screenplay import headings
from runs.screenplay.loose import Kind, LooseBeat, LooseLine, LooseScene, as_model

Type = Literal["heading", "action", "cue", "manner", "speech", "note"]
_EXTENSION = re.compile(r"\s*[(（]([^()（）]*)[)）]\s*$")
_KINDS: dict[str, Kind] = {
    "v.o.": "vo",
    "vo": "vo",
    "旁白": "vo",
    "画外音": "vo",
    "心声": "vo",
    "o.s.": "os",
    "os": "os",
    "o.c.": "os",
    "画外": "os",
}
_NARRATORS = ("narrator", "narration", "旁白", "解说", "字幕")
_NOTE = re.compile(r"^(scene|beat)\s+(\{.*\})$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Element:
    """One paragraph of a screenplay; `id` is a scene number."""

    type: Type
    text: str
    id: str = ""


def scenes_of(elements: Iterable[Element]) -> list[LooseScene]:
    """Put elements together to scenes: an action begins a beat, and speeches belong to the action before them."""
    reader = _Reader()
    for element in elements:
        getattr(reader, f"on_{element.type}")(element)
    return reader.scenes


class _Reader:
    def __init__(self) -> None:
        self.scenes: list[LooseScene] = []
        self._notes: list[dict[str, Any]] = []
        self._speaker, self._kind, self._manner = "", "dialogue", ""
        self._line: LooseLine | None = None

    def on_heading(self, element: Element) -> None:
        """Begin a scene."""
        said = headings.read(element.text)
        self.scenes.append(LooseScene(said.place, said.daypart, said.said, said.continuous, said.flashback, element.id))
        self._line, self._notes = None, []

    def on_note(self, element: Element) -> None:
        """Take what we wrote into a note ourselves; other notes are people's, and no part of the script."""
        found = _NOTE.match(element.text.strip())
        if not found:
            return
        try:
            values = json.loads(found[2])
        except ValueError:
            return
        if found[1] == "scene" and self.scenes:
            self._scene_note(self.scenes[-1], values)
        elif found[1] == "beat":
            self._begin()
            _beat_note(self._beat, values)
            self._notes = [x for x in values.get("lines", []) if isinstance(x, dict)]

    def on_action(self, element: Element) -> None:
        """Begin a beat, or fill the one that a note began."""
        if not element.text.strip():
            return
        if not (self.scenes and self.scenes[-1].beats and not self._beat.action and not self._beat.lines):
            self._begin()
        self._beat.action = element.text.strip()
        self._line = None

    def on_cue(self, element: Element) -> None:
        """Note who speaks next, and how: `MEI (V.O.)`."""
        name = element.text.strip()
        self._kind = "dialogue"
        while found := _EXTENSION.search(name):
            name = name[: found.start()]
            self._kind = _KINDS.get(found[1].strip().casefold(), self._kind)
        self._speaker = name.strip().lstrip("@")
        if self._speaker.casefold() in _NARRATORS:
            self._speaker, self._kind = "", "narration"
        self._manner, self._line = "", None

    def on_manner(self, element: Element) -> None:
        """Note how the next speech is said."""
        text = element.text.strip()
        self._manner = text[1:-1].strip() if text[:1] in ("(", "（") and text[-1:] in (")", "）") else text
        self._line = None

    def on_speech(self, element: Element) -> None:
        """Add a speech; one without an action before it begins a beat."""
        text = " ".join(element.text.split())
        if not text:
            return
        if self._line is not None:
            self._line.text += f" {text}"
            return
        if not (self.scenes and self.scenes[-1].beats):
            self._begin()
        kind: Any = self._kind
        self._line = LooseLine(self._speaker, text, self._manner, kind)
        number = len(self._beat.lines)
        self._beat.lines.append(self._line)
        if number < len(self._notes):
            _line_note(self._line, self._notes[number])
        self._manner = ""

    @property
    def _beat(self) -> LooseBeat:
        return self.scenes[-1].beats[-1]

    def _begin(self) -> None:
        if not self.scenes:  # what stands before the first heading is a scene too
            self.scenes.append(LooseScene(""))
        self.scenes[-1].beats.append(LooseBeat())
        self._notes, self._line = [], None

    def _scene_note(self, scene: LooseScene, values: dict[str, Any]) -> None:
        known = as_model(values, Scene)
        scene.present = known.pop("present", None)
        scene.place, scene.daypart, scene.said = known.pop("location", scene.place), known.pop("daypart", scene.daypart), ""
        scene.id = known.pop("id", scene.id)
        known.pop("beats", None)
        scene.facts = known


def _beat_note(beat: LooseBeat, values: dict[str, Any]) -> None:
    known = as_model(values, Beat)
    beat.id, beat.function = str(known.pop("id", "")), str(known.pop("function", ""))
    beat.emotion, beat.actors, beat.props = known.pop("emotion", None), known.pop("actors", None), known.pop("props", [])
    beat.facts = {k: v for k, v in known.items() if k not in ("action", "lines")}


def _line_note(line: LooseLine, values: dict[str, Any]) -> None:
    known = as_model(values, Line)
    line.id, line.speaker, line.kind = str(known.pop("id", "")), known.pop("speaker", None) or "", known.pop("kind", line.kind)
    line.facts = {k: v for k, v in known.items() if k not in ("text", "manner")}
