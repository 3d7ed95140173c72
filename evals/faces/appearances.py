"""What a picture or clip shows of people, in one form for both: an appearance is a face of a still or a track of a clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from evals import media
from evals.faces import analysis
from evals.faces.arrays import Box, Floats
from evals.faces.face import Face
from evals.faces.identity import Template, similarity
from evals.faces.track import Track
from evals.score import Media

VIEWS = 5
"""Faces of a track that are embedded: the first, the last and three between."""


@dataclass(frozen=True, eq=False)
class Appearance:
    """One person's face: once in a still, or from `start` to `end` seconds in a clip, seen in `faces`; `frames` is its weight."""

    faces: tuple[Face, ...]
    times: tuple[float, ...]
    box: Box
    iod: float
    x: float
    start: float
    end: float
    frames: int

    @property
    def embeddings(self) -> list[Floats]:
        """Return the embeddings of the faces; computed at the first call.

        Raises:
            ModelUnavailable: The embedding model is not installed.
        """
        return [face.embedding for face in self.faces]

    @property
    def middle(self) -> Face:
        """Return the face to show."""
        return self.faces[len(self.faces) // 2]

    def match(self, template: Template) -> float:
        """Return the mean similarity of the faces to a template."""
        return float(np.mean([template.match(f.embedding, f.pose) for f in self.faces]))

    def distance(self, template: Template) -> float:
        """Return the mean distance of the faces to a template."""
        return float(np.mean([template.distance(e) for e in self.embeddings]))

    def overlaps(self, other: Appearance) -> bool:
        """Return whether both are seen at the same moment, so that they cannot be one person."""
        return self.start <= other.end and other.start <= self.end

    def within(self, template: Template | None) -> Mapping[str, Any]:
        """Return how constant the face is inside a clip; empty for stills and for tracks with one view.

        `mean` and `worst` are similarities between its moments; `drift` is how far the match with the template moves
        from the first to the last one.
        """
        if len(self.faces) < 2:
            return {}
        pairs = [similarity([a], [b]) for a, b in combinations(self.embeddings, 2)]
        found: dict[str, Any] = {"mean": round(float(np.mean(pairs)), 4), "worst": round(min(pairs), 4)}
        if template is not None:
            matches = [round(template.match(f.embedding, f.pose), 4) for f in self.faces]
            found |= {"times": [round(t, 2) for t in self.times], "matches": matches, "drift": round(matches[-1] - matches[0], 4)}
        return found


@dataclass(frozen=True, slots=True)
class Shown:
    """All appearances in one artifact, from left to right, and its size in pixels."""

    width: int
    height: int
    appearances: tuple[Appearance, ...]
    cuts: tuple[float, ...] = ()


def shown(item: Media) -> Shown:
    """Return what a stored picture or clip shows.

    Raises:
        UnreadableMedia: It cannot be read.
        ModelUnavailable: A face model is not installed.
    """
    if item.kind == "video" or media.is_clip(item.path):
        clip = analysis.analyse_clip(item)
        return Shown(clip.width, clip.height, _ordered([_of_track(track) for track in clip.tracks]), clip.cuts)
    still = analysis.analyse_picture(item)
    return Shown(still.width, still.height, _ordered([_of_face(face) for face in still.faces]))


def _ordered(found: Sequence[Appearance]) -> tuple[Appearance, ...]:
    return tuple(sorted(found, key=lambda a: (a.start, a.x)))


def _of_face(face: Face) -> Appearance:
    return Appearance((face,), (0.0,), face.box, face.iod, face.centre[0], 0.0, 0.0, 1)


def _of_track(track: Track) -> Appearance:
    times, faces = zip(*track.sample(VIEWS), strict=True)
    return Appearance(faces, times, track.box, track.iod, track.centre[0], track.times[0], track.times[-1], len(track.times))
