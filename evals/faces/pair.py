"""Whether two pictures show the same person: the smallest use of the pipeline, for those who have arrays and no suite.

    same_person(a, b)  ->  FaceMatch(similarity=0.81, probability=0.997, status="ok")
    same_person(a, landscape)  ->  FaceMatch(None, None, "no_face", "no face in the second picture")

Of several faces the one that is largest and nearest to the middle is meant.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from evals.errors import ScorerError
from evals.faces import identity
from evals.faces.analysis import Still, find_faces
from evals.faces.arrays import Rgb
from evals.faces.face import Face
from evals.media import Picture

MIN_IOD = 16.0
"""Pixels between the outer eye corners; below, an embedding says more about the pixels than about the person."""
Found = Literal["ok", "no_face", "too_small"]


@dataclass(frozen=True, slots=True)
class FaceMatch:
    """How alike two faces are (-1 to 1), the probability that they are one person, and whether that can be said at all."""

    similarity: float | None
    probability: float | None
    status: Found
    reason: str = ""


def compare(a: Rgb, b: Rgb) -> FaceMatch:
    """Return whether two pictures (RGB uint8, H x W x 3) show the same person; see `evals.faces.same_person`."""
    faces = []
    for picture, which in ((a, "first"), (b, "second")):
        face = main_face(find_faces(picture_of(picture)))
        if face is None:
            return FaceMatch(None, None, "no_face", f"no face in the {which} picture")
        if face.iod < MIN_IOD:
            return FaceMatch(
                None, None, "too_small", f"{face.iod:.0f} pixels between the eyes in the {which} picture, {MIN_IOD:.0f} are needed"
            )
        faces.append(face)
    match, calibration = identity.pair(faces[0].embedding, faces[1].embedding)
    return FaceMatch(match, calibration.probability(match), "ok", f"even odds at {calibration.threshold:.2f}: {calibration.source}")


def main_face(still: Still) -> Face | None:
    """Return the face that a picture is of: large, and near to the middle."""

    def weight(face: Face) -> float:
        x, y = face.centre[0] / still.width - 0.5, face.centre[1] / still.height - 0.5
        return face.iod * (1 - 0.6 * math.hypot(x, y))

    return max(still.faces, key=weight, default=None)


def picture_of(pixels: Rgb) -> Picture:
    """Return an array as a picture; grey ones (H x W) become RGB, transparency is laid on white.

    Raises:
        ScorerError: It is not an array of whole numbers from 0 to 255 in one of these shapes.
    """
    array = np.asarray(pixels)
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or array.size == 0 or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise ScorerError(f"A picture is an RGB uint8 array of height x width x 3, got {array.dtype} {array.shape}.")
    image = Image.fromarray(array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return Picture(image.convert("RGB"), image.width, image.height, 1.0)
