"""A Midjourney grid, one picture of two by two, cut into the four pictures that it shows.

    split(Asset("image", "image/png", data))  ->  upper left, upper right, lower left, lower right, as PNG

Cutting takes nothing away: the pictures are decoded and written again without loss.
"""

from __future__ import annotations

import io

from runs import outputs
from runs.provider import Asset, Failure

SMALLEST = 64
"""Pixels of the shorter side of a grid: a smaller picture is a placeholder."""


def split(grid: Asset) -> tuple[Asset, ...] | Failure:
    """Return the four pictures of a grid; decodes and encodes, so call it in a thread."""
    from PIL import Image

    checked = outputs.check((grid,), "image")
    if isinstance(checked, Failure):
        return checked
    with Image.open(io.BytesIO(grid.data)) as picture:
        if min(picture.size) < SMALLEST:
            return Failure("malformed", f"a grid of {picture.width} x {picture.height} pixels is none", code="grid")
        middle = (picture.width // 2, picture.height // 2)
        boxes = [(x, y, x + middle[0], y + middle[1]) for y in (0, middle[1]) for x in (0, middle[0])]
        return tuple(_png(picture.crop(box)) for box in boxes)


def _png(picture: object) -> Asset:
    data = io.BytesIO()
    picture.convert("RGB").save(data, "PNG", compress_level=4)  # type: ignore[attr-defined]
    return Asset("image", "image/png", data.getvalue())
