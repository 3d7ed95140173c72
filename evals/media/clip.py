"""Read a clip frame by frame, with the times that the file gives: mp4, mov, webm, mkv, avi; animated GIF and WebP."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evals.errors import UnreadableMedia
from evals.media.bounds import PICTURE_FORMATS, TooLarge, check_pixels, check_size, why
from evals.media.picture import flat
from evals.media.sampling import MAX_FPS, MAX_FRAMES, WHOLE_SECONDS, stretches

MAX_SIDE = 1280
MAX_PIXELS = 9_000_000
MAX_ANIMATED = 20_000
"""Frames of an animated picture: they can only be counted by decoding them."""
PLAYS_AT = 0.1
"""Seconds that a GIF's frame without a duration is shown by every viewer."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame of a clip: seconds from its first frame, pixels (height x width x 3, RGB), which stretch of a long clip it belongs to."""

    time: float
    pixels: NDArray[np.uint8]
    stretch: int = 0

    @cached_property
    def image(self) -> Image.Image:
        """Return the pixels as a picture; a copy, so who only reads them takes `pixels`."""
        return Image.fromarray(self.pixels)


def clip_frames(path: Path, *, whole: float = WHOLE_SECONDS, side: int = MAX_SIDE) -> Iterator[Frame]:
    """Yield a clip's frames in order, one at a time.

    Frames larger than `side` are made smaller, over 30 a second are thinned out, and of clips over 30 s three stretches
    are read (see `sampling`). A clip that breaks off in the middle is unreadable, not short.

    Args:
        path: The file.
        whole: Seconds up to which a clip is read from its beginning to its end; `LIGHT_SECONDS` for measures that keep little.
        side: Longest side of the frames in pixels.

    Raises:
        UnreadableMedia: It does not decode to the end that its header promises, or its frames are too large.
    """
    check_size(path)
    with path.open("rb") as stream:
        head = stream.read(16)
    animated = _is_animation(head)
    frames = _pillow_frames(path, whole, side) if animated else _av_frames(path, _container(path, head), whole, side)
    count = 0
    try:
        for count, frame in enumerate(_thinned(frames), start=1):
            yield frame
            if count >= MAX_FRAMES * max(1.0, whole / WHOLE_SECONDS):
                return
    except UnreadableMedia:
        raise
    except Exception as error:  # noqa: BLE001 (decoders raise anything when they are fed rubbish)
        raise UnreadableMedia(f"{path.name} is not a readable clip: {why(error)}") from None
    if not count:
        raise UnreadableMedia(f"{path.name} has no frames.")


def is_clip(path: Path) -> bool:
    """Return whether a file's first bytes are those of a clip; animated GIF and WebP count, still ones do not.

    Raises:
        UnreadableMedia: An animated picture that does not even open.
    """
    check_size(path)
    with path.open("rb") as stream:
        head = stream.read(16)
    if not _is_animation(head):
        return _sniff(head) is not None
    try:
        with Image.open(path, formats=PICTURE_FORMATS) as opened:
            return bool(getattr(opened, "is_animated", False))
    except Exception as error:  # noqa: BLE001 (as above)
        raise UnreadableMedia(f"{path.name} is not a readable picture: {why(error)}") from None


def _thinned(frames: Iterator[Frame]) -> Iterator[Frame]:
    last = -math.inf
    for frame in frames:
        if frame.time - last >= 1 / MAX_FPS:
            last = frame.time
            yield frame


def _pillow_frames(path: Path, whole: float, side: int) -> Iterator[Frame]:
    with Image.open(path, formats=PICTURE_FORMATS) as opened:
        check_pixels(path, opened.width, opened.height, MAX_PIXELS)
        count = int(getattr(opened, "n_frames", 1))
        if count > MAX_ANIMATED:
            raise TooLarge(f"{path.name} has {count} frames; the limit of an animated picture is {MAX_ANIMATED}.")
        # How long it lasts is only known when it has been decoded once; a short one needs not be known.
        length = 0.0 if stretches(math.inf, count)[0][1] == math.inf else _pillow_seconds(path, opened, count)
        parts = stretches(length, count, whole)
        for time, index in _pillow_times(path, opened, count):
            part = next((i for i, (start, end) in enumerate(parts) if start <= time < end), None)
            if part is not None:
                opened.seek(index)
                image = flat(opened)
                image.thumbnail((side, side), Image.Resampling.BILINEAR, reducing_gap=2.0)
                yield Frame(time, np.asarray(image), part)


def _pillow_times(path: Path, opened: Image.Image, count: int) -> Iterator[tuple[float, int]]:
    time = 0.0
    for index in range(count):
        opened.seek(index)
        # A frame of a GIF may be larger than the picture said to be, and makes it as large.
        check_pixels(path, opened.width, opened.height, MAX_PIXELS)
        opened.load()
        shown = (opened.info.get("duration") or PLAYS_AT * 1000) / 1000
        yield time, index
        time += shown


def _pillow_seconds(path: Path, opened: Image.Image, count: int) -> float:
    return max(time for time, _ in _pillow_times(path, opened, count))


def _av_frames(path: Path, container: str, whole: float, side: int) -> Iterator[Frame]:
    import av
    from av.video.reformatter import VideoReformatter

    with av.open(str(path), format=container, options={"protocol_whitelist": "file"}) as opened:
        if not opened.streams.video:
            raise UnreadableMedia(f"{path.name} has no pictures in it.")
        stream = opened.streams.video[0]
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
        check_pixels(path, stream.codec_context.width, stream.codec_context.height, MAX_PIXELS)
        start, seconds, count = _extent(path, opened, stream)
        parts = stretches(seconds, count, whole)
        base, squeeze = float(stream.time_base or 1), _squeeze(stream)
        converter = VideoReformatter()  # one for all frames: each has tables of its own that are dear to make
        for part, (begin, end) in enumerate(parts):
            opened.seek(round((start + begin) / base) if begin else stream.start_time or 0, stream=stream)
            reached = -math.inf
            for frame in opened.decode(stream):
                if frame.time is None or frame.is_corrupt:
                    raise UnreadableMedia(f"{path.name} breaks off or is damaged.")
                reached = float(frame.time) - start
                if reached >= end:
                    break
                if reached >= begin:
                    yield Frame(reached, _pixels(frame, side, squeeze, converter), part)
            # A damaged packet is skipped by some decoders without a word; the frames that should follow are then missing.
            if end == math.inf and reached < 0.8 * seconds - 0.5:
                raise UnreadableMedia(f"{path.name} breaks off after {max(reached, 0):.1f} of {seconds:.1f} s.")


def _extent(path: Path, opened: Any, stream: Any) -> tuple[float, float, int]:
    """Return the first frame's time, the last one's seconds after it, and the number of packets; by going through them all.

    Headers are not believed: those of streamed WebM have no length, and those of a file that was cut off have the old one.
    """
    base, times, last = float(stream.time_base), [], 0.0
    for packet in opened.demux():
        if packet.size and packet.pts is not None:
            last = max(last, float(packet.pts * packet.time_base))
            if packet.stream_index == stream.index:
                times.append(packet.pts)
    if not times:
        raise UnreadableMedia(f"{path.name} has no frames.")
    start, seconds = min(times) * base, (max(times) - min(times)) * base
    # WebM says only how long the whole file is, its sound included.
    promised, there = (stream.duration * base, seconds) if stream.duration else ((opened.duration or 0) / 1e6, last)
    if promised > 1.0 and there < 0.8 * promised - 0.5:
        raise UnreadableMedia(f"{path.name} breaks off after {seconds:.1f} of {promised:.1f} s.")
    if stream.frames and len(times) < 0.8 * stream.frames - 2:
        raise UnreadableMedia(f"{path.name} breaks off: {len(times)} of {stream.frames} frames are there.")
    return start, seconds, len(times)


def _pixels(frame: Any, side: int, squeeze: float, converter: Any) -> NDArray[np.uint8]:
    wide, high = frame.width * squeeze, float(frame.height)
    scale = min(1.0, side / max(wide, high))
    pixels = converter.reformat(frame, max(1, round(wide * scale)), max(1, round(high * scale)), "rgb24").to_ndarray()
    # The display matrix turns counter-clockwise, as np.rot90 does.
    return np.ascontiguousarray(np.rot90(pixels, (frame.rotation // 90) % 4))


def _squeeze(stream: Any) -> float:
    """Return how much wider than high a pixel is shown; faces are measured as viewers see them."""
    ratio = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return float(ratio) if ratio and 0.25 <= ratio <= 4 else 1.0


def _is_animation(head: bytes) -> bool:
    return head[:3] == b"GIF" or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


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
