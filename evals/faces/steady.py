"""Look at a followed face so that the landmarks move only as the face does.

The mesh's answer depends a little on where the face lies in its crop. Cropping each frame around the landmarks of the frame before
feeds that error back: on two dozen copies of one drawn frame the landmarks wandered by up to 1 % of the eyes' distance a frame, more
than a faint expression moves them. Three things take that away (measured in `docs/calibration.md`):

- An **anchor** remembers where the landmarks lay in the first crop, and each later crop is laid so that they lie there again (a
  similarity fitted on all of them, not the outermost ones, which an opening mouth moves).
- Each frame is looked at **twice**: where the face was, and again where the first look found it, so that a moving face does not
  lag behind its crop; the two are averaged.
- The second look is at the **mirrored** crop while the face is nearly frontal, which cancels what the mesh does to left and right
  differently. Of a turned face the mirror image is seen differently and would blur its motion, so its share fades out.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from evals.errors import ScorerError
from evals.faces import align, mesh, pose
from evals.faces.arrays import Floats, Points
from evals.faces.warp import Pixels, Region

FILE = Path(__file__).parent.parent / "data" / "mesh_mirror.json"
FRONTAL, TURNED = 12.0, 28.0
"""Degrees of yaw up to which the mirrored look counts in full, and from which it does not count."""
OUTGROWN = 0.25
"""Once the crop is larger or smaller by this share than a fresh one would be, the face has turned too far for its anchor."""
SETTLE = 3


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a face's landmarks lay in a crop (468 x 2, in sides of the crop, from its middle)."""

    places: Floats

    @classmethod
    def of(cls, points: Points) -> Anchor:
        """Return the anchor of a face cropped as `mesh.region_of_points` says."""
        region = mesh.region_of_points(points)
        cos, sin = math.cos(region.angle), math.sin(region.angle)
        return cls((points[:, :2] - (region.x, region.y)) / region.side @ np.array([[cos, -sin], [sin, cos]]))

    def region(self, points: Points) -> Region:
        """Return the crop in which these landmarks lie as they did at first."""
        matrix = align.similarity(self.places, points[:, :2])
        side, angle = math.hypot(matrix[0, 0], matrix[1, 0]), math.atan2(matrix[1, 0], matrix[0, 0])
        return Region(float(matrix[0, 2]), float(matrix[1, 2]), side, angle)

    def outgrown(self, points: Points) -> bool:
        """Return whether these landmarks want a new anchor."""
        return abs(self.region(points).side / mesh.region_of_points(points).side - 1) > OUTGROWN


def settled(picture: Pixels, found: mesh.Mesh) -> tuple[Anchor, mesh.Mesh]:
    """Return the anchor of a face that is seen for the first time, and its landmarks as later looks will see them.

    Raises:
        ModelUnavailable: The mesh model is not installed.
    """
    anchor = Anchor.of(found.points)
    for _ in range(SETTLE):
        found = look(picture, anchor, found.points)
    return anchor, found


def look(picture: Pixels, anchor: Anchor, before: Points) -> mesh.Mesh:
    """Return the landmarks of a followed face in its next frame; presence and thumbnail are of the first of two looks.

    Args:
        picture: The frame, RGB.
        anchor: Where the landmarks are to lie in the crop.
        before: The landmarks in the frame before.

    Raises:
        ModelUnavailable: The mesh model is not installed.
    """
    first = mesh.landmarks(picture, anchor.region(before))
    if first.presence < mesh.MIN_PRESENCE:
        return first
    again = anchor.region(first.points)
    share = 0.5 * float(np.clip((TURNED - abs(pose.pose_of(first.points).yaw)) / (TURNED - FRONTAL), 0, 1))
    points = 0.5 * first.points
    if share > 0:
        points = points + share * mesh.landmarks(picture, again, mirrored=True).points[mirror()]
    if share < 0.5:
        points = points + (0.5 - share) * mesh.landmarks(picture, again).points
    return mesh.Mesh(points, first.presence, first.thumbnail)


@cache
def mirror(file: Path = FILE) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return, for each landmark, the one on the other side of the face.

    Raises:
        ScorerError: The data file is missing or malformed.
    """
    try:
        found = np.array(json.loads(file.read_text("utf-8"))["mirror"], dtype=np.int64)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ScorerError(f"{file.name}: the mirrored landmarks cannot be read: {error}") from None
    if sorted(found.tolist()) != list(range(mesh.COUNT)):
        raise ScorerError(f"{file.name}: the mirrored landmarks are not {mesh.COUNT} different ones.")
    return found
