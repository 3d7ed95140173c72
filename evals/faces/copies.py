"""Faces that were pasted from a reference picture instead of drawn again: perfect by every similarity, and no proof of anything.

Two aligned faces are a copy where their difference hashes (16 x 16 bits: is each pixel brighter than its neighbour?) differ in under
a tenth of the bits and their embeddings are nearly one. Two photographs of one person, taken moments apart, are not that alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from evals.faces.arrays import Rgb
from evals.faces.face import Face

BITS = 16
MAX_BITS = 0.1
MAX_DISTANCE = 0.15


def copied(face: Face, references: Sequence[Face]) -> bool:
    """Return whether a face is a copy of one of the reference faces.

    Raises:
        ModelUnavailable: The embedding model is not installed.
    """
    own = _hash(face.cut.chip)
    near = [r for r in references if float(np.mean(own != _hash(r.cut.chip))) < MAX_BITS]
    return any(float(np.linalg.norm(face.embedding - r.embedding)) < MAX_DISTANCE for r in near)


def _hash(chip: Rgb) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    grey = np.asarray(Image.fromarray(chip).convert("L").resize((BITS + 1, BITS), Image.Resampling.BOX), dtype=np.int16)
    return np.asarray(grey[:, 1:] > grey[:, :-1])
