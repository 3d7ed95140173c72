"""Texts and pictures that repeat others, made on the spot: edits at a stated rate, crops, mirrors, bars, grades."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import plain
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from evals.originality.units import units_of


@dataclass(frozen=True)
class Tale:
    """A tale told twice, and once rewritten to hide where it is from."""

    tale: str
    language: str
    text: str
    own: str
    heavy: str


def tales() -> list[Tale]:
    """Return the tales of `reuse_texts.yaml`, each text in one line."""
    found = plain.load(Path(__file__).parent / "reuse_texts.yaml")
    joined = {"en": " ", "zh": ""}
    return [Tale(**{k: joined[t["language"]].join(v.split()) if k in ("text", "own", "heavy") else v for k, v in t.items()}) for t in found]


def edited(text: str, language: str, rate: float, seed: int, words: tuple[str, ...]) -> str:
    """Return a text in which a share `rate` of words (signs in Chinese) is left out, replaced or added, from `words`."""
    rng = random.Random(seed)
    out: list[str] = []
    for word in units_of(text).words:
        drawn = rng.random()
        if drawn < rate / 3:
            continue
        out.append(rng.choice(words) if drawn < 2 * rate / 3 else word)
        if drawn > 1 - rate / 3:
            out.append(rng.choice(words))
    return ("" if language == "zh" else " ").join(out)


def foreign_words(of: Tale, every: list[Tale]) -> tuple[str, ...]:
    """Return the words of the other tales in a tale's language."""
    return tuple(w for t in every if t.language == of.language and t is not of for w in units_of(t.text).words)


def crop(image: Image.Image, cut: float, x: float = 0.5, y: float = 0.5) -> Image.Image:
    """Cut a share of width and height away; `x` and `y` place what stays."""
    w, h = image.size
    left, top = w * cut * x, h * cut * y
    return image.crop((int(left), int(top), int(left + w * (1 - cut)), int(top + h * (1 - cut))))


def upright(image: Image.Image, at: float = 0.5) -> Image.Image:
    """Cut to 9:16; of a picture that is upright already, punch in by a fifth."""
    w, h = image.size
    width = h * 9 / 16
    if width > 0.95 * w:
        return crop(image, 0.2)
    return image.crop((int(at * (w - width)), 0, int(at * (w - width) + width), h))


def barred(image: Image.Image) -> Image.Image:
    """Lay an opaque bar with a subtitle on the lower edge."""
    image = image.copy()
    w, h = image.size
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, int(h * 0.84), w, int(h * 0.97)), fill=(0, 0, 0))
    draw.text((int(w * 0.1), int(h * 0.88)), "WHERE WERE YOU LAST NIGHT", fill=(255, 255, 255))
    return image


def jpeg(image: Image.Image, quality: int = 40) -> Image.Image:
    """Compress as a messenger does."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


def graded(image: Image.Image) -> Image.Image:
    """Brighter, harder, paler and warmer."""
    image = ImageEnhance.Brightness(image).enhance(1.15)
    image = ImageEnhance.Color(ImageEnhance.Contrast(image).enhance(1.3)).enhance(0.6)
    r, g, b = image.split()
    return Image.merge("RGB", (r.point(lambda v: min(255, int(v * 1.1))), g, b.point(lambda v: int(v * 0.85))))


CHANGES: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG, quality 40": jpeg,
    "half size": lambda i: i.resize((i.width // 2, i.height // 2)),
    "grade": graded,
    "subtitle bar": barred,
    "crop 5%": lambda i: crop(i, 0.05),
    "crop 12%": lambda i: crop(i, 0.12),
    "9:16 re-crop": upright,
    "mirror": ImageOps.mirror,
    "mirror, crop 12%": lambda i: crop(ImageOps.mirror(i), 0.12),
    "mirror, bar, JPEG": lambda i: jpeg(barred(ImageOps.mirror(i))),
    "9:16 re-crop, bar": lambda i: barred(upright(i)),
}
"""What the catalogue promises to see through."""
HARD: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "crop 5%, into a corner": lambda i: crop(i, 0.05, 1.0, 0.0),
    "crop 12%, off the middle": lambda i: crop(i, 0.12, 0.3, 0.8),
    "9:16 re-crop at a third": lambda i: upright(i, 0.33),
    "turned by 3 degrees": lambda i: crop(i.rotate(3, resample=Image.Resampling.BICUBIC), 0.08),
}
"""What it does not promise."""


def scene(seed: int, size: tuple[int, int] = (320, 200)) -> Image.Image:
    """Paint a picture of many soft shapes, another one for each seed."""
    rng = np.random.default_rng(seed)
    image = Image.fromarray(rng.integers(0, 255, (5, 7, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(26):
        x, y, r = rng.integers(0, size[0]), rng.integers(0, size[1]), rng.integers(6, 42)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=tuple(int(v) for v in rng.integers(0, 255, 3)))
    return image
