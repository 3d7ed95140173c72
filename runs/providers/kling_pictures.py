"""Pictures as Kling takes them: JPEG or PNG of at most 10 MB, 300 pixels a side, not too long; bare base64, no `data:` before it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence

from runs.provider import Failure, Reference
from runs.providers import inline

MOST_BYTES, LEAST_SIDE, MOST_RATIO = 10 << 20, 300, 2.5


async def encoded(references: Sequence[Reference]) -> list[str] | Failure:
    """Return reference pictures as base64, or why one cannot be sent. Other formats than JPEG and PNG become PNG."""
    found = await asyncio.gather(*(asyncio.to_thread(_encoded, reference) for reference in references))
    failed = next((f for f in found if isinstance(f, Failure)), None)
    return failed if failed is not None else [f for f in found if isinstance(f, str)]


def _encoded(reference: Reference) -> str | Failure:
    from PIL import Image

    data = inline.content(reference)
    if isinstance(data, Failure):
        return data
    try:
        with Image.open(io.BytesIO(data)) as picture:
            width, height = picture.size
            if picture.format not in ("JPEG", "PNG"):
                out = io.BytesIO()
                picture.convert("RGBA" if picture.has_transparency_data else "RGB").save(out, "PNG")
                data = out.getvalue()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return Failure("invalid_request", f"the reference {reference.name} is no picture that can be read")
    if min(width, height) < LEAST_SIDE:
        return Failure("invalid_request", f"the reference {reference.name} has {width} x {height} pixels; Kling wants {LEAST_SIDE} a side")
    if max(width, height) > MOST_RATIO * min(width, height):
        return Failure("invalid_request", f"the reference {reference.name} is more than {MOST_RATIO} times as long as wide")
    if len(data) > MOST_BYTES:
        return Failure("invalid_request", f"the reference {reference.name} has {len(data) >> 20} MB as JPEG or PNG; 10 are allowed")
    return inline.base64_of(data)
