"""From what a screenplay says to a script of the story model: names get ids, and what is not said is inferred and told.

Example: a scene of two speeches, with a series whose cast has `mei` (梅) and `zhao` (赵)

    build(loose, people={"mei": ("梅",), "zhao": ("赵", "赵总")})  ->  Built(script=…, people={"mei": "梅", …}, inferred=[
        "s1: present are those who speak or are named in the action: mei, zhao", "b2: function escalation, emotion 5", …])

A screenplay declares no presence, no function and no change of state, so nothing of that is invented beyond what is listed: the
checks of continuity see a script that says who is there, and nothing about who leaves.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from prompts.errors import InputError
from prompts.story import FUNCTIONS, Beat, Line, Scene, Script

Kind = Literal["dialogue", "vo", "os", "narration"]
ID = re.compile(r"[a-z0-9][a-z0-9_.\-]{0,63}")
People = Mapping[str, Sequence[str]]
"""Known people or places: the names of each id."""


@dataclass(slots=True)
class LooseLine:
    """A speech as it is written; `speaker` is a name, empty for narration."""

    speaker: str
    text: str
    manner: str = ""
    kind: Kind = "dialogue"
    id: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class LooseBeat:
    """An action and what is said after it. None: the screenplay does not say."""

    action: str = ""
    lines: list[LooseLine] = field(default_factory=list)
    id: str = ""
    function: str = ""
    emotion: int | None = None
    actors: list[str] | None = None
    props: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class LooseScene:
    """A place and time with its beats."""

    place: str
    daypart: str = ""
    said: str = ""
    continuous: bool = False
    flashback: bool = False
    id: str = ""
    present: list[str] | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    beats: list[LooseBeat] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Built:
    """A script, the names of the people and places that it uses by id, and everything that was inferred."""

    script: Script
    people: Mapping[str, str]
    places: Mapping[str, str]
    inferred: Sequence[str]


class _Names:
    """Gives every name an id: a known one, or one made of the name."""

    def __init__(self, known: People, letter: str) -> None:
        self._of = {_folded(name): who for who, names in known.items() for name in (*names, who)}
        self._letter = letter
        self.used: dict[str, str] = {}
        self.made: list[str] = []

    def id_of(self, name: str) -> str:
        """Return the id of a name; names that differ in case, width or blanks only are one."""
        folded = _folded(name)
        if folded not in self._of:
            self._of[folded] = self._new(name)
            self.made.append(f"{name.strip()} is {self._of[folded]}")
        who = self._of[folded]
        self.used.setdefault(who, name.strip())
        return who

    def known_in(self, text: str) -> list[str]:
        """Return the ids of the names that a text mentions."""
        lowered = _folded(text)
        return sorted({who for name, who in self._of.items() if len(name) > 1 and _mentions(lowered, name)})

    def _new(self, name: str) -> str:
        taken = set(self._of.values())
        if ID.fullmatch(name) and name not in taken:
            return name
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        made = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48]
        # A name that ASCII cannot write gets a number: a transcription would be a guess.
        made = made if len(made) > 1 else f"{self._letter}{len(self._of) + 1}"
        return next(i for i in (made, *(f"{made}-{n}" for n in range(2, 9999))) if i not in taken)


def build(title: str, scenes: Sequence[LooseScene], *, people: People | None = None, places: People | None = None) -> Built:
    """Make a script.

    Args:
        title: its title; empty for none.
        scenes: what the screenplay says.
        people: names of known people by id, such as those of a series.
        places: the same of places.

    Raises:
        InputError: there is no scene, or the screenplay says something that the story model does not take; with its place.
    """
    kept = [s for s in scenes if s.beats]
    if not kept:
        raise InputError("There is no scene with an action or a line in it.", hint="Does it have scene headings?")
    cast, sets = _Names(people or {}, "p"), _Names(places or {}, "x")
    told: list[str] = []
    # All speakers first: an action may name somebody who speaks later.
    for line in (line for s in kept for b in s.beats for line in b.lines if line.speaker):
        cast.id_of(line.speaker)
    made: list[dict[str, Any]] = []
    numbers = {"b": 0, "l": 0}
    for number, scene in enumerate(kept, 1):
        made.append(_scene(scene, f"s{number}", made[-1] if made else None, cast, sets, numbers, told))
    _functions([b for s in made for b in s["beats"]], told)
    for names, what in ((cast, "person"), (sets, "place")):
        told += [f"{what}: {text}" for text in names.made]
    try:
        script = Script.model_validate({"title": title or "Untitled", "scenes": made})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"The screenplay does not fit the story model: {place}: {first['msg']}.") from None
    return Built(script, dict(cast.used), dict(sets.used), told)


def _scene(
    scene: LooseScene, name: str, before: dict[str, Any] | None, cast: _Names, sets: _Names, numbers: dict[str, int], told: list[str]
) -> dict[str, Any]:
    name = _own_id(scene.id) or name
    daypart = scene.daypart
    if not daypart:
        daypart = before["daypart"] if before else "noon"
        told.append(f"{name}: daypart {daypart}, {'as in the scene before' if before else 'for none is said'}")
    elif scene.said.casefold() in ("day", "日", "白天"):
        told.append(f"{name}: daypart noon, for {scene.said}")
    beats = [_beat(b, cast, numbers, told) for b in scene.beats]
    present = scene.present and [cast.id_of(who) for who in scene.present]
    if present is None:
        speakers = {x["speaker"] for b in beats for x in b["lines"] if x["kind"] == "dialogue" and x["speaker"]}
        present = sorted(speakers | {who for b in beats for who in b["actors"]})
        told.append(f"{name}: present are those who speak or are named in the action: {', '.join(present) or 'nobody'}")
    made: dict[str, Any] = {
        "id": name,
        "location": sets.id_of(scene.place or "somewhere"),
        "daypart": daypart,
        "present": present,
        "beats": beats,
    }
    made |= {"flashback": scene.flashback, "continuous_with": before["id"] if scene.continuous and before else None}
    if before and "story_day" not in scene.facts:
        made["story_day"] = before.get("story_day", 1)
    return made | scene.facts


def _beat(beat: LooseBeat, cast: _Names, numbers: dict[str, int], told: list[str]) -> dict[str, Any]:
    numbers["b"] += 1
    name = _own_id(beat.id) or f"b{numbers['b']}"
    lines = []
    for line in beat.lines:
        numbers["l"] += 1
        speaker = cast.id_of(line.speaker) if line.speaker and line.kind != "narration" else None
        lines.append({
            "id": _own_id(line.id) or f"l{numbers['l']}", "speaker": speaker, "text": line.text, "manner": line.manner,
            "kind": line.kind if speaker else "narration", **line.facts,
        })  # fmt: skip
    actors = cast.known_in(beat.action) if beat.actors is None else [cast.id_of(who) for who in beat.actors]
    function = beat.function if beat.function in FUNCTIONS else ""
    if beat.function and not function:
        told.append(f"{name}: function {beat.function!r} is none of the story model's")
    return {
        "id": name, "function": function, "emotion": 5 if beat.emotion is None else beat.emotion, "action": beat.action, "actors": actors,
        "props": beat.props, "lines": lines, **beat.facts,
    }  # fmt: skip


def _functions(beats: list[dict[str, Any]], told: list[str]) -> None:
    """Fill in functions that are not said: the first beat hooks, the last one leaves hanging, the others raise the stakes."""
    silent = [b for b in beats if not b["function"]]
    for beat in silent:
        beat["function"] = "hook" if beat is beats[0] else "cliffhanger" if beat is beats[-1] and len(beats) > 1 else "escalation"
    if silent:
        told.append(
            f"function and emotion of {len(silent)} of {len(beats)} beats: first hook, last cliffhanger, others escalation; emotion 5"
        )


def _own_id(name: str) -> str:
    return name if ID.fullmatch(name) else ""


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _mentions(text: str, name: str) -> bool:
    if re.search(r"[\u3400-\u9fff]", name):
        return name in text
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def as_model(values: Mapping[str, Any], kind: type[Scene | Beat | Line]) -> dict[str, Any]:
    """Return the values of a note that the model knows; a note is what somebody else may have edited."""
    return {k: v for k, v in values.items() if k in kind.model_fields}
