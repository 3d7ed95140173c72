"""Read a clip once, and keep a few numbers of each frame: what the scorers of flicker, freezes, cuts, blanks and blur share.

    look(media)  ->  Footage(seconds=3.0, fps=25.0, frames=(Seen(time=0.04, gain=0.001, sway=0.8, …), …))

Up to three minutes a clip is read whole (of longer ones three stretches, see `evals.media.sampling`); a frame costs about
3 ms and leaves some 100 bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from evals.footage.motion import Change, Plane, change
from evals.media import Frame, clip_frames
from evals.media.sampling import LIGHT_SECONDS
from evals.memory import Remembered
from evals.score import Media

SIDE = 320
SWAY_SHARE = 60
"""Percentile over blocks: what most of the picture does, so that a speaking mouth or a waving hand does not count."""
MIN_TOLD = 8
NO_SWAY = -1.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What is kept of a frame.

    Attributes:
        time: Seconds from the clip's first frame.
        linked: Whether the frame before is its neighbour; false for the first one of each stretch.
        brightness: Mean grey level, 0-255.
        contrast: Grey levels between the 2nd and the 98th percentile.
        detail: Mean difference between neighbouring pixels, grey levels.
        gain: Logarithm of how much brighter it is than the frame before.
        sway: By how much most blocks change their motion from the frame before to this one, in thousandths of the longer
            side, the camera's motion taken out; -1 where too few have texture.
        moved: By how much the block that changed most changed its mean, camera included, grey levels.
        grain: Mean difference of single pixels in the middle block, grey levels.
        likeness: Correlation with the frame before, the camera's shift taken out.
    """

    time: float
    linked: bool
    brightness: float
    contrast: float
    detail: float
    gain: float = 0.0
    sway: float = NO_SWAY
    moved: float = 0.0
    grain: float = 0.0
    likeness: float = 1.0


@dataclass(frozen=True, slots=True)
class Footage:
    """A clip as numbers: its length and usual rate, and each frame that was read."""

    seconds: float
    fps: float
    frames: tuple[Seen, ...]

    @property
    def step(self) -> float:
        """Return the usual distance of two frames in seconds; 0 for a single frame."""
        return 1 / self.fps if self.fps else 0.0


_known: Remembered[Footage] = Remembered(64)


def look(item: Media) -> Footage:
    """Return a stored clip as numbers.

    Raises:
        UnreadableMedia: It cannot be read; see `evals.media.clip_frames`.
    """
    return _known.get(item.sha256, lambda: measure(clip_frames(item.path, whole=LIGHT_SECONDS, side=SIDE)))


def measure(frames: Iterable[Frame]) -> Footage:
    """Return frames as numbers; they are looked at once, in order, and not kept."""
    seen: list[Seen] = []
    plane: Plane | None = None
    moved: Change | None = None
    stretch = 0
    for frame in frames:
        now = grey(frame.image)
        if frame.stretch != stretch or (plane is not None and plane.shape != now.shape):
            stretch, plane, moved = frame.stretch, None, None
        found = change(plane, now) if plane is not None else None
        seen.append(_seen(frame.time, now, found, moved))
        plane, moved = now, found
    steps = np.diff([s.time for s in seen])[[s.linked for s in seen[1:]]] if len(seen) > 1 else np.array([])
    step = float(np.median(steps)) if len(steps) else 0.0
    return Footage(seen[-1].time + step if seen else 0.0, 1 / step if step > 0 else 0.0, tuple(seen))


def grey(image: Image.Image, side: int = SIDE) -> Plane:
    """Return a picture as grey levels, at most `side` pixels on its longer side."""
    small = image.convert("L")
    small.thumbnail((side, side), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32)


def seen_alone(plane: Plane, time: float = 0.0) -> Seen:
    """Return what a frame shows by itself."""
    low, high = np.percentile(plane[::2, ::2], (2, 98))
    detail = float(np.abs(np.diff(plane[::2], axis=1)).mean()) if plane.shape[1] > 1 else 0.0
    return Seen(time, linked=False, brightness=float(plane.mean()), contrast=float(high - low), detail=detail)


def _seen(time: float, plane: Plane, found: Change | None, before: Change | None) -> Seen:
    alone = seen_alone(plane, time)
    if found is None:
        return alone
    sway = _sway(found, before) if before is not None else NO_SWAY
    return replace(alone, linked=True, gain=found.gain, sway=sway, moved=found.moved, grain=found.grain, likeness=found.likeness)


def _sway(now: Change, before: Change) -> float:
    told = now.told & before.told
    if told.sum() < MIN_TOLD:
        return NO_SWAY
    turn = np.sqrt(((now.flow - before.flow) ** 2).sum(axis=0))[told]
    return float(np.percentile(turn, SWAY_SHARE)) / SIDE * 1000
