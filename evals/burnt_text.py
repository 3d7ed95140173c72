"""Text burnt into the picture: subtitles, watermarks and gibberish letters that nobody asked for.

Example: a key frame with a subtitle near its lower edge

    Score(metric="burnt_text", value=0.031, status="ok", reason="1 line of text, 3.1 % of the picture", evidence={
        "size": [720, 1280], "lines": [{"t": 0.0, "box": [120, 1010, 600, 1066], "score": 0.88}]})

The value is the share of the picture that lines of text cover; of a clip the mean of five frames. Text that belongs to the
scene (a shop sign, a name plate, a badge) counts too: look at the boxes. It is found by PP-OCRv6's detector, which the
package rapidocr carries and the optional package onnxruntime runs; without them the status is `unavailable`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from evals.errors import ModelUnavailable
from evals.footage.scorer import PictureScorer, moving
from evals.footage.text import Line, lines
from evals.media import clip_frames, read_picture
from evals.score import Media, Metric, Sample, Score

FRAMES = 5


class BurntText(PictureScorer):
    """Measure how much of a picture or clip is covered with text."""

    name = "burnt_text"
    stages = frozenset({"character", "shot", "clip"})
    metrics = (Metric("burnt_text", "down", "share", worst=1.0, description="Share of the picture covered with text"),)

    def judge(self, item: Media, _sample: Sample) -> list[Score]:
        """Return the share of the picture that text covers, or `unavailable` where the detector is not installed."""
        shown = _frames(item)
        width, height = shown[0][1].size
        try:
            found = [(time, lines(image)) for time, image in shown]
        except ModelUnavailable as error:
            return self.none("unavailable", str(error))
        value = float(np.mean([sum(_area(line) for line in of_frame) for _, of_frame in found])) / (width * height)
        most = max(len(of_frame) for _, of_frame in found)
        reason = f"{most} line{'s' if most > 1 else ''} of text, {value:.1%} of the picture" if most else "no text"
        rows: list[dict[str, Any]] = [_row(time, line) for time, of_frame in found for line in of_frame]
        return [self.ok(min(1.0, value), reason, {"size": [width, height], "lines": rows[:40]})]


def _frames(item: Media) -> list[tuple[float, Image.Image]]:
    if not moving(item):
        return [(0.0, read_picture(item.path).image)]
    kept: list[tuple[float, Image.Image]] = []
    stride = 1
    for index, frame in enumerate(clip_frames(item.path)):
        if index % stride == 0:
            kept.append((frame.time, frame.image))
            if len(kept) > 2 * FRAMES:
                kept, stride = kept[::2], stride * 2
    return [kept[round(i)] for i in np.linspace(0, len(kept) - 1, min(FRAMES, len(kept)))]


def _area(line: Line) -> float:
    left, top, right, bottom = line.box
    return (right - left) * (bottom - top)


def _row(time: float, line: Line) -> dict[str, Any]:
    return {"t": round(time, 3), "box": [round(v, 1) for v in line.box], "score": round(line.score, 3)}
