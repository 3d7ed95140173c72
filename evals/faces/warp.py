"""Cut square, turned regions out of a picture: how every model gets its input.

Kornia's warp is used: 192 x 192 pixels take it 0.2 ms, dlib's transform 0.5, Pillow 0.85, scikit-image 6 (`python tests/bench/pipeline.py`
prints what is spent beside the models), and it rounds to the nearest level where dlib and Pillow cut fractions off, which darkens a
picture by half a level. It works in a thread of its own, which a forked child does not have: there, and where its wheel cannot be had,
Pillow is used.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
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
    if (kornia := _kornia()) is None:
        coefficients = tuple(matrix.ravel().tolist())
        image = Image.fromarray(pixels)
        return np.asarray(image.transform((size, size), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR))
    return np.asarray(kornia.warp_affine(np.ascontiguousarray(pixels), _from_picture(matrix), (size, size), "bilinear"))


def _from_picture(matrix: Floats) -> tuple[float, ...]:
    """Return the six numbers that take a place in the picture to a place in the result, both counted from the middle of the first pixel."""
    (a, b, c), (d, e, f) = matrix.tolist()
    x, y = c + (a + b - 1) / 2, f + (d + e - 1) / 2
    scale = 1 / (a * e - b * d)
    a, b, d, e = e * scale, -b * scale, -d * scale, a * scale
    return a, b, -a * x - b * y, d, e, -d * x - e * y


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


class _Kornia:
    """Kornia's image functions, loaded when they are first asked for."""

    def __init__(self) -> None:
        self.loaded: Any = None
        self.usable = True

    def __call__(self) -> Any:
        """Return the functions, or None where they cannot be used."""
        if self.loaded is None and self.usable:
            try:
                from kornia_rs import imgproc
            except ImportError:
                self.usable = False
            else:
                self.loaded = imgproc
        return self.loaded

    def leave(self) -> None:
        """Forget them in a child whose parent has used them: it would wait for ever for a thread that only the parent has."""
        self.usable = self.usable and self.loaded is None
        self.loaded = None


_kornia = _Kornia()
os.register_at_fork(after_in_child=_kornia.leave)
