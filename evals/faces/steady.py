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

import cmath
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from evals.errors import ScorerError
from evals.faces import align, data_file, mesh, pose
from evals.faces.arrays import Complex, Points
from evals.faces.warp import Pixels, Region

FILE = Path(__file__).parent.parent / "data" / "mesh_mirror.json"
FRONTAL, TURNED = 12.0, 28.0
"""Degrees of yaw up to which the mirrored look counts in full, and from which it does not count."""
OUTGROWN = 0.25
"""Once the crop is larger or smaller by this share than a fresh one would be, the face has turned too far for its anchor."""
SETTLE = 3


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a face's landmarks lay in a crop: 468 complex places in sides of the crop, from their mean, which is at `middle` of it."""

    places: Complex
    middle: complex

    @classmethod
    def of(cls, points: Points) -> Anchor:
        """Return the anchor of a face cropped as `mesh.region_of_points` says."""
        region = mesh.region_of_points(points)
        turn = cmath.rect(region.side, region.angle)
        places = (align.as_complex(points) - complex(region.x, region.y)) / turn
        middle = complex(places.mean())
        return cls(places - middle, middle)

    def region(self, points: Points) -> Region:
        """Return the crop in which these landmarks lie as they did at first."""
        there = align.as_complex(points)
        turn = align.turn(self.places, there)
        at = complex(there.mean()) - turn * self.middle
        side, angle = cmath.polar(turn)
        return Region(at.real, at.imag, side, angle)

    def following(self, last: mesh.Mesh) -> tuple[Anchor, Region]:
        """Return this anchor and where it says to look next; a fresh one where the landmarks have outgrown it."""
        region = self.region(last.points)
        if abs(region.side / mesh.side_of_box(last.box) - 1) <= OUTGROWN:
            return self, region
        fresh = Anchor.of(last.points)
        return fresh, fresh.region(last.points)


def settled(picture: Pixels, found: mesh.Mesh) -> tuple[Anchor, mesh.Mesh]:
    """Return the anchor of a face that is seen for the first time, and its landmarks as later looks will see them.

    Raises:
        ModelUnavailable: The mesh model is not installed.
    """
    anchor = Anchor.of(found.points)
    for _ in range(SETTLE):
        found = look(picture, anchor, anchor.region(found.points))
    return anchor, found


def look(picture: Pixels, anchor: Anchor, where: Region) -> mesh.Mesh:
    """Return the landmarks of a followed face in its next frame; presence and pixels are of the first of two looks.

    Args:
        picture: The frame, RGB.
        anchor: Where the landmarks are to lie in the crop.
        where: Where the anchor lays the crop by the landmarks in the frame before.

    Raises:
        ModelUnavailable: The mesh model is not installed.
    """
    first = mesh.landmarks(picture, where)
    if first.presence < mesh.MIN_PRESENCE:
        return first
    again = anchor.region(first.points)
    share = 0.5 * float(np.clip((TURNED - abs(pose.yaw_of(first.points))) / (TURNED - FRONTAL), 0, 1))
    points = 0.5 * first.points
    if share > 0:
        points = points + share * mesh.landmarks(picture, again, mirrored=True).points[mirror()]
    if share < 0.5:
        points = points + (0.5 - share) * mesh.landmarks(picture, again).points
    return mesh.Mesh(points, first.presence, first.region, first.pixels)


@cache
def mirror(file: Path = FILE) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return, for each landmark, the one on the other side of the face.

    Raises:
        ScorerError: The data file is missing or malformed.
    """
    found = data_file.read(file, "the mirrored landmarks", lambda raw: np.array(raw["mirror"], dtype=np.int64))
    if sorted(found.tolist()) != list(range(mesh.COUNT)):
        raise ScorerError(f"{file.name}: the mirrored landmarks are not {mesh.COUNT} different ones.")
    return found
