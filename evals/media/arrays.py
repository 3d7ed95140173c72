"""Read a clip as one array, for notebooks and for measures that want all frames at once."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evals.media.clip import clip_frames
from evals.media.sampling import MAX_FRAMES

MAX_MEMORY = 400_000_000
"""Bytes of all frames together; a clip of variable frame rate takes twice that for a moment."""
UNEVEN = 0.3
"""Frames whose distance differs by more than this share from the usual one make the rate a variable one."""

Video: TypeAlias = NDArray[np.uint8]
"""Frames x height x width x 3, sRGB."""


def read_clip(path: Path | str) -> tuple[Video, float]:
    """Return a clip's frames and their rate.

    What is read of a long or fast clip, and how large, is said in `evals.media`. A clip of variable frame rate comes back
    at its usual rate: each moment shows the frame that a player would. Between the stretches of a long clip there is a jump.

    Args:
        path: An mp4, mov, webm, mkv, avi, GIF or WebP file.

    Returns:
        uint8 of frames x height x width x 3, and frames a second; 0 for a single frame.

    Raises:
        UnreadableMedia: It is no clip that decodes to its end, or beyond the bounds.
    """
    store = _Store()
    times, parts = [], []
    for frame in clip_frames(Path(path)):
        store.add(frame.pixels)
        times.append(frame.time)
        parts.append(frame.stretch)
    return _even(store.frames, np.array(times), np.array(parts))


class _Store:
    """Frames in one array within the memory allowed: when it is full, all are made half as large."""

    def __init__(self) -> None:
        self._count = 0
        self._room: Video = np.empty((0, 0, 0, 3), dtype=np.uint8)

    @property
    def frames(self) -> Video:
        return self._room[: self._count]

    def add(self, pixels: Video) -> None:
        if not self._count:
            self._room = _room(*pixels.shape[:2])
        if self._count == len(self._room):
            smaller = _room(max(1, self._room.shape[1] // 2), max(1, self._room.shape[2] // 2))
            for index, old in enumerate(self._room):
                smaller[index] = _sized(old, smaller)
            self._room = smaller
        # A frame of another size than the first one, which a stream may have, is fitted to it.
        self._room[self._count] = _sized(pixels, self._room)
        self._count += 1


def _room(height: int, width: int) -> Video:
    """Return an empty array; the machine gives memory for what is written to, not for what is asked for."""
    frames = min(MAX_FRAMES, MAX_MEMORY // (height * width * 3))
    return np.empty((max(2, frames), height, width, 3), dtype=np.uint8)


def _sized(pixels: Video, room: Video) -> Video:
    height, width = room.shape[1:3]
    return (
        pixels if pixels.shape[:2] == (height, width) else np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))
    )


def _even(frames: Video, times: NDArray[np.float64], parts: NDArray[np.int_]) -> tuple[Video, float]:
    """Return frames at one rate: as they are, or where their distances vary, the one shown at each tick of the usual rate."""
    if len(times) < 2:
        return frames, 0.0
    steps, same = np.diff(times), np.diff(parts) == 0
    usual = float(np.median(steps[same])) if same.any() else float(np.median(steps))
    steps[~same] = usual
    if np.all(np.abs(steps - usual) <= UNEVEN * usual):
        return frames, 1 / float(steps.mean())
    shown = np.concatenate([[0.0], np.cumsum(steps)])
    ticks = np.arange(min(MAX_FRAMES, round(shown[-1] / usual) + 1)) * usual
    return frames[np.searchsorted(shown, ticks + usual / 100, side="right") - 1], 1 / usual
