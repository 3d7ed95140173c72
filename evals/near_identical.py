"""Near-identical shots: does a series show the same picture again, or just the reference picture?

Example: shot 3 of a series, which is shot 1 again with another expression

    Score(metric="shot_distance", value=0.04, status="ok", reason="nearly the same as painted-skin-shot-1 (0.04)", evidence={
        "threshold": 0.25, "nearest": {"case": "painted-skin-shot-1", "distance": 0.04},
        "near": [{"case": "painted-skin-shot-1", "distance": 0.04}], "copies": []})

The value is the share of 256 bits in which the difference hashes of two pictures differ: 0 for one and the same picture, about
0.5 for two that have nothing in common; the nearest other case of the same arm, repeat and series counts. Mirrored pictures
count as the same. `copies` names references that a shot merely repeats. Of a clip the middle frame is taken.

A difference hash (each bit: is this cell of 17 x 16 brighter than its neighbour?) survives compression, scale and light.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evals.errors import UnreadableMedia
from evals.footage.scorer import bounded, moving
from evals.media import TooLarge, clip_frames, read_picture
from evals.memory import Remembered
from evals.score import Media, Metric, Sample, Score, Status

Bits = NDArray[np.bool_]
SIDE = 16
NEAR = 0.25


@dataclass(frozen=True, slots=True)
class _Seen:
    sample: Sample
    bits: Bits | None
    status: Status = "ok"
    reason: str = ""


class NearIdentical:
    """Compare each picture or clip of a series with the others and with the reference pictures.

    Args:
        threshold: Share of different bits up to which two pictures are called nearly the same.
    """

    name = "near_identical"
    version = "1"
    scope: Literal["generation", "series"] = "series"
    stages = frozenset({"shot", "clip"})
    metrics: tuple[Metric, ...] = (
        Metric("shot_distance", "up", "share", worst=0.0, description="Distance to the most similar other shot of the series"),
    )
    cpu_bound = True

    def __init__(self, threshold: float = NEAR) -> None:
        self.threshold = bounded(self.name, "threshold", threshold, 0, 0.5)

    def score(self, group: Sequence[Sample]) -> list[list[Score]]:
        """Return one score a sample: the distance to the nearest other one."""
        seen = [_look(sample, self.stages) for sample in group]
        return [[self._one(one, [other for other in seen if other is not one and other.bits is not None])] for one in seen]

    def _one(self, one: _Seen, others: Sequence[_Seen]) -> Score:
        metric = self.metrics[0].name
        if one.bits is None:
            return Score(metric, self.name, self.version, None, one.status, one.reason)
        copies = _copies(one, self.threshold)
        # One case asked for twice may come back alike; that is what repeats are for.
        rest = [o for o in others if o.sample.case_id != one.sample.case_id]
        rows = sorted((distance(one.bits, o.bits), o.sample.case_id) for o in rest if o.bits is not None)
        if not rows:
            return Score(metric, self.name, self.version, None, "not_applicable", "no other shot of the series", {"copies": copies})
        value, case = rows[0]
        near = [{"case": c, "distance": round(d, 4)} for d, c in rows if d <= self.threshold]
        reason = f"nearly the same as {case} ({value:.2f})" if near else f"unlike the others, nearest {case} ({value:.2f})"
        if copies:
            reason += f"; repeats the reference picture of {copies[0]['character']}"
        evidence = {
            "threshold": self.threshold,
            "nearest": {"case": case, "distance": round(value, 4)},
            "near": near[:20],
            "copies": copies,
        }
        return Score(metric, self.name, self.version, round(value, 6), "ok", reason, evidence)


def distance(a: Bits, b: Bits) -> float:
    """Return the share of bits that differ, as they are or with one picture mirrored, whichever is less."""
    mirrored = ~b[:, ::-1]
    return float(min((a != b).mean(), (a != mirrored).mean()))


def bits(image: Image.Image) -> Bits:
    """Return the difference hash of a picture: 16 x 16 bits."""
    small = np.asarray(image.convert("L").resize((SIDE + 1, SIDE), Image.Resampling.BOX, reducing_gap=2.0), dtype=np.int16)
    return np.asarray(small[:, 1:] > small[:, :-1])


_known: Remembered[Bits] = Remembered(512)


def _bits_of(item: Media) -> Bits:
    def make() -> Bits:
        if not moving(item):
            return bits(read_picture(item.path).image)
        hashes = [bits(frame.image) for frame in clip_frames(item.path, side=128)]
        return hashes[len(hashes) // 2]

    return _known.get(item.sha256, make)


def _look(sample: Sample, stages: frozenset[str]) -> _Seen:
    item = sample.first("video") or sample.first("image")
    if sample.status != "ok":
        return _Seen(sample, None, "failed", f"the generation is {sample.status}")
    if sample.stage not in stages:
        return _Seen(sample, None, "not_applicable", f"{sample.stage}s are not judged by this")
    if item is None:
        return _Seen(sample, None, "failed", "no picture or clip came back")
    try:
        return _Seen(sample, _bits_of(item))
    except TooLarge as error:
        return _Seen(sample, None, "not_scoreable", str(error))
    except UnreadableMedia as error:
        return _Seen(sample, None, "failed", str(error))


def _copies(one: _Seen, threshold: float) -> list[dict[str, Any]]:
    found = []
    for who, pictures in one.sample.references.items():
        for picture in pictures:
            try:
                apart = distance(one.bits, _bits_of(picture)) if one.bits is not None else 1.0
            except UnreadableMedia:
                continue  # `face_consistency` says so
            if apart <= threshold:
                found.append({"character": who, "distance": round(apart, 4)})
    return found
