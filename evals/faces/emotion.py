"""Which emotion a face shows, and how strongly: from its shape against the same person's neutral face, or from its pixels.

With a neutral reference: ten distances (`SIGNALS`, in IOD, head pose removed in 3-D) minus those of the reference view that is
turned most alike; a linear discriminant turns the differences into probabilities of seven emotions, and a linear fit for each
emotion into a strength from 0 (the neutral face) to 1 (as strong as a face can). Both were fitted on studio pictures with
known truth (`evals/data/emotions.json`, written by `tests/bench/emotions.py`, which prints how well they do).

Without one: the probability that the `fer` classifier gives (64 x 64 grey pixels, trained on FER2013 photographs). Weak: it is
right for open smiles and surprise, and takes many strong feelings for neutral.

The match with what was asked: for `neutral`, the probability of neutral; for another emotion, its probability times how much
of the strength asked for is shown. Fear and surprise, and anger and disgust, are told apart badly by anyone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from evals.faces import data_file, iris, models, pose
from evals.faces.arrays import Floats, Grey, Points

FILE = Path(__file__).parent.parent / "data" / "emotions.json"
EMOTIONS = ("neutral", "joy", "sadness", "anger", "fear", "surprise", "disgust")
SIGNALS = ("mouth_corners", "mouth_width", "jaw", "lips", "brows", "inner_brows", "brow_gap", "eyes", "upper_lip", "nostrils")
_CLASSIFIER = ("anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral")
_BROWS, _INNER_BROWS = (105, 66, 63, 334, 296, 293), (55, 107, 285, 336)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a face shows: probabilities of the emotions, strength of the one asked for (None where unknown), how it was found."""

    probabilities: Mapping[str, float]
    strength: float | None
    method: str
    signals: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Fit:
    weights: Floats  # emotions x signals
    offsets: Floats
    strengths: Mapping[str, Floats]
    source: str


@cache
def fit(file: Path = FILE) -> _Fit:
    """Return the fitted numbers.

    Raises:
        ScorerError: The data file is missing or malformed.
    """
    return data_file.read(file, "the emotion fit", _fit)


def _fit(raw: Mapping[str, Any]) -> _Fit:
    strengths = {e: np.asarray(raw["strength"][e], dtype=np.float64) for e in EMOTIONS[1:]}
    return _Fit(np.asarray(raw["weights"]), np.asarray(raw["offsets"]), strengths, str(raw["source"]))


def signals(points: Points, reference: Points) -> Floats:
    """Return the ten distances of a face in IOD, laid onto a reference of the same person in 3-D.

    Heights (corners, brows, upper lip, nostrils) grow upwards; the eyes' is their opening, see `iris.openness`.
    """
    at = pose.align(points, reference)

    def height(*indices: int) -> float:
        return -float(at[list(indices), 1].mean())

    def apart(a: int, b: int) -> float:
        return float(np.linalg.norm(at[a] - at[b]))

    return np.array([
        height(61, 291) - height(13, 14), apart(61, 291), apart(13, 14), apart(0, 17), height(*_BROWS), height(*_INNER_BROWS),
        apart(55, 285), iris.openness(points), height(0, 37, 267), height(98, 327),
    ])  # fmt: skip


def difference(points: Points, views: Sequence[Points]) -> Floats:
    """Return the signals relative to the neutral view that is turned most alike, so that turning cancels out."""
    turned = pose.pose_of(points).yaw
    view = min(views, key=lambda v: abs(pose.pose_of(v).yaw - turned))
    return signals(points, view) - signals(view, view)


def by_shape(points: Points, views: Sequence[Points], asked: str) -> Shown:
    """Return what a face shows against neutral views (each 468 x 3) of the same person."""
    moved = difference(points, views)
    logits = fit().weights @ moved + fit().offsets
    odds = np.exp(logits - logits.max())
    probabilities = dict(zip(EMOTIONS, (odds / odds.sum()).tolist(), strict=True))
    return Shown(probabilities, strength(moved, asked), "shape", dict(zip(SIGNALS, moved.tolist(), strict=True)))


def strength(moved: Floats, asked: str) -> float | None:
    """Return how strongly an emotion is shown by `difference` of a face, 0 to 1.5; None for neutral."""
    return float(np.clip(fit().strengths[asked] @ moved, 0, 1.5)) if asked in fit().strengths else None


def by_pixels(grey: Grey) -> Shown:
    """Return what the classifier sees in 64 x 64 grey pixels.

    Raises:
        ModelUnavailable: The emotion model is not installed.
    """
    pixels = (grey.astype(np.float32) / 255 - 0.5) * 2
    raw = models.net("emotion")(pixels.reshape(1, 64, 64, 1))[0].ravel()
    found = dict(zip(_CLASSIFIER, (float(v) for v in raw), strict=True))
    return Shown({e: found[e] for e in EMOTIONS}, None, "classifier", {})


def match(shown: Shown, asked: str, intensity: float) -> float:
    """Return how well what is shown agrees with what was asked, 0 to 1.

    Args:
        shown: What the face shows; its strength is that of the emotion asked for.
        asked: One of `EMOTIONS`.
        intensity: How strongly it should be shown, 0 to 1.
    """
    likely = shown.probabilities.get(asked, 0.0)
    if asked == "neutral" or shown.strength is None:
        return likely
    wanted = max(intensity, 0.2)
    # Too little is a fault in full, too much only half: the ceiling of what is fitting is a matter of taste.
    share = shown.strength / wanted if shown.strength <= wanted else 1 - 0.5 * (shown.strength - wanted)
    return float(np.clip(likely * share, 0, 1))
