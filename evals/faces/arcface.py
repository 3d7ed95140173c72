"""Face embeddings by an ONNX model of the user's choice: SFace, or anything that takes ArcFace's aligned 112 x 112 pixels.

    embedder("sface")              the model that `workbench models pull sface` has brought
    embedder("models/mine.onnx")   a file of your own: ArcFace, MobileFaceNet, AuraFace, …
    embedder("sface")(chip(picture, face.points))   ->  128 numbers of length 1

Five points of the mesh (middles of the eyes, tip of the nose, corners of the mouth) are laid on ArcFace's places; the face and its
mirror image are embedded and averaged. Numbers of different models cannot be compared, nor can their thresholds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from evals import pulled
from evals.errors import ModelUnavailable
from evals.faces import onnx
from evals.faces.align import similarity
from evals.faces.arrays import Floats, Points, Rgb
from evals.faces.warp import Pixels, warp

SIZE = 112
PLACES = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])
"""Where ArcFace's chips have the eyes, the nose and the corners of the mouth."""
FIVE = ((33, 133), (362, 263), (1,), (61,), (291,))
"""The same points as landmarks of the mesh; of two the middle is taken."""
PLAIN = frozenset({"sface"})
"""Models that take pixels as they are; all others take them from -1 to 1, as InsightFace's do."""

Embedder = Callable[[Rgb], Floats]


def embedder(name: str) -> Embedder:
    """Return a function from a chip to an embedding of length 1.

    Args:
        name: A pulled model's name, or the path of an ONNX file.

    Raises:
        ModelUnavailable: The model is not here, or does not take pictures of 112 x 112.
    """
    own = name.endswith(".onnx")
    path = Path(name).expanduser() if own else pulled.path(name)
    if not path.is_file():
        raise ModelUnavailable(
            f"There is no model file {path.name}.", hint="Name an ONNX file, or a model that `workbench models list` shows."
        )
    net = onnx.load(path)
    if tuple(net.shape[-3:]) != (3, SIZE, SIZE):
        raise ModelUnavailable(f"{path.name} takes {net.shape}, not aligned faces of 3 x {SIZE} x {SIZE}.")
    return partial(_embed, net, name in PLAIN)


def chip(picture: Pixels, points: Points) -> Rgb:
    """Return a face as ArcFace's models expect it, 112 x 112 x 3."""
    return warp(picture, matrix(points), SIZE)


def matrix(points: Points) -> Floats:
    """Return the matrix (2 x 3) from places in such a chip to places in the picture."""
    return similarity(PLACES, np.stack([points[list(which), :2].mean(axis=0) for which in FIVE]))


def _embed(net: onnx.Onnx, plain: bool, chip: Rgb) -> Floats:
    face = chip.astype(np.float32)
    pixels = face[..., ::-1] if plain else (face - 127.5) / 127.5
    both = [next(iter(net(view.transpose(2, 0, 1)[None]).values())).ravel().astype(np.float64) for view in (pixels, pixels[:, ::-1])]
    mean = np.sum([v / max(float(np.linalg.norm(v)), 1e-9) for v in both], axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9))
