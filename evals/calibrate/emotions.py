"""Labelled emotions: how often is the one that a face shows the likeliest, and how well is it told from the others?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evals.calibrate.labels import Shown
from evals.calibrate.rates import auc
from evals.errors import ModelUnavailable, UnreadableMedia
from evals.faces import emotion, muscles
from evals.faces.analysis import find_faces
from evals.faces.face import Face
from evals.faces.pair import main_face
from evals.media import read_picture

Odds = Mapping[str, float]


def measure(pictures: Sequence[Shown], tick: Callable[[], None]) -> list[dict[str, Any]]:
    """Return a row for each way of telling emotions that this machine has the models for.

    Raises:
        ModelUnavailable: A face model of the default is not installed.
    """
    found: list[tuple[Shown, Face]] = []
    for picture in pictures:
        try:
            face = main_face(find_faces(read_picture(picture.path)))
        except UnreadableMedia:
            face = None
        if face is not None:
            found.append((picture, face))
        tick()
    views: dict[str, list[Face]] = {}
    for picture, face in found:
        if picture.neutral:
            views.setdefault(picture.person, []).append(face)
    asked = [(picture, face) for picture, face in found if not picture.neutral]
    total = sum(not picture.neutral for picture in pictures)
    rows = []
    for name, odds in _ways(views).items():
        told = []
        try:
            told = [(p.emotion, o) for p, face in asked if (o := odds(p, face)) is not None]
        except ModelUnavailable as error:
            rows.append({"emotions told by": name, "pictures": total, "told": 0, "problem": str(error)})
        if told:
            rows.append({"emotions told by": name, "pictures": total, "told": len(told), **_rates(told)})
    return rows


def _ways(views: Mapping[str, Sequence[Face]]) -> dict[str, Callable[[Shown, Face], Odds | None]]:
    """Return the ways of telling emotions; one that needs a neutral view says None of a person who has none."""

    def shape(picture: Shown, face: Face) -> Odds | None:
        known = [view.points for view in views.get(picture.person, ())]
        return emotion.by_shape(face.points, known, picture.emotion).probabilities if known else None

    def against(picture: Shown, face: Face) -> Odds | None:
        known = views.get(picture.person, ())
        return muscles.by_muscles(face, known, picture.emotion).probabilities if known else None

    return {
        "shape, against a neutral view": shape,
        "classifier, without one": lambda _, face: emotion.by_pixels(face.cut.grey).probabilities,
        "blendshapes, against a neutral view": against,
        "blendshapes, without one": lambda picture, face: muscles.by_muscles(face, (), picture.emotion).probabilities,
    }


def _rates(told: Sequence[tuple[str, Odds]]) -> dict[str, Any]:
    right = [max(odds, key=lambda e: odds[e]) == shown for shown, odds in told]
    own = [odds[shown] for shown, odds in told]
    others = [odds[e] for shown, odds in told for e in emotion.EMOTIONS if e != shown]
    row: dict[str, Any] = {"likeliest is right": round(sum(right) / len(right), 3), "AUC": str(auc(own, others))}
    for name in emotion.EMOTIONS:
        hits = [hit for hit, (shown, _) in zip(right, told, strict=True) if shown == name]
        row[name] = f"{sum(hits)} of {len(hits)}" if hits else ""
    return row
