"""Where text stands in a picture: PP-OCRv6's detector, which an installed package carries, through ONNX.

    lines(picture)   ->  [Line(box=(120.0, 1010.0, 600.0, 1060.0), score=0.88)]

The model gives for each pixel the probability that it belongs to the core of a line of text (Liao and others, Differentiable
Binarization, 2020). Connected pixels over 0.3 are a line where their mean is over 0.6 and they are longer than high (or
higher than long); the core is grown by what the training shrank it by. What is written is not read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from evals.faces import models, onnx
from evals.faces.arrays import Box

SIDE = 736
MULTIPLE = 32
CORE = 0.3
MIN_SCORE = 0.6
MIN_SIDE = 3
LONG = 1.6
"""How much longer than high, or higher than long, a line is at least: eyes, windows and badges are not."""
GROWN = 1.5


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text: its box in pixels of the picture, and how sure the model is."""

    box: Box
    score: float


def lines(picture: Image.Image) -> list[Line]:
    """Return the lines of text in an RGB picture, from top to bottom.

    Raises:
        ModelUnavailable: The model or its runtime is not installed.
    """
    from skimage.measure import label, regionprops

    scale = min(1.0, SIDE / max(picture.size))
    width, height = (max(MULTIPLE, round(v * scale / MULTIPLE) * MULTIPLE) for v in picture.size)
    pixels = np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32)[..., ::-1] / 127.5 - 1
    net = onnx.load(models.path("text"))
    heat = next(iter(net(pixels.transpose(2, 0, 1)[None]).values()))[0, 0]
    across, down = picture.width / width, picture.height / height
    found = []
    for region in regionprops(label(heat > CORE), intensity_image=heat):  # type: ignore[no-untyped-call]
        top, left, bottom, right = region.bbox
        short, long = sorted((bottom - top, right - left))
        if region.intensity_mean < MIN_SCORE or short < MIN_SIDE or long < LONG * short:
            continue
        grow = GROWN * region.area / (2 * (bottom - top + right - left))
        box = (
            max(0, left - grow) * across,
            max(0, top - grow) * down,
            min(width, right + grow) * across,
            min(height, bottom + grow) * down,
        )
        found.append(Line((float(box[0]), float(box[1]), float(box[2]), float(box[3])), float(region.intensity_mean)))
    return sorted(found, key=lambda line: line.box[1])
