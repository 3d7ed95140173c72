"""What came back, before it counts: found out by its own bytes, decoded, and of the kind asked for.

Example: a server answers a request for a picture with an error page and the header `image/png`

    >>> check([Asset("image", "image/png", b"<html>quota</html>")], "image")
    Failure(error='malformed', message="asked for image, got text/html", …)
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

from runs.decoding import MAX_PIXELS, undecodable
from runs.media import MEDIA_TYPES
from runs.provider import Asset, Failure, Kind

MAX_BYTES = 1 << 30

_MAGIC: tuple[tuple[int, bytes, Kind, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image", "image/png"),
    (0, b"\xff\xd8\xff", "image", "image/jpeg"),
    (0, b"GIF8", "image", "image/gif"),
    (8, b"WEBP", "image", "image/webp"),
    (8, b"AVI ", "video", "video/x-msvideo"),
    (8, b"WAVE", "audio", "audio/wav"),
    (0, b"\x1aE\xdf\xa3", "video", "video/webm"),
    (0, b"ID3", "audio", "audio/mpeg"),
    (0, b"OggS", "audio", "audio/ogg"),
    (0, b"fLaC", "audio", "audio/flac"),
)
_ISO_BRANDS: tuple[tuple[bytes, Kind, str], ...] = (
    (b"avi", "image", "image/avif"), (b"hei", "image", "image/heic"), (b"mif", "image", "image/heic"),
    (b"M4A", "audio", "audio/mp4"), (b"qt", "video", "video/quicktime"),
)  # fmt: skip


def sniff(data: bytes) -> tuple[Kind, str] | None:
    """Return kind and media type by the bytes themselves; None if they are nothing known."""
    if data[4:8] == b"ftyp":
        found = next(((kind, name) for brand, kind, name in _ISO_BRANDS if data[8:12].startswith(brand)), None)
        return found or ("video", "video/mp4")
    for offset, magic, kind, name in _MAGIC:
        if data[offset : offset + len(magic)] == magic and (offset == 0 or data[:4] == b"RIFF"):
            return kind, name
    # Bare MPEG audio: eleven set bits, and no reserved layer.
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0 and data[1] & 0x06:
        return "audio", "audio/mpeg"
    return _text(data)


def check(assets: Sequence[Asset], wanted: Kind) -> tuple[Asset, ...] | Failure:
    """Return the assets with the media types that their bytes have, or why they cannot be used.

    Args:
        assets: what a provider gave; its own word on the type is not trusted.
        wanted: the kind that was asked for; at least one asset must be of it.
    """
    found: list[Asset] = []
    seen: list[str] = []
    for asset in assets:
        if not asset.data:
            return Failure("malformed", f"an empty {asset.kind} came back")
        if len(asset.data) > MAX_BYTES:
            return Failure("malformed", f"an output of {len(asset.data) >> 20} MB, more than {MAX_BYTES >> 20} MB")
        sniffed = sniff(asset.data)
        if sniffed is None:
            return Failure("malformed", f"came back as {asset.media_type}, but the bytes are of no known kind")
        seen.append(sniffed[1])
        if isinstance(known := _known(asset, *sniffed), Failure):
            return known
        found.append(known)
    if not any(asset.kind == wanted for asset in found):
        return Failure("malformed", f"asked for {wanted}, got {', '.join(seen) or 'nothing'}")
    return tuple(found)


def _known(asset: Asset, kind: Kind, media_type: str) -> Asset | Failure:
    """Return an asset under kind and type that can be stored, after seeing that it decodes."""
    if kind == "text":
        # Text has no magic: of its finer kinds only the provider knows.
        given = asset.media_type.partition(";")[0].strip().lower()
        return replace(asset, kind=kind, media_type=given if given in MEDIA_TYPES and MEDIA_TYPES[given][0] == "text" else "text/plain")
    if media_type not in MEDIA_TYPES:
        return Failure("malformed", f"came back as {media_type}, which cannot be stored")
    if kind == "image":
        if problem := _undecodable(asset.data):
            return Failure("malformed", problem)
        # An animated WebP or GIF is how a clip may come: its bytes cannot tell it from a picture, the provider can.
        if asset.kind == "video" and media_type in {"image/webp", "image/gif"}:
            kind = "video"
    elif problem := undecodable(asset.data, kind):
        return Failure("malformed", f"the {'clip' if kind == 'video' else 'recording'} {problem}")
    return replace(asset, kind=kind, media_type=media_type)


def _text(data: bytes) -> tuple[Kind, str] | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    start = text.lstrip()[:15].lower()
    return "text", "text/html" if start.startswith(("<!doctype html", "<html")) else "text/plain"


def _undecodable(data: bytes) -> str:
    """Return why a picture cannot be decoded, or nothing. The first frame of an animation stands for all."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                return f"a picture of {picture.width} x {picture.height}, more than {MAX_PIXELS // 1_000_000} million pixels"
            picture.load()
    except UnidentifiedImageError:
        return "the picture cannot be read"
    except Image.DecompressionBombError:
        return f"a picture of more than {MAX_PIXELS // 1_000_000} million pixels"
    except Exception as error:  # noqa: BLE001 (decoders raise anything when they are fed rubbish)
        return f"the picture does not decode: {str(error)[:200] or type(error).__name__}"
    return ""
