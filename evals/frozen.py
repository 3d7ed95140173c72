"""Frozen frames: does the picture stand still where a clip should move?

Example: a clip of 3 s that hangs from 1.2 to 1.7 s

    Score(metric="frozen", value=0.173, status="ok", reason="stands still from 1.20 to 1.72 s", evidence={"runs": [[1.2, 1.72]]})

The value is the share of the clip's time in which nothing moves for a quarter of a second or longer. Nothing moves where the
mean of no 16-pixel block changes by more than 1.5 grey levels beyond that of the whole picture (a little more under grain,
which cancels out in a mean). A still picture that is panned or zoomed does move; that its people do not is what `expression` says.
"""

from __future__ import annotations

from evals.footage.runs import runs
from evals.footage.scorer import ClipScorer, bounded
from evals.footage.signals import Footage, Seen
from evals.score import Metric, Score

SAME = 1.5
GRAIN = 0.3
"""What each grey level of grain adds to that."""
SHORTEST = 0.25


class Frozen(ClipScorer):
    """Measure for what share of its time a clip stands still.

    Args:
        shortest: Seconds; shorter standstills are not counted.
    """

    name = "frozen"
    min_frames = 2
    metrics = (Metric("frozen", "down", "share", worst=1.0, description="Share of the time in which nothing moves"),)

    def __init__(self, shortest: float = SHORTEST) -> None:
        self.shortest = bounded(self.name, "shortest", shortest, 0.05, 10)

    def watch(self, footage: Footage) -> list[Score]:
        """Return the frozen share of a clip."""
        frames = footage.frames
        found = runs([f.time for f in frames], [still(f) for f in frames], footage.step, self.shortest)
        # Of a long clip some stretches are read: the share is that of the time that was looked at.
        value = min(1.0, sum(b - a for a, b in found) / max(footage.step * (len(frames) - 1), 1e-9))
        told = ", ".join(f"{a:.2f} to {b:.2f} s" for a, b in found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
        return [self.ok(value, f"stands still from {told}" if found else "moves throughout", {"runs": [list(r) for r in found]})]


def still(frame: Seen) -> bool:
    """Return whether a frame shows nothing new."""
    return frame.linked and frame.moved < SAME + GRAIN * frame.grain
