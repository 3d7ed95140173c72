"""Turn an aligned face into 128 numbers: dlib's ResNet, the chip and its mirror image averaged."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from evals.faces import align, arcface, models
from evals.faces.arrays import Floats, Points, Rgb

LENGTH = 128
_busy = threading.Lock()


def chip_for(points: Points, name: str) -> tuple[Floats, int]:
    """Return how a face is cut out for the embedding of this name: the matrix (2 x 3) from chip to picture, and the chip's side."""
    return (align.matrix(points), align.SIZE) if _like_dlib(name) else (arcface.matrix(points), arcface.SIZE)


def embedding_of(chip: Rgb, name: str) -> Floats:
    """Return the embedding of a chip by the model of this name; see `evals.faces.stack`.

    Raises:
        ModelUnavailable: The model is not here, or is not what it should be.
    """
    return embed(chip, name) if _like_dlib(name) else arcface.embedder(name)(chip)


def embed(chip: Rgb, name: str = "dlib") -> Floats:
    """Return the embedding of a chip (150 x 150 x 3), 128 numbers of length about 1; equal people are about 0.6 apart or less.

    Raises:
        ModelUnavailable: The embedding model is not installed.
    """
    net = models.encoder() if name == "dlib" else models.encoder_of(Path(name).expanduser())
    with _busy:
        both = [np.array(net.compute_face_descriptor(np.ascontiguousarray(view))) for view in (chip, chip[:, ::-1])]
    return np.asarray(np.mean(both, axis=0), dtype=np.float64)


def _like_dlib(name: str) -> bool:
    return name == "dlib" or name.endswith(".dat")
