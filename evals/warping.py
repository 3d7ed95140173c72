"""Temporal warping: do surfaces swim, although nothing and nobody moves them?

Example: a clip in which walls and faces boil, as weak video models draw them

    Score(metric="warping", value=8.4, status="ok", reason="swims by 8.4 per mille from 0.0 s on", evidence={
        "threshold": 3.5, "from": 0.0, "trace": {"t": [0.08, …], "value": [8.1, …]}})

What moves by itself keeps its motion from one frame to the next; what swims changes it all the time. The value is how much
the motion of most of the picture changes between neighbouring pairs of frames, in thousandths of the longer side, in that
0.4 s where it is largest. The camera's pan, shake, zoom and roll are taken out first; a mouth, a hand or one person who
moves jerkily is less than most of the picture. Heavy compression comes up to 2.5, and so does a true picture of water.
"""

from __future__ import annotations

from evals.footage.runs import sustained
from evals.footage.scorer import ClipScorer, bounded, trace
from evals.footage.signals import Footage
from evals.score import Metric, Score

VISIBLE = 3.5


class Warping(ClipScorer):
    """Measure how much the surfaces of a clip swim.

    Args:
        threshold: Thousandths of the longer side from which on the reason calls it warping; the value does not depend on it.
    """

    name = "warping"
    metrics = (Metric("warping", "down", "1/1000 side", worst=None, hi=None, description="Swimming of surfaces in the worst 0.4 s"),)

    def __init__(self, threshold: float = VISIBLE) -> None:
        self.threshold = bounded(self.name, "threshold", threshold, 0.1, 100)

    def watch(self, footage: Footage) -> list[Score]:
        """Return the warping of a clip."""
        told = [f for f in footage.frames if f.sway >= 0]
        if len(told) < self.min_frames:
            return self.none("not_scoreable", "too little texture, or too few frames, to see motion")
        values = [f.sway for f in told]
        value, index = sustained(values, footage.step)
        start = told[index].time
        steady = value < self.threshold
        reason = f"holds still, {value:.1f} per mille" if steady else f"swims by {value:.1f} per mille from {start:.1f} s on"
        evidence = {"threshold": self.threshold, "from": round(start, 3), "trace": trace([f.time for f in told], values)}
        return [self.ok(value, reason, evidence)]
