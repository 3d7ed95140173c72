"""Targets: the heads and bodies of pictures, clips and recordings."""

# ruff: noqa: E501  data

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

from films import film, song
from fuzzkit import Target, documented


def _picture(kind: str, **options: object) -> bytes:
    from PIL import Image

    frames = [Image.new("RGB", (24, 16), colour) for colour in ("red", "blue", "green")]
    out = io.BytesIO()
    more = {"save_all": True, "append_images": frames[1:], "duration": 80} if options.pop("moving", False) else {}
    frames[0].save(out, kind, **more, **options)  # type: ignore[arg-type]
    return out.getvalue()


def _check(data: bytes, room: Path) -> None:
    """An output that is kept must be readable by everything behind the door: scorers read stored media without a second check."""
    from evals.errors import UnreadableMedia
    from evals.media.picture import read_picture
    from runs.outputs import check, sniff
    from runs.provider import Asset, Failure

    sniff(data)
    for wanted in ("image", "video", "audio"):
        found = check([Asset(wanted, "x/y", data)], wanted)  # type: ignore[arg-type]
        if isinstance(found, Failure):
            assert found.message.strip()
            continue
        path = room / "kept.bin"
        path.write_bytes(found[0].data)
        if found[0].kind == "image":
            documented(lambda p=path: read_picture(p), also=(UnreadableMedia,))
        elif found[0].kind == "video":
            _frames(path)


def _frames(path: Path) -> None:
    from evals.errors import UnreadableMedia
    from evals.media.clip import clip_frames

    documented(lambda: sum(1 for _ in clip_frames(path)), also=(UnreadableMedia,))


def _animated(data: bytes, room: Path) -> None:
    path = room / "moving.bin"
    path.write_bytes(data)
    _frames(path)


def _grid(data: bytes, _: Path) -> None:
    from runs.provider import Asset
    from runs.providers.grid import split

    split(Asset("image", "image/png", data))


@cache
def _seeds() -> tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[bytes, ...]]:
    stills = (_picture("PNG"), _picture("JPEG"), _picture("WEBP"), _picture("GIF"), _picture("AVIF"), b"\x89PNG\r\n\x1a\n")
    moving = (_picture("GIF", moving=True), _picture("WEBP", moving=True), _picture("PNG", moving=True))
    films = (film("a", frames=3, size=(32, 32)), film("b", frames=3, size=(32, 32), suffix="webm"), song("c", seconds=0.2))
    return stills, moving, films


TOKENS = (b"IHDR", b"IDAT", b"IEND", b"acTL", b"fcTL", b"iCCP", b"\xff\xd8", b"\xff\xd9", b"\xff\xc0", b"RIFF", b"WEBP", b"VP8X", b"ANIM", b"ANMF", b"GIF89a", b"\x2c", b"\x21\xff",
          b"ftyp", b"moov", b"mdat", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\x01", b"OggS", b"fLaC", b"ID3", b"\x1aE\xdf\xa3", b"avif", b"<svg", b"PK\3\4")  # fmt: skip
_STILLS, _MOVING, _FILMS = _seeds()
TARGETS = (
    Target("pictures", _check, _STILLS + _MOVING, TOKENS),
    Target("animations", _animated, _MOVING, TOKENS),
    Target("clips and recordings", _check, _FILMS, TOKENS, few=6, heavy=True),
    Target("picture grids", _grid, _STILLS, TOKENS, few=6),
)
