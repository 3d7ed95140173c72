"""Pictures, clips and recordings as a provider or a stranger may send them."""

# ruff: noqa: E501  data

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

Case = tuple[Callable[[Path], object], str]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *extra: bytes, rows: bytes | None = None) -> bytes:
    body = zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(height)) if rows is None else rows)
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(extra) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _jpeg(**options: object) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(out, "JPEG", **options)
    return out.getvalue()


def _exif() -> bytes:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "'; drop table score; -- {{ 7*7 }} <script>" * 50
    return _jpeg(exif=exif)


def _check(data: Callable[[], bytes], wanted: str = "image", said: str = "image/png") -> Callable[[Path], object]:
    def case(_: Path) -> object:
        from runs.outputs import check
        from runs.provider import Asset, Failure

        found = check([Asset(wanted, said, data())], wanted)  # type: ignore[arg-type]
        return f"{found.error}: {found.message}" if isinstance(found, Failure) else f"kept as {found[0].media_type}"

    return case


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><image href="http://10.0.0.1/x"/></svg>'
FTYP = b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"
_PICTURES: dict[str, tuple[Callable[[], bytes], str]] = {
    "a bomb of 100,000 x 100,000": (lambda: png(100_000, 100_000, rows=b""), "^malformed: .*million pixels"),
    "a bomb that unpacks": (lambda: png(50_000, 20_000, rows=bytes(1 << 20)), "^malformed: .*million pixels"),
    "no width": (lambda: png(0, 10, rows=b""), "^malformed: "),
    "cut off": (lambda: png(64, 64)[:60], "^malformed: "),
    "cut off JPEG": (lambda: _jpeg()[:200], "^malformed: "),
    "a wrong checksum": (lambda: png(8, 8).replace(b"IHDR\0\0\0\x08", b"IHDR\0\0\0\x09"), "^malformed: "),
    "only a signature": (lambda: b"\x89PNG\r\n\x1a\n", "^malformed: "),
    "a GIF of nothing": (lambda: b"GIF89a\xff\xff\xff\xff\0\0\0", "^malformed: "),
    "a WebP that lies about its length": (lambda: b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff", "^malformed: "),
    "an SVG with a script": (lambda: SVG, "^malformed: asked for image, got text/"),
    "an HTML page": (lambda: b"<html><body>quota</body></html>", "^malformed: asked for image, got text/html"),
    "a clip": (lambda: FTYP, "^malformed: "),
    "a program": (lambda: b"\x7fELF\2\1\1" + bytes(200), "^malformed: .*no known kind"),
    "an archive": (lambda: b"PK\3\4" + bytes(range(128, 256)), "^malformed: .*no known kind"),
    "nothing": (lambda: b"", "^malformed: an empty"),
    "one byte": (lambda: b"\xff", "^malformed: "),
    "a picture and an archive in one": (lambda: png(8, 8) + b"PK\3\4" + b"x" * 500, "^kept as image/png"),
    "a picture and a page in one": (lambda: _jpeg(comment=b"<script>alert(1)</script>"), "^kept as image/jpeg"),
    "words in its EXIF": (_exif, "^kept as image/jpeg"),
    "a PNG said to be a JPEG": (lambda: png(8, 8), "^kept as image/png"),
    "text that unpacks to much": (lambda: png(8, 8, _chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(100 << 20)))), "^(malformed|kept)"),
    "a colour profile that unpacks to much": (
        lambda: png(8, 8, _chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(100 << 20)))),
        "^(malformed|kept)",
    ),
    "a TIFF": (lambda: b"II*\0\x08\0\0\0\xff\xff" + bytes(100), "^malformed: "),
    "an EPS program": (
        lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n",
        "^malformed: asked for image, got text",
    ),
}
CASES: dict[str, Case] = {f"picture: {name}": (_check(data), words) for name, (data, words) in _PICTURES.items()}
_CLIPS: dict[str, tuple[Callable[[], bytes], str]] = {
    "only a head": (lambda: FTYP, "^malformed: "),
    "a box without end": (lambda: FTYP + b"\xff\xff\xff\xffmoov" + bytes(64), "^malformed: "),
    "boxes in boxes": (lambda: FTYP + b"".join(struct.pack(">I4s", 80_000 - 8 * n, b"moov") for n in range(9_000)), "^malformed: "),
    "a box of a size of 2^64": (lambda: FTYP + struct.pack(">I4sQ", 1, b"mdat", (1 << 64) - 1), "^malformed: "),
    "Matroska of nothing": (lambda: b"\x1aE\xdf\xa3" + b"\xff" * 64, "^malformed: "),
    "a playlist": (lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\nhttp://10.0.0.1/x\n", "^malformed: asked for video, got text"),
    "a concat list": (lambda: b"ffconcat version 1.0\nfile /etc/passwd\n", "^malformed: asked for video, got text"),
    "a picture": (lambda: png(8, 8), "^malformed: asked for video"),
}
CASES |= {f"clip: {name}": (_check(data, "video", "video/mp4"), words) for name, (data, words) in _CLIPS.items()}
_SOUNDS: dict[str, tuple[Callable[[], bytes], str]] = {
    "an ID3 tag of nothing": (lambda: b"ID3\4\0\0\x7f\x7f\x7f\x7f", "^malformed: "),
    "a WAV that lies": (lambda: b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + b"\xff" * 16, "^malformed: "),
    "FLAC of nothing": (lambda: b"fLaC" + b"\xff" * 64, "^malformed: "),
    "Ogg of nothing": (lambda: b"OggS" + b"\xff" * 64, "^malformed: "),
    "set bits": (lambda: b"\xff\xfb" * 40, "^malformed: "),
}
CASES |= {f"sound: {name}": (_check(data, "audio", "audio/mpeg"), words) for name, (data, words) in _SOUNDS.items()}


# A GIF whose third frame is a thousand times as large as the picture was said to be, in 234 bytes.
GROWS = bytes.fromhex(
    "47494638396118001000810000ff000000000000000000000021f90400080000002c00000000180010000008220001081c48b0a0c18308132a5cc8b0a1c38710234a9c48b1a2c58b18336adc6830200021f90401080001002c0000000018001000810000ff00000000000000000008220001081c48b0a0c18308132a5cc8b0a1c38710234a9c48b1a2c58b18336adc6830200021f90401080001002c00000000001000810080000000000000000000000822706c616e7465642d3764336539306161353163340001081c48b0a0c18308132a5cc8b0a1c38710234a9c48b1a2c58b18336adc683020003b"
)


def _plain(kind: str, size: tuple[int, int], **options: object) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    picture = Image.new("L" if kind == "PNG" else "RGB", size)
    picture.save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


def _frames(data: Callable[[], bytes], name: str) -> Callable[[Path], object]:
    def case(ws: Path) -> object:
        from evals.media.clip import clip_frames

        (ws / name).write_bytes(data())
        return f"read {sum(1 for _ in clip_frames(ws / name))} frames"

    return case


def _scored(data: Callable[[], bytes], name: str) -> Callable[[Path], object]:
    def case(ws: Path) -> object:
        from evals.media.picture import read_picture

        (ws / name).write_bytes(data())
        return f"read {read_picture(ws / name).image.size}"

    return case


def _movie(width: int, height: int) -> bytes:
    """A film whose header says that its frames are of another size."""
    from films import film

    data = film(frames=3, size=(32, 32))
    return data.replace(struct.pack(">HH", 32, 32), struct.pack(">HH", width, height)).replace(
        struct.pack(">II", 32 << 16, 32 << 16), struct.pack(">II", width << 16, height << 16)
    )


def _vast() -> bytes:
    """A small WebP whose header says 16,000 x 16,000: two times fourteen bits behind its signature."""
    data = _plain("WEBP", (8, 8), lossless=True)
    at = data.index(b"VP8L") + 9
    return data[:at] + struct.pack("<I", 15_999 | 15_999 << 14) + data[at + 4 :]


def _zip() -> bytes:
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb.png", bytes(50 << 20))
    return out.getvalue()


CASES |= {
    "clip: a GIF whose frames grow": (_frames(lambda: GROWS, "a.gif"), "^(TooLarge|UnreadableMedia): "),
    "clip: a GIF of 60,000 x 60,000": (_frames(lambda: b"GIF89a\x60\xea\x60\xea" + GROWS[10:], "a.gif"), "^(TooLarge|UnreadableMedia): "),
    "clip: a film that lies about its size": (_frames(lambda: _movie(65_000, 65_000), "a.mp4"), "^(TooLarge|UnreadableMedia): |^read [0-3] "),
    "clip: an archive called a film": (_frames(_zip, "a.mp4"), "^UnreadableMedia: "),
    "clip: frames of no length": (_frames(lambda: b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\2\0\0\0\xff\xff\xff\xff\xff\xff" + b"ANIM\0\0\0\0", "a.webp"), "^(TooLarge|UnreadableMedia): "),
    "picture: one colour of 8,000 x 8,000 as PNG": (_scored(lambda: _plain("PNG", (8_000, 8_000)), "a.png"), "^(TooLarge|UnreadableMedia): .*(million|pixels)"),
    "picture: a WebP said to be 16,000 x 16,000": (_scored(_vast, "a.webp"), "^(TooLarge|UnreadableMedia): .*(million|pixels)"),
    "picture: an archive of 50 MB": (_check(_zip), "^malformed: .*no known kind"),
    "picture: a GIF that is a script": (_check(lambda: b"GIF89a=1;alert(1)//" + bytes(40)), "^malformed: "),
    "picture: a JPEG that is an archive": (_check(lambda: _jpeg() + _zip()), "^kept as image/jpeg"),
    "picture: a PDF": (_check(lambda: b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript>>>>"), "^malformed: asked for image, got text"),
    "picture: EXIF of 60 KB that points into itself": (
        _check(lambda: _jpeg(exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + struct.pack("<HHII", 0x8769, 4, 1, 8) * 5000)), "^(kept|malformed)",
    ),
    "picture: SVG with an outside entity": (_check(lambda: b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'), "^malformed: asked for image, got text"),
    "picture: compressed SVG": (_check(lambda: __import__("gzip").compress(SVG)), "^malformed: .*no known kind"),
}  # fmt: skip
