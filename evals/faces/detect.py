"""Face boxes: MediaPipe's BlazeFace, full-range model, over the whole picture and, for stills, over overlapping tiles.

The model looks at 192 x 192 pixels and gives, for each of 48 x 48 anchors, a score, a box and six points (eyes, nose, mouth,
ears). Anchors and offsets are as MediaPipe's graph `face_detection_full_range` has them: one anchor a cell, at its centre,
of fixed size, offsets in pixels of the input. A box alone proves nothing: `mesh` must also say that a face is there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from evals.faces import models
from evals.faces.arrays import Box, Floats, overlap

SIZE = 192
STRIDE = 4
MIN_SCORE = 0.5
SAME_BOX = 0.3
"""Boxes that overlap by more than this (intersection over union) are one face."""
TILE = 0.66
"""Side of a tile, as a share of the picture's shorter side."""
MOST_TILES = 8
"""Tiles along the longer side of a very long picture, at most about one and a half times as many."""
MIN_TILED = 48
"""Pixels; in a narrower picture the whole is as near as one gets."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A box that may be a face: its score (0-1), place, and six points (2 x 6 pixels: eyes, nose, mouth, ears)."""

    score: float
    box: Box
    points: Floats


def detect(picture: Image.Image, tiles: bool = True) -> list[Detection]:
    """Return the boxes found in an RGB picture, best first.

    Args:
        picture: RGB.
        tiles: Look at overlapping tiles too, which finds faces under a tenth of the picture; costs 4-8 more passes.

    Where nothing is found, the picture is looked at once more with a margin around it.

    Raises:
        ModelUnavailable: The detector is not installed.
    """
    width, height = picture.size
    windows = [(0.0, 0.0, float(max(width, height)))]
    if tiles:
        windows += list(_tiles(width, height))
    found = [d for left, top, side in windows for d in _in_window(picture, left, top, side)]
    return merge(found or list(_from_afar(picture)))


def merge(found: list[Detection]) -> list[Detection]:
    """Join boxes of one face by their score-weighted mean, as BlazeFace's authors do, best first."""
    rest = sorted(found, key=lambda d: -d.score)
    merged: list[Detection] = []
    while rest:
        best = rest[0]
        same = [d for d in rest if overlap(d.box, best.box) > SAME_BOX]
        rest = [d for d in rest if overlap(d.box, best.box) <= SAME_BOX and d is not best]
        weights = np.array([d.score for d in same])
        box = np.average([d.box for d in same], axis=0, weights=weights)
        points = np.average([d.points for d in same], axis=0, weights=weights)
        merged.append(Detection(best.score, _box(box), points))
    return merged


def _from_afar(picture: Image.Image) -> Iterator[Detection]:
    """Yield what is found once there is room around the picture: of a tight portrait the detector sees too much at once."""
    margin = max(picture.size) // 3
    padded = ImageOps.expand(picture, margin, 0)
    for d in _in_window(padded, 0.0, 0.0, float(max(padded.size))):
        box = _box(np.asarray(d.box) - margin)
        yield Detection(d.score, box, d.points - margin)


def _tiles(width: int, height: int) -> Iterator[tuple[float, float, float]]:
    # A banner of 4000 x 1 pixels would have thousands of tiles, and no face in any of them.
    side = max(TILE * min(width, height), max(width, height) / MOST_TILES)
    if min(width, height) < MIN_TILED:
        return
    for top in _starts(height, side):
        for left in _starts(width, side):
            yield left, top, side


def _starts(length: int, side: float) -> list[float]:
    """Return where tiles of a side begin so that they cover a length and overlap by a third or more."""
    count = math.ceil((length - side) / (side * 2 / 3)) + 1
    return [float(v) for v in np.linspace(0, length - side, count)]


def _in_window(picture: Image.Image, left: float, top: float, side: float) -> Iterator[Detection]:
    """Yield the detections inside one square window, which may reach over the picture's edge, unmerged."""
    scale = side / SIZE
    boxes, scores = models.net("detector").given(partial(_write, picture, left, top, side))
    score = 1 / (1 + np.exp(-np.clip(scores[0, :, 0], -80, 80)))
    which = np.flatnonzero(score >= MIN_SCORE)
    raw = boxes[0, which].reshape(len(which), 8, 2).astype(np.float64)
    # A box is its middle and its size, both in pixels of the window, the middle and the points relative to the anchor.
    placed = (raw + _anchors()[which, None]) * scale + (left, top)
    half = raw[:, 1] * (scale / 2)
    low, high = placed[:, 0] - half, placed[:, 0] + half
    for i in np.flatnonzero(np.all(high - low > 4, axis=1)):
        yield Detection(float(score[which[i]]), _box((*low[i], *high[i])), placed[i, 2:])


def _write(picture: Image.Image, left: float, top: float, side: float, place: NDArray[np.float32]) -> None:
    """Write a window as the model wants it: 1 x 192 x 192 x 3 in [-1, 1], black outside the picture."""
    right, bottom = min(left + side, picture.width), min(top + side, picture.height)
    size = (max(1, round((right - left) / side * SIZE)), max(1, round((bottom - top) / side * SIZE)))
    part = picture.resize(size, Image.Resampling.BILINEAR, box=(left, top, right, bottom), reducing_gap=2.0)
    place.fill(0)
    np.divide(np.asarray(part), np.float32(127.5), out=place[0, : size[1], : size[0]])
    place -= 1


@cache
def _anchors() -> Floats:
    cells = SIZE // STRIDE
    y, x = np.mgrid[0:cells, 0:cells]
    return np.stack([x.ravel(), y.ravel()], axis=1) * float(STRIDE) + STRIDE / 2


def _box(values: object) -> Box:
    left, top, right, bottom = (float(v) for v in np.asarray(values).ravel())
    return left, top, right, bottom
