"""Places: painted flat and thrown out of focus, each with the light that it casts on people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from runs.studio.light import Light
from runs.studio.numeric import Array, Rgb, noise

Painter = Callable[[ImageDraw.ImageDraw, int, int, np.random.Generator], None]


def _ink(rgb: Rgb) -> tuple[int, int, int]:
    r, g, b = (int(255 * min(1.0, max(0.0, c))) for c in rgb)
    return r, g, b


def _disc(d: ImageDraw.ImageDraw, x: float, y: float, r: float, rgb: Rgb) -> None:
    d.ellipse((x - r, y - r, x + r, y + r), fill=_ink(rgb))


def _plain(d: ImageDraw.ImageDraw, w: int, h: int, rng: np.random.Generator) -> None:
    x = w * rng.uniform(0.2, 0.8)
    for k in range(6):
        _disc(d, x, h * 0.35, w * (1.1 - 0.16 * k), (0.34 + 0.035 * k, 0.36 + 0.034 * k, 0.39 + 0.033 * k))


def _window(d: ImageDraw.ImageDraw, w: int, h: int, rng: np.random.Generator) -> None:
    left = rng.choice([0.06, 0.56]) * w
    d.rectangle((left, h * 0.08, left + w * 0.40, h * 0.62), fill=_ink((0.95, 0.93, 0.86)))
    for k in range(1, 3):
        d.line((left + w * 0.133 * k, h * 0.08, left + w * 0.133 * k, h * 0.62), fill=_ink((0.55, 0.50, 0.44)), width=max(2, w // 40))
    d.line((left, h * 0.35, left + w * 0.4, h * 0.35), fill=_ink((0.55, 0.50, 0.44)), width=max(2, w // 40))
    far = w * 0.62 if left < w * 0.3 else w * 0.04
    d.rectangle((far, h * 0.42, far + w * 0.30, h * 0.98), fill=_ink((0.40, 0.31, 0.24)))
    d.rectangle((far + w * 0.05, h * 0.20, far + w * 0.22, h * 0.34), fill=_ink((0.52, 0.44, 0.36)))


def _lamp(d: ImageDraw.ImageDraw, w: int, h: int, rng: np.random.Generator) -> None:
    x = rng.choice([0.14, 0.86]) * w
    for k in range(5):
        _disc(d, x, h * 0.34, w * (0.42 - 0.075 * k), (0.30 + 0.15 * k, 0.19 + 0.12 * k, 0.10 + 0.08 * k))
    d.rectangle((w - x - w * 0.14, h * 0.12, w - x + w * 0.14, h * 0.40), fill=_ink((0.12, 0.14, 0.22)))
    d.rectangle((0, h * 0.80, w, h), fill=_ink((0.12, 0.085, 0.07)))


def _palace(d: ImageDraw.ImageDraw, w: int, h: int, rng: np.random.Generator) -> None:
    d.rectangle((0, 0, w, h * 0.12), fill=_ink((0.16, 0.20, 0.22)))
    d.rectangle((0, h * 0.12, w, h * 0.16), fill=_ink((0.62, 0.46, 0.18)))
    shift = rng.uniform(-0.05, 0.05)
    for at in (0.02, 0.30, 0.66, 0.94):
        x = (at + shift) * w
        d.rectangle((x - w * 0.06, h * 0.10, x + w * 0.06, h), fill=_ink((0.46, 0.10, 0.08)))
        d.rectangle((x - w * 0.045, h * 0.10, x - w * 0.015, h), fill=_ink((0.64, 0.18, 0.12)))
    for at in (0.16, 0.82):
        y = h * rng.uniform(0.22, 0.30)
        _disc(d, at * w, y, w * 0.10, (0.95, 0.45, 0.14))
        _disc(d, at * w, y, w * 0.06, (1.0, 0.78, 0.40))


def _street(d: ImageDraw.ImageDraw, w: int, h: int, rng: np.random.Generator) -> None:
    for k in range(4):
        x = w * (0.28 * k - 0.05)
        d.rectangle((x, h * rng.uniform(0.05, 0.3), x + w * 0.2, h), fill=_ink((0.07, 0.075, 0.11)))
    hues: tuple[Rgb, ...] = ((1.0, 0.62, 0.25), (1.0, 0.30, 0.30), (0.25, 0.65, 0.95), (0.95, 0.85, 0.55), (0.80, 0.35, 0.85))
    for _ in range(34):
        hue = hues[int(rng.integers(len(hues)))]
        glow = rng.uniform(0.45, 1.0)
        x, y, r = rng.uniform(0, w), h * rng.normal(0.42, 0.17), w * rng.uniform(0.016, 0.045)
        _disc(d, x, y, r, (hue[0] * glow, hue[1] * glow, hue[2] * glow))


def _daystreet(d: ImageDraw.ImageDraw, w: int, h: int, rng: np.random.Generator) -> None:
    d.rectangle((0, 0, w, h * 0.34), fill=_ink((0.78, 0.84, 0.90)))
    for k in range(5):
        x, tone = w * (0.22 * k - 0.04), rng.uniform(0.42, 0.66)
        d.rectangle((x, h * rng.uniform(0.02, 0.28), x + w * 0.21, h), fill=_ink((tone, tone * 0.96, tone * 0.90)))
        d.rectangle((x + w * 0.04, h * 0.5, x + w * 0.16, h * 0.7), fill=_ink((tone * 0.5, tone * 0.5, tone * 0.55)))
    d.rectangle((0, h * 0.82, w, h), fill=_ink((0.48, 0.47, 0.46)))


def _office(d: ImageDraw.ImageDraw, w: int, h: int, rng: np.random.Generator) -> None:
    d.rectangle((0, h * 0.06, w, h * 0.60), fill=_ink((0.80, 0.87, 0.93)))
    for k in range(7):
        x, top = w * k / 6, h * rng.uniform(0.22, 0.48)
        d.rectangle((x - w * 0.06, top, x + w * 0.06, h * 0.60), fill=_ink((0.58, 0.66, 0.74)))
    for k in range(4):
        d.line((w * k / 3, 0, w * k / 3, h * 0.62), fill=_ink((0.30, 0.32, 0.35)), width=max(2, w // 36))
    d.rectangle((0, h * 0.60, w, h), fill=_ink((0.34, 0.33, 0.33)))
    d.rectangle((w * 0.05, h * 0.68, w * 0.5, h * 0.75), fill=_ink((0.52, 0.42, 0.33)))


def _ward(d: ImageDraw.ImageDraw, w: int, h: int, rng: np.random.Generator) -> None:
    d.rectangle((0, 0, w, h), fill=_ink((0.76, 0.83, 0.83)))
    x = w * rng.uniform(0.5, 0.7)
    d.rectangle((x, 0, w, h), fill=_ink((0.62, 0.76, 0.77)))
    for k in range(5):
        d.line((x + w * 0.09 * k, 0, x + w * 0.09 * k, h), fill=_ink((0.54, 0.68, 0.70)), width=max(2, w // 50))
    d.rectangle((w * 0.05, h * 0.05, w * 0.36, h * 0.10), fill=_ink((1.0, 1.0, 1.0)))
    d.rectangle((0, h * 0.70, w * 0.5, h), fill=_ink((0.88, 0.90, 0.90)))


def _forest(d: ImageDraw.ImageDraw, w: int, h: int, rng: np.random.Generator) -> None:
    for _ in range(70):
        tone = rng.uniform(0.16, 0.52)
        _disc(d, rng.uniform(0, w), rng.uniform(0, h * 0.95), w * rng.uniform(0.04, 0.14), (tone * 0.72, tone, tone * 0.46))
    for _ in range(16):
        _disc(d, rng.uniform(0, w), rng.uniform(0, h * 0.5), w * rng.uniform(0.015, 0.04), (0.88, 0.92, 0.70))
    for _ in range(4):
        x = rng.uniform(0, w)
        d.rectangle((x, 0, x + w * 0.06, h), fill=_ink((0.17, 0.13, 0.09)))


def _garden(d: ImageDraw.ImageDraw, w: int, h: int, rng: np.random.Generator) -> None:
    d.rectangle((0, 0, w, h * 0.30), fill=_ink((0.82, 0.87, 0.88)))
    d.rectangle((0, h * 0.30, w, h * 0.66), fill=_ink((0.78, 0.76, 0.70)))
    d.polygon([(0, h * 0.24), (w, h * 0.20), (w, h * 0.31), (0, h * 0.33)], fill=_ink((0.27, 0.30, 0.32)))
    for _ in range(40):
        bloom = rng.random() < 0.45
        _disc(
            d,
            rng.uniform(0, w),
            h * rng.uniform(0.1, 0.8),
            w * rng.uniform(0.015, 0.06),
            (0.92, 0.62, 0.68) if bloom else (0.36, 0.48, 0.28),
        )
    d.rectangle((0, h * 0.72, w, h), fill=_ink((0.50, 0.49, 0.43)))


def _water(d: ImageDraw.ImageDraw, w: int, h: int, rng: np.random.Generator) -> None:
    d.rectangle((0, 0, w, h * 0.45), fill=_ink((0.70, 0.80, 0.88)))
    points = [(0.0, h * 0.45)] + [(w * k / 6, h * rng.uniform(0.26, 0.42)) for k in range(7)] + [(float(w), h * 0.45)]
    d.polygon(points, fill=_ink((0.46, 0.56, 0.64)))
    d.rectangle((0, h * 0.45, w, h), fill=_ink((0.34, 0.48, 0.56)))
    for _ in range(30):
        x, y = rng.uniform(0, w), h * rng.uniform(0.47, 0.95)
        d.line((x, y, x + w * 0.12, y), fill=_ink((0.66, 0.76, 0.80)), width=max(1, w // 90))


def _candles(d: ImageDraw.ImageDraw, w: int, h: int, rng: np.random.Generator) -> None:
    for k in range(3):
        x = w * (0.15 + 0.35 * k)
        d.rectangle((x - w * 0.08, h * 0.1, x + w * 0.08, h * 0.9), fill=_ink((0.15, 0.10, 0.075)))
    for _ in range(14):
        x, y = rng.uniform(0, w), h * rng.uniform(0.40, 0.66)
        _disc(d, x, y, w * 0.045, (0.55, 0.30, 0.10))
        _disc(d, x, y, w * 0.022, (1.0, 0.82, 0.45))


@dataclass(frozen=True, slots=True)
class Setting:
    """A kind of place: its base colours (top, bottom), painter, blur (share of the width) and light."""

    top: Rgb
    bottom: Rgb
    painter: Painter
    light: Light
    soft: float = 0.030


_DAY = Light()
_WARM = Light(
    key=(-0.6, 0.35, 0.75), key_rgb=(0.94, 0.77, 0.59), fill_rgb=(0.16, 0.17, 0.23), rim_rgb=(0.32, 0.22, 0.14), room_rgb=(0.27, 0.23, 0.22)
)
_NEON = Light(
    key=(-0.55, 0.4, 0.8), key_rgb=(0.80, 0.69, 0.66), fill_rgb=(0.16, 0.23, 0.38), rim_rgb=(0.20, 0.32, 0.52), room_rgb=(0.25, 0.25, 0.30)
)
_OUTDOOR = Light(
    key=(-0.45, 0.8, 0.65), key_rgb=(0.82, 0.77, 0.69), fill_rgb=(0.20, 0.23, 0.25), rim_rgb=(0.26, 0.26, 0.22), room_rgb=(0.28, 0.30, 0.30)
)
_CLEAN = Light(key_rgb=(0.74, 0.76, 0.77), fill_rgb=(0.24, 0.25, 0.26), room_rgb=(0.30, 0.31, 0.31))

SETTINGS: Mapping[str, Setting] = {
    "plain": Setting((0.36, 0.38, 0.41), (0.26, 0.27, 0.30), _plain, _DAY, 0.10),
    "room": Setting((0.66, 0.58, 0.49), (0.46, 0.38, 0.31), _window, _DAY),
    "room_night": Setting((0.17, 0.13, 0.12), (0.09, 0.07, 0.07), _lamp, _WARM),
    "palace": Setting((0.44, 0.25, 0.17), (0.26, 0.15, 0.11), _palace, replace(_WARM, room_rgb=(0.30, 0.25, 0.23))),
    "street": Setting((0.63, 0.66, 0.70), (0.42, 0.42, 0.43), _daystreet, _OUTDOOR),
    "street_night": Setting((0.05, 0.06, 0.10), (0.07, 0.06, 0.08), _street, _NEON, 0.018),
    "office": Setting((0.50, 0.52, 0.55), (0.34, 0.34, 0.36), _office, _CLEAN),
    "hospital": Setting((0.78, 0.84, 0.84), (0.70, 0.76, 0.77), _ward, _CLEAN),
    "forest": Setting((0.34, 0.42, 0.24), (0.14, 0.18, 0.10), _forest, _OUTDOOR),
    "garden": Setting((0.80, 0.84, 0.84), (0.46, 0.47, 0.38), _garden, _OUTDOOR),
    "water": Setting((0.70, 0.80, 0.88), (0.32, 0.44, 0.52), _water, _OUTDOOR),
    "candles": Setting((0.14, 0.095, 0.07), (0.08, 0.055, 0.045), _candles, _WARM, 0.022),
}
"""Every place that the lexicon can name."""


@dataclass(frozen=True, slots=True)
class Backdrop:
    """A finished background [3, H, W] and the light in front of it."""

    pixels: Array
    light: Light


def backdrop(place: str, dark: bool, rain: bool, size: tuple[int, int], rng: np.random.Generator) -> Backdrop:
    """Paint a place at `size` (width, height). `dark` turns daylight into night; `rain` adds streaks and a cooler light."""
    setting = SETTINGS[place]
    w, h = size[0] // 2, size[1] // 2
    column = np.linspace(0, 1, h, dtype=np.float32)[:, None, None]
    base = np.array(setting.top, dtype=np.float32) * (1 - column) + np.array(setting.bottom, dtype=np.float32) * column
    image = Image.fromarray((np.broadcast_to(base, (h, w, 3)) * 255).astype(np.uint8))
    setting.painter(ImageDraw.Draw(image), w, h, rng)
    image = image.filter(ImageFilter.GaussianBlur(setting.soft * w)).resize(size, Image.Resampling.BICUBIC)
    pixels = np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1), dtype=np.float32) * np.float32(1 / 255)
    light = setting.light
    if rng.random() < 0.5:
        light = replace(
            light, key=(-light.key[0], *light.key[1:]), fill=(-light.fill[0], *light.fill[1:]), rim=(-light.rim[0], *light.rim[1:])
        )
    if dark and not place.endswith("_night"):
        pixels = pixels * np.array([0.42, 0.47, 0.60], dtype=np.float32)[:, None, None]
        light = replace(light, key_rgb=_scaled(light.key_rgb, (0.86, 0.91, 1.05)), room_rgb=_scaled(light.room_rgb, (0.80, 0.88, 1.08)))
    if rain:
        streaks = np.clip(noise(rng, (size[1], size[0]), (size[1] / 60, 0.6)) - 1.5, 0, 1)
        pixels = pixels * np.array([0.80, 0.86, 0.92], dtype=np.float32)[:, None, None] + 0.22 * streaks
    return Backdrop(np.asarray(pixels, dtype=np.float32), light)


def _scaled(a: Rgb, b: Rgb) -> Rgb:
    return a[0] * b[0], a[1] * b[1], a[2] * b[2]
