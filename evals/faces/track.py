"""Follow the faces of a clip: landmarks of every frame, one track for each face and each stretch between cuts.

The mesh follows a face by itself, from the place where it was a frame ago (`evals.faces.steady` says how). It would happily
go on with another person's face after a cut, so a track ends where the whole picture changes (mean difference of 64 x 36
blurred pixels over 18 of 255, shake and flicker taken out), where the face's own pixels do (correlation under 0.45), where
it jumps, and where the mesh sees no face.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from evals.faces import iris, mesh, steady
from evals.faces.arrays import Box, Floats, Points, Rgb, around, covered, overlap
from evals.faces.face import Face, face_at
from evals.faces.stack import boxes
from evals.media import Frame

CUT = 18.0
SHAKE = 4
"""Pixels of a thumbnail (64 x 36) by which an unsteady hand moves the picture between two frames."""
SAME_FACE = 0.45
JUMP = 0.3
AWAY = 1.0
"""Seconds for which a face may be lost (a blur, a hand) and still be taken up again in its place."""
LOOK_AGAIN = 0.5
"""Seconds after which the whole frame is searched again for faces that have come in."""
LOOK_CLOSER = 0.25
"""Seconds after which, while there is no face, the frame is searched by tiles again: ten times as dear as a look at the whole."""
MAX_VIEWS = 48
VIEWS_APART = 0.09
"""Seconds between two views at least: every third frame of 25 or 30 a second, every second of 12."""
MIN_FRAMES = 3


@dataclass(slots=True)
class Track:
    """One face through a stretch of a clip.

    `times` in seconds, `points` (frames x 468 x 3) in pixels, eyelids refined. `views` are whole faces kept from about
    every tenth of a second, in long tracks seldomer, for embedding and showing. `last` is the mesh of the newest frame, `anchor`
    says how frames are cropped.
    """

    last: mesh.Mesh
    anchor: steady.Anchor
    times: list[float] = field(default_factory=list)
    shapes: list[Points] = field(default_factory=list)
    views: list[tuple[float, Face]] = field(default_factory=list)
    apart: float = VIEWS_APART

    @property
    def points(self) -> Floats:
        """Return all landmarks as one array, frames x 468 x 3."""
        return np.stack(self.shapes)

    @property
    def box(self) -> Box:
        """Return the box around the face where it was last seen."""
        return around(self.shapes[-1])

    @property
    def iod(self) -> float:
        """Return the median distance of the outer eye corners in pixels."""
        return float(np.median([mesh.iod(p) for p in self.shapes]))

    @property
    def centre(self) -> tuple[float, float]:
        """Return the median place of the face, in pixels."""
        middle = np.median([p[:, :2].mean(axis=0) for p in self.shapes], axis=0)
        return float(middle[0]), float(middle[1])

    def sample(self, count: int) -> list[tuple[float, Face]]:
        """Return up to `count` kept views, evenly spread from first to last."""
        if len(self.views) <= count:
            return list(self.views)
        return [self.views[round(i)] for i in np.linspace(0, len(self.views) - 1, count)]

    def add(self, time: float, pixels: Rgb, found: mesh.Mesh) -> None:
        """Take in the face's landmarks in one more frame."""
        points = iris.refine(pixels, found.points)
        if not self.views or time - self.views[-1][0] >= self.apart:
            self.views.append((time, face_at(pixels, found, points, later=True)))
            if len(self.views) > MAX_VIEWS:
                self.views, self.apart = self.views[::2], self.apart * 2
        self.times.append(time)
        self.shapes.append(points)
        self.last = found


@dataclass(slots=True)
class Tracks:
    """What following a clip gives: tracks in order of their beginning, times of cuts, of all frames, and of the stretches' ends."""

    tracks: list[Track]
    cuts: list[float]
    times: list[float]
    stretches: list[tuple[float, float]]


def follow(frames: Iterable[Frame]) -> Tracks:
    """Follow all faces of a clip.

    Raises:
        ModelUnavailable: A face model is not installed.
        UnreadableMedia: From the frames.
    """
    live: list[Track] = []
    lost: list[Track] = []
    all_tracks: list[Track] = []
    cuts: list[float] = []
    times: list[float] = []
    stretches: dict[int, tuple[float, float]] = {}
    before: Floats | None = None
    looked = closer = -np.inf
    stretch = 0
    for frame in frames:
        times.append(frame.time)
        stretches[frame.stretch] = (stretches.get(frame.stretch, (frame.time, 0.0))[0], frame.time)
        if frame.stretch != stretch:
            # Some seconds of a long clip were passed over: nothing is followed across them, and no cut is seen.
            stretch, before, live, lost, closer = frame.stretch, None, [], [], -np.inf
        now = _thumbnail(frame.pixels)
        if before is not None and _is_cut(before, now):
            cuts.append(frame.time)
            live, lost, closer = [], [], -np.inf
        before = now
        going = [track for track in live if _goes_on(track, frame)]
        lost = [track for track in (*lost, *live) if not any(track is other for other in going) and frame.time - track.times[-1] <= AWAY]
        live = going
        if not live or frame.time - looked >= LOOK_AGAIN:
            looked = frame.time
            tiles = not live and frame.time - closer >= LOOK_CLOSER
            closer = frame.time if tiles else closer
            seen = _new(frame, live, lost, tiles)
            live += seen
            lost = [track for track in lost if not any(track is other for other in seen)]
            all_tracks += [track for track in seen if len(track.shapes) == 1]
    return Tracks([t for t in all_tracks if len(t.shapes) >= MIN_FRAMES], cuts, times, list(stretches.values()))


def _goes_on(track: Track, frame: Frame) -> bool:
    track.anchor, where = track.anchor.following(track.last)
    found = steady.look(frame.pixels, track.anchor, where)
    if found.presence < mesh.MIN_PRESENCE or overlap(found.box, track.last.box) < JUMP:
        return False
    if float(found.thumbnail @ track.last.thumbnail) < SAME_FACE:
        return False
    track.add(frame.time, frame.pixels, found)
    return True


def _new(frame: Frame, live: list[Track], lost: list[Track], tiles: bool) -> list[Track]:
    """Return tracks of faces that nobody follows: new ones, and those of `lost` that are there again, where and as they were."""
    fresh: list[Track] = []
    for detection in boxes(frame.image, tiles):
        taken = [track.last.box for track in (*live, *fresh)]
        if any(covered(detection.box, box) > 0.5 for box in taken):
            continue
        found = mesh.find(frame.pixels, detection)
        if found is not None and not any(covered(found.box, box) > 0.5 for box in taken):
            anchor, found = steady.settled(frame.pixels, found)
            track = next((t for t in lost if _is_back(t, found) and not any(t is f for f in fresh)), None) or Track(found, anchor)
            track.anchor = anchor
            track.add(frame.time, frame.pixels, found)
            fresh.append(track)
    return fresh


def _is_back(track: Track, found: mesh.Mesh) -> bool:
    return overlap(found.box, track.last.box) >= JUMP and float(found.thumbnail @ track.last.thumbnail) >= SAME_FACE


def _is_cut(before: Floats, now: Floats) -> bool:
    """Return whether a thumbnail is of another picture: also once a lamp's flicker and a hand's shake are taken out."""
    if now.shape != before.shape:
        return True
    if float(np.abs(now - before).mean()) <= CUT:
        return False
    height, width = now.shape
    inner = now[SHAKE : height - SHAKE, SHAKE : width - SHAKE]
    spans = [(y, x) for y in range(2 * SHAKE + 1) for x in range(2 * SHAKE + 1)]
    return all(_unlike(before[y : y + inner.shape[0], x : x + inner.shape[1]], inner) > CUT for y, x in spans)


def _unlike(before: Floats, now: Floats) -> float:
    """Return the mean difference of two pictures once the first is made as bright and as rich in contrast as the second."""
    a, b = before - before.mean(), now - now.mean()
    gain = float(np.clip((a * b).sum() / max(float((a**2).sum()), 1e-9), 0.5, 2.0))
    return float(np.abs(b - gain * a).mean())


def _thumbnail(pixels: Rgb) -> Floats:
    height, width = pixels.shape[:2]
    size = (64, 36) if width >= height else (36, 64)
    # About three green pixels each way of one in the thumbnail say enough; to look at all of a large frame would cost as much as its faces.
    across, down = max(1, round(width / (3 * size[0]))), max(1, round(height / (3 * size[1])))
    small = Image.fromarray(np.ascontiguousarray(pixels[::down, ::across, 1]))
    return np.asarray(small.resize(size, Image.Resampling.BOX), dtype=np.float64)
