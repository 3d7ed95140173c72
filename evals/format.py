"""Format: has a picture the shape, and a clip the length, that the case asked for?

Example: a shot that was asked for in 9:16 for 4 s and came back square with 5 s

    Score(metric="aspect_error", value=0.778, status="ok", reason="1024 x 1024, 9:16 was asked for", evidence={"size": [1024, 1024], …})
    Score(metric="duration_error", value=0.25, status="ok", reason="5.0 s, 4.0 s were asked for", evidence={"seconds": 5.0, "asked": 4.0})

The error of the aspect is how much too wide (or too high) the picture is as a share: 0 for the right shape, 0.78 for a square
instead of 9:16. Under a hundredth it is 0, because codecs want even sides. The error of the length is its difference as a
share of the length asked for; a clip that is off by less than a frame is right. A turned picture is measured as it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evals.footage.scorer import PictureScorer, moving
from evals.footage.signals import look
from evals.media import clip_frames, read_picture
from evals.score import Media, Metric, Sample, Score

CLOSE = 0.01


class Format(PictureScorer):
    """Compare shape and length with what the case asked for."""

    name = "format"
    stages = frozenset({"shot", "clip"})
    metrics = (
        Metric("aspect_error", "down", "share", worst=1.0, hi=None, description="How far the picture's shape is from what was asked"),
        Metric(
            "duration_error",
            "down",
            "share",
            worst=1.0,
            hi=None,
            primary=False,
            description="How far a clip's length is from what was asked",
        ),
    )

    def judge(self, item: Media, sample: Sample) -> list[Score]:
        """Return the errors of shape and length; each is `not_applicable` where the case does not ask for one."""
        clip = moving(item)
        if clip:
            image = next(clip_frames(item.path)).image
            width, height = image.size
        else:
            picture = read_picture(item.path)
            width, height = picture.width, picture.height
        return [self._aspect(sample.case, width, height), self._duration(sample.case, look(item).seconds if clip else None)]

    def _aspect(self, case: Mapping[str, Any], width: int, height: int) -> Score:
        asked = str(case.get("aspect") or "")
        wanted = _ratio(asked)
        if wanted is None:
            return Score("aspect_error", self.name, self.version, None, "not_applicable", "no aspect is asked for")
        found = width / height
        error = max(found / wanted, wanted / found) - 1
        right = error <= CLOSE
        reason = f"{width} x {height}" + ("" if right else f", {asked} was asked for")
        return self.ok(0.0 if right else error, reason, {"size": [width, height], "asked": asked}, "aspect_error")

    def _duration(self, case: Mapping[str, Any], seconds: float | None) -> Score:
        shot = case.get("shot")
        asked = shot.get("duration") if isinstance(shot, Mapping) else None
        if seconds is None or not isinstance(asked, int | float) or asked <= 0:
            why = "a still picture has no length" if seconds is None else "no length is asked for"
            return Score("duration_error", self.name, self.version, None, "not_applicable", why)
        error = abs(seconds - asked) / asked
        right = abs(seconds - asked) < 0.05
        reason = f"{seconds:.1f} s" + ("" if right else f", {asked:.1f} s were asked for")
        evidence = {"seconds": round(seconds, 3), "asked": float(asked)}
        return self.ok(0.0 if right else error, reason, evidence, "duration_error")


def _ratio(text: str) -> float | None:
    """Return width over height of a text like `9:16`; None where it is none."""
    left, _, right = text.partition(":")
    try:
        width, height = float(left), float(right)
    except ValueError:
        return None
    return width / height if width > 0 and height > 0 else None
