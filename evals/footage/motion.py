"""How one frame came out of the one before: what the camera did, what the light did, and what is left.

Frames are grey, 320 pixels on the longer side. The camera's shift is found by phase correlation at half that size, so that a
pan or a shake is no change; then each block of 16 x 16 pixels says by how much it got brighter, how much of it changed, and
(Lucas and Kanade) whereto it moved. Blocks without texture have no say in what moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Plane: TypeAlias = NDArray[np.floating[Any]]

BLOCK = 16
MIN_TEXTURE = 4.0
"""Smaller eigenvalue of a block's gradients, in squared grey levels, from which on its motion can be told."""
MIN_GAIN = 0.85
"""A shift of the camera is believed where it leaves less than this share of the difference."""
DARK = 8.0
"""Grey levels added before logarithms: noise in black is no flicker."""


@dataclass(frozen=True, slots=True)
class Change:
    """From one frame to the next, or over the second of them.

    Attributes:
        gain: Logarithm of how much brighter the whole became (median over blocks).
        moved: By how many grey levels the mean of the block that changed most changed beyond the middle one's; the camera's
            shift counts here. Grain cancels out in a mean, motion does not.
        grain: Mean size of the differences of single pixels in the middle block, grey levels.
        likeness: Correlation of both at a quarter of the size, the camera's shift taken out; 1 the same, about 0 another scene.
        flow: Motion of each block beyond what the camera does (2 x blocks, pixels).
        told: Which blocks have enough texture to tell.
    """

    gain: float
    moved: float
    grain: float
    likeness: float
    flow: Plane
    told: NDArray[np.bool_]


def change(before: Plane, after: Plane) -> Change:
    """Compare two grey frames of one size."""
    dx, dy = shift(before, after)
    a, b = _overlap(before, after, dx, dy)
    blocks_a, blocks_b = _blocks(a), _blocks(b)
    means = blocks_b - blocks_a if (dx, dy) == (0, 0) else _blocks(after) - _blocks(before)
    u, v, texture = _flow(a, b)
    told = texture >= MIN_TEXTURE
    # Blocks are laid over the overlap; they go back to their places in the frame, so that they can be compared over time.
    place = (round(max(0, -dy) / BLOCK), round(max(0, -dx) / BLOCK))
    whole = (before.shape[0] // BLOCK, before.shape[1] // BLOCK)
    return Change(
        gain=float(np.median(np.log(blocks_b + DARK) - np.log(blocks_a + DARK))),
        moved=float(np.abs(means - np.median(means)).max()),
        grain=float(np.median(_blocks(np.abs(b - a)))),
        likeness=_likeness(a, b),
        flow=np.stack([_placed(w, place, whole) for w in _beyond_camera(u, v, told)]),
        told=_placed(told, place, whole).astype(bool),
    )


def shift(before: Plane, after: Plane) -> tuple[int, int]:
    """Return by how many pixels the picture moved to the right and down; even numbers, 0 where no shift explains the change."""
    small_a, small_b = _half(before), _half(after)
    still = float(np.abs(small_b - small_a).mean())
    if still < 0.5:
        return 0, 0
    window = np.outer(np.hanning(small_a.shape[0]), np.hanning(small_a.shape[1])).astype(np.float32)
    spectrum = np.fft.rfft2((small_b - small_b.mean()) * window) * np.conj(np.fft.rfft2((small_a - small_a.mean()) * window))
    peaks = np.fft.irfft2(spectrum / np.maximum(np.abs(spectrum), 1e-6), s=small_a.shape)
    row, column = (int(i) for i in np.unravel_index(int(peaks.argmax()), peaks.shape))
    dy, dx = (n - size if n > size // 2 else n for n, size in zip((row, column), small_a.shape, strict=True))
    if (dx, dy) == (0, 0) or abs(dx) > small_a.shape[1] // 3 or abs(dy) > small_a.shape[0] // 3:
        return 0, 0
    a, b = _overlap(small_a, small_b, dx, dy)
    return (2 * dx, 2 * dy) if float(np.abs(b - a).mean()) < MIN_GAIN * still else (0, 0)


def _overlap(a: Plane, b: Plane, dx: int, dy: int) -> tuple[Plane, Plane]:
    """Return the parts of both frames that show the same after a shift."""
    height, width = a.shape
    return (
        a[max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)],
        b[max(0, dy) : height - max(0, -dy), max(0, dx) : width - max(0, -dx)],
    )


def _half(plane: Plane) -> Plane:
    height, width = plane.shape[0] // 2 * 2, plane.shape[1] // 2 * 2
    return np.asarray(plane[:height, :width].reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)))


def _blocks(plane: Plane, side: int = BLOCK) -> Plane:
    """Return the means of square blocks."""
    height, width = plane.shape[0] // side, plane.shape[1] // side
    return np.asarray(plane[: height * side, : width * side].reshape(height, side, width, side).mean(axis=(1, 3)))


def _placed(blocks: NDArray[np.generic], place: tuple[int, int], whole: tuple[int, int]) -> Plane:
    out = np.zeros(whole, dtype=np.float32)
    top, left = place
    height, width = min(blocks.shape[0], whole[0] - top), min(blocks.shape[1], whole[1] - left)
    out[top : top + height, left : left + width] = blocks[:height, :width]
    return out


def _likeness(a: Plane, b: Plane) -> float:
    x, y = _blocks(a, 4), _blocks(b, 4)
    x, y = x - x.mean(), y - y.mean()
    power = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum()) / power if power > 1.0 else 1.0


def _flow(a: Plane, b: Plane) -> tuple[Plane, Plane, Plane]:
    """Return each block's motion to the right and down, and the smaller eigenvalue of its gradients."""
    (ax, ay), (bx, by) = _gradients(a), _gradients(b)
    gx, gy, difference = (ax + bx) / 2, (ay + by) / 2, b - a
    mx, my, md = _blocks(gx), _blocks(gy), _blocks(difference)
    # Covariances instead of plain sums: a block that only became brighter did not move.
    xx, yy, xy = _blocks(gx * gx) - mx * mx, _blocks(gy * gy) - my * my, _blocks(gx * gy) - mx * my
    xd, yd = _blocks(gx * difference) - mx * md, _blocks(gy * difference) - my * md
    calm = 0.5
    determinant = (xx + calm) * (yy + calm) - xy * xy
    u, v = -((yy + calm) * xd - xy * yd) / determinant, -((xx + calm) * yd - xy * xd) / determinant
    smaller = (xx + yy) / 2 - np.sqrt(np.maximum((xx - yy) ** 2 / 4 + xy**2, 0))
    return u, v, smaller


def _gradients(plane: Plane) -> tuple[Plane, Plane]:
    gx, gy = np.zeros_like(plane), np.zeros_like(plane)
    gx[:, 1:-1] = (plane[:, 2:] - plane[:, :-2]) / 2
    gy[1:-1] = (plane[2:] - plane[:-2]) / 2
    return gx, gy


def _beyond_camera(u: Plane, v: Plane, told: NDArray[np.bool_]) -> tuple[Plane, Plane]:
    """Take out what an affine map of the whole explains (the rest of the shift, zoom, roll), fitted where most blocks agree."""
    if told.sum() < 8:
        return np.zeros_like(u), np.zeros_like(v)
    rows, columns = np.mgrid[0 : u.shape[0], 0 : u.shape[1]]
    basis = np.stack([np.ones(u.size), (columns.ravel() / u.shape[1]) - 0.5, (rows.ravel() / u.shape[0]) - 0.5], axis=1)
    values = np.stack([u.ravel(), v.ravel()], axis=1)
    use = told.ravel().astype(np.float64)
    weights, rest = use, values
    for _ in range(3):
        scaled = basis * weights[:, None]
        solved = np.linalg.solve(scaled.T @ scaled + 1e-9 * np.eye(3), scaled.T @ (values * weights[:, None]))
        rest = values - basis @ solved
        size = np.sqrt((rest**2).sum(axis=1))
        usual = float(np.median(size[use > 0])) + 1e-3
        weights = use / (1 + (size / (2 * usual)) ** 2)
    found = rest.astype(np.float32).T.reshape(2, *u.shape)
    return found[0], found[1]
