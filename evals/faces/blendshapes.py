"""How far each muscle of a face moves: the 52 blendshapes of MediaPipe's FaceLandmarker, through LiteRT.

    read(picture, face.points)   ->  Shapes(points=<478 x 3>, values={"jawOpen": 0.41, "browInnerUp": 0.02, …}, presence=0.99)

The model file (`face_landmarker.task`) is a zip of three networks; the landmark and the blendshape network are run as the
task's graph does: an upright crop of 256 pixels around the face, 478 landmarks, 146 of which the second network looks at.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from evals.errors import ModelUnavailable
from evals.faces import mesh, models
from evals.faces.arrays import Points
from evals.faces.face import Face
from evals.faces.warp import Pixels, crop

SIZE = 256
COUNT = 478
USED = (
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80, 81, 82, 84, 87, 88,
    91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162,
    163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291,
    293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375,
    377, 378, 379, 380, 381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471,
    472, 473, 474, 475, 476, 477,
)  # fmt: skip
"""The landmarks that the blendshape network looks at, in its order."""
NAMES = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff", "cheekSquintLeft",
    "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight",
    "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft",
    "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose", "mouthDimpleLeft", "mouthDimpleRight",
    "mouthFrownLeft", "mouthFrownRight", "mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft",
    "mouthPressRight", "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shapes:
    """Landmarks of one face (478 x 3: the mesh's 468 and ten of the irises), its 52 blendshapes (0-1), and whether it is there."""

    points: Points
    values: Mapping[str, float]
    presence: float


def read(picture: Pixels, points: Points) -> Shapes:
    """Return the blendshapes of a face whose landmarks are known.

    Args:
        picture: RGB.
        points: The mesh's landmarks in it.

    Raises:
        ModelUnavailable: The model is neither carried by a package nor pulled, or is not what it should be.
    """
    landmarks, shapes = _nets(models.landmarker())
    region = mesh.region_of_points(points)
    outputs = landmarks.see(crop(picture, region, SIZE))
    raw = next((o for o in outputs if o.size == COUNT * 3), None)
    flag = next((o for o in outputs if o.size == 1), None)
    if raw is None or flag is None:
        raise ModelUnavailable("The landmark network of face_landmarker.task has other outputs than expected.")
    found = region.to_picture(raw.reshape(COUNT, 3), SIZE)
    values = shapes(found[None, list(USED), :2].astype(np.float32))[0].ravel()
    if len(values) != len(NAMES):
        raise ModelUnavailable("The blendshape network of face_landmarker.task has other outputs than expected.")
    presence = 1 / (1 + math.exp(-float(np.clip(flag.ravel()[0], -60, 60))))
    return Shapes(found, dict(zip(NAMES, (float(v) for v in values), strict=True)), presence)


def of_face(face: Face) -> Mapping[str, float]:
    """Return the 52 blendshapes of a face that was found before, from the pixels that the mesh looked at.

    Raises:
        ModelUnavailable: As for `read`.
    """
    return read(face.looked, face.placed).values


@cache
def _nets(task: Path) -> tuple[models.Net, models.Net]:
    try:
        with zipfile.ZipFile(io.BytesIO(task.read_bytes())) as bundle:
            parts = [bundle.read(name) for name in ("face_landmarks_detector.tflite", "face_blendshapes.tflite")]
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise ModelUnavailable(f"{task.name} is not a face landmarker: {error}") from None
    return models.Net(content=parts[0]), models.Net(content=parts[1])
