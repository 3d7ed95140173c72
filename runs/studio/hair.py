"""Hair: a dome over the skull with strands that run from the parting, and what hangs behind and before the shoulders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runs.studio.camera import Sprite
from runs.studio.face import half_width
from runs.studio.geometry import Geometry
from runs.studio.identity import Identity
from runs.studio.numeric import Array, bell, blur, lookup, noise, rng_of, step
from runs.studio.surface import Grid, Surface

HANG_TOP = 1.5
HANG_BOTTOM = -2.7
HANG_EDGE = 1.3


@dataclass(frozen=True, slots=True)
class Cap:
    """The hair on the head, over the whole grid: coverage, height, colour, sheen, its shadow on the skin, how far it lifts the surface."""

    cover: Array
    height: Array
    albedo: Array
    sheen: Array
    shadow: Array
    lift: Array


@dataclass(frozen=True, slots=True)
class Hang:
    """What hangs behind the head, and locks before the shoulders."""

    back: Sprite | None
    locks: Sprite | None


def _f(values: NDArray[Any]) -> Array:
    return np.asarray(values, dtype=np.float32)


def _strand_field(identity: Identity, across: Array, along: Array, fineness: float) -> Array:
    """Return unit-variance strand noise: fine across the hairs, slow along them; waves bend them."""
    rng = rng_of("strands", round(identity.grain, 2))
    fine = noise(rng, (48, 512), (3.0, 0.7)) * 0.62 + noise(rng, (48, 512), (5.0, 3.5)) * 0.62
    bend = 0.11 * identity.wave * np.sin(along * (5.0 + 3.0 * identity.wave) + 2.0 * np.sin(across * 3.0))
    columns = ((across + bend) * np.float32(fineness)) % 511.0
    rows = np.clip(along * np.float32(14.0), 0, 46.9)
    return np.asarray(lookup(fine[None], columns.astype(np.float32), rows.astype(np.float32))[0], dtype=np.float32)


def _hairline(identity: Identity, g: Geometry, x: Array, part: float) -> Array:
    """Return the lower edge of the hair over the forehead, from swept back through a curtain to a full fringe."""
    across = np.abs(x) / np.float32(g.width)
    temples = np.clip(across - 0.70, 0, None)
    swept = g.hairline - 0.05 * across**2 - 3.6 * temples**1.35
    slope = 0.95 if identity.hair_length > 0.3 else 0.50
    curtain = g.hairline + 0.05 - slope * np.abs(x - part) ** 1.15 - 2.0 * temples**1.3
    full = g.brow_y + 0.115 + 0.05 * np.cos(x * 9 + 6 * identity.grain) - 1.1 * temples
    to_curtain = float(np.clip((identity.fringe - 0.10) / 0.20, 0, 1))
    to_full = float(np.clip((identity.fringe - 0.60) / 0.15, 0, 1))
    swept = swept + (curtain - swept) * to_curtain
    return np.asarray(swept + (full - swept) * to_full, dtype=np.float32)


def covers_ears(identity: Identity) -> bool:
    """Return whether the hair hangs down over the ears."""
    return identity.hair_length >= 0.28 and identity.updo <= 0.5


def dome_width(g: Geometry, identity: Identity, y: Array) -> Array:
    """Return the half width of head and hair together at heights `y`."""
    thin = 0.45 if identity.hair_length < 0.28 else 1.0
    side = g.volume * (0.15 + 0.55 * thin) * 0.62
    top = g.crown + 0.05 + g.volume * 0.75
    above = np.clip((y - 0.12) / np.float32(top - 0.12), 0, 1)
    return np.asarray(np.maximum(np.where(y > 0.12, (g.width + side) * np.sqrt(1 - above**2.5), g.width + side), 1e-3), dtype=np.float32)


def _ends(identity: Identity, y: Array, x: Array, face: Array) -> Array:
    """Return where side hair is allowed: it ends at the ear when short, and covers the ear and the cheek's edge when long."""
    if not covers_ears(identity):
        bottom = 0.10 - 0.5 * identity.hair_length
        return step(bottom - 0.09, bottom + 0.09, y - 0.10 * (np.abs(x) < face))
    return step(-1.05, -0.65, y)


def cap(identity: Identity, g: Geometry, grid: Grid) -> Cap:
    """Return the hair on the head; it does not depend on the expression."""
    x, y = grid.x, grid.y
    part = np.float32((identity.parting - 0.5) * 0.8)
    top = g.crown + 0.05 + g.volume * 0.75
    face = half_width(g, g.length, y)
    dome = dome_width(g, identity, y)
    dx, dy = x - part, np.float32(top) - y
    angle = np.arctan2(dx, dy + 0.10)
    reach = np.hypot(dx, dy)
    strands = _strand_field(identity, angle, reach, 120.0)
    ragged = 0.012 + 0.045 * float(np.clip((identity.fringe - 0.5) * 3, 0, 1)) + 0.02 * identity.wave
    over = y - _hairline(identity, g, x, float(part)) + ragged * np.clip(strands, -2, 2)
    cover = step(-0.016, 0.024, over)
    if covers_ears(identity):
        edge = np.abs(x) / np.maximum(face, 0.3) - 0.12 * step(-0.30, -0.95, y) + 0.018 * np.sin(9 * y + 6 * identity.grain)
        frame = step(0.85, 0.91, edge) * (y > -1.2)
        cover = np.maximum(cover, frame)
    else:
        cover = np.maximum(cover, (np.abs(x) > face * 0.985).astype(np.float32))
    inside = step(1.0, 0.955, np.abs(x) / dome + 0.012 * strands) * (y < top)
    cover = cover * inside * _ends(identity, y, x, face)
    r = np.clip(np.abs(x) / dome, 0, 1)
    above = np.clip((y - 0.25) / np.float32(top - 0.25), 0, 1)
    height = 0.79 * np.sqrt(np.clip(1 - r**2.6, 0, 1)) * np.sqrt(1 - above**2.3) + 0.012 * strands
    albedo, sheen = _colours(identity, g, strands, reach, dx, y)
    shadow = np.maximum(blur(np.roll(cover, int(0.045 * grid.ppu), axis=0), 0.055 * grid.ppu), 1.2 * blur(cover, 0.02 * grid.ppu)) * (
        1 - cover
    )
    lift = blur(cover, 0.055 * grid.ppu)
    return Cap(*(np.asarray(p, dtype=np.float32) for p in (cover, height, albedo, sheen, shadow, lift)))


def _colours(identity: Identity, g: Geometry, strands: Array, reach: Array, dx: Array, y: Array) -> tuple[Array, Array]:
    level = 1 + 0.26 * np.clip(strands, -2.2, 2.2)
    roots = 1 - 0.45 * bell(dx, 0.016) * step(g.hairline - 0.05, g.hairline + 0.1, y) * (identity.fringe < 0.6)
    level = level * roots * (0.66 + 0.42 * step(1.5, 0.2, reach))
    albedo = g.hair[:, None, None] * level[None]
    band = bell(reach - 0.46 - 0.02 * strands, 0.085) + 0.4 * bell(reach - 0.95, 0.12)
    sheen = band * np.clip(0.55 + 0.45 * strands, 0, 1.6) * (0.5 + 0.5 * (1 - identity.wave))
    return albedo, sheen


def lay(cap_: Cap, g: Geometry, surface: Surface) -> None:
    """Lay the hair over a head's surface in place."""
    surface.albedo *= 1 - 0.44 * cap_.shadow
    alpha = cap_.cover
    share = alpha / np.maximum(np.maximum(surface.cover, alpha), np.float32(1e-4))
    skinless = np.maximum(surface.height + 0.02, cap_.height)
    surface.height += (skinless - surface.height) * cap_.lift
    surface.albedo += (cap_.albedo - surface.albedo) * share
    surface.gloss *= 1 - alpha
    tint = float(np.mean(g.hair))
    surface.glow += cap_.sheen * alpha * np.float32(0.055 + 0.20 * tint)
    np.maximum(surface.cover, alpha, out=surface.cover)


def hang(identity: Identity, g: Geometry, ppu: float) -> Hang:
    """Return the sprites of hair that hangs; none for short hair, a bun for hair that is up."""
    if identity.updo > 0.5:
        return Hang(_bun(identity, g, ppu), None)
    if identity.hair_length < 0.28:
        return Hang(None, None)
    grid = _hang_grid(ppu)
    x, y = grid.x, grid.y
    end = -0.55 - 2.3 * (identity.hair_length - 0.28)
    strands = _strand_field(identity, x * 1.6 + 2, (np.float32(HANG_TOP) - y) * 0.8 + 0 * x, 90.0)
    outer = dome_width(g, identity, y) * (1 - 0.10 * step(-0.2, end, y)) + 0.05 * identity.wave * np.sin(6 * y + 2)
    fall = step(end - 0.02, end + 0.22, y + 0.07 * strands)
    silhouette = step(1.0, 0.95, _f(np.abs(x) / outer + 0.02 * strands)) * fall * (y < g.crown + 0.03 + g.volume * 0.7)
    back = _sprite(g, strands, silhouette, _f(0.50 + 0.14 * np.abs(x)), 0.80, ppu)
    if identity.hair_length < 0.5:
        return Hang(back, None)
    inner = np.where(y > -0.6, half_width(g, g.length, np.maximum(y, -0.6)) * 0.96, 0.40 + 0.10 * (-0.6 - y))
    inner = np.minimum(inner, 0.62 * g.width + 0.25 * np.clip(-0.9 - y, 0, 1) + 0.2 * (y > -0.9))
    shape = step(1.0, 0.90, np.abs(x) / outer + 0.035 * strands) * step(-0.02, 0.05, np.abs(x) - inner + 0.03 * strands) * fall
    lit = 0.70 + 0.25 * bell(_f(np.abs(x) - 0.72), 0.14) + 0.10 * bell(y + 0.8, 0.25)
    return Hang(back, _sprite(g, strands, shape * step(0.7, 0.35, y), lit, 1.0, ppu))


def _hang_grid(ppu: float) -> Grid:
    half, rows = round(HANG_EDGE * ppu), round((HANG_TOP - HANG_BOTTOM) * ppu)
    x = (np.arange(-half, half, dtype=np.float32) + np.float32(0.5)) / np.float32(ppu)
    y = np.float32(HANG_TOP) - (np.arange(rows, dtype=np.float32) + np.float32(0.5)) / np.float32(ppu)
    return Grid(x[None, :], y[:, None], ppu)


def _sprite(g: Geometry, strands: Array, alpha: Array, light: Array, gain: float, ppu: float) -> Sprite:
    alpha = np.asarray(alpha, dtype=np.float32)
    alpha[0] = alpha[-1] = alpha[:, 0] = alpha[:, -1] = 0
    level = light * np.float32(gain) * (1 + 0.28 * np.clip(strands, -2, 2)) * alpha
    rgba = np.empty((4, *alpha.shape), dtype=np.float32)
    for k in range(3):
        rgba[k] = g.hair[k] * level
    rgba[3] = alpha
    return Sprite(rgba, -HANG_EDGE, HANG_TOP, ppu).cropped()


def _bun(identity: Identity, g: Geometry, ppu: float) -> Sprite:
    grid = _hang_grid(ppu)
    x, y = grid.x, grid.y
    cy = g.crown + g.volume * 0.6 + 0.12
    d = np.hypot(x / 0.30, (y - cy) / 0.24)
    swirl = _strand_field(identity, np.arctan2(x, y - cy) * 0.35 + d, d, 60.0)
    alpha = step(1.03, 0.95, d + 0.02 * swirl)
    light = 0.55 + 0.35 * np.clip(1 - d, 0, 1) + 0.2 * bell(d - 0.55, 0.15)
    nape = step(1.0, 0.95, _f(np.abs(x) / (g.width * 0.80))) * step(-0.62, -0.45, y) * (y < 0.2)
    return _sprite(g, swirl, np.maximum(alpha, nape), light * np.where(y < 0.2, 0.7, 1.0), 1.0, ppu)
