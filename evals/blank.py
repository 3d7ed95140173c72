"""Blank pictures and frames: is there anything to see?

Example: a clip of 3 s that goes black for 0.4 s

    Score(metric="blank", value=0.133, status="ok", reason="black from 1.00 to 1.40 s", evidence={
        "runs": [{"from": 1.0, "to": 1.4, "colour": "black"}]})

A frame is blank where its grey levels, the lightest and the darkest 2 % left out, span less than 10 of 255 and neighbouring
pixels hardly differ: black, white, or one colour. A night scene with one lit window is not. The value is the share of blank
time in a clip, 1 or 0 for a still.
"""

from __future__ import annotations

from itertools import groupby

from evals.footage.scorer import PictureScorer, moving
from evals.footage.signals import Seen, grey, look, seen_alone
from evals.media import read_picture
from evals.score import Media, Metric, Sample, Score

FLAT = 10.0
SMOOTH = 2.5
"""Mean difference of neighbouring pixels in grey levels: dithered or noisy black has less, fine text on white more."""
BLACK, WHITE = 40.0, 215.0


class Blank(PictureScorer):
    """Find frames and pictures that show nothing."""

    name = "blank"
    stages = frozenset({"character", "shot", "clip"})
    metrics = (Metric("blank", "down", "share", worst=1.0, description="Share of the time in which nothing is to be seen"),)

    def judge(self, item: Media, _sample: Sample) -> list[Score]:
        """Return the blank share of a clip or picture."""
        if not moving(item):
            shown = colour(seen_alone(grey(read_picture(item.path).image)))
            return [self.ok(1.0 if shown else 0.0, f"all {shown}" if shown else "shows something", {"runs": []})]
        footage = look(item)
        found = []
        for shown, group in groupby(footage.frames, key=colour):
            frames = list(group)
            if shown:
                found.append({"from": round(frames[0].time, 3), "to": round(frames[-1].time + footage.step, 3), "colour": shown})
        value = sum(bool(colour(f)) for f in footage.frames) / len(footage.frames)
        told = ", ".join(f"{r['colour']} from {r['from']:.2f} to {r['to']:.2f} s" for r in found[:3])
        return [self.ok(value, told or "shows something throughout", {"runs": found[:50]})]


def colour(frame: Seen) -> str:
    """Return `black`, `white` or `one colour` for a blank frame, nothing for any other."""
    if frame.contrast >= FLAT or frame.detail >= SMOOTH:
        return ""
    return "black" if frame.brightness < BLACK else "white" if frame.brightness > WHITE else "one colour"
