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


def yaw_of(points: Points) -> float:
    """Return the yaw of `pose_of` alone, in degrees."""
    side = points[RIGHT_EYE] - points[LEFT_EYE]
    return math.degrees(math.asin(float(side[2] / np.linalg.norm(side))))


def steady(track: Floats) -> Steadied:
    """Remove head motion from a track of landmarks (T x 468 x 3, pixels).

    The reference shape begins as the frame nearest to frontal and becomes the median of the aligned frames, twice.
    """
    turned = [pose_of(points) for points in track]
    frontal = min(range(len(track)), key=lambda i: abs(turned[i].yaw) + abs(turned[i].pitch))
    shape = track[frontal] - track[frontal].mean(axis=0)
    shape = shape / float(np.linalg.norm(shape[RIGHT_EYE] - shape[LEFT_EYE]))
    for _ in range(3):
        turns, scales, shifts = _similarities(track[:, STABLE], shape[list(STABLE)], WEIGHTS)
        aligned = scales[:, None, None] * (track @ turns.transpose(0, 2, 1)) + shifts[:, None]
        median = np.median(aligned, axis=0)
        shape = median / float(np.linalg.norm(median[RIGHT_EYE] - median[LEFT_EYE]))
    logs = np.log(scales)
    poses = [[*_angles(turn.T), 100 * (float(np.median(logs)) - float(log))] for turn, log in zip(turns, logs, strict=True)]
    return Steadied(aligned, np.array(poses))


def align(points: Points, reference: Points) -> Floats:
    """Return one face's landmarks turned, scaled and moved onto another's by the stable points; IOD of the reference = 1."""
    unit = reference / float(np.linalg.norm(reference[RIGHT_EYE] - reference[LEFT_EYE]))
    rotation, scale, shift = similarity(points[list(STABLE)], unit[list(STABLE)], WEIGHTS)
    return np.asarray(scale * points @ rotation.T + shift)


def similarity(source: Floats, target: Floats, weights: Floats) -> tuple[Floats, float, Floats]:
    """Return rotation, scale and shift that take `source` points (n x 3) to `target`: s R p + t, weighted least squares."""
    turns, scales, shifts = _similarities(source[None], target, weights)
    return turns[0], float(scales[0]), shifts[0]


def _similarities(sources: Floats, target: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the same for many frames at once (T x n x 3): T x 3 x 3, T, T x 3."""
    w = weights / weights.sum()
    means, mean = np.einsum("n,tnk->tk", w, sources), w @ target
    a, b = sources - means[:, None], target - mean
    u, d, vt = np.linalg.svd((b * w[:, None]).T @ a)
    signs = np.ones_like(d)
    signs[:, 2] = np.sign(np.linalg.det(u) * np.linalg.det(vt))
    turns = (u * signs[:, None]) @ vt
    scales = (d * signs).sum(axis=1) / np.einsum("n,tnk->t", w, a**2)
    return turns, scales, mean - scales[:, None] * np.einsum("tij,tj->ti", turns, means)


def _angles(rotation: Floats) -> tuple[float, float, float]:
    """Return yaw, pitch and roll in degrees of a rotation from face axes (right, down, away) to the camera's."""
    yaw = math.degrees(math.asin(float(np.clip(rotation[2, 0], -1, 1))))
    pitch = math.degrees(math.atan2(float(rotation[2, 1]), float(rotation[2, 2])))
    roll = math.degrees(math.atan2(float(rotation[1, 0]), float(rotation[0, 0])))
    return yaw, pitch, roll
