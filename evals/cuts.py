"""Cuts inside a clip: does one shot stay one shot, and one person one person?

Example: a shot of 3 s that jumps to another room after 1.48 s

    Score(metric="cuts", value=1.0, status="ok", reason="cut at 1.48 s", evidence={
        "cuts": [{"t": 1.48, "likeness": 0.11, "kind": "picture"}], "expected": []})

A clip is asked for as one shot, so every cut in it is a fault. A cut is seen where a frame is unlike the one before it (the
correlation of both, the camera's shift taken out, is under 0.8), or where a face goes on in its place as somebody else's
(the embeddings of two of its views are not one person's). A flash, a fade and a pan are no cuts. A
jump within one take, in which neither place nor person changes, is not found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any, TypeAlias

from evals.errors import ModelUnavailable, ScorerError
from evals.footage.scorer import ClipScorer, bounded
from evals.footage.signals import Footage, look
from evals.score import Media, Metric, Sample, Score

if TYPE_CHECKING:
    from evals.faces.face import Face

View: TypeAlias = "tuple[float, Face]"

UNLIKE = 0.8
DROP = 4.0
"""How much further from likeness than its neighbours a frame must be: fast motion is unlike all the time, a cut once."""
AROUND = 6
TOGETHER = 0.3
"""Seconds within which a cut of the picture and a change of a face are one cut."""
VIEWS = 5
"""Views of a face that are compared; those that `face_consistency` embeds, so that both cost no more than one."""
OTHER_PERSON = 0.35
"""Similarity of embeddings under which two views of what should be one face are two people; see `tests/bench/footage.py`."""


class Cuts(ClipScorer):
    """Count the cuts inside a clip.

    Args:
        boundaries: Seconds at which a cut is asked for, in a clip of several shots.
        tolerance: Seconds by which such a cut may be early or late.
        faces: Look for faces that become somebody else's too; costs what `expression` costs, once for both.
    """

    name = "cuts"
    version = "2"
    min_frames = 2
    metrics = (Metric("cuts", "down", "count", worst=None, hi=None, description="Cuts in what was asked for as one shot"),)

    def __init__(self, boundaries: Sequence[float] = (), tolerance: float = 0.25, faces: bool = True) -> None:
        try:
            self.boundaries = tuple(sorted(float(b) for b in boundaries))
        except (TypeError, ValueError):
            raise ScorerError(f"cuts: boundaries are a list of seconds, got {boundaries!r}.") from None
        self.tolerance = bounded(self.name, "tolerance", tolerance, 0, 10)
        self.faces = bool(faces)

    def judge(self, item: Media, sample: Sample) -> list[Score]:
        """Return the number of unasked cuts in a clip; faces are looked at where their models are installed."""
        scores = super().judge(item, sample)
        if not self.faces or scores[0].status != "ok":
            return scores
        seen = picture_cuts(look(item))
        try:
            seen += [c for c in face_cuts(item) if all(abs(c["t"] - other["t"]) > TOGETHER for other in seen)]
        except ModelUnavailable as error:
            return self._told(seen, f"; faces not looked at: {error}")
        return self._told(seen)

    def watch(self, footage: Footage) -> list[Score]:
        """Return the number of unasked cuts of the picture as a whole."""
        return self._told(picture_cuts(footage))

    def _told(self, cuts: Sequence[Mapping[str, Any]], note: str = "") -> list[Score]:
        found = sorted(cuts, key=lambda c: float(c["t"]))
        asked = [c for c in found if any(abs(c["t"] - b) <= self.tolerance for b in self.boundaries)]
        unasked = [c for c in found if c not in asked]
        told = ", ".join(f"{c['t']:.2f} s" for c in unasked[:5])
        reason = (f"cut at {told}" if unasked else "no cut") + (f" ({len(asked)} where asked)" if asked else "") + note
        return [self.ok(float(len(unasked)), reason, {"cuts": unasked, "expected": asked})]


def picture_cuts(footage: Footage) -> list[dict[str, Any]]:
    """Return where the picture as a whole becomes another one."""
    frames = footage.frames
    found = []
    for i, frame in enumerate(frames):
        around = sorted(1 - f.likeness for f in frames[max(0, i - AROUND) : i + AROUND + 1] if f.linked and f is not frame)
        usual = around[len(around) // 2] if around else 0.0
        if frame.linked and frame.likeness < UNLIKE and 1 - frame.likeness > DROP * usual:
            found.append({"t": round(frame.time, 3), "likeness": round(frame.likeness, 3), "kind": "picture"})
    return found


def face_cuts(item: Media) -> list[dict[str, Any]]:
    """Return where a face becomes another person's in its place, although the picture around it goes on.

    Raises:
        ModelUnavailable: A face model is not installed.
        UnreadableMedia: The clip cannot be read.
    """
    from evals.faces.analysis import analyse_clip
    from evals.faces.arrays import covered

    tracks = analyse_clip(item).tracks
    found = []
    for track in tracks:
        for before, after in pairwise(track.sample(VIEWS)):
            if _alike(before, after) < OTHER_PERSON:
                found.append(_place([before, *(v for v in track.views if before[0] < v[0] < after[0]), after]))
    for old, new in product(tracks, tracks):
        # Landmarks that break off and begin again in the same place, as they do where everything changes at once.
        if old.views and new.views and 0 < new.times[0] - old.times[-1] <= TOGETHER:
            last, first = old.views[-1], new.views[0]
            if covered(last[1].box, first[1].box) > 0.5 and (alike := _alike(last, first)) < OTHER_PERSON:
                found.append({"t": round(new.times[0], 3), "likeness": round(alike, 3), "kind": "face"})
    return found


def _place(views: Sequence[View]) -> dict[str, Any]:
    """Return where the person changes between the first and the last of some views, by halving."""
    low, high = 0, len(views) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if _alike(views[0], views[middle]) >= _alike(views[middle], views[-1]):
            low = middle
        else:
            high = middle
    return {"t": round(views[high][0], 3), "likeness": round(_alike(views[0], views[-1]), 3), "kind": "face"}


def _alike(a: View, b: View) -> float:
    from evals.faces.identity import similarity

    return similarity([a[1].embedding], [b[1].embedding])
