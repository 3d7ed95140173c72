"""From when to when something goes on, and what goes on for long enough to be seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

WINDOW = 0.4
"""Seconds over which a flaw must last: a lamp that is switched on, or a cut, is over at once."""
MIN_VALUES = 5


def runs(times: Sequence[float], on: Sequence[bool], step: float, shortest: float) -> list[tuple[float, float]]:
    """Return the stretches of at least `shortest` seconds in which `on` holds.

    Args:
        times: Seconds of each frame.
        on: Whether it holds there.
        step: How long a frame is shown.
        shortest: Seconds; shorter stretches are left out.
    """
    found: list[tuple[float, float]] = []
    start: float | None = None
    for time, holds in zip(times, on, strict=True):
        if holds and start is None:
            start = time
        if not holds and start is not None:
            found.append((start, time))
            start = None
    if start is not None:
        found.append((start, times[-1] + step))
    return [(round(a, 3), round(b, 3)) for a, b in found if b - a >= shortest - 1e-6]


def sustained(values: Sequence[float], step: float) -> tuple[float, int]:
    """Return the highest median of any `WINDOW`, and the index at which that window begins; (0, 0) without values."""
    if not len(values):
        return 0.0, 0
    size = min(len(values), max(MIN_VALUES, round(WINDOW / step) if step > 0 else MIN_VALUES))
    medians = np.median(np.lib.stride_tricks.sliding_window_view(np.asarray(values, dtype=np.float64), size), axis=1)
    best = int(medians.argmax())
    return float(medians[best]), best
