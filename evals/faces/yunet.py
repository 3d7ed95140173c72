"""Face boxes by YuNet, an optional second detector: better with profiles, small and stylised faces, worse with animals.

    detect(picture)   ->  [Detection(score=0.93, box=(88.0, 120.5, 190.2, 222.9), points=<2 x 6>)]

The model sees 640 x 640 pixels, BGR as they are, and gives for each cell of three grids (8, 16 and 32 pixels) a class, an
objectness, a box and five points. Like BlazeFace's, its boxes prove nothing before the mesh has seen a face in them.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from evals import pulled
from evals.errors import ModelUnavailable
from evals.faces import onnx
from evals.faces.arrays import Floats
from evals.faces.detect import Detection, merge

SIZE = 640
STRIDES = (8, 16, 32)
MIN_SCORE = 0.6


def detect(picture: Image.Image) -> list[Detection]:
    """Return the boxes found in an RGB picture, best first.

    Raises:
        ModelUnavailable: The model was not pulled, or onnxruntime is not installed.
    """
    scale = max(picture.size) / SIZE
    small = picture.resize((max(1, round(picture.width / scale)), max(1, round(picture.height / scale))), Image.Resampling.BILINEAR)
    canvas = np.zeros((SIZE, SIZE, 3), dtype=np.float32)
    canvas[: small.height, : small.width] = np.asarray(small, dtype=np.float32)[..., ::-1]
    found = onnx.load(pulled.path("yunet"))(canvas.transpose(2, 0, 1)[None])
    rows = []
    for stride in STRIDES:
        try:
            parts = [found[f"{kind}_{stride}"].reshape(-1, width) for kind, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))]
        except (KeyError, ValueError):
            raise ModelUnavailable("The pulled yunet model has other outputs than YuNet of March 2023.") from None
        rows += _decoded(parts, stride, scale)
    return merge(rows)


def _decoded(parts: list[np.ndarray], stride: int, scale: float) -> list[Detection]:
    cls, obj, box, points = (p.astype(np.float64) for p in parts)
    score = np.sqrt(np.clip(cls[:, 0], 0, 1) * np.clip(obj[:, 0], 0, 1))
    columns = SIZE // stride
    found = []
    for index in np.flatnonzero(score >= MIN_SCORE):
        cell = np.array([index % columns, index // columns], dtype=np.float64)
        middle, size = (cell + box[index, :2]) * stride * scale, np.exp(np.minimum(box[index, 2:], 8)) * stride * scale
        low, high = middle - size / 2, middle + size / 2
        five = (points[index].reshape(5, 2) + cell) * stride * scale
        found.append(Detection(float(score[index]), (float(low[0]), float(low[1]), float(high[0]), float(high[1])), _six(five)))
    return found


def _six(five: Floats) -> Floats:
    """Return BlazeFace's points (eyes, nose, mouth, ears) of YuNet's (eyes, nose, corners of the mouth); ears are at the eyes."""
    left, right = sorted(five[:2], key=lambda p: float(p[0]))
    return np.stack([left, right, five[2], five[3:].mean(axis=0), left, right])
