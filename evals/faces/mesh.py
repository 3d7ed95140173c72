"""The face mesh: 468 landmarks in three dimensions and a flag that says whether a face is there at all.

The model sees 192 x 192 pixels, upright (eyes level), one and a half times as large as the face's box: from a detection for
the first look, from the landmarks of the frame before while a face is followed. Eyes, brows and lips have fixed numbers:
`33, 133` and `362, 263` are the corners of the eyes on the picture's left and right, `61, 291` the corners of the mouth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from evals.faces import models
from evals.faces.arrays import Box, Floats, Points, Rgb, around
from evals.faces.detect import Detection
from evals.faces.warp import Pixels, Region, crop

SIZE = 192
COUNT = 468
MARGIN = 1.5
MIN_PRESENCE = 0.5
LEFT_EYE, RIGHT_EYE = 33, 263
"""Outer corners of the eyes on the picture's left and right; their distance (IOD) is the unit of all facial movement."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """Landmarks (468 x 3), the probability that they lie on a face, and where was looked: a region and its 192 x 192 x 3 pixels."""

    points: Points
    presence: float
    region: Region
    pixels: Rgb

    @cached_property
    def thumbnail(self) -> Floats:
        """Return what was looked at as 24 x 24 grey pixels, laid flat, of mean 0 and length 1: two multiply to their correlation."""
        # Every second row is enough. Rows first: four whole ones at a time are added up, which is the fast direction.
        rows = self.pixels[::2].reshape(24, 4, SIZE * 3).sum(axis=1, dtype=np.uint16)
        flat = rows.reshape(576, 24).sum(axis=1, dtype=np.float64)
        flat -= flat.mean()
        return np.asarray(flat / max(float(np.sqrt(flat @ flat)), 1e-9))

    @property
    def iod(self) -> float:
        """Return the distance of the outer eye corners in the picture's plane, in pixels."""
        return iod(self.points)

    @cached_property
    def box(self) -> Box:
        """Return the box around all landmarks."""
        return around(self.points)


def iod(points: Points) -> float:
    """Return the distance of the outer eye corners in pixels; in depth too, so that a turned head does not shrink."""
    return float(np.linalg.norm(points[RIGHT_EYE] - points[LEFT_EYE]))


def region_of_detection(found: Detection) -> Region:
    """Return where to look for the landmarks of a detected face."""
    left, top, right, bottom = found.box
    side = MARGIN * max(right - left, bottom - top)
    return Region((left + right) / 2, (top + bottom) / 2, side, _angle(found.points[0], found.points[1]))


def region_of_points(points: Points) -> Region:
    """Return where to look for the landmarks of a face that was here a frame ago."""
    box = around(points)
    angle = _angle(points[LEFT_EYE], points[RIGHT_EYE])
    return Region((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, side_of_box(box), angle)


def side_of_box(box: Box) -> float:
    """Return the side of that region, of the box around all landmarks."""
    return MARGIN * max(box[2] - box[0], box[3] - box[1])


def landmarks(picture: Pixels, region: Region, mirrored: bool = False) -> Mesh:
    """Return the landmarks found in a region of an RGB picture; look at `presence` before using them.

    Args:
        picture: RGB.
        region: Where to look.
        mirrored: Show the model the mirror image; the landmarks then lie on the picture, but left and right are swapped.

    Raises:
        ModelUnavailable: The mesh model is not installed.
    """
    pixels = crop(picture, region, SIZE, mirrored)
    raw, flag = models.net("mesh").see(pixels)
    points = region.to_picture(raw.reshape(COUNT, 3), SIZE, mirrored)
    presence = 1 / (1 + math.exp(-min(max(float(flag.ravel()[-1]), -60.0), 60.0)))
    return Mesh(points, presence, region, pixels)


def find(picture: Pixels, found: Detection) -> Mesh | None:
    """Return the landmarks of a detected face, or None where the mesh sees none.

    The second look is upright and centred on the landmarks of the first.
    """
    first = landmarks(picture, region_of_detection(found))
    if first.presence < MIN_PRESENCE:
        return None
    second = landmarks(picture, region_of_points(first.points))
    return second if second.presence >= MIN_PRESENCE else None


def _angle(left: np.ndarray[tuple[int], np.dtype[np.float64]], right: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return math.atan2(float(right[1] - left[1]), float(right[0] - left[0]))
