"""Blinks: moments when the lids close, or nearly, and open again.

    find([0.0, 0.04, …], [0.31, 0.30, 0.12, 0.09, 0.21, 0.30, …])   ->  [0.1]

Two signs are taken. The lids' opening lies under 0.6 of the clip's 75th percentile for 40 to 600 ms: they are shut. Or it dips: it falls
by a fifth or more of what is usual within the half second before and after, is back within 0.4 s, and the dip is at least five times
as deep as the opening otherwise varies. Seen through few frames, glasses, make-up or paint, closed lids hardly ever look quite shut; but
nothing else on a face is over so quickly (a squint, a smile and a look down last longer, a nod changes the opening by less).

People who speak blink 10 to 32 times a minute (Doughty 2001), so a shot of five seconds without a blink means nothing, an
episode without one does: count over episodes, never judge a shot by it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evals.faces.arrays import Floats

CLOSED = 0.6
SHORTEST, LONGEST = 0.04, 0.6
DIP = 0.8
"""Share of the usual opening that a dip falls to at least."""
BRIEF = 0.4
"""Seconds that a dip may last at half its depth."""
USUAL = 0.5
"""Seconds before and after a moment whose upper half is the usual opening."""
OVER_SPREAD = 5.0
TOGETHER = 0.16
"""Seconds between two that are one: while the lids touch, the model now and then sees them open."""
BACK = 0.35
"""Share of a dip's depth by which the lids may stay lower than usual, and are open again."""


def find(times: Sequence[float], opening: Floats) -> list[float]:
    """Return the middle times of the blinks in seconds.

    Args:
        times: Seconds, one a frame.
        opening: Opening of the eyes in each frame, see `iris.openness`.
    """
    if len(times) < 3:
        return []
    step = (times[-1] - times[0]) / (len(times) - 1)
    shut = [(a, b) for a, b in _runs(opening < CLOSED * float(np.percentile(opening, 75))) if _lasts(a, b, step, LONGEST)]
    dips = [d for d in _dips(opening, step) if not any(d[0] < b and a < d[1] for a, b in shut)]
    joined: list[tuple[int, int]] = []
    for first, end in sorted(shut + dips):
        if joined and times[first] - times[joined[-1][1] - 1] <= TOGETHER + 1e-6:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((first, end))
    return [(times[first] + times[end - 1]) / 2 for first, end in joined]


def _dips(opening: Floats, step: float) -> list[tuple[int, int]]:
    """Return where the opening dips, from which frame to before which, at half its depth."""
    around = _around(opening, max(2, round(USUAL / step)))
    usual, middle = np.percentile(around, (75, 50), axis=1)
    spread = 1.4826 * float(np.median(np.abs(opening - middle)))
    found = []
    for begin, stop in _runs(opening < DIP * usual):
        lowest = begin + int(np.argmin(opening[begin:stop]))
        depth = float(usual[lowest] - opening[lowest])
        first, end = _while_under(opening, lowest, float(usual[lowest]) - depth / 2)
        open_again = _returns(opening, lowest, float(usual[lowest]) - BACK * depth, round(BRIEF / step))
        if depth >= OVER_SPREAD * spread and _lasts(first, end, step, BRIEF) and open_again:
            found.append((first, end))
    return list(dict.fromkeys(found))


def _around(values: Floats, reach: int) -> Floats:
    """Return for each value those around it, one row each; beyond the ends those before are read backwards."""
    reach = min(reach, len(values) - 1)
    return np.lib.stride_tricks.sliding_window_view(np.pad(values, reach, mode="reflect"), 2 * reach + 1)


def _while_under(values: Floats, at: int, level: float) -> tuple[int, int]:
    first, end = at, at + 1
    while first > 0 and values[first - 1] < level:
        first -= 1
    while end < len(values) and values[end] < level:
        end += 1
    return first, end


def _returns(opening: Floats, lowest: int, level: float, reach: int) -> bool:
    """Return whether the lids were open before, and are again soon after; what a clip's end cuts off is not known."""
    before, after = opening[max(0, lowest - reach) : lowest], opening[lowest + 1 : lowest + 1 + reach]
    return bool(len(before) and len(after) and before.max() >= level and after.max() >= level)


def _runs(flags: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _lasts(first: int, end: int, step: float, longest: float) -> bool:
    return SHORTEST - 1e-6 <= (end - first) * step <= longest
