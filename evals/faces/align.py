"""Put a face where the embedding model expects it: dlib's chip of 150 pixels, fitted on five points of the mesh."""

from __future__ import annotations

import numpy as np

from evals.faces.arrays import Complex, Floats, Points, Rgb
from evals.faces.warp import Pixels, warp

SIZE = 150
PADDING = 0.25
FIVE = (263, 362, 33, 133, 2)
"""Outer and inner corner of the eye on the picture's right, the same on its left, foot of the nose."""
PLACES = np.array([[0.8595674, 0.2134982], [0.6460605, 0.2289674], [0.1205750, 0.2137275], [0.3340851, 0.2290642], [0.4901123, 0.6277976]])
"""Where dlib's five-point chips have these points, in units of the unpadded chip."""


def chip(picture: Pixels, points: Points, size: int = SIZE, padding: float = PADDING) -> Rgb:
    """Return a face upright and centred, `size` x `size` x 3; arguments as for `matrix`, picture in RGB."""
    return warp(picture, matrix(points, size, padding), size)


def matrix(points: Points, size: int = SIZE, padding: float = PADDING) -> Floats:
    """Return the matrix (2 x 3) from places in a chip to places in the picture.

    Args:
        points: A face's landmarks, 468 x 3.
        size: Side of the result in pixels.
        padding: Room around the face, in units of the unpadded chip; 0.25 is what the embedding was trained with.
    """
    return similarity((PLACES + padding) / (1 + 2 * padding) * size, points[list(FIVE), :2])


def similarity(source: Floats, target: Floats) -> Floats:
    """Return the 2 x 3 similarity that takes `source` points (n x 2) to `target` with the least squared error."""
    a, b = as_complex(source), as_complex(target)
    from_, to = complex(a.mean()), complex(b.mean())
    by = turn(a - from_, b)
    shift = to - by * from_
    return np.array([[by.real, -by.imag, shift.real], [by.imag, by.real, shift.imag]])


def as_complex(points: Floats) -> Complex:
    """Return places (n x 2 or more columns) as complex numbers."""
    return np.asarray(points[:, 0] + 1j * points[:, 1])


def turn(centred: Complex, target: Complex) -> complex:
    """Return what `centred` places (their mean is 0) are multiplied with to lie as `target` does, with the least squared error.

    Turning and scaling are one complex number, so the fit is a linear one.
    """
    return complex(np.vdot(centred, target)) / float(np.vdot(centred, centred).real)
