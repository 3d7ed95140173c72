"""Files inside JSON: base64 with or without `data:…;base64,` before it, read from an answer and written into a request."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path

from runs.outputs import sniff
from runs.provider import Asset, Failure, Kind, Reference

MAX_REFERENCE = 50 << 20
"""Bytes of the largest reference picture that any provider takes."""
_DATA_URL = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(;[\w.+-]+=[^;,]*)*;base64,", re.IGNORECASE | re.ASCII)


def is_data_url(text: str) -> bool:
    """Say whether a text is a data URL."""
    return text[:5].lower() == "data:"


def read(text: str, kind: Kind, *, limit: int = 1 << 30) -> Asset | Failure:
    """Return the asset that a base64 text or a data URL holds.

    Args:
        text: as the answer has it; line breaks are ignored, padding may be missing.
        kind: what was asked for; the bytes must be of it.
        limit: bytes of the largest asset.
    """
    head = _DATA_URL.match(text[:200])
    if head is None and is_data_url(text):
        return Failure("malformed", "the answer holds a data URL that is no base64", code="base64")
    code = text[head.end() :] if head else text
    if len(code) > limit // 3 * 4 + 1024:
        return Failure("malformed", f"an output of about {len(code) * 3 // 4 >> 20} MB, more than {limit >> 20} MB", code="too_large")
    code = "".join(code.split())
    try:
        data = base64.b64decode(code + "=" * (-len(code) % 4), validate=True)
    except (binascii.Error, ValueError):
        return Failure("malformed", "the answer holds a file that is no base64", code="base64")
    return typed(data, kind, declared=(head["type"] or "") if head else "")


def typed(data: bytes, kind: Kind, *, declared: str = "") -> Asset | Failure:
    """Return bytes as an asset of the type that they have, or why they are not what was asked for."""
    if not data:
        return Failure("malformed", f"an empty {kind} came back", code="empty")
    sniffed = sniff(data)
    said = f" (declared {declared})" if declared else ""
    if sniffed is None:
        return Failure("malformed", f"asked for {kind}, and the bytes are of no known kind{said}", code="content_type")
    found, media_type = sniffed
    # An animation is how a clip may come, and sound may come in the container of films: only the one who asked can tell.
    same = found == kind or (kind == "video" and media_type in ("image/webp", "image/gif"))
    if not same:
        return Failure("malformed", f"asked for {kind}, got {media_type}{said}", code="content_type")
    return Asset(kind, media_type, data)


def content(reference: Reference, *, limit: int = MAX_REFERENCE) -> bytes | Failure:
    """Return the bytes of a reference picture, or why it cannot be sent."""
    path = Path(reference.path)
    try:
        size = path.stat().st_size
        if size > limit:
            return Failure("invalid_request", f"the reference {reference.name} has {size >> 20} MB; {limit >> 20} MB are allowed")
        return path.read_bytes()
    except OSError as error:
        return Failure("invalid_request", f"the reference {reference.name} cannot be read: {error.strerror}")


def base64_of(data: bytes) -> str:
    """Return bytes as bare base64."""
    return base64.b64encode(data).decode("ascii")


def data_url(data: bytes, media_type: str) -> str:
    """Return bytes as a data URL."""
    return f"data:{media_type};base64,{base64_of(data)}"
