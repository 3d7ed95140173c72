"""Say in words which half of a face moves, where one does and the other does not.

    where(stiffness.measure(times, points, speaking=True))   ->  "in the upper face only"

A face that acts faintly is quiet everywhere, and still its brows and lids pass for lively, since ordinary speakers move them little: that
the mouth is stiff under a lively upper face does not prove that the upper face moves alone. So both are held against what ordinary speakers
do, and against each other. Of a face that plays with everything, loudly or faintly, the mouth by itself moves as a rule by more than
0.15 of what the brows do, in units of ordinary speech; of one that plays with brows and lids only, by at most 0.12 (shared clips, and
studio people; docs/calibration.md says how often that is right). Lids do not count for it: people blink whatever they feel.
"""

from __future__ import annotations

from evals.faces.stiffness import REAL, Stiffness

HALVES = (MOUTH, UPPER) = ("at the mouth only", "in the upper face only")
LIVELY, STIFF = 0.25, 0.5
"""Below is as lively as ordinary speakers, above is stiff: of a whole face and of its halves."""
DEAD_UPPER = 0.35
APART = 0.1
OWN = 1 / 7
"""A mouth that moves by itself by less than this share of what the brows do, both in units of ordinary speech, does not act."""
FOLLOWS = 1 / 3
"""One that moves with the brows, but by more than this share of what they do, acts with them: a smile, a cry."""


def where(stiff: Stiffness) -> str:
    """Return which half of a face moves alone, or an empty string."""
    if stiff.upper > DEAD_UPPER and stiff.mouth < STIFF and stiff.upper - stiff.mouth > APART:
        return MOUTH
    brows = stiff.regions["brow"].energy / REAL["brow"]
    moved, own = stiff.regions["mouth"].energy / REAL["mouth"], stiff.own_mouth / REAL["mouth"]
    if stiff.upper <= LIVELY < stiff.mouth and own < OWN * brows and moved < FOLLOWS * brows:
        return UPPER
    return ""
