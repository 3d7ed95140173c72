"""Pose and projection: where a head stands in the frame, and how its surface is seen from there."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from runs.studio.numeric import Array, enlarged, lookup
from runs.studio.surface import Grid

PIVOT = 0.10
"""Depth about which heads turn; the nose's tip lies at about 1."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Degrees: yaw to the picture's right, pitch up, roll to the picture's left shoulder."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0

    def matrix(self) -> Array:
        """Return the rotation [3, 3] of head space."""
        a, b, c = np.deg2rad([self.yaw, -self.pitch, self.roll])
        ry = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
        rx = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
        rz = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
        return np.asarray(rz @ ry @ rx, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the head's origin lies in the frame, in pixels, and how many pixels a head unit has."""

    x: float
    y: float
    scale: float

    def window(self, shape: tuple[int, int], left: float, right: float, top: float, bottom: float) -> tuple[slice, slice]:
        """Return the frame's rows and columns that lie between given head units."""
        h, w = shape
        r0, r1 = int(self.y - top * self.scale), int(np.ceil(self.y - bottom * self.scale))
        c0, c1 = int(self.x + left * self.scale), int(np.ceil(self.x + right * self.scale))
        return slice(min(max(r0, 0), h), min(max(r1, 0), h)), slice(min(max(c0, 0), w), min(max(c1, 0), w))


@dataclass(frozen=True, slots=True)
class _Rays:
    """How grid pixels move along the line of sight: pixel = base - rate * depth, for each axis."""

    x_rate: np.float32
    y_rate: np.float32
    to_grid: tuple[tuple[float, float], tuple[float, float]]
    origin: tuple[float, float]
    ppu: float

    @classmethod
    def through(cls, grid: Grid, pose: Pose) -> Self:
        """Return the rays for a pose.

        A surface point p at height z is seen at M[:2,:2] p + M[:2,2] (z - PIVOT); solved for p, that is linear in z.
        """
        m = pose.matrix().astype(np.float64)
        inverse = np.linalg.inv(m[:2, :2])
        rate = inverse @ m[:2, 2] * grid.ppu
        to_grid = ((float(inverse[0, 0]), float(inverse[0, 1])), (float(inverse[1, 0]), float(inverse[1, 1])))
        return cls(np.float32(rate[0]), np.float32(-rate[1]), to_grid, (float(grid.x[0, 0]), float(grid.y[0, 0])), grid.ppu)

    def base(self, sx: Array, sy: Array) -> tuple[Array, Array]:
        """Return the grid pixels of screen points (head units; `sx` [1, W], `sy` [H, 1]) at depth 0."""
        (a, b), (c, d) = self.to_grid
        px = (a * sx + b * sy - self.origin[0]) * self.ppu
        py = (self.origin[1] - c * sx - d * sy) * self.ppu
        return px.astype(np.float32), py.astype(np.float32)

    @property
    def steep(self) -> bool:
        """Return whether the head is turned so far that its nose may hide a cheek."""
        return bool(abs(self.x_rate) + abs(self.y_rate) > 0.18 * self.ppu)


def _march(height: Array, rays: _Rays, px: Array, py: Array) -> Array:
    """Return the depth at which each ray first meets the surface: march from the front, then halve."""

    def above(depth: Array | np.float32) -> NDArray[np.bool_]:
        return np.asarray(lookup(height[None], px - rays.x_rate * depth, py - rays.y_rate * depth)[0] - np.float32(PIVOT) >= depth)

    levels = np.linspace(0.98, -0.14, 9 if rays.steep else 4, dtype=np.float32)
    low = np.full(px.shape, levels[-1], dtype=np.float32)
    high = np.full(px.shape, levels[0], dtype=np.float32)
    open_ = np.ones(px.shape, dtype=bool)
    for front, behind in pairwise(levels):
        hit = open_ & above(behind)
        low[hit], high[hit] = behind, front
        open_ &= ~hit
    for _ in range(4):
        middle = np.float32(0.5) * (low + high)
        inside = above(middle)
        low = np.where(inside, middle, low)
        high = np.where(inside, high, middle)
    return np.asarray(np.float32(0.5) * (low + high), dtype=np.float32)


def _seen(pose: Pose, x: tuple[float, float], y: tuple[float, float], z: tuple[float, float]) -> tuple[float, float, float, float]:
    """Return left, right, top and bottom (head units) of a box of head space as it is seen in a pose."""
    m = pose.matrix()
    corners = np.array([[a, b, c - PIVOT] for a in x for b in y for c in z]) @ m[:2].T
    return float(corners[:, 0].min()), float(corners[:, 0].max()), float(corners[:, 1].max()), float(corners[:, 1].min())


def _extent(cover: Array, grid: Grid) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the x and y between which a surface covers anything."""
    columns = np.flatnonzero(cover.any(axis=0))
    rows = np.flatnonzero(cover.any(axis=1))
    if not len(columns):
        return (0.0, 0.0), (0.0, 0.0)
    return (float(grid.x[0, columns[0]]), float(grid.x[0, columns[-1]])), (float(grid.y[rows[-1], 0]), float(grid.y[rows[0], 0]))


def draw_relief(frame: Array, rgba: Array, height: Array, grid: Grid, pose: Pose, place: Place) -> None:
    """Draw a lit height field [4, H, W] over a frame [3, H, W] in place."""
    x, y = _extent(rgba[3] > 0, grid)
    rows, columns = place.window(frame.shape[1:], *_seen(pose, x, y, (-0.05, 0.75)))
    h, w = rows.stop - rows.start, columns.stop - columns.start
    if h < 4 or w < 4:
        return
    rays = _Rays.through(grid, pose)
    px, py = rays.base(*_screen(rows, columns, place, 1))
    # Depth is smooth: it is found for a quarter of the pixels.
    depth = enlarged(_march(height, rays, *rays.base(*_screen(rows, columns, place, _COARSE))), (_COARSE, _COARSE), (h, w))
    over(frame[:, rows, columns], lookup(rgba, px - rays.x_rate * depth, py - rays.y_rate * depth))


_COARSE = 2


def _screen(rows: slice, columns: slice, place: Place, factor: int) -> tuple[Array, Array]:
    """Return the head units of every `factor`-th pixel's centre: x [1, W] and y [H, 1]."""
    more = 0 if factor == 1 else 1
    ys = rows.start + factor * np.arange(-(-(rows.stop - rows.start) // factor) + more) + factor / 2
    xs = columns.start + factor * np.arange(-(-(columns.stop - columns.start) // factor) + more) + factor / 2
    return ((xs - place.x) / place.scale).astype(np.float32)[None], ((place.y - ys) / place.scale).astype(np.float32)[:, None]


def over(target: Array, layer: Array) -> None:
    """Lay a premultiplied layer [4, H, W] over a frame's window [3, H, W] in place."""
    through = 1 - layer[3]
    for k in range(3):
        target[k] *= through
        target[k] += layer[k]


@dataclass(frozen=True, slots=True)
class Sprite:
    """A flat layer [4, H, W] (premultiplied) in head space: `left` and `top` of its corner, pixels per unit."""

    rgba: Array
    left: float
    top: float
    ppu: float

    def cropped(self) -> Sprite:
        """Return the sprite without its empty margins, but for one pixel."""
        rows = np.flatnonzero(self.rgba[3].any(axis=1))
        columns = np.flatnonzero(self.rgba[3].any(axis=0))
        if not len(rows):
            return self
        r0, c0 = max(0, int(rows[0]) - 1), max(0, int(columns[0]) - 1)
        rgba = np.ascontiguousarray(self.rgba[:, r0 : rows[-1] + 2, c0 : columns[-1] + 2])
        return Sprite(rgba, self.left + c0 / self.ppu, self.top - r0 / self.ppu, self.ppu)


def draw_flat(frame: Array, sprite: Sprite, pose: Pose, place: Place, depth: float, tint: Array) -> None:
    """Draw a flat sprite that turns with a head over a frame in place; `depth` is its plane, `tint` the light on it."""
    _, h, w = sprite.rgba.shape
    x, y = (sprite.left, sprite.left + w / sprite.ppu), (sprite.top - h / sprite.ppu, sprite.top)
    rows, columns = place.window(frame.shape[1:], *_seen(pose, x, y, (depth, depth)))
    if rows.stop - rows.start < 2 or columns.stop - columns.start < 2:
        return
    m = pose.matrix().astype(np.float64)
    (a, b), (c, d) = np.linalg.inv(m[:2, :2])
    sx, sy = _screen(rows, columns, place, 1)
    sx = sx - np.float32(m[0, 2] * (depth - PIVOT))
    sy = sy - np.float32(m[1, 2] * (depth - PIVOT))
    px = (np.float32(a) * sx + np.float32(b) * sy - np.float32(sprite.left)) * np.float32(sprite.ppu) - np.float32(0.5)
    py = (np.float32(sprite.top) - np.float32(c) * sx - np.float32(d) * sy) * np.float32(sprite.ppu) - np.float32(0.5)
    layer = lookup(sprite.rgba, px, py)
    layer[:3] *= tint[:, None, None]
    over(frame[:, rows, columns], layer)
