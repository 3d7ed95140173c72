"""One face as everything else sees it: where it is, how it is turned, and its pixels in the shapes that models want."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from evals.faces import embed, mesh, pose, warp
from evals.faces.arrays import Box, Floats, Grey, Points, Rgb, around
from evals.faces.stack import current

MAX_CROP_BYTES = 3000
EMOTION_SIZE = 64
MAX_KEPT = 640_000
"""Bytes of a face's surroundings that are kept: of one that is at most about 220 pixels from eye to eye."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A face cut out: `chip` (150 x 150 x 3 for dlib) is what is embedded, `grey` (64 x 64) what the emotion classifier looks at."""

    chip: Rgb
    grey: Grey


@dataclass(frozen=True)
class LaterCut:
    """The same, cut out of a part of the picture (with the matrices to it, and the chip's side) when it is first asked for."""

    pixels: Rgb
    chip_matrix: Floats
    chip_size: int
    grey_matrix: Floats

    @cached_property
    def chip(self) -> Rgb:
        """Return what is embedded."""
        return warp.warp(self.pixels, self.chip_matrix, self.chip_size)

    @cached_property
    def grey(self) -> Grey:
        """Return what the emotion classifier looks at."""
        return np.asarray(Image.fromarray(warp.warp(self.pixels, self.grey_matrix, EMOTION_SIZE)).convert("L"))


@dataclass(frozen=True)
class Face:
    """A face found in a picture; places are in pixels of that picture.

    `cut` holds what models look at; `looked` are the 192 x 192 pixels that the mesh looked at, in the region `at` of the analysed
    picture, which the file's picture is `scale` times as large as.
    """

    box: Box
    points: Points
    presence: float
    cut: Cut | LaterCut
    looked: Rgb
    at: warp.Region
    embedder: str = "dlib"
    scale: float = 1.0

    @cached_property
    def pose(self) -> pose.Pose:
        """Return how the face is turned."""
        return pose.pose_of(self.points)

    @property
    def placed(self) -> Points:
        """Return the landmarks as they lie in `looked`."""
        back = warp.within(self.at.matrix(mesh.SIZE), np.eye(2, 3))
        flat = self.points / self.scale
        return np.column_stack([flat[:, :2] @ back[:, :2].T + back[:, 2], flat[:, 2] * mesh.SIZE / self.at.side])

    @property
    def portrait(self) -> Rgb:
        """Return the face with some room around it, to be shown: 96 x 96 x 3."""
        return np.asarray(Image.fromarray(self.looked).reduce(2))

    @property
    def iod(self) -> float:
        """Return the distance of the outer eye corners in pixels."""
        return mesh.iod(self.points)

    @property
    def centre(self) -> tuple[float, float]:
        """Return the middle of the box."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2

    @cached_property
    def embedding(self) -> Floats:
        """Return the 128 numbers of `embed.embed`, computed when they are first asked for: they cost ten times the rest.

        Raises:
            ModelUnavailable: The embedding model is not installed.
        """
        return embed.embedding_of(self.cut.chip, self.embedder)

    def crop(self) -> str:
        """Return the portrait as a data URL of a JPEG of at most 3 kB."""
        for quality in (78, 65, 50, 35, 20):
            stream = io.BytesIO()
            Image.fromarray(self.portrait).save(stream, "JPEG", quality=quality, optimize=True)
            if stream.tell() <= MAX_CROP_BYTES:
                break
        return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()


def face_at(picture: Rgb, found: mesh.Mesh, points: Points, scale: float = 1.0, later: bool = False) -> Face:
    """Return the face with these landmarks.

    Args:
        picture: The picture as it was analysed, RGB.
        found: What the mesh saw of it.
        points: The landmarks, eyelids refined.
        scale: Size of the file's picture over the analysed one; the face's places are given in the file's.
        later: Most likely nobody will look at it closer: keep its surroundings, where they are small, and cut it out when asked to.
    """
    left, top, right, bottom = around(points)
    return Face(
        box=(left * scale, top * scale, right * scale, bottom * scale),
        points=points * scale,
        presence=found.presence,
        cut=_cut(picture, points, later),
        looked=found.pixels,
        at=found.region,
        embedder=current().embedding,
        scale=scale,
    )


def _cut(picture: Rgb, points: Points, later: bool) -> Cut | LaterCut:
    region = mesh.region_of_points(points)
    # The classifier was trained on tight boxes; this is the one that the detector draws (sides equal within 3 % on the median).
    tight = warp.Region(region.x, region.y, region.side / mesh.MARGIN, region.angle).matrix(EMOTION_SIZE)
    chip, size = embed.chip_for(points, current().embedding)
    pixels, corner = warp.part(picture, [(chip, size), (tight, EMOTION_SIZE)])
    if later and pixels.size <= MAX_KEPT:
        return LaterCut(pixels.copy(), _from(chip, corner), size, _from(tight, corner))
    now = LaterCut(picture, chip, size, tight)
    return Cut(now.chip, now.grey)


def _from(matrix: Floats, corner: tuple[int, int]) -> Floats:
    moved = matrix.copy()
    moved[:, 2] -= corner
    return moved
