"""Blinks: moments when the lids' opening falls under 0.6 of the clip's 75th percentile for 40 to 600 ms.

People who speak blink 10 to 32 times a minute (Doughty 2001), so a shot of five seconds without a blink means nothing, an
episode without one does: count over episodes, never judge a shot by it.
"""

from __future__ import annotations

import numpy as np

from evals.faces.arrays import Floats

CLOSED = 0.6
SHORTEST, LONGEST = 0.04, 0.6


def find(times: list[float], opening: Floats) -> list[float]:
    """Return the middle times of the blinks in seconds.

    Args:
        times: Seconds, one a frame.
        opening: Opening of the eyes in each frame, see `iris.openness`.
    """
    if len(times) < 3:
        return []
    closed = opening < CLOSED * float(np.percentile(opening, 75))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], closed.astype(np.int8), [0]])))
    step = (times[-1] - times[0]) / (len(times) - 1)
    found = []
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        lasted = (end - first) * step
        if SHORTEST - 1e-6 <= lasted <= LONGEST:
            found.append((times[first] + times[end - 1]) / 2)
    return found
