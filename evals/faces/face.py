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


@dataclass(frozen=True)
class Face:
    """A face found in a picture; places are in pixels of that picture.

    `chip` (150 x 150 for dlib) is what `embedder` embeds, `grey` (64 x 64) what the emotion classifier looks at; `looked` are the
    192 x 192 pixels that the mesh looked at, in the region `at` of the analysed picture, which the file's picture is `scale` times
    as large as.
    """

    box: Box
    points: Points
    presence: float
    chip: Rgb
    looked: Rgb
    at: warp.Region
    grey: Grey
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
        return embed.embedding_of(self.chip, self.embedder)

    def crop(self) -> str:
        """Return the portrait as a data URL of a JPEG of at most 3 kB."""
        for quality in (78, 65, 50, 35, 20):
            stream = io.BytesIO()
            Image.fromarray(self.portrait).save(stream, "JPEG", quality=quality, optimize=True)
            if stream.tell() <= MAX_CROP_BYTES:
                break
        return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()


def face_at(image: warp.Pixels, found: mesh.Mesh, points: Points, scale: float = 1.0) -> Face:
    """Return the face with these landmarks.

    Args:
        image: The picture as it was analysed, RGB.
        found: What the mesh saw of it.
        points: The landmarks, eyelids refined.
        scale: Size of the file's picture over the analysed one; the face's places are given in the file's.
    """
    region = mesh.region_of_points(points)
    # The classifier was trained on tight boxes; this is the one that the detector draws (sides equal within 3 % on the median).
    tight = warp.Region(region.x, region.y, region.side / mesh.MARGIN, region.angle)
    left, top, right, bottom = around(points)
    return Face(
        box=(left * scale, top * scale, right * scale, bottom * scale),
        points=points * scale,
        presence=found.presence,
        chip=embed.chip_for(image, points, current().embedding),
        looked=found.pixels,
        at=found.region,
        grey=np.asarray(Image.fromarray(warp.crop(image, tight, EMOTION_SIZE)).convert("L")),
        embedder=current().embedding,
        scale=scale,
    )
