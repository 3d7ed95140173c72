"""What was found out about one person's expression: numbers by metric, or why there are none; a few words; evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from evals.faces import emotion, muscles
from evals.faces.arrays import Points
from evals.faces.face import Face
from evals.faces.stack import current
from evals.faces.wanted import Wanted

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One person: `problem` says why nothing could be measured, else `values` hold numbers by metric name.

    What `episode` puts together: of clips, seconds and blinks and whether they speak; of stills, the landmarks; what was asked.
    """

    who: str
    said: str
    values: Mapping[str, float] = field(default_factory=dict)
    problem: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    blinks: int = 0
    speaking: bool = False
    shape: Points | None = None
    emotion: str = "neutral"


def shown_by(face: Face, views: Sequence[Face], asked: str) -> emotion.Shown:
    """Return what a face shows, by the models that this call looks with.

    By muscles where they were chosen, else by shape if there are neutral views of the person, else by pixels.

    Raises:
        ModelUnavailable: The model that is needed is not here.
    """
    if current().emotions == "blendshapes":
        return muscles.by_muscles(face, views, asked)
    return emotion.by_shape(face.points, [v.points for v in views], asked) if views else emotion.by_pixels(face.cut.grey)


def place(people: Sequence[Wanted], found: Sequence[tuple[float, float, T]]) -> list[tuple[Wanted, T]]:
    """Pair people with what was found, both from left to right.

    Args:
        people: Who is asked for, with their place.
        found: (weight, x, thing); of more things than people, those of the greatest weight are meant.
    """
    chosen = sorted(sorted(found, key=lambda f: -f[0])[: len(people)], key=lambda f: f[1])
    wanted = sorted(people, key=lambda w: w.x)
    # With fewer faces than people, nobody knows who is missing; the first from the left are taken to be there.
    return [(w, thing) for w, (_, _, thing) in zip(wanted, chosen, strict=False)]


def asked_json(wanted: Wanted) -> dict[str, Any]:
    """Return what was asked of a person."""
    return {"emotion": wanted.emotion, "intensity": wanted.intensity, "speaking": wanted.speaking}


def emotion_json(shown: emotion.Shown, match: float) -> dict[str, Any]:
    """Return what a face shows, rounded."""
    return {
        "method": shown.method,
        "match": round(match, 4),
        "shown": {name: round(p, 3) for name, p in shown.probabilities.items()},
        "strength": None if shown.strength is None else round(shown.strength, 3),
        "signals": {name: round(v, 4) for name, v in shown.signals.items()},
    }


def said_of(shown: emotion.Shown, wanted: Wanted) -> str:
    """Return in words what is shown and what was asked."""
    strongest = max(shown.probabilities, key=lambda e: shown.probabilities[e])
    strength = "" if shown.strength is None or strongest == "neutral" else f" (strength {shown.strength:.2f})"
    return f"asked {wanted.emotion}, shows {strongest}{strength}"


def crops(views: Sequence[tuple[float, Face]]) -> list[dict[str, Any]]:
    """Return the pictures of some moments."""
    return [{"t": round(t, 2), "crop": face.crop()} for t, face in views]
