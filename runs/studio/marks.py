"""What keeps a studio picture from being mistaken: the visible strip, and the truth inside the file."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from runs.studio.numeric import Array

STRIP_TEXT = "SIMULATED · offline studio · not a real generation"
_DESCRIPTION = 0x010E
_XMP = re.compile(rb"<studio:truth>(.{2,200000}?)</studio:truth>", re.DOTALL)


def strip_height(width: int, height: int) -> int:
    """Return the rows of the strip at the bottom edge of a picture."""
    return max(13, round((width + height) / 72))


@lru_cache(maxsize=8)
def _strip(width: int, rows: int) -> Image.Image:
    band = Image.new("RGB", (width, rows), (22, 22, 26))
    text = STRIP_TEXT if width >= 240 else "SIMULATED"
    font = ImageFont.load_default(max(8, round(rows * 0.70)))
    ImageDraw.Draw(band).text((width / 2, rows / 2), text, fill=(245, 200, 90), font=font, anchor="mm")
    return band


def to_pixels(frame: Array) -> Image.Image:
    """Turn a frame [3, H, W] of 0-1 into a picture with the strip along its bottom edge."""
    levels = (np.clip(frame, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(levels.transpose(1, 2, 0)))
    rows = strip_height(image.width, image.height)
    image.paste(_strip(image.width, rows), (0, image.height - rows))
    return image


def webp(image: Image.Image, truth: Mapping[str, Any], quality: int = 90) -> bytes:
    """Encode a still; EXIF says SIMULATED, XMP carries the truth as JSON."""
    exif = Image.Exif()
    exif[_DESCRIPTION] = STRIP_TEXT.replace("·", "-")
    body = html.escape(json.dumps(truth, separators=(",", ":"), sort_keys=True), quote=False)
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:studio="urn:microdrama-workbench:studio"><studio:simulated>true</studio:simulated>'
        f"<studio:truth>{body}</studio:truth></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    out = io.BytesIO()
    image.save(out, "WEBP", quality=quality, method=2, exif=exif, xmp=xmp.encode("utf-8"))
    return out.getvalue()


def read_truth(data: bytes) -> tuple[bool, dict[str, Any] | None]:
    """Return whether bytes are a picture at all, and the truth inside it. Pixels are not decoded."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            info = image.info
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False, None
    xmp = info.get("xmp", b"")
    match = _XMP.search(xmp if isinstance(xmp, bytes) else str(xmp).encode())
    if match is None:
        return True, None
    try:
        truth = json.loads(html.unescape(match[1].decode("utf-8", "replace")))
    except (ValueError, RecursionError):
        return True, None
    return True, truth if isinstance(truth, dict) else None
