"""One head: identity to cached planes, expression to a lit surface, pose to pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runs.studio import camera, features, hair
from runs.studio.camera import Place, Pose, Sprite
from runs.studio.expression import Units
from runs.studio.face import bare_head
from runs.studio.geometry import Geometry, geometry
from runs.studio.identity import Identity
from runs.studio.light import Light, shade
from runs.studio.numeric import Array, bell, noise, rng_of, step, tiled
from runs.studio.surface import Grid

MAX_PPU = 120.0


@dataclass(frozen=True, slots=True)
class Head:
    """What of a head does not change with expression and pose: grid, hair, skin texture, hanging hair."""

    identity: Identity
    geometry: Geometry
    grid: Grid
    cap: hair.Cap
    hang: hair.Hang
    texture: Array
    fibres: Array


def make_head(identity: Identity, scale: float) -> Head:
    """Prepare a head to be drawn at `scale` pixels per head unit."""
    ppu = float(np.clip(scale * 1.0, 40.0, MAX_PPU))
    grid = Grid.make(ppu)
    g = geometry(identity)
    rng = rng_of("skin", round(identity.grain, 2))
    fibres = tiled(noise(rng, (128, 128), 0.7), grid.right().shape)
    return Head(
        identity, g, grid, hair.cap(identity, g, grid), hair.hang(identity, g, min(ppu, 90.0)), _texture(identity, g, grid, rng), fibres
    )


def _texture(identity: Identity, g: Geometry, grid: Grid, rng: np.random.Generator) -> Array:
    """Return a factor [3, H, W] on the skin: fine and coarse mottling, freckles, a mole."""
    shape = grid.shape
    mottled = 1 + (0.010 + 0.010 * g.age) * tiled(noise(rng, (128, 128), 1.0), shape) + 0.014 * noise(rng, shape, 6.0)
    texture = np.repeat(mottled[None], 3, axis=0)
    if identity.freckles > 0.05:
        aside = np.asarray(np.abs(grid.x) - 0.28, dtype=np.float32)
        spots = np.clip(1.6 * noise(rng, shape, 0.0105 * grid.ppu) - 2.5, 0, 1) * bell(grid.y + 0.10, 0.17) * bell(aside, 0.22)
        texture *= 1 - np.array([0.25, 0.38, 0.42], dtype=np.float32)[:, None, None] * np.minimum(1, 1.4 * spots * identity.freckles)
    if identity.mole > 0.05:
        side = 1 if identity.mole > 0.5 else -1
        d = np.hypot(grid.x - side * (g.mouth_w + 0.06), grid.y - g.mouth_y - 0.10)
        texture *= 1 - 0.75 * step(0.026, 0.013, d)
    return np.asarray(texture, dtype=np.float32)


def draw_glasses(head: Head, albedo: Array) -> None:
    """Draw thin frames over the eyes and a bridge between them."""
    g, grid = head.geometry, head.grid
    x, y = np.abs(grid.x), grid.y - np.float32(g.eye_y - 0.02)
    d = (np.abs((x - g.eye_x) / 0.245) ** 3 + np.abs(y / 0.165) ** 3) ** (1 / 3)
    line = bell((d - 1) * 0.2, 0.0115)
    bridge = bell(y - 0.05, 0.013) * (x < g.eye_x - 0.24)
    arm = bell(y - 0.06, 0.013) * (x > g.eye_x + 0.24) * (x < g.width)
    alpha = np.clip(np.maximum(np.maximum(line, bridge), arm), 0, 1) * 0.85
    albedo *= 1 - alpha
    albedo += 0.07 * alpha


def draw_head(frame: Array, head: Head, e: Units, pose: Pose, place: Place, light: Light) -> None:
    """Draw a head (without what hangs behind it) over a frame in place."""
    g, grid = head.geometry, head.grid
    half_grid = grid.right()
    half = bare_head(g, e, half_grid, ears=not hair.covers_ears(head.identity))
    features.draw_lids(g, e, half_grid, half)
    features.draw_mouth(g, e, half_grid, half)
    features.draw_beard(g, e, half_grid, half, head.fibres, head.identity.beard)
    features.draw_brows(g, e, half_grid, half, head.fibres)
    surface = half.mirrored()
    surface.albedo *= head.texture
    for side in (-1, 1):
        features.draw_eyeball(g, e, grid, surface, side)
    if head.identity.glasses > 0.3:
        draw_glasses(head, surface.albedo)
    hair.lay(head.cap, g, surface)
    rgba = shade(surface, grid, pose.matrix(), light)
    camera.draw_relief(frame, rgba, surface.height, grid, pose, place)


def draw_hanging(frame: Array, sprite: Sprite | None, pose: Pose, place: Place, depth: float, light: Light) -> None:
    """Draw hair behind the head or before the shoulders over a frame in place."""
    if sprite is None:
        return
    tint = np.array(light.key_rgb, dtype=np.float32) * 0.75 + np.array(light.room_rgb, dtype=np.float32) * 1.2
    camera.draw_flat(frame, sprite, pose, place, depth, tint)
