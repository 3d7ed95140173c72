"""Labelled pictures of people: are their faces found, and are people told apart?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evals import pulled
from evals.calibrate.folder import Picture
from evals.calibrate.rates import Pairs, Rates, rates
from evals.errors import ModelUnavailable, UnreadableMedia
from evals.faces import identity
from evals.faces.analysis import find_faces
from evals.faces.face import Face
from evals.faces.stack import Stack, using
from evals.media import Picture as ReadPicture
from evals.media import read_picture

REFERENCES = 3


@dataclass(frozen=True, slots=True)
class Counted:
    """How often a detector finds as many faces as the label says."""

    detector: str
    group: str
    pictures: int
    right: int


@dataclass(frozen=True, slots=True)
class Told:
    """How well people of a group are told apart: the rates, and the errors at the shipped thresholds."""

    group: str
    references: int
    same: int
    different: int
    rates: Rates
    missed: float
    taken: float


@dataclass(frozen=True, slots=True)
class _Known:
    who: str
    group: str
    face: Face


def measure(pictures: Sequence[Picture], tick: Callable[[], None]) -> tuple[list[Counted], list[Told]]:
    """Return what is found and how well it is told apart, over all pictures and for each group.

    Args:
        pictures: With labels.
        tick: Called after each picture.

    Raises:
        ModelUnavailable: A face model is not installed.
    """
    detectors = _detectors()
    counts: dict[tuple[str, str], list[bool]] = {}
    known: list[_Known] = []
    for item in pictures:
        found: list[Face] = []
        counted = dict.fromkeys(("BlazeFace and mesh", *detectors), 0)
        try:
            picture = read_picture(item.path)
        except UnreadableMedia:
            pass
        else:
            found = list(find_faces(picture).faces)
            counted = {"BlazeFace and mesh": len(found), **{name: count(picture) for name, count in detectors.items()}}
        for group in {item.group or "all", "all"}:
            for name, faces in counted.items():
                counts.setdefault((name, group), []).append(faces == len(item.people))
        if len(found) == len(item.people):
            known += [_Known(who, item.group, face) for who, face in zip(item.people, found, strict=True)]
        tick()
    rows = [Counted(detector, group, len(right), sum(right)) for (detector, group), right in sorted(counts.items())]
    groups = ["", *sorted({k.group for k in known if k.group})]
    told = [t for group in groups for t in _group([k for k in known if group in ("", k.group)], group or "all")]
    return rows, told


def _detectors() -> dict[str, Callable[[ReadPicture], int]]:
    """Return how many faces other detectors find in a picture; YuNet, where it was pulled, with the mesh behind it as a suite has it."""
    import dlib

    frontal = dlib.get_frontal_face_detector()
    found: dict[str, Callable[[ReadPicture], int]] = {"dlib HOG, frontal": lambda picture: len(frontal(np.asarray(picture.image), 0))}
    try:
        pulled.path("yunet")
    except ModelUnavailable:
        return found
    return found | {"YuNet and mesh": _by_yunet}


def _by_yunet(picture: ReadPicture) -> int:
    with using(Stack(detector="yunet")):
        return len(find_faces(picture).faces)


def _group(known: Sequence[_Known], group: str) -> list[Told]:
    number = {who: i for i, who in enumerate(sorted({k.who for k in known}))}
    rows: list[tuple[float, bool, int, int, bool]] = []
    for i, one in enumerate(known):
        for other in known[:i]:
            match, calibration = identity.pair(one.face.embedding, other.face.embedding)
            rows.append((match, one.who == other.who, number[one.who], number[other.who], calibration.probability(match) >= 0.5))
    return [t for rows_, k in ((rows, 1), (_against_several(known, number), REFERENCES)) if (t := _told(rows_, group, k)) is not None]


def _against_several(known: Sequence[_Known], number: dict[str, int]) -> list[tuple[float, bool, int, int, bool]]:
    """Compare each face with people's first three faces, where a person has more than those."""
    faces = {who: [k.face for k in known if k.who == who] for who in number}
    many = {who: found[:REFERENCES] for who, found in faces.items() if len(found) > REFERENCES}
    rows: list[tuple[float, bool, int, int, bool]] = []
    for who, references in many.items():
        template = identity.make_template([f.embedding for f in references], "bench", [f.pose for f in references])
        for k in known:
            if not any(k.face is f for f in references):
                match = template.match(k.face.embedding, k.face.pose)
                rows.append((match, k.who == who, number[k.who], number[who], template.probability(match) >= 0.5))
    return rows


def _told(rows: Sequence[tuple[float, bool, int, int, bool]], group: str, references: int) -> Told | None:
    if not rows:
        return None
    scores, same, a, b, accepted = (np.array(column) for column in zip(*rows, strict=True))
    pairs = Pairs(scores, same, a, b)
    if not pairs.told:
        return None
    missed, taken = float((~accepted[same]).mean()), float(accepted[~same].mean())
    return Told(group, references, int(same.sum()), int((~same).sum()), rates(pairs), missed, taken)


def rows_of(counted: Sequence[Counted], told: Sequence[Told]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return both as rows of a table."""
    found = [{"detector": c.detector, "group": c.group, "pictures": c.pictures, "right number of faces": c.right} for c in counted]
    apart = [
        {
            "group": t.group,
            "references": t.references,
            "same / different": f"{t.same} / {t.different}",
            "AUC": str(t.rates.auc),
            "EER": str(t.rates.eer),
            "at": round(t.rates.at, 3),
            "TAR at FAR 1 %": str(t.rates.tar_1),
            "TAR at FAR 0.1 %": str(t.rates.tar_01),
            "missed": round(t.missed, 4),
            "taken": round(t.taken, 4),
        }
        for t in told
    ]
    return found, apart
