"""Labelled clips: does stiffness tell moved stills from people, does it fall with amplitude, are blinks found?"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evals.calibrate.folder import Clip
from evals.calibrate.rates import Share, auc, rank
from evals.errors import UnreadableMedia
from evals.faces import blinks, iris, stiffness, through
from evals.faces.halves import HALVES, where
from evals.faces.track import follow
from evals.media import clip_frames

NEAR = 0.2
"""Seconds by which a blink that was found may lie beside the true one."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A clip, its stiffness (None: it could not be measured, and why), and the blinks found in it."""

    clip: Clip
    stiff: stiffness.Stiffness | None
    blinks: tuple[float, ...]
    problem: str = ""


def measure(clips: Sequence[Clip], tick: Callable[[], None]) -> list[Measured]:
    """Return what is measured of each clip.

    Raises:
        ModelUnavailable: A face model is not installed.
    """
    found = []
    for clip in clips:
        found.append(_one(clip))
        tick()
    return found


def _one(clip: Clip) -> Measured:
    try:
        followed = follow(clip_frames(clip.path))
    except UnreadableMedia as error:
        return Measured(clip, None, (), str(error))
    if not followed.tracks:
        return Measured(clip, None, (), "no face found")
    stiff, told, problem = through.measured(through.main_parts(followed.tracks, followed.stretches), clip.speaking)
    shut = [t for part in told for t in blinks.find(part.track.times, np.array([iris.openness(p) for p in part.track.shapes]))]
    return Measured(clip, stiff, tuple(shut), problem)


def by_variant(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """Return a row for each way of making clips: stiffness, and the chance that it is stiffer than a lively one."""
    rows = []
    lively = [m.stiff.value for m in measured if m.stiff and m.clip.variant == "lively"]
    for variant in dict.fromkeys(m.clip.variant for m in measured):
        all_of = [m for m in measured if m.clip.variant == variant]
        stiff = [m.stiff for m in all_of if m.stiff]
        row: dict[str, Any] = {"variant": variant, "clips": len(all_of), "measured": len(stiff)}
        if stiff:
            values = [s.value for s in stiff]
            row |= {
                "stiffness": round(statistics.median(values), 3),
                "from": round(min(values), 3),
                "to": round(max(values), 3),
                "AUC: stiffer than lively": str(auc(values, lively)) if lively and variant != "lively" else "",
                "upper face": round(statistics.median(s.upper for s in stiff), 3),
                "mouth": round(statistics.median(s.mouth for s in stiff), 3),
            }
        rows.append(row)
    return rows


def by_half(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """Return, for each way of making clips, how many are said to move in one half of the face only."""
    said: dict[str, list[str]] = {}
    for one in measured:
        if one.stiff:
            said.setdefault(one.clip.variant, []).append(where(one.stiff))
    return [
        {"variant": variant} | {words: str(Share(all_of.count(words), len(all_of))) for words in HALVES} for variant, all_of in said.items()
    ]


def in_order(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """Return how liveliness follows amplitude: rank correlation over all, people in right order, blinks found and invented."""
    told = [m for m in measured if m.stiff]
    moved = [m for m in told if m.clip.amplitude is not None]
    rows: list[dict[str, Any]] = []
    variants = {v: [m for m in moved if m.clip.variant == v] for v in dict.fromkeys(m.clip.variant for m in moved)}
    for name, some in {"all": moved, **variants}.items():
        found = rank([m.clip.amplitude or 0.0 for m in some], [1 - m.stiff.value for m in some if m.stiff])
        if found is not None:
            what = "rank correlation of 1 - stiffness with the true amplitude"
            rows.append({"what": what if name == "all" else f"{what}, {name}", "value": str(found), "of": len(some)})
    steps = [v for v in ("lively", "half", "quarter") if any(m.clip.variant == v for m in told)]
    if len(steps) == 3:
        values = {(m.clip.person, m.clip.variant): m.stiff.value for m in told if m.stiff}
        people = [p for p in {m.clip.person for m in told} if all((p, v) in values for v in steps)]
        right = sum(values[p, "lively"] < values[p, "half"] < values[p, "quarter"] for p in people)
        rows.append({"what": "people for whom lively < half < quarter", "value": str(right), "of": len(people)})
    return rows + _blinks([m for m in told if m.clip.blinks is not None])


def _blinks(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    if not measured:
        return []
    pairs = [(m.clip.blinks or (), m.blinks) for m in measured]
    seen = sum(any(abs(t - f) < NEAR for f in found) for true, found in pairs for t in true)
    false = sum(not any(abs(t - f) < NEAR for t in true) for true, found in pairs for f in found)
    return [
        {"what": "blinks found", "value": str(seen), "of": sum(len(true) for true, _ in pairs)},
        {"what": "blinks invented", "value": str(false), "of": sum(len(found) for _, found in pairs)},
    ]
