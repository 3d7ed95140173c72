"""Cut square, turned regions out of a picture: how every model gets its input.

Dlib's transform is used because it is the fastest warp here, and to the last bit what Pillow makes of the same matrix: 192 x 192
pixels take it 0.5 ms, Pillow 0.85, scikit-image 6 (`python tests/bench/pipeline.py` prints what is spent beside the models). Only at
the picture's edge the two differ, by half a pixel; what reaches over it is left to Pillow, and so is everything where dlib is missing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evals.faces.arrays import Floats, Points, Rgb

Pixels: TypeAlias = Image.Image | Rgb
"""An RGB picture. Who cuts several regions out of one makes an array of it first: each cut would make its own."""


@dataclass(frozen=True, slots=True)
class Region:
    """A square of `side` pixels around (x, y), turned by `angle` radians (positive: clockwise on the screen)."""

    x: float
    y: float
    side: float
    angle: float = 0.0

    def to_picture(self, points: NDArray[Any], size: int, mirrored: bool = False) -> Points:
        """Return points of a crop of `size` pixels (n x 3) in the coordinates of the picture."""
        (a, b, c), (d, e, f) = self._rows(size, mirrored)
        turn = np.array([[a, d, 0.0], [b, e, 0.0], [0.0, 0.0, self.side / size]])
        return np.asarray(points.astype(np.float64) @ turn + np.array([c, f, 0.0]))

    def matrix(self, size: int, mirrored: bool = False) -> Floats:
        """Return the 2 x 3 matrix that takes places in a crop of `size` pixels to places in the picture."""
        return np.array(self._rows(size, mirrored))

    def _rows(self, size: int, mirrored: bool) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        scale = self.side / size
        cos, sin = math.cos(self.angle) * scale, math.sin(self.angle) * scale
        flip = -1.0 if mirrored else 1.0
        half = size / 2
        return (flip * cos, -sin, self.x - half * (flip * cos - sin)), (flip * sin, cos, self.y - half * (flip * sin + cos))


def crop(picture: Pixels, region: Region, size: int, mirrored: bool = False) -> Rgb:
    """Return a region as `size` x `size` x 3; what lies outside the picture is black.

    A region much larger than the crop is reduced first, so that no pixel is skipped.
    """
    return warp(picture, region.matrix(size, mirrored), size)


def warp(picture: Pixels, matrix: Floats, size: int) -> Rgb:
    """Return `size` x `size` x 3 pixels; `matrix` (2 x 3) takes a place in the result to a place in the picture."""
    pixels = np.asarray(picture)
    factor = _factor(matrix)
    if factor >= 2:
        pixels, matrix = _reduced(pixels, matrix, size, factor)
    if _inside(pixels, matrix, size) and (dlib := _dlib()) is not None:
        # Dlib counts from the middle of the first pixel.
        (a, b, c), (d, e, f) = matrix.tolist()
        centred = np.array([[a, b, (a + b - 1) / 2 + c], [d, e, (d + e - 1) / 2 + f], [0.0, 0.0, 1.0]])
        return np.asarray(dlib.transform_image(pixels, dlib.point_transform_projective(centred), size, size))
    coefficients = tuple(matrix.ravel().tolist())
    image = Image.fromarray(pixels)
    return np.asarray(image.transform((size, size), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR))


def within(outer: Floats, inner: Floats) -> Floats:
    """Return the matrix from places in one crop to places in another, of their matrices (2 x 3) to the picture: inner's into outer's."""
    back = np.linalg.inv(outer[:, :2])
    return np.column_stack([back @ inner[:, :2], back @ (inner[:, 2] - outer[:, 2])])


def part(pixels: Rgb, warps: Sequence[tuple[Floats, int]]) -> tuple[Rgb, tuple[int, int]]:
    """Return a view of the part of a picture that warps of these matrices and sizes read, and its left and top."""
    boxes = [_read(pixels, matrix, size, max(1, _factor(matrix))) for matrix, size in warps]
    left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, bottom = max(b[2] for b in boxes), max(b[3] for b in boxes)
    return pixels[top:bottom, left:right], (left, top)


def _factor(matrix: Floats) -> int:
    (a, b, _), (d, e, _) = matrix.tolist()
    return int(math.sqrt(abs(a * e - b * d)))


def _read(pixels: Rgb, matrix: Floats, size: int, factor: int) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of what a warp reads, with room to spare."""
    corners = matrix @ np.array([[0, size, 0, size], [0, 0, size, size], [1, 1, 1, 1]], dtype=np.float64)
    left, top = (max(0, int(v) - 2 * factor) for v in corners.min(axis=1))
    right, bottom = (int(v) + 2 * factor for v in corners.max(axis=1))
    height, width = pixels.shape[:2]
    return min(left, width - 1), min(top, height - 1), min(right, width), min(bottom, height)


def _reduced(pixels: Rgb, matrix: Floats, size: int, factor: int) -> tuple[Rgb, Floats]:
    """Shrink the part of the picture that the warp will read by a whole number."""
    left, top, right, bottom = _read(pixels, matrix, size, factor)
    if right <= left or bottom <= top:
        return pixels, matrix
    small = Image.fromarray(np.ascontiguousarray(pixels[top:bottom, left:right])).reduce(factor)
    moved = matrix / factor
    moved[:, 2] = (matrix[:, 2] - (left, top)) / factor
    return np.asarray(small), moved


def _inside(pixels: Rgb, matrix: Floats, size: int) -> bool:
    """Return whether a warp reads nothing beyond the middles of the picture's outermost pixels."""
    for (across, down, shift), length in zip(matrix.tolist(), (pixels.shape[1], pixels.shape[0]), strict=True):
        middle, reach = shift + (across + down) * size / 2, (abs(across) + abs(down)) * (size - 1) / 2
        if middle - reach < 0.5 or middle + reach > length - 0.5:
            return False
    return True


@cache
def _dlib() -> Any:
    try:
        import dlib
    except ImportError:
        return None
    return dlib
