"""Neck, shoulders and clothes: drawn as filled shapes, then shaded by folds and light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from scipy.interpolate import PchipInterpolator

from runs.studio.camera import Place, over
from runs.studio.geometry import Geometry
from runs.studio.light import Light
from runs.studio.numeric import Array, Rgb, bell, blur, noise, rng_of, step

EDGE = 2.3
TOP = -0.45


@dataclass(frozen=True, slots=True)
class Outfit:
    """What somebody wears: a `garment` of `direction.GARMENT_WORDS` in a colour, with an accent colour for collar and hems."""

    garment: str = "shirt"
    colour: Rgb = (0.80, 0.79, 0.76)
    accent: Rgb = (0.92, 0.91, 0.88)


@dataclass(frozen=True, slots=True)
class Torso:
    """Planes [4, H, W] (premultiplied) of `ppu` pixels per head unit, from x = -EDGE and y = TOP downwards."""

    rgba: Array
    ppu: float


class _Canvas:
    """Draws polygons of head-space points, mirrored about the middle, at twice the sprite's size."""

    def __init__(self, ppu: float, bottom: float) -> None:
        self.ppu = ppu
        self.size = (round(2 * EDGE * ppu), round((TOP - bottom) * ppu))
        self.image = Image.new("RGB", (2 * self.size[0], 2 * self.size[1]))
        self.mask = Image.new("L", self.image.size)
        self._draw = ImageDraw.Draw(self.image)
        self._cover = ImageDraw.Draw(self.mask)

    def _at(self, points: list[tuple[float, float]], side: int) -> list[tuple[float, float]]:
        return [((side * x + EDGE) * self.ppu * 2, (TOP - y) * self.ppu * 2) for x, y in points]

    def fill(self, points: list[tuple[float, float]], colour: Rgb | Array, mirrored: bool = True) -> None:
        """Fill a polygon, and its mirror image, with a colour."""
        ink = tuple(int(255 * min(1.0, max(0.0, float(c)))) for c in colour)
        for side in (1, -1) if mirrored else (1,):
            self._draw.polygon(self._at(points, side), fill=ink)
            self._cover.polygon(self._at(points, side), fill=255)

    def planes(self) -> tuple[Array, Array]:
        """Return colour [H, W, 3] and coverage [H, W] at the sprite's size."""
        colour = np.asarray(self.image.resize(self.size, Image.Resampling.BOX), dtype=np.float32) * np.float32(1 / 255)
        cover: Array = np.asarray(self.mask.resize(self.size, Image.Resampling.BOX), dtype=np.float32) * np.float32(1 / 255)
        return np.asarray(colour / np.maximum(cover, np.float32(1e-3))[..., None], dtype=np.float32), cover


def _curve(knots: list[tuple[float, float]], count: int = 24) -> list[tuple[float, float]]:
    """Return a smooth curve through points whose y falls."""
    ys = np.array([-y for _, y in knots])
    at = np.linspace(ys[0], ys[-1], count)
    return [(float(x), float(-y)) for x, y in zip(PchipInterpolator(ys, [x for x, _ in knots])(at), at, strict=True)]


def shoulder_width(g: Geometry) -> float:
    """Return half the width of the shoulders in head units."""
    return (1.20 + 0.27 * g.male) * (1 - 0.24 * g.child)


def neck_width(g: Geometry) -> float:
    """Return half the width of the neck in head units."""
    return (0.335 + 0.10 * g.male) * (1 - 0.14 * g.child) + 0.10 * (g.width - 0.75)


def make_torso(g: Geometry, outfit: Outfit, ppu: float, bottom: float, light: Light) -> Torso:
    """Draw neck, shoulders and clothes down to head-space y `bottom`."""
    canvas = _Canvas(ppu, bottom)
    neck, wide = neck_width(g), shoulder_width(g)
    slope = [(neck, TOP), (neck * 0.97, -1.02), (neck + 0.06, -1.22), (neck + 0.24, -1.37), (wide * 0.72, -1.51)]
    arm = [(wide * 0.92, -1.66), (wide, -1.93), (wide + 0.05, -2.6), (wide + 0.07, -3.3), (wide + 0.05, min(bottom, -3.4) - 0.1)]
    side = _curve(slope + arm, 60)
    canvas.fill([(-0.01, TOP), *side, (-0.01, side[-1][1])], g.skin)
    _garments(canvas, g, outfit, neck, wide, side)
    colour, cover = canvas.planes()
    return Torso(_shaded(colour, cover, g, ppu, neck, light, outfit), ppu)


def _times(colour: Rgb, factor: float) -> Rgb:
    r, g, b = (min(1.0, factor * v) for v in colour)
    return r, g, b


def _garments(c: _Canvas, g: Geometry, outfit: Outfit, neck: float, wide: float, side: list[tuple[float, float]]) -> None:
    """Draw the clothes; every garment leaves its own neckline free."""
    low = side[-1][1]
    shoulder = [(x, y) for x, y in side if y < -1.30]
    dark = _times(outfit.colour, 0.55)
    vee = {"suit": -2.25, "shirt": -1.72, "robe": -1.85, "coat": -1.95, "dress": -1.78, "tee": -1.52, "hoodie": -1.48, "armour": -1.42}[
        outfit.garment
    ]
    start = {"dress": 0.62, "tee": 0.16, "hoodie": 0.06}.get(outfit.garment, 0.05) + neck
    body = [(start, -1.30 - 0.12 * (start - neck)), *[p for p in shoulder if p[0] > start], (0.0, low), (0.0, vee)]
    if outfit.garment == "dress":
        body = [(0.46 * wide, -1.43), *[p for p in shoulder if p[0] > 0.62 * wide], (0.0, low), (0.0, vee), (0.30 * wide, vee + 0.06)]
    if outfit.garment in ("suit", "coat"):
        c.fill([(neck + 0.02, -1.22), (neck + 0.25, -1.36), (0.35, -2.6), (0.0, -2.6), (0.0, -1.62)], outfit.accent)
    c.fill(body, outfit.colour)
    if outfit.garment == "robe":
        # The wearer's left side lies over the right, as on a hanfu; what it covers of the right collar is not drawn.
        for sign, ends in ((-1, ((0.26, -2.56), (0.46, -2.44))), (1, ((-0.72, -3.34), (-0.95, -3.22)))):
            front = [(sign * (neck + 0.20), -1.28), (sign * 0.75, -1.5), (sign * 0.6, -2.75), (-sign * 0.42, -2.75)]
            c.fill(front, outfit.colour, mirrored=False)
            c.fill([(sign * (neck + 0.02), -1.17), (sign * (neck + 0.20), -1.28), *ends], outfit.accent, mirrored=False)
        c.fill([(0.0, -2.92), (wide * 0.78, -2.90), (wide * 0.78, -3.34), (0.0, -3.36)], _times(outfit.accent, 0.82))
    elif outfit.garment in ("suit", "coat"):
        c.fill([(neck + 0.03, -1.20), (neck + 0.30, -1.36), (0.60, -1.80), (0.44, -1.95), (0.50, -2.02), (0.05, -2.62), (0.0, vee)], dark)
        c.fill([(neck - 0.02, -1.14), (neck + 0.10, -1.22), (0.20, -1.72), (0.0, -1.55)], outfit.accent)
        if outfit.garment == "suit" and g.male > 0.5:
            c.fill([(0.0, -1.58), (0.08, -1.66), (0.06, -1.76), (0.12, -2.5), (0.0, -2.62)], _times(dark, 0.8))
    elif outfit.garment == "shirt":
        c.fill([(neck - 0.02, -1.13), (neck + 0.12, -1.24), (0.24, -1.82), (0.0, vee + 0.02)], _times(outfit.colour, 1.08))
    elif outfit.garment in ("hoodie", "armour"):
        c.fill(
            [(neck + 0.0, -1.12), (neck + 0.26, -1.32), (0.30, -1.62), (0.0, -1.66), (0.0, vee)],
            outfit.accent if outfit.garment == "armour" else dark,
        )
    elif outfit.garment == "tee":
        c.fill([(start - 0.04, -1.30), (start + 0.03, -1.34), (0.22, -1.56), (0.0, -1.60), (0.0, vee)], _times(outfit.colour, 0.86))


def _shaded(colour: Array, cover: Array, g: Geometry, ppu: float, neck: float, light: Light, outfit: Outfit) -> Array:
    """Model the flat colours: round neck, chin's shadow, folds of cloth, key light from its side."""
    h, w = cover.shape
    x = ((np.arange(w, dtype=np.float32) + 0.5) / ppu - EDGE)[None]
    y = (TOP - (np.arange(h, dtype=np.float32) + 0.5) / ppu)[:, None]
    rng = rng_of("folds", outfit.garment, round(g.width, 3))
    folds = noise(rng, (h, w), (0.30 * ppu, 0.07 * ppu)) + 0.6 * noise(rng, (h, w), (0.12 * ppu, 0.16 * ppu))
    edges = blur(colour.mean(2) * cover, 0.03 * ppu) - colour.mean(2) * cover
    side = np.float32(light.key[0])
    round_neck = np.sqrt(np.clip(1 - (x / (neck + 0.12)) ** 2, 0.05, 1))
    on_neck = step(-1.75, -1.15, y) * step(neck + 0.35, neck, np.abs(x))
    slope = 0.80 + 0.22 * side * x / (0.6 + np.abs(x)) + 0.10 * bell(y + 1.55, 0.25)
    tone = slope * (1 + 0.045 * folds * (1 - on_neck) - 0.8 * np.clip(edges, 0, 0.2))
    tone *= 1 - on_neck * (1 - round_neck) * 0.55
    tone *= 1 - 0.50 * bell(y + g.length - 0.02, 0.20) * step(0.85, 0.25, np.abs(x)) - 0.25 * step(-1.1, -0.8, y)
    tone *= 1 - 0.10 * bell(y + 1.62, 0.05) * bell(np.abs(x) - 0.30, 0.18) * on_neck
    tone *= 1 - 0.35 * step(-2.2, -4.2, y)
    seam = np.abs(x) - 0.70 * shoulder_width(g) - 0.02 * (y + 2.4)
    tone *= 1 - step(-1.85, -2.45, y) * (0.30 * bell(seam, 0.035) + 0.10 * step(0.05, 0.30, seam))
    lamp = np.array(light.key_rgb) * 0.80 + np.array(light.fill_rgb) * 0.5 + np.array(light.room_rgb) * 0.75
    tone = np.asarray(tone * cover, dtype=np.float32)
    rgba = np.empty((4, h, w), dtype=np.float32)
    for k in range(3):
        rgba[k] = colour[..., k] * tone * np.float32(lamp[k])
    rgba[3] = cover
    return rgba


@dataclass(frozen=True, slots=True)
class Layer:
    """A part of a frame: its window and what lies over it, [4, H, W] premultiplied."""

    rows: slice
    columns: slice
    rgba: Array

    def draw(self, frame: Array) -> None:
        """Lay it over a frame [3, H, W] in place."""
        over(frame[:, self.rows, self.columns], self.rgba)


def project(torso: Torso, place: Place, shape: tuple[int, int]) -> Layer:
    """Return a torso as it lies in a frame of `shape` (rows, columns), its origin being the head's."""
    rows, columns = place.window(shape, -EDGE, EDGE, TOP, TOP - torso.rgba.shape[1] / torso.ppu)
    scale = torso.ppu / place.scale
    x = (np.arange(columns.start, columns.stop) + 0.5 - place.x) * scale + EDGE * torso.ppu - 0.5
    y = (np.arange(rows.start, rows.stop) + 0.5 - place.y) * scale + TOP * torso.ppu - 0.5
    return Layer(rows, columns, _resampled(torso.rgba, x.astype(np.float32), y.astype(np.float32)))


def _resampled(planes: Array, x: Array, y: Array) -> Array:
    """Sample planes [4, H, W] at separable coordinates: columns first, of which there are fewer rows."""
    _, h, w = planes.shape
    x, y = np.clip(x, 0, w - 1.001), np.clip(y, 0, h - 1.001)
    x0, y0 = x.astype(np.int32), y.astype(np.int32)
    fy, fx = (y - y0)[None, :, None], (x - x0)[None, None, :]
    wide = np.take(planes, x0, axis=2, mode="clip")
    wide += (np.take(planes, x0 + 1, axis=2, mode="clip") - wide) * fx
    tall = wide[:, y0]
    tall += (wide[:, y0 + 1] - tall) * fy
    return np.asarray(tall, dtype=np.float32)
