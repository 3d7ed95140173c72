r"""Does a clip or recording decode to its end? Asked of what a provider sent and of what a person imports, before it counts.

    undecodable(b"\x00\x00\x00 ftypisom…", "video")     "does not decode: Invalid data found when processing input"
    undecodable(Path("shot-3.mp4"), "video")            "is cut off: 71 of 121 frames are there"

The first frame is decoded; the rest is walked through packet by packet, which costs next to nothing and shows a file that breaks
off: a download that ended early is the usual fault, and half a clip would be judged as if it were one.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Literal

MAX_PIXELS = 64_000_000
"""A frame larger than this is refused before it is decoded: 8K x 8K, four times what any provider makes."""
WHOLE = 0.9
"""The share of the promised frames or seconds that must be there; headers round, and some count the frames of an edit."""


def undecodable(source: Path | bytes, wanted: Literal["video", "audio"]) -> str:
    """Return why a clip or recording cannot be used: does not open, too large, no frame, cut off; empty if it can."""
    import av

    file = io.BytesIO(source) if isinstance(source, bytes) else str(source)
    try:
        # No address inside a file is ever followed.
        with av.open(file, "r", options={"protocol_whitelist": "file"} if isinstance(source, Path) else {}) as container:
            streams = container.streams.video if wanted == "video" else container.streams.audio
            if not streams:
                return f"has no {'picture' if wanted == 'video' else 'sound'} in it"
            stream = streams[0]
            if isinstance(stream, av.VideoStream) and stream.width * stream.height > MAX_PIXELS:
                return f"has frames of more than {MAX_PIXELS // 1_000_000} million pixels"
            if next(container.decode(stream), None) is None:
                return "holds no frame that decodes"
            container.seek(0)
            return _cut_off(container, stream)
    except Exception as error:  # noqa: BLE001 (decoders raise anything when they are fed rubbish)
        return f"does not decode: {getattr(error, 'strerror', None) or str(error)[:200] or type(error).__name__}"


def _cut_off(container: object, stream: object) -> str:
    """Walk through the packets; say where frames or seconds are missing that the header promises."""
    packets, end = 0, 0.0
    for packet in container.demux(stream):  # type: ignore[attr-defined]
        if not packet.size:
            continue
        packets += 1
        if packet.is_corrupt:
            return f"is cut off: its packet number {packets} breaks off"
        if packet.pts is not None and packet.time_base:
            end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    if stream.frames and packets < WHOLE * stream.frames:  # type: ignore[attr-defined]
        return f"is cut off: {packets} of {stream.frames} frames are there"  # type: ignore[attr-defined]
    promised = _promised(container, stream)
    if end and promised and end < WHOLE * promised:
        return f"is cut off: {end:.1f} of {promised:.1f} seconds are there"
    return ""


def _promised(container: object, stream: object) -> float:
    """Return how many seconds the header speaks of: the stream's own, else the file's; 0 where it does not say."""
    if stream.duration and stream.time_base:  # type: ignore[attr-defined]
        return float(stream.duration * stream.time_base)  # type: ignore[attr-defined]
    return (container.duration or 0) / 1_000_000  # type: ignore[attr-defined]
