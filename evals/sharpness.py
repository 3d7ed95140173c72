"""Sharpness: is anything in the picture in focus?

Example: a close-up that came back soft

    Score(metric="sharpness", value=0.31, status="ok", reason="soft, 0.31", evidence={"threshold": 0.45, "at": {"x": 0.25, "y": 0.0},
        "frames": [{"t": 0.0, "value": 0.31}]})

Photographers blur what does not matter, so the sharpest of nine overlapping parts of the picture counts: 1 minus the blur of
Crété and others (2007; `skimage.measure.blur_effect`: how much of the difference between neighbouring pixels survives another
blur), at 640 pixels on the longer side. Of a clip it is the median of eight frames. Soft painting and fog look blurred to it;
a picture enlarged from a small one is blurred.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evals.footage.motion import Plane
from evals.footage.scorer import PictureScorer, bounded, moving
from evals.footage.signals import grey
from evals.media import clip_frames, read_picture
from evals.score import Media, Metric, Sample, Score

SIDE = 640
FRAMES = 8
SOFT = 0.45
FLAT = 6.0
"""Grey levels between the 5th and 95th percentile under which a part shows too little to be sharp or soft."""


class Sharpness(PictureScorer):
    """Measure how sharp the sharpest part of a picture or clip is.

    Args:
        threshold: Value under which the reason calls it soft; the value does not depend on it.
    """

    name = "sharpness"
    stages = frozenset({"character", "shot", "clip"})
    metrics = (Metric("sharpness", "up", "share", worst=0.0, description="Sharpness of the sharpest part"),)

    def __init__(self, threshold: float = SOFT) -> None:
        self.threshold = bounded(self.name, "threshold", threshold, 0, 1)

    def judge(self, item: Media, _sample: Sample) -> list[Score]:
        """Return the sharpness of a picture, or the median of a clip's frames."""
        found = [(time, *best) for time, plane in _planes(item) if (best := sharpest(plane)) is not None]
        if not found:
            return self.none("not_scoreable", "nothing in the picture has an edge")
        middle = sorted(found, key=lambda f: f[1])[len(found) // 2]
        value = middle[1]
        evidence = {
            "threshold": self.threshold,
            "at": {"x": round(middle[2], 2), "y": round(middle[3], 2)},
            "frames": [{"t": round(t, 3), "value": round(v, 4)} for t, v, _, _ in found],
        }
        return [self.ok(value, f"{'soft' if value < self.threshold else 'sharp'}, {value:.2f}", evidence)]


def sharpest(plane: Plane) -> tuple[float, float, float] | None:
    """Return the sharpness of the sharpest of nine parts and its left and top as shares of the picture; None where all are flat."""
    from skimage.measure import blur_effect

    height, width = plane.shape
    found = []
    for top in (0.0, 0.25, 0.5):
        for left in (0.0, 0.25, 0.5):
            part = plane[int(top * height) : int((top + 0.5) * height), int(left * width) : int((left + 0.5) * width)]
            if min(part.shape) < 16 or float(np.subtract(*np.percentile(part[::3, ::3], (95, 5)))) < FLAT:
                continue
            blur = float(blur_effect(part.astype(np.float32) / 255, h_size=11))  # type: ignore[no-untyped-call]
            if np.isfinite(blur):
                found.append((1 - min(1.0, max(0.0, blur)), left, top))
    return max(found) if found else None


def _planes(item: Media) -> Iterator[tuple[float, Plane]]:
    """Yield eight frames of a clip, evenly spread, or the picture."""
    if not moving(item):
        yield 0.0, grey(read_picture(item.path).image, SIDE)
        return
    kept: list[tuple[float, Plane]] = []
    stride = 1
    for index, frame in enumerate(clip_frames(item.path, side=SIDE)):
        if index % stride == 0:
            kept.append((frame.time, grey(frame.image, SIDE)))
            if len(kept) > 2 * FRAMES:
                kept, stride = kept[::2], stride * 2
    yield from (kept[round(i)] for i in np.linspace(0, len(kept) - 1, min(FRAMES, len(kept))))
