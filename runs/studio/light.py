"""Light on a head: a soft key, a fill, a rim and the room; skin that reddens where light turns into shadow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runs.studio.numeric import Array, Rgb, blur
from runs.studio.surface import Grid, Surface

_WRAP = (0.46, 0.34, 0.28)
"""How far key light reaches round the form in red, green and blue: light scattered under skin is red."""

_HIDES = (0.54, 0.68, 0.72)
"""How much of red, green and blue light hollows lose; what is left in them has passed through skin."""


@dataclass(frozen=True, slots=True)
class Light:
    """Directions point towards the lamps (x right, y up, z to the camera); colours are linear strengths."""

    key: Rgb = (-0.50, 0.55, 0.80)
    key_rgb: Rgb = (0.86, 0.82, 0.77)
    fill: Rgb = (0.75, 0.05, 0.65)
    fill_rgb: Rgb = (0.20, 0.21, 0.23)
    rim: Rgb = (0.85, 0.35, -0.35)
    rim_rgb: Rgb = (0.18, 0.19, 0.22)
    room_rgb: Rgb = (0.27, 0.26, 0.27)


def _unit(v: Rgb) -> Array:
    a = np.array(v, dtype=np.float32)
    return np.asarray(a / np.linalg.norm(a), dtype=np.float32)


def normals(height: Array, ppu: float, rotation: Array) -> list[Array]:
    """Return the rotated unit normals of a height field (pixels per unit `ppu`, rows going down)."""
    gx = np.empty_like(height)
    gy = np.empty_like(height)
    half = np.float32(0.5 * ppu)
    np.subtract(height[:, 2:], height[:, :-2], out=gx[:, 1:-1])
    gx[:, 0] = gx[:, -1] = 0
    np.subtract(height[:-2], height[2:], out=gy[1:-1])
    gy[0] = gy[-1] = 0
    gx *= -half
    gy *= -half
    inverse = 1 / np.sqrt(gx * gx + gy * gy + 1)
    r = rotation.astype(np.float32)
    return [np.asarray((r[i, 0] * gx + r[i, 1] * gy + r[i, 2]) * inverse, dtype=np.float32) for i in range(3)]


def occlusion(height: Array, cover: Array, ppu: float) -> Array:
    """Return how much of the room a place does not see (0-0.5): how far it lies below its blurred surroundings."""
    wide = np.clip((blur(height, 0.12 * ppu) - height) * 1.5, 0, 0.34)
    near = np.clip((blur(height, 0.045 * ppu) - height) * 3.4, 0, 0.22)
    return np.asarray((wide + near) * cover, dtype=np.float32)


def shade(surface: Surface, grid: Grid, rotation: Array, light: Light) -> Array:
    """Light a surface; return premultiplied colour and coverage [4, H, W]."""
    height = blur(surface.height, max(0.8, 0.011 * grid.ppu))
    n = normals(height, grid.ppu, rotation)
    hidden = occlusion(height, surface.cover, grid.ppu)
    closed = 1 - np.float32(_HIDES[0]) * hidden
    key, fill, rim = _unit(light.key), _unit(light.fill), _unit(light.rim)
    facing = n[0] * key[0] + n[1] * key[1] + n[2] * key[2]
    filled = np.clip((n[0] * fill[0] + n[1] * fill[1] + n[2] * fill[2] + 0.4) / 1.4, 0, None)
    edge = np.clip(n[0] * rim[0] + n[1] * rim[1] + n[2] * rim[2] + 0.10, 0, None)
    sky = 0.90 + 0.10 * n[1]
    half = key + np.array([0, 0, 1], dtype=np.float32)
    half /= np.linalg.norm(half)
    spark = np.clip(n[0] * half[0] + n[1] * half[1] + n[2] * half[2], 0, 1)
    spark *= spark
    spark *= spark
    spark *= spark
    sheen = (0.10 * spark + 0.26 * spark**3) * surface.gloss * closed
    # Towards the horizon of the turned head the surface fades: pixels there would otherwise be all or nothing.
    outer = np.clip((np.hypot(grid.x / 0.74, (grid.y - 0.05) / 1.12) - 0.72) * 6, 0, 1)
    cover = surface.cover * (1 - outer * (1 - np.clip(n[2] * 5 - 0.15, 0, 1)))
    out = np.empty((4, *height.shape), dtype=np.float32)
    for k in range(3):
        lit = np.clip((facing + _WRAP[k]) * np.float32(1 / (1 + _WRAP[k])), 0, None) * np.float32(light.key_rgb[k])
        lit += filled * np.float32(light.fill_rgb[k]) + sky * np.float32(light.room_rgb[k])
        lit *= 1 - np.float32(_HIDES[k]) * hidden
        lit += edge * np.float32(light.rim_rgb[k])
        colour = surface.albedo[k] * lit + (sheen + surface.glow) * np.float32(light.key_rgb[k])
        np.multiply(colour, cover, out=out[k])
    out[3] = cover
    return out
