"""Is it the same person? A face against the reference faces of one person: similarity, and a probability.

    template = make_template([face.embedding for face in sheet], source="reference", poses=[face.pose for face in sheet])
    template.match(face.embedding, face.pose)     ->  0.79    cosine with the mean of the references, relative to the domain's mean face
    template.calibration.probability(0.79)        ->  0.996   logistic((0.79 - threshold) / width)

References that are turned like the face count for more, since turning changes an embedding. Thresholds and widths lie in
`evals/data/faces.json` with the sets that they come from: one for each domain, because faces of one kind are more alike than
those of another, and growing with the number of references, because the mean of several lies nearer to every face.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from evals.faces import centre, data_file, stack
from evals.faces.arrays import Floats
from evals.faces.pose import Pose

FILE = Path(__file__).parent.parent / "data" / "faces.json"
TURN = 30.0
"""Degrees of yaw by which a reference may differ from the face before it counts for a third."""


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
class _Fitted:
    counts: tuple[float, ...]
    thresholds: tuple[float, ...]
    width: float
    source: str


@dataclass(frozen=True, slots=True)
class Template:
    """The reference faces of one person: as unit vectors relative to `mean`, and as they are. `domains`: what `mean` is made of."""

    vectors: Floats
    embeddings: Floats
    yaws: Floats | None
    mean: Floats
    domains: Mapping[str, float]
    source: str
    calibration: Calibration

    def match(self, embedding: Floats, pose: Pose | None = None) -> float:
        """Return the cosine with the mean of the reference faces, -1 to 1; 1 is the same picture."""
        shares = np.ones(len(self.vectors))
        if pose is not None and self.yaws is not None:
            gaps = np.abs(self.yaws - pose.yaw)
            shares = np.exp((gaps.min() - gaps) / TURN)
        middle = shares @ self.vectors
        return float(middle @ centre.centred(embedding, self.mean) / max(float(np.linalg.norm(middle)), 1e-9))

    def distance(self, embedding: Floats) -> float:
        """Return the mean Euclidean distance to the reference faces, 0 to about 1.4: what other tools would report."""
        return float(np.linalg.norm(self.embeddings - embedding, axis=1).mean())

    def probability(self, match: float) -> float:
        """Return the probability that goes with a match."""
        return self.calibration.probability(match)


@cache
def _fitted(file: Path = FILE) -> Mapping[str, _Fitted]:
    return data_file.read(file, "the face thresholds", lambda raw: {name: _fit(fit) for name, fit in raw["same_person"].items()})


def _fit(given: Mapping[str, Any]) -> _Fitted:
    threshold = given["threshold"]
    return _Fitted(
        tuple(float(k) for k in threshold), tuple(float(v) for v in threshold.values()), float(given["width"]), str(given["source"])
    )


def calibration(domains: Mapping[str, float], references: int = 1) -> Calibration:
    """Return how similarity becomes probability, for faces of these domains and a number of references.

    A domain without thresholds of its own (one that a user added) is taken for `photo`.

    Args:
        domains: Share of each domain, as `centre.mean_for` gives it.
        references: How many reference faces the other side is the mean of.

    Raises:
        ScorerError: The data file is missing or malformed.
    """
    given = stack.current().calibration
    if given is not None:
        return Calibration(*given)
    known = _fitted()
    parts = [(share, known.get(name) or known["photo"]) for name, share in domains.items()]
    total = sum(share for share, _ in parts)
    threshold = sum(share * float(np.interp(references, fit.counts, fit.thresholds)) for share, fit in parts) / total
    width = sum(share * fit.width for share, fit in parts) / total
    return Calibration(threshold, width, max(parts, key=lambda p: p[0])[1].source)


def make_template(embeddings: Sequence[Floats], source: str, poses: Sequence[Pose] | None = None) -> Template:
    """Return what faces are compared with.

    Args:
        embeddings: One or more faces of the person.
        source: Where they come from, for the evidence.
        poses: How each of them is turned; without, all count alike.
    """
    mean, domains = centre.mean_for(embeddings, centre.domains())
    stacked = np.stack(embeddings)
    yaws = None if poses is None else np.array([p.yaw for p in poses])
    vectors = np.stack([centre.centred(e, mean) for e in embeddings])
    return Template(vectors, stacked, yaws, mean, domains, source, calibration(domains, len(embeddings)))


def pair(a: Floats, b: Floats) -> tuple[float, Calibration]:
    """Return the similarity of two faces, relative to their common mean face, and what it means."""
    mean, domains = centre.mean_for([a, b], centre.domains())
    return float(centre.centred(a, mean) @ centre.centred(b, mean)), calibration(domains)


def similarity(embeddings: Sequence[Floats], others: Sequence[Floats]) -> float:
    """Return the mean cosine between all faces of one list and all of another, relative to their common mean face."""
    mean, _ = centre.mean_for([*embeddings, *others], centre.domains())
    a = np.stack([centre.centred(e, mean) for e in embeddings])
    b = np.stack([centre.centred(e, mean) for e in others])
    return float((a @ b.T).mean())
