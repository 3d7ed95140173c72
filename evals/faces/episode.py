"""What only several shots of a person show together: whether they blink as people do, and whether their face ever changes.

    overview([[verdict, …], …])  ->  {"mei": {"blinks": {"count": 0, "seconds": 34.0, "expected": 5.95, "p": 0.003, "few": true},
                                              "variety": {"stills": 4, "value": 0.06, "same_face": true, "asked": ["anger", "joy"]}}}

Blinks: of people in conversation 95 % blink at least 10.5 times a minute, of people at rest 8 times (Doughty 2001). `p` is the
chance of so few at that rate (Poisson); one shot of 5 s proves nothing, all shots of an episode do. Many blinks are no fault.

Variety: the sum of the standard deviations of seven distances over a person's stills (mouth, brows, upper lip in IOD, and 0.3 x
the eyes' opening), poses removed. Four stills with one face have 0.06 at the median, with different ones 0.22; 0.12 parts them
(AUC 0.996 on posed photographs of fifteen people, a figure of the design study).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from evals.faces import iris, pose
from evals.faces.arrays import Floats, Points
from evals.faces.verdict import Verdict

LEAST_SPEAKING, LEAST_SILENT = 10.5, 8.0
FEW = 0.05
SAME_FACE = 0.12
MIN_STILLS = 3
EYES = 0.3


def overview(shots: Sequence[Sequence[Verdict]]) -> dict[str, dict[str, Any]]:
    """Return, for each person, what their shots show together.

    Args:
        shots: The verdicts on the people of each picture or clip.
    """
    people = dict.fromkeys(v.who for shot in shots for v in shot)
    return {who: _of([v for shot in shots for v in shot if v.who == who and not v.problem]) for who in people}


def _of(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    moving = [v for v in verdicts if v.seconds > 0]
    if moving:
        expected = sum(v.seconds / 60 * (LEAST_SPEAKING if v.speaking else LEAST_SILENT) for v in moving)
        count, seconds = sum(v.blinks for v in moving), sum(v.seconds for v in moving)
        p = at_most(count, expected)
        found["blinks"] = {
            "count": count,
            "seconds": round(seconds, 1),
            "expected": round(expected, 2),
            "p": round(p, 4),
            "few": p < FEW,
        }
    shapes = [v.shape for v in verdicts if v.shape is not None]
    if len(shapes) >= MIN_STILLS:
        value = variety(shapes)
        asked = sorted({v.emotion for v in verdicts if v.shape is not None})
        found["variety"] = {"stills": len(shapes), "value": round(value, 4), "same_face": value < SAME_FACE, "asked": asked}
    return found


def at_most(count: int, expected: float) -> float:
    """Return the chance of at most `count` events where `expected` are (Poisson)."""
    return (
        min(1.0, sum(math.exp(-expected + k * math.log(expected) - math.lgamma(k + 1)) for k in range(count + 1))) if expected > 0 else 1.0
    )


def variety(shapes: Sequence[Points]) -> float:
    """Return how much a person's face changes over stills (each 468 x 3), in distances of the outer eye corners."""
    frontal = min(shapes, key=lambda s: abs(pose.pose_of(s).yaw) + abs(pose.pose_of(s).pitch))
    rows = np.array([_signals(s, frontal) for s in shapes])
    return float(rows.std(axis=0).sum())


def _signals(shape: Points, reference: Points) -> Floats:
    at = pose.align(shape, reference)

    def height(*indices: int) -> float:
        return -float(at[list(indices), 1].mean())

    return np.array(
        [
            float(np.linalg.norm(at[13] - at[14])),
            float(np.linalg.norm(at[61] - at[291])),
            height(61, 291) - height(13, 14),
            height(55, 107),
            height(285, 336),
            height(0, 37, 267),
            EYES * iris.openness(at),
        ]
    )
