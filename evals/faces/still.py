"""Expression of stills: the match of each face with the emotion asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evals.faces import emotion
from evals.faces.analysis import Still
from evals.faces.evidence import pose_json
from evals.faces.face import Face
from evals.faces.verdict import Verdict, asked_json, emotion_json, place, said_of, shown_by
from evals.faces.wanted import Wanted

MAX_YAW = 60.0
"""Degrees; beyond, half of the face is guessed."""


def judge_still(still: Still, people: Sequence[Wanted], views: Mapping[str, Sequence[Face]], min_iod: float) -> list[Verdict]:
    """Return a verdict for each person whose face is there.

    Args:
        still: The picture's faces.
        people: Who is asked for, and what they should show.
        views: Neutral faces of the people who have reference pictures.
        min_iod: Smallest face that is measured, in pixels between the outer eye corners.

    Raises:
        ModelUnavailable: The emotion model is needed and not installed.
    """
    found = [(f.iod, f.centre[0], f) for f in still.faces]
    return [_judge(who, face, views.get(who.who, ()), min_iod) for who, face in place(people, found)]


def _judge(wanted: Wanted, face: Face, views: Sequence[Face], min_iod: float) -> Verdict:
    evidence = {
        "character": wanted.who,
        "asked": asked_json(wanted),
        "box": [round(v, 1) for v in face.box],
        "iod": round(face.iod, 1),
        "pose": pose_json(face.pose),
        "crops": [{"t": 0.0, "crop": face.crop()}],
    }
    problem = ""
    if face.iod < min_iod:
        problem = f"the face is too small: {face.iod:.0f} pixels between the eyes' outer corners, {min_iod:.0f} are needed"
    elif abs(face.pose.yaw) > MAX_YAW:
        problem = f"the face is turned away by {abs(face.pose.yaw):.0f} degrees"
    if problem:
        return Verdict(wanted.who, problem, problem=problem, evidence={**evidence, "problem": problem})
    shown = shown_by(face, views, wanted.emotion)
    match = emotion.match(shown, wanted.emotion, wanted.intensity)
    return Verdict(
        who=wanted.who,
        said=said_of(shown, wanted),
        values={"expression": match, "emotion_match": match},
        evidence={**evidence, "emotion": emotion_json(shown, match)},
        shape=face.points,
        emotion=wanted.emotion,
    )
