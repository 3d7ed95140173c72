"""Flicker: does the picture's brightness tremble from frame to frame?

Example: a clip whose light trembles by four per cent between 1.2 and 2.8 s

    Score(metric="flicker", value=4.1, status="ok", reason="trembles by 4.1 % from 1.2 s on", evidence={
        "threshold": 1.0, "from": 1.2, "trace": {"t": [0.08, …], "value": [0.2, …]}})

The value is the usual size of a change of brightness against the mean of the frames before and after, in per cent, in that
0.4 s of the clip where it is largest. The median over the picture is taken, so that what moves in it does not count; a fade
has no such change, and a lamp that is switched on has two, which no median over 0.4 s sees.
"""

from __future__ import annotations

import numpy as np

from evals.footage.runs import sustained
from evals.footage.scorer import ClipScorer, bounded, trace
from evals.footage.signals import Footage
from evals.score import Metric, Score

VISIBLE = 1.0


class Flicker(ClipScorer):
    """Measure how much the brightness of a clip trembles.

    Args:
        threshold: Per cent from which on the reason calls it flicker; the value does not depend on it.
    """

    name = "flicker"
    metrics = (Metric("flicker", "down", "%", worst=None, hi=None, description="Trembling of brightness in the worst 0.4 s"),)

    def __init__(self, threshold: float = VISIBLE) -> None:
        self.threshold = bounded(self.name, "threshold", threshold, 0.1, 50)

    def watch(self, footage: Footage) -> list[Score]:
        """Return the flicker of a clip."""
        frames = footage.frames
        at = [i for i in range(2, len(frames)) if frames[i].linked and frames[i - 1].linked]
        values = [50 * abs(frames[i].gain - frames[i - 1].gain) for i in at]
        if not values:
            return self.none("not_scoreable", "no three frames follow each other")
        value, index = sustained(values, footage.step)
        start = frames[at[index] - 1].time
        reason = f"trembles by {value:.1f} % from {start:.1f} s on" if value >= self.threshold else f"steady, {value:.1f} %"
        times = [frames[i - 1].time for i in at]
        evidence = {"threshold": self.threshold, "from": round(start, 3), "trace": trace(times, values)}
        return [self.ok(float(np.clip(value, 0, 100)), reason, evidence)]
