"""Which parts of a clip are looked at: all of a short one, three stretches of a long one.

    stretches(12.0, 300)   ->  ((0.0, inf),)
    stretches(90.0, 2250)  ->  ((0.0, 10.0), (40.0, 50.0), (80.0, inf))
    stands_for([(0.0, 10.0), (40.0, 50.0), (80.0, 90.0)])  ->  [25.0, 40.0, 25.0]

A shot of a microdrama lasts two to fifteen seconds, and is read whole. A longer clip (an episode, a loop) costs no more time
or memory than 30 s do, however long it is: its beginning, its middle and its end are read. They are contiguous, because motion
needs neighbouring frames, and far apart, because drift needs distance. In a mean over the clip each counts for what it stands for:
itself and the half of each gap that it borders on. What that changes is measured by `python tests/bench/sampling.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

MAX_FPS = 30.5
"""Faster clips are thinned out; half a frame of slack, so that 30 frames a second with unsteady time stamps stay whole."""
WHOLE_SECONDS = 30.0
WHOLE_FRAMES = 240
"""A slide show of few frames is read whole, however slowly it goes."""
LIGHT_SECONDS = 180.0
"""Measures that need no model and keep only a few numbers of a frame read this much whole: an episode and more."""
STRETCH_SECONDS = 10.0
MAX_FRAMES = 1000
"""A guard against wrong time stamps: no clip read in stretches gives more."""


def stretches(seconds: float, frames: int, whole: float = WHOLE_SECONDS) -> tuple[tuple[float, float], ...]:
    """Return from when to when a clip is read, in seconds from its first frame.

    Args:
        seconds: Time of the clip's last frame.
        frames: How many frames it has.
        whole: Up to which length it is read whole.
    """
    if seconds <= whole or frames <= WHOLE_FRAMES:
        return ((0.0, math.inf),)
    middle = (seconds - STRETCH_SECONDS) / 2
    return (0.0, STRETCH_SECONDS), (middle, middle + STRETCH_SECONDS), (seconds - STRETCH_SECONDS, math.inf)


def stands_for(read: Sequence[tuple[float, float]]) -> list[float]:
    """Return for how many seconds of a clip each stretch of it stands that was read, given when each begins and ends, in order."""
    gaps = [0.0, *(after[0] - before[1] for before, after in pairwise(read)), 0.0]
    return [end - begin + (gaps[i] + gaps[i + 1]) / 2 for i, (begin, end) in enumerate(read)]
