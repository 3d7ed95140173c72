"""Everything that the scorers need to know about the faces of one picture or clip, computed once a process.

    still = analyse_picture(media)      ->  Still(width=576, height=1024, faces=(Face(…), Face(…)))
    clip = analyse_clip(media)          ->  Clip(width=288, height=512, seconds=2.0, fps=12.0, tracks=(Track(…),), …)

Results are remembered by the content's SHA-256, so that several scorers, and several shots with one reference sheet, share
them. Embeddings are computed when first asked for and stay with the face.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evals import media
from evals.faces import iris, mesh
from evals.faces.arrays import covered
from evals.faces.face import Face, face_at
from evals.faces.stack import boxes, current
from evals.faces.track import Track, follow
from evals.memory import Remembered
from evals.score import Media


@dataclass(frozen=True, slots=True)
class Still:
    """The faces of a picture, from left to right; places in pixels of the file's picture."""

    width: int
    height: int
    faces: tuple[Face, ...]


@dataclass(frozen=True, slots=True)
class Clip:
    """The faces of a clip; places in pixels of frames of `width` x `height`. `cuts`, and what was read of it, in seconds."""

    width: int
    height: int
    seconds: float
    fps: float
    frames: int
    cuts: tuple[float, ...]
    tracks: tuple[Track, ...]
    stretches: tuple[tuple[float, float], ...]


_stills: Remembered[Still] = Remembered(256)
_clips: Remembered[Clip] = Remembered(12)


def analyse_picture(item: Media) -> Still:
    """Return the faces of a stored picture.

    Raises:
        UnreadableMedia: It cannot be read; see `media.read_picture`.
        ModelUnavailable: A model is not installed.
    """
    return _stills.get(f"{item.sha256}/{current().key}", lambda: find_faces(media.read_picture(item.path)))


def analyse_clip(item: Media) -> Clip:
    """Return the faces of a stored clip, followed through it.

    Raises:
        UnreadableMedia: It cannot be read; see `media.clip_frames`.
        ModelUnavailable: A model is not installed.
    """
    return _clips.get(f"{item.sha256}/{current().key}", lambda: _follow(item))


def find_faces(picture: media.Picture) -> Still:
    """Return the faces of a picture that has been read; see `analyse_picture`."""
    found: list[mesh.Mesh] = []
    pixels = np.asarray(picture.image)
    for detection in boxes(picture.image):
        seen = mesh.find(pixels, detection)
        # Detections come best first; a second mesh over most of a first one is the same face, seen in another tile.
        if seen is not None and not any(covered(seen.box, other.box) > 0.5 for other in found):
            found.append(seen)
    faces = [face_at(pixels, m, iris.refine(pixels, m.points), picture.scale) for m in found]
    return Still(picture.width, picture.height, tuple(sorted(faces, key=lambda f: f.centre)))


def _follow(item: Media) -> Clip:
    size: list[tuple[int, int]] = []

    def frames() -> Iterator[media.Frame]:
        for frame in media.clip_frames(item.path):
            size[:] = [(frame.pixels.shape[1], frame.pixels.shape[0])]
            yield frame

    result = follow(frames())
    times = result.times
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    return Clip(
        width=size[0][0],
        height=size[0][1],
        seconds=times[-1] + step,
        fps=1 / step if step > 0 else 0.0,
        frames=len(times),
        cuts=tuple(result.cuts),
        tracks=tuple(result.tracks),
        stretches=tuple(result.stretches),
    )
