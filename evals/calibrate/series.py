"""Labelled series: is the shot with another person in it the one least like the others?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from evals.calibrate.folder import Shot
from evals.calibrate.rates import auc
from evals.errors import UnreadableMedia
from evals.faces.analysis import find_faces
from evals.faces.face import Face
from evals.faces.identity import similarity
from evals.faces.pair import main_face
from evals.media import read_picture


def measure(shots: Sequence[Shot], tick: Callable[[], None]) -> list[dict[str, Any]]:
    """Return a row over all series: shots, faces found, odd shots named as the worst of their series, area under the curve.

    Raises:
        ModelUnavailable: A face model is not installed.
    """
    found: list[tuple[Shot, Face]] = []
    for shot in shots:
        try:
            face = main_face(find_faces(read_picture(shot.path)))
        except UnreadableMedia:
            face = None
        if face is not None:
            found.append((shot, face))
        tick()
    if not found:
        return []
    likeness = {(s.series, s.path): _likeness(s, f, found) for s, f in found}
    same = [v for (s, _), v in zip(found, likeness.values(), strict=True) if s.same and v is not None]
    odd = [v for (s, _), v in zip(found, likeness.values(), strict=True) if not s.same and v is not None]
    named = asked = 0
    for name in dict.fromkeys(s.series for s, _ in found):
        mine = [(v, s.same) for s, _ in found if s.series == name and (v := likeness[s.series, s.path]) is not None]
        if any(not right for _, right in mine) and len(mine) > 2:
            asked += 1
            named += not min(mine)[1]
    row: dict[str, Any] = {"series": len({s.series for s in shots}), "shots": len(shots), "faces": len(found)}
    row |= {"odd one is the worst shot": f"{named} of {asked}", "AUC": str(auc(same, odd)) if same and odd else ""}
    return [row]


def _likeness(shot: Shot, face: Face, found: Sequence[tuple[Shot, Face]]) -> float | None:
    others = [f.embedding for s, f in found if s.series == shot.series and f is not face]
    return float(np.mean([similarity([face.embedding], [e]) for e in others])) if others else None
