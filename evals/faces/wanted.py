"""Which faces a case asks for, read from its inputs (see `evals.case`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evals.score import Sample


@dataclass(frozen=True, slots=True)
class Wanted:
    """A face that a case asks for: whose, where (0 left to 1 right), and what it should show."""

    who: str
    x: float
    speaking: bool
    emotion: str
    intensity: float


def wanted(sample: Sample) -> list[Wanted]:
    """Return the faces that must be seen: the character of a sheet, the people of a shot or clip who do not face away.

    An insert shows things, not people; nobody's face is asked for there.
    """
    if sample.stage == "character":
        who = _id(sample.case.get("character"))
        return [Wanted(who, 0.5, False, "neutral", 0.0)] if who else []
    shot = sample.case.get("shot")
    if isinstance(shot, Mapping) and shot.get("size") == "insert":
        return []
    people = [p for p in sample.case.get("people") or [] if isinstance(p, Mapping)]
    found = [_person(p) for p in people if p.get("facing") != "away"]
    return [w for w in found if w.who]


def _person(person: Mapping[str, Any]) -> Wanted:
    return Wanted(
        who=_id(person.get("character")),
        x=float(person.get("x", 0.5)),
        speaking=bool(person.get("speaking", False)),
        emotion=str(person.get("emotion", "neutral")),
        intensity=float(person.get("intensity", 0.5)),
    )


def _id(character: object) -> str:
    return str(character.get("id", "")) if isinstance(character, Mapping) else ""
