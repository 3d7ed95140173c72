"""Eyelids: the iris model's 71 points around each eye, of which the lid contours replace the mesh's.

The mesh hardly sees a blink: its eye opening moves by 0.06 where the iris model's moves by 0.28 of the eye's width.
"""

from __future__ import annotations

import math

import numpy as np

from evals.faces import models
from evals.faces.arrays import Points
from evals.faces.warp import Pixels, Region, crop

SIZE = 64
MARGIN = 2.3
LEFT = (33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173)
"""Landmarks of the eye on the picture's left, in the order of the model's first 16 points: lower lid with both corners, upper lid."""
RIGHT = (263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398)


_EYES = ((list(LEFT), False), (list(RIGHT), True))


def refine(picture: Pixels, points: Points) -> Points:
    """Return a copy of the landmarks with both eyes' lids as the iris model sees them.

    Raises:
        ModelUnavailable: The iris model is not installed.
    """
    out = points.copy()
    for lids, mirrored in _EYES:
        first, second = (points[lids[i], :2].tolist() for i in ((8, 0) if mirrored else (0, 8)))
        region = _region(*first, *second)
        contour = models.net("iris").see(crop(picture, region, SIZE, mirrored))[0].reshape(71, 3)[: len(lids)]
        out[lids, :2] = region.to_picture(contour, SIZE, mirrored)[:, :2]
    return out


def openness(points: Points) -> float:
    """Return the mean opening of both eyes: height between the lids over width between the corners, 0 (shut) to about 0.4."""
    return (_ratio(points, LEFT) + _ratio(points, RIGHT)) / 2


def _ratio(points: Points, lids: tuple[int, ...]) -> float:
    lower, upper = points[list(lids[2:7]), :2], points[list(lids[10:15]), :2]
    width = float(np.linalg.norm(points[lids[0], :2] - points[lids[8], :2]))
    return float(np.linalg.norm(upper - lower, axis=1).mean()) / max(width, 1e-6)


def _region(x0: float, y0: float, x1: float, y1: float) -> Region:
    side = MARGIN * max(abs(x1 - x0), abs(y1 - y0), 1.0)
    return Region((x0 + x1) / 2, (y0 + y1) / 2, side, math.atan2(y1 - y0, x1 - x0))
