"""The bare head: outline, bones, nose, ears, skin. Height field and albedo on the right half of the grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from runs.studio.expression import Units
from runs.studio.geometry import Geometry
from runs.studio.numeric import Array, bell, paint, step
from runs.studio.surface import Grid, Surface

WAIST = 0.12
"""Where a head is widest (y)."""


@dataclass(frozen=True, slots=True)
class Jaw:
    """Where the lower face is in this expression: the length of the face and the heights of nose tip and mouth."""

    length: float
    nose_y: float
    mouth_y: float


def jaw_of(g: Geometry, e: Units) -> Jaw:
    """Return the lower face's places; an open jaw lengthens the face and lowers the mouth."""
    nose_y = g.eye_y + 0.06 - g.nose_l
    gap = g.mouth_y - (0.10 - 0.445)
    return Jaw(g.length + 0.13 * e.jaw, nose_y, nose_y + gap - 0.035 * e.jaw)


def half_width(g: Geometry, length: float, y: Array) -> Array:
    """Return the head's half width at heights `y`: a superellipse each above and below the widest place."""
    below = np.clip((WAIST - y) / np.float32(length + WAIST), 0, 1)
    above = np.clip((y - WAIST) / np.float32(g.crown - WAIST), 0, 1)
    lower = (1 - below ** np.float32(g.jaw)) ** np.float32(g.chin)
    upper = np.sqrt(1 - above ** np.float32(2.7))
    return np.asarray(np.float32(g.width) * np.maximum(np.where(y < WAIST, lower, upper), 0.02), dtype=np.float32)


def _profile(g: Geometry, length: float, y: Array) -> Array:
    knots = [-length, -0.94 * length, -0.78 * length, -0.45, -0.1, 0.1, 0.28, 0.52, 0.82, g.crown]
    depth = [0.34, 0.60, 0.665, 0.70, 0.725, 0.72, 0.755, 0.745, 0.60, 0.04]
    return np.asarray(PchipInterpolator(knots, depth)(np.clip(y, -length, g.crown)), dtype=np.float32)


def _bones(g: Geometry, e: Units, j: Jaw, grid: Grid, height: Array) -> None:
    x, y = grid.x, grid.y
    ridge = 0.018 + 0.030 * g.male
    height -= 0.080 * bell(x - g.eye_x, 0.150) * bell(y - g.eye_y - 0.01, 0.088)
    height += ridge * bell(x - g.eye_x * 0.98, 0.22) * bell(y - g.brow_y + 0.01, 0.062)
    height += (g.cheek + 0.03 * e.smile) * bell(x - 0.62 * g.width, 0.17) * bell(y + 0.18 - 0.05 * e.smile, 0.15)
    height += 0.040 * bell(x, 0.27) * bell(y - j.mouth_y, 0.16)
    height += 0.042 * bell(x, 0.15) * bell(y + j.length * 0.87, 0.095)
    height -= 0.030 * bell(x, 0.19) * bell(y - (j.mouth_y - g.lip_l - 0.085 - 0.13 * e.jaw), 0.04)


def _nose(g: Geometry, e: Units, j: Jaw, grid: Grid, height: Array) -> None:
    x, y = grid.x, grid.y
    tip = j.nose_y + 0.022 * e.sneer
    t = np.clip((g.eye_y + 0.12 - y) / np.float32(g.eye_y + 0.12 - tip), 0, 1)
    sigma = np.float32(g.bridge * 0.80) + np.float32(g.nose_w * 0.60 - g.bridge * 0.80) * t**1.7
    rise = g.nose_h * (0.24 + 0.70 * t**1.25) * step(tip - 0.150, tip + 0.07, y) * step(g.eye_y + 0.27, g.eye_y + 0.02, y)
    height += rise * np.exp(-0.5 * (x / sigma) ** 2)
    height += 0.24 * g.nose_h * bell(x, 0.080) * bell(y - tip - 0.012, 0.072)
    height += 0.28 * g.nose_h * bell(x - g.nose_w * 0.80, 0.050) * bell(y - tip + 0.012 - 0.025 * e.smile - 0.05 * e.sneer, 0.060)
    height -= 0.016 * bell(x, 0.032) * bell(y - (tip - 0.14), 0.05)


def _folds(g: Geometry, e: Units, j: Jaw, grid: Grid, surface: Surface) -> None:
    """Draw the lines that age and expression leave: mouth folds, forehead lines, crow's feet."""
    x, y = grid.x, grid.y
    rows = grid.rows(j.nose_y - 0.36, j.nose_y + 0.14)
    xs, ys = x, y[rows]
    line = g.nose_w * 1.12 + 0.02 + (j.nose_y - ys) * 0.60 + 0.04 * e.smile
    fold = bell(xs - line, 0.026) * step(j.nose_y - 0.34, j.nose_y - 0.10, ys) * step(j.nose_y + 0.12, j.nose_y + 0.0, ys)
    depth = 0.15 + 0.75 * e.smile + 1.6 * max(0.0, g.age - 0.35) + 0.5 * e.sneer + 0.25 * e.frown
    surface.height[rows] -= 0.017 * depth * fold
    surface.albedo[:, rows] *= 1 - 0.13 * depth * fold
    lines = 0.65 * e.brow_up + 2.2 * max(0.0, g.age - 0.45)
    if lines > 0.02:
        band = grid.rows(0.42, 0.80)
        ripple = (np.float32(0.015) * np.cos(4 * x)).astype(np.float32)
        waves = (
            bell(y[band] - 0.48 - ripple, 0.011) + bell(y[band] - 0.565 - ripple, 0.011) + bell(y[band] - 0.65 - ripple, 0.011)
        ) * step(0.50, 0.2, x)
        surface.height[band] -= 0.006 * lines * waves
        surface.albedo[:, band] *= 1 - 0.07 * lines * waves
    feet = 0.5 * e.smile * e.squint + 2.0 * max(0.0, g.age - 0.45)
    if feet > 0.02:
        r, c = grid.rows(g.eye_y - 0.12, g.eye_y + 0.10), grid.columns(g.eye_x + g.eye_w, g.width)
        ray = np.sin((y[r] - g.eye_y) / np.maximum(x[:, c] - g.eye_x - g.eye_w * 0.6, 0.03) * 9) ** 8
        surface.albedo[:, r, c] *= 1 - 0.10 * feet * ray * bell(x[:, c] - g.eye_x - g.eye_w - 0.09, 0.035)


def _complexion(g: Geometry, j: Jaw, grid: Grid, albedo: Array) -> None:
    """Tint the skin as blood does: cheeks, nose tip and chin redder, sockets and the side of the jaw darker."""
    x, y = grid.x, grid.y
    red = 0.65 * bell(x - 0.60 * g.width, 0.17) * bell(y + 0.20, 0.15) + 0.55 * bell(x, 0.12) * bell(y - j.nose_y, 0.09)
    red += 0.25 * bell(x, 0.14) * bell(y + 0.88 * j.length, 0.09) + 0.35 * bell(x - g.eye_x, 0.16) * bell(y - g.eye_y + 0.08, 0.05)
    dark = 0.17 * bell(x - g.eye_x + 0.03, 0.15) * bell(y - g.eye_y - 0.055, 0.05)
    dark += (0.05 + 0.14 * g.age) * bell(x - g.eye_x, 0.12) * bell(y - g.eye_y + 0.11, 0.035)
    albedo[0] *= 1 - 0.01 * red - dark
    albedo[1] *= 1 - 0.13 * red - 1.1 * dark
    albedo[2] *= 1 - 0.11 * red - 1.1 * dark


def _nostrils(g: Geometry, e: Units, j: Jaw, grid: Grid, albedo: Array) -> None:
    r, c = grid.rows(j.nose_y - 0.16, j.nose_y + 0.06), grid.columns(0, g.nose_w + 0.12)
    x, y = grid.x[:, c], grid.y[r]
    base = j.nose_y - 0.062 + 0.02 * e.sneer
    hole = bell((x - g.nose_w * 0.48) / 1.45, 0.021) * bell(y - base - 0.12 * (x - g.nose_w * 0.48), 0.0145)
    wing = bell(np.hypot(x - g.nose_w * 0.78, (y - base - 0.03) * 0.9) - 0.052, 0.011) * step(g.nose_w * 0.80, g.nose_w * 0.98, x)
    paint(albedo, g.skin * np.array([0.30, 0.17, 0.15], dtype=np.float32), 0.80 * hole, (r, c))
    albedo[:, r, c] *= 1 - 0.16 * wing


def _ears(g: Geometry, grid: Grid, surface: Surface) -> None:
    """Add an ear beside the head: a tilted oval with a rim and a hollow, half sunk into the head's edge."""
    r, c = grid.rows(-0.38, 0.34), grid.columns(g.width - 0.16, g.width + 0.2)
    x, y = grid.x[:, c], grid.y[r]
    cx = g.width + 0.035 + 0.10 * (y + 0.02)
    d = np.hypot((x - cx) / 0.088, (y + 0.01 + 0.02 * g.age) / (0.215 + 0.03 * g.age))
    inside = step(1.04, 0.93, d) * (1 - surface.cover[r, c])
    surface.height[r, c] += inside * (0.03 + 0.05 * bell(d - 0.78, 0.16) - 0.05 * bell(d, 0.42) + 0.30 * (x - g.width))
    tone = g.skin * np.array([0.94, 0.80, 0.76], dtype=np.float32)
    shade = 1 - 0.40 * bell(d - 0.35, 0.25) + 0.04 * bell(d - 0.85, 0.1)
    paint(surface.albedo, tone, inside, (r, c))
    surface.albedo[:, r, c] *= 1 - inside * (1 - shade)
    surface.cover[r, c] = np.maximum(surface.cover[r, c], inside)


def bare_head(g: Geometry, e: Units, grid: Grid, ears: bool = True) -> Surface:
    """Return the right half of a head without eyes, brows, mouth and hair."""
    j = jaw_of(g, e)
    y = grid.y
    r = np.clip(grid.x / half_width(g, j.length, y), 0, 1.1)
    inside = ((y < g.crown) & (y > -j.length)).astype(np.float32)
    height = _profile(g, j.length, y) * np.sqrt(np.clip(1 - r * r * np.sqrt(r), 0, 1))
    albedo = np.empty((3, *r.shape), dtype=np.float32)
    albedo[:] = g.skin[:, None, None]
    cover = step(1.0, 1 - 2.2 / grid.ppu, r) * inside
    surface = Surface(height, albedo, np.full(r.shape, 0.30, dtype=np.float32), cover, np.zeros_like(r))
    _bones(g, e, j, grid, height)
    _nose(g, e, j, grid, height)
    _complexion(g, j, grid, albedo)
    _folds(g, e, j, grid, surface)
    _nostrils(g, e, j, grid, albedo)
    if ears:
        _ears(g, grid, surface)
    surface.gloss += 0.30 * bell(grid.x, 0.09) * bell(y - j.nose_y, 0.16)
    return surface
