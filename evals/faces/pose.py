"""Head pose and its removal: what is left of the landmarks when turning, nodding, tilting and nearing are taken out.

A weighted 3-D similarity (Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns")
of 29 points that expression hardly moves brings each frame onto the clip's median shape. Units from then on: the distance
of the outer eye corners (IOD) of that shape.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evals.faces.arrays import Floats, Points
from evals.faces.mesh import LEFT_EYE, RIGHT_EYE

CORNERS = (33, 133, 362, 263)
BRIDGE = (168, 6, 197, 195, 196, 419)
TEMPLES = (127, 356, 162, 389, 21, 251)
FOREHEAD = (10, 109, 338, 67, 297, 103, 332)
CHEEKBONES = (234, 454, 227, 447, 116, 345)
STABLE = CORNERS + BRIDGE + TEMPLES + FOREHEAD + CHEEKBONES
WEIGHTS = np.array([2.0] * len(CORNERS) + [2.0] * len(BRIDGE) + [1.0] * len(TEMPLES) + [0.5] * len(FOREHEAD) + [1.0] * len(CHEEKBONES))
CHIN, TOP = 152, 10
NEUTRAL_PITCH = 10.0
"""Degrees; median of frontal portraits."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Turn of a head in degrees (yaw: to the picture's right, pitch: down, roll: clockwise) and its scale."""

    yaw: float
    pitch: float
    roll: float
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Steadied:
    """A clip's landmarks without head motion: `points` (T x 468 x 3, IOD = 1).

    `poses` (T x 4) are yaw, pitch and roll in degrees and 100 x log scale, relative to the clip's median shape.
    """

    points: Floats
    poses: Floats


def pose_of(points: Points) -> Pose:
    """Return the pose of one face from the axes that its own landmarks span.

    Sideways is from eye corner to eye corner, upwards from chin to the top of the forehead. Of a face that looks straight
    ahead the forehead lies further away than the chin; that angle is taken off the pitch.
    """
    side = points[RIGHT_EYE] - points[LEFT_EYE]
    scale = float(np.linalg.norm(side))
    x = side / scale
    down = points[CHIN] - points[TOP]
    y = down - x * float(down @ x)
    y /= np.linalg.norm(y)
    yaw, pitch, roll = _angles(np.column_stack([x, y, np.cross(x, y)]))
    return Pose(yaw, pitch - NEUTRAL_PITCH, roll, scale)


def steady(track: Floats) -> Steadied:
    """Remove head motion from a track of landmarks (T x 468 x 3, pixels).

    The reference shape begins as the frame nearest to frontal and becomes the median of the aligned frames, twice.
    """
    frontal = min(range(len(track)), key=lambda i: abs(pose_of(track[i]).yaw) + abs(pose_of(track[i]).pitch))
    shape = track[frontal] - track[frontal].mean(axis=0)
    shape = shape / float(np.linalg.norm(shape[RIGHT_EYE] - shape[LEFT_EYE]))
    for _ in range(3):
        fits = [similarity(frame[list(STABLE)], shape[list(STABLE)], WEIGHTS) for frame in track]
        aligned = np.stack([s * frame @ r.T + t for frame, (r, s, t) in zip(track, fits, strict=True)])
        median = np.median(aligned, axis=0)
        shape = median / float(np.linalg.norm(median[RIGHT_EYE] - median[LEFT_EYE]))
    return Steadied(aligned, np.array([[*_angles(r.T), -100 * math.log(s)] for r, s, _ in _relative(fits)]))


def align(points: Points, reference: Points) -> Floats:
    """Return one face's landmarks turned, scaled and moved onto another's by the stable points; IOD of the reference = 1."""
    unit = reference / float(np.linalg.norm(reference[RIGHT_EYE] - reference[LEFT_EYE]))
    rotation, scale, shift = similarity(points[list(STABLE)], unit[list(STABLE)], WEIGHTS)
    return np.asarray(scale * points @ rotation.T + shift)


def similarity(source: Floats, target: Floats, weights: Floats) -> tuple[Floats, float, Floats]:
    """Return rotation, scale and shift that take `source` points (n x 3) to `target`: s R p + t, weighted least squares."""
    w = weights / weights.sum()
    mean_a, mean_b = w @ source, w @ target
    a, b = source - mean_a, target - mean_b
    u, d, vt = np.linalg.svd((b * w[:, None]).T @ a)
    sign = np.diag([1.0, 1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = u @ sign @ vt
    scale = float((d * np.diag(sign)).sum() / (w @ (a**2).sum(axis=1)))
    return rotation, scale, mean_b - scale * rotation @ mean_a


def _relative(fits: list[tuple[Floats, float, Floats]]) -> list[tuple[Floats, float, Floats]]:
    scale = math.exp(float(np.median([math.log(s) for _, s, _ in fits])))
    return [(r, s / scale, t) for r, s, t in fits]


def _angles(rotation: Floats) -> tuple[float, float, float]:
    """Return yaw, pitch and roll in degrees of a rotation from face axes (right, down, away) to the camera's."""
    yaw = math.degrees(math.asin(float(np.clip(rotation[2, 0], -1, 1))))
    pitch = math.degrees(math.atan2(float(rotation[2, 1]), float(rotation[2, 2])))
    roll = math.degrees(math.atan2(float(rotation[1, 0]), float(rotation[0, 0])))
    return yaw, pitch, roll
