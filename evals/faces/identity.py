"""Is it the same person? A face against the reference faces of one person: similarity, and a probability.

    template = make_template([face.embedding for face in sheet], source="reference")
    template.match(face.embedding)   ->  0.79          mean cosine with the references, both relative to the domain's mean face
    probability(0.79)                ->  0.996         logistic((0.79 - threshold) / width)

The mean of the cosines, unlike the cosine with the mean, has the same threshold for one reference and for five. Threshold and
width lie in `evals/data/faces.json` with the set that they come from.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from evals.errors import ScorerError
from evals.faces import centre
from evals.faces.arrays import Floats

FILE = Path(__file__).parent.parent / "data" / "faces.json"


@dataclass(frozen=True, slots=True)
class Calibration:
    """From similarity to probability: even odds at `threshold`, steeper the smaller `width` is."""

    threshold: float
    width: float
    source: str

    def probability(self, match: float) -> float:
        """Return the probability that a face with this similarity shows the person, both being equally likely beforehand."""
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, (match - self.threshold) / self.width))))


@dataclass(frozen=True, slots=True)
class Template:
    """The reference faces of one person: as unit vectors relative to `mean`, and as they are. `domains`: what `mean` is made of."""

    vectors: Floats
    embeddings: Floats
    mean: Floats
    domains: Mapping[str, float]
    source: str

    def match(self, embedding: Floats) -> float:
        """Return the mean cosine with the reference faces, -1 to 1; 1 is the same picture."""
        return float((self.vectors @ centre.centred(embedding, self.mean)).mean())

    def distance(self, embedding: Floats) -> float:
        """Return the mean Euclidean distance to the reference faces, 0 to about 1.4: what other tools would report."""
        return float(np.linalg.norm(self.embeddings - embedding, axis=1).mean())


@cache
def calibration(file: Path = FILE) -> Calibration:
    """Return how similarity becomes probability.

    Raises:
        ScorerError: The data file is missing or malformed.
    """
    try:
        given = json.loads(file.read_text("utf-8"))["same_person"]
        return Calibration(float(given["threshold"]), float(given["width"]), str(given["source"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ScorerError(f"{file.name}: the face thresholds cannot be read: {error}") from None


def make_template(embeddings: Sequence[Floats], source: str) -> Template:
    """Return what faces are compared with.

    Args:
        embeddings: One or more faces of the person.
        source: Where they come from, for the evidence.
    """
    mean, domains = centre.mean_for(embeddings, centre.domains())
    stacked = np.stack(embeddings)
    return Template(np.stack([centre.centred(e, mean) for e in embeddings]), stacked, mean, domains, source)


def similarity(embeddings: Sequence[Floats], others: Sequence[Floats]) -> float:
    """Return the mean cosine between all faces of one list and all of another, relative to their common mean face."""
    mean, _ = centre.mean_for([*embeddings, *others], centre.domains())
    a = np.stack([centre.centred(e, mean) for e in embeddings])
    b = np.stack([centre.centred(e, mean) for e in others])
    return float((a @ b.T).mean())
