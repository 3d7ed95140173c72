"""Read pictures and clips that come from anywhere: within bounds, upright, as RGB, or with one clear error.

A file is believed by its first bytes, never by its name, and only known kinds are handed to a decoder: FFmpeg would otherwise
follow playlists to other files and machines.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from evals.errors import UnreadableMedia

MAX_BYTES = 400_000_000
MAX_PIXELS = 50_000_000
"""More pixels than 8K has; beyond, a picture is taken for a decompression bomb and not decoded."""
MAX_SIDE = 2048
"""Larger pictures are analysed at this size: a face that matters is larger than 24 pixels there too."""
MAX_CLIP_SIDE = 1280
MAX_CLIP_PIXELS = 9_000_000
MAX_SECONDS = 30.0
"""Longer clips are analysed up to here."""
MAX_FPS = 30.5
MAX_FRAMES = 1000
ORIENTATION = 0x0112
PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")


class TooLarge(UnreadableMedia):
    """A picture or clip beyond the bounds: it may be sound, but it is not decoded."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An upright RGB picture; `scale` times a place in it is the place in the file's picture of `width` x `height`."""

    image: Image.Image
    width: int
    height: int
    scale: float


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of a clip: seconds from the first one, and the picture."""

    time: float
    image: Image.Image


def read_picture(path: Path) -> Picture:
    """Read a picture: EXIF rotation applied, transparency laid on white, any colour mode turned to RGB.

    Raises:
        UnreadableMedia: It does not decode, is cut off, or has more than 50 megapixels.
    """
    _check_size(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=PICTURE_FORMATS) as opened:
                _check_pixels(path, opened.width, opened.height, MAX_PIXELS)
                return _upright(opened)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise TooLarge(f"{path.name} has more than {MAX_PIXELS // 1_000_000} million pixels.") from None
    except UnreadableMedia:
        raise
    except Exception as error:  # noqa: BLE001 (decoders raise anything when they are fed rubbish)
        raise UnreadableMedia(f"{path.name} is not a readable picture: {_why(error)}") from None


def read_clip(path: Path) -> Iterator[Frame]:
    """Yield a clip's frames in order: mp4, mov, webm, mkv, avi through FFmpeg, animated GIF and WebP through Pillow.

    Frames wider or higher than 1280 pixels are made smaller, over 30 a second are thinned out, and nothing is read
    beyond 30 seconds or 1000 frames. A clip that breaks off in the middle is unreadable, not short.

    Raises:
        UnreadableMedia: It does not decode to the end that its header promises, or its frames are too large.
    """
    _check_size(path)
    with path.open("rb") as stream:
        head = stream.read(16)
    frames = _pillow_frames(path) if head[:3] == b"GIF" or head[8:12] == b"WEBP" else _av_frames(path, _container(path, head))
    count = 0
    try:
        for count, frame in enumerate(_thinned(frames), start=1):
            yield frame
            if count >= MAX_FRAMES or frame.time >= MAX_SECONDS:
                return
    except UnreadableMedia:
        raise
    except Exception as error:  # noqa: BLE001 (as above)
        raise UnreadableMedia(f"{path.name} is not a readable clip: {_why(error)}") from None
    if not count:
        raise UnreadableMedia(f"{path.name} has no frames.")


def is_clip(path: Path) -> bool:
    """Return whether a file's first bytes are those of a clip; animated GIF and WebP count, still ones do not."""
    with path.open("rb") as stream:
        head = stream.read(16)
    if head[:3] == b"GIF" or head[8:12] == b"WEBP":
        with Image.open(path, formats=PICTURE_FORMATS) as opened:
            return bool(getattr(opened, "is_animated", False))
    return _sniff(head) is not None


def _thinned(frames: Iterator[Frame]) -> Iterator[Frame]:
    last = -math.inf
    for frame in frames:
        if frame.time - last >= 1 / MAX_FPS:
            last = frame.time
            yield frame


def _pillow_frames(path: Path) -> Iterator[Frame]:
    time = 0.0
    with Image.open(path, formats=PICTURE_FORMATS) as opened:
        _check_pixels(path, opened.width, opened.height, MAX_CLIP_PIXELS)
        for index in range(int(getattr(opened, "n_frames", 1))):
            opened.seek(index)
            opened.load()
            image = _flat(opened)
            image.thumbnail((MAX_CLIP_SIDE, MAX_CLIP_SIDE), Image.Resampling.BILINEAR)
            yield Frame(time, image)
            # A GIF that gives no duration is played at ten frames a second by every viewer.
            time += (opened.info.get("duration") or 100) / 1000


def _av_frames(path: Path, container: str) -> Iterator[Frame]:
    import av

    with av.open(str(path), format=container, options={"protocol_whitelist": "file"}) as opened:
        if not opened.streams.video:
            raise UnreadableMedia(f"{path.name} has no pictures in it.")
        stream = opened.streams.video[0]
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
        _check_pixels(path, stream.codec_context.width, stream.codec_context.height, MAX_CLIP_PIXELS)
        start, time = None, -math.inf
        for frame in opened.decode(stream):
            if frame.time is None or frame.is_corrupt:
                raise UnreadableMedia(f"{path.name} breaks off or is damaged.")
            start = frame.time if start is None else start
            time = frame.time - start
            yield Frame(time, _frame_image(frame))
        _check_complete(path, stream, time)


def _check_complete(path: Path, stream: Any, time: float) -> None:
    """Refuse a clip whose header promises far more than what came: the file was cut off."""
    promised = float(stream.duration * stream.time_base) if stream.duration else 0.0
    if promised > 1.0 and time < 0.8 * promised - 0.5:
        raise UnreadableMedia(f"{path.name} breaks off after {max(time, 0):.1f} of {promised:.1f} s.")


def _frame_image(frame: Any) -> Image.Image:
    scale = min(1.0, MAX_CLIP_SIDE / max(frame.width, frame.height))
    width, height = round(frame.width * scale), round(frame.height * scale)
    pixels = frame.to_ndarray(format="rgb24", width=width, height=height)
    # The display matrix turns counter-clockwise, as np.rot90 does.
    return Image.fromarray(np.ascontiguousarray(np.rot90(pixels, (frame.rotation // 90) % 4)))


def _upright(opened: Image.Image) -> Picture:
    width, height = opened.size
    if opened.getexif().get(ORIENTATION, 1) in (5, 6, 7, 8):
        width, height = height, width
    if opened.format in ("JPEG", "MPO"):
        opened.draft("RGB", (MAX_SIDE, MAX_SIDE))  # decodes at a fraction of the size, where that is still large enough
    image = _flat(ImageOps.exif_transpose(opened))
    image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return Picture(image, width, height, width / image.width)


def _flat(image: Image.Image) -> Image.Image:
    """Return a picture as opaque RGB."""
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        return Image.fromarray((values * (255 / max(float(values.max()), 255.0))).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        with_alpha = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", with_alpha.size, "white"), with_alpha).convert("RGB")
    return image.convert("RGB")


def _container(path: Path, head: bytes) -> str:
    found = _sniff(head)
    if found is None:
        raise UnreadableMedia(f"{path.name} is not a clip of a known kind (mp4, mov, webm, mkv, avi, gif, webp).")
    return found


def _sniff(head: bytes) -> str | None:
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return "mp4"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    return "avi" if head[:4] == b"RIFF" and head[8:12] == b"AVI " else None


def _check_size(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise UnreadableMedia(f"{path.name} cannot be read: {error.strerror}.") from None
    if size > MAX_BYTES:
        raise TooLarge(f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB.")


def _check_pixels(path: Path, width: int, height: int, limit: int) -> None:
    if width * height > limit:
        raise TooLarge(f"{path.name} has {width} x {height} pixels; the limit is {limit // 1_000_000} million.")


def _why(error: Exception) -> str:
    first = str(error).splitlines()[0] if str(error) else ""
    return (first or type(error).__name__)[:160]
