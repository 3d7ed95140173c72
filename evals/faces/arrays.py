"""Names of the array shapes that the face pipeline passes around.

Image coordinates are continuous: x to the right, y down, the first pixel covers [0, 1), its centre is at 0.5.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Rgb: TypeAlias = NDArray[np.uint8]
"""A picture, height x width x 3, sRGB."""
Grey: TypeAlias = NDArray[np.uint8]
"""A grey picture, height x width."""
Floats: TypeAlias = NDArray[np.float64]
"""Anything that is calculated with."""
Complex: TypeAlias = NDArray[np.complex128]
"""Places in the picture's plane, x + iy."""
Points: TypeAlias = NDArray[np.float64]
"""Landmarks, 468 x 3: x and y in pixels of the picture, z in pixels too, growing away from the camera."""
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


def around(points: Points) -> Box:
    """Return the box around landmarks."""
    # Column by column: along the short side of an array numpy takes ten times as long.
    x, y = points[:, 0], points[:, 1]
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def overlap(a: Box, b: Box) -> float:
    """Return the intersection over the union of two boxes, 0 to 1."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    inside = width * height
    return inside / (area(a) + area(b) - inside)


def covered(a: Box, b: Box) -> float:
    """Return the share of the smaller box that lies inside the other, 0 to 1."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / min(area(a), area(b))


def area(box: Box) -> float:
    """Return the area of a box in square pixels."""
    return (box[2] - box[0]) * (box[3] - box[1])
