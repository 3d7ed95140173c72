"""Small files of each kind, for stubs to hand out."""

from __future__ import annotations

import hashlib
from io import BytesIO

from films import film, song

__all__ = ["film", "picture", "song"]


def picture(text: str = "stub", size: tuple[int, int] = (128, 128)) -> bytes:
    """Return a PNG whose four quarters have four colours, by a text."""
    from PIL import Image

    image = Image.new("RGB", size)
    half = (size[0] // 2, size[1] // 2)
    red = hashlib.sha256(text.encode()).digest()[0]
    for number, (x, y) in enumerate([(0, 0), (half[0], 0), (0, half[1]), half]):
        image.paste((red, 80 * number, 255 - 60 * number), (x, y, x + half[0], y + half[1]))
    data = BytesIO()
    image.save(data, "PNG")
    return data.getvalue()
