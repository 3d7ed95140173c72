"""Which emotion a face shows, by the muscles that MediaPipe's FaceLandmarker sees: optional, named in the suite, better than the default.

    by_muscles(face, views, "anger")   ->  Shown(probabilities={"anger": 0.8, …}, strength=0.62, method="blendshapes", …)

The 52 blendshapes become 31 muscles, left and right averaged. With neutral views of the person, their differences to the view that is
turned most alike, together with the ten distances of `emotion`, go through a linear discriminant; the strength is that of `emotion`.
Without a view another discriminant looks at the muscles alone. Both were fitted on studio pictures with known truth
(`evals/data/muscles.json`, written by `tests/bench/emotions.py`, which prints how well they do).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from evals.errors import ScorerError
from evals.faces import blendshapes, data_file, emotion
from evals.faces.arrays import Floats
from evals.faces.face import Face

FILE = Path(__file__).parent.parent / "data" / "muscles.json"
MUSCLES = tuple(dict.fromkeys(name.removesuffix("Left").removesuffix("Right") for name in blendshapes.NAMES[1:]))


@dataclass(frozen=True, slots=True)
class _Fit:
    """Weights (emotions x features) and offsets: against a neutral view (differences of signals and muscles), and of muscles alone."""

    against: tuple[Floats, Floats]
    alone: tuple[Floats, Floats]


def muscles(face: Face) -> Floats:
    """Return how far each of `MUSCLES` is moved, 0 to 1.

    Raises:
        ModelUnavailable: The landmarker is not here.
    """
    found: dict[str, list[float]] = {name: [] for name in MUSCLES}
    for name, value in blendshapes.of_face(face).items():
        if name != blendshapes.NAMES[0]:
            found[name.removesuffix("Left").removesuffix("Right")].append(value)
    return np.array([np.mean(values) for values in found.values()])


def difference(face: Face, views: Sequence[Face]) -> Floats:
    """Return the signals of `emotion` and the muscles, each relative to the neutral view that is turned most alike.

    Raises:
        ModelUnavailable: The landmarker is not here.
    """
    view = min(views, key=lambda v: abs(v.pose.yaw - face.pose.yaw))
    return np.concatenate([emotion.difference(face.points, [view.points]), muscles(face) - muscles(view)])


def by_muscles(face: Face, views: Sequence[Face], asked: str) -> emotion.Shown:
    """Return what a face shows.

    Args:
        face: The face.
        views: Neutral views of the same person; may be empty.
        asked: The emotion whose strength is wanted.

    Raises:
        ModelUnavailable: The landmarker is not here.
    """
    if not views:
        return emotion.Shown(_odds(fit().alone, muscles(face)), None, "blendshapes", {})
    moved = difference(face, views)
    signals = dict(zip(emotion.SIGNALS, moved.tolist(), strict=False))
    strength = emotion.strength(moved[: len(emotion.SIGNALS)], asked)
    return emotion.Shown(_odds(fit().against, moved), strength, "blendshapes", signals)


@cache
def fit(file: Path = FILE) -> _Fit:
    """Return the fitted numbers.

    Raises:
        ScorerError: The data file is missing or malformed, or fits another model.
    """
    kinds = data_file.read(file, "the fit of muscles", _kinds)
    lengths = (len(emotion.SIGNALS) + len(MUSCLES), len(MUSCLES))
    if any(weights.shape != (len(emotion.EMOTIONS), n) for (weights, _), n in zip(kinds, lengths, strict=True)):
        raise ScorerError(f"{file.name}: the fit is of other muscles than the {len(MUSCLES)} that the landmarker gives.")
    return _Fit(*kinds)


def _kinds(raw: Mapping[str, Any]) -> list[tuple[Floats, Floats]]:
    return [(np.asarray(raw[k]["weights"], dtype=np.float64), np.asarray(raw[k]["offsets"])) for k in ("against", "alone")]


def _odds(fitted: tuple[Floats, Floats], moved: Floats) -> Mapping[str, float]:
    logits = fitted[0] @ moved + fitted[1]
    odds = np.exp(logits - logits.max())
    return dict(zip(emotion.EMOTIONS, (odds / odds.sum()).tolist(), strict=True))
