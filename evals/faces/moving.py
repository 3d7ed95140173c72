"""Expression of clips: stiffness, blinks, and whether the emotion asked for is reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from evals.faces import blinks, emotion, iris, stiffness
from evals.faces.analysis import Clip
from evals.faces.arrays import Floats
from evals.faces.face import Face
from evals.faces.track import Track, follow
from evals.faces.verdict import Verdict, asked_json, crops, emotion_json, place, said_of
from evals.faces.wanted import Wanted
from evals.media import Frame

MAX_TRACE = 200
MOMENTS = 12
"""Views in which the emotion is looked for."""
CROPS = 4
LIVELY, STIFF = 0.25, 0.5
BAND = (
    "design study: 24 people who speak on camera, median 0.10, at most 0.45, 12 % over 0.25; frozen, panned and shaken stills all over 0.25"
)
BROWS = (105, 66, 63, 334, 296, 293)


def judge_clip(clip: Clip, people: Sequence[Wanted], views: Mapping[str, Sequence[Face]], min_iod: float) -> list[Verdict]:
    """Return a verdict for each person whose face is followed; arguments and errors as for `judge_still`."""
    found = [(len(t.times) * t.iod, t.centre[0], t) for t in clip.tracks]
    return [_judge(who, track, views.get(who.who, ()), min_iod) for who, track in place(people, found)]


def of_frames(frames: Iterable[Frame], speaking: bool) -> tuple[stiffness.Stiffness | None, str, dict[str, Any]]:
    """Return the stiffness of the face that frames are of (None: why not, in words), and the evidence.

    Of several faces the one is meant that is largest for longest.

    Args:
        frames: In order.
        speaking: Whether people are meant to speak in them.

    Raises:
        ModelUnavailable: A face model is not installed.
    """
    tracks = follow(frames).tracks
    if not tracks:
        return None, "", {}
    track = max(tracks, key=lambda t: len(t.times) * t.iod)
    problem = stiffness.why_not(track.times, track.iod)
    evidence = {"iod": round(track.iod, 1), "frames": len(track.times), "from": round(track.times[0], 3), "to": round(track.times[-1], 3)}
    if problem:
        return None, problem, evidence
    stiff = stiffness.measure(track.times, track.points, speaking)
    opening = np.array([iris.openness(p) for p in track.shapes])
    found = {"blinks": [round(t, 2) for t in blinks.find(track.times, opening)], "trace": _trace(track.times, stiff, opening)}
    return (
        stiff,
        f"{band(stiff.value)}{where(stiff)}: upper face {stiff.upper:.2f}, mouth {stiff.mouth:.2f}",
        evidence | _numbers(stiff) | found,
    )


def _judge(wanted: Wanted, track: Track, views: Sequence[Face], min_iod: float) -> Verdict:
    evidence = {
        "character": wanted.who,
        "asked": asked_json(wanted),
        "iod": round(track.iod, 1),
        "from": round(track.times[0], 3),
        "to": round(track.times[-1], 3),
        "frames": len(track.times),
        "crops": crops(track.sample(CROPS)),
    }
    problem = stiffness.why_not(track.times, track.iod, min_iod)
    if problem:
        return Verdict(wanted.who, problem, problem=problem, evidence={**evidence, "problem": problem})
    stiff = stiffness.measure(track.times, track.points, wanted.speaking)
    opening = np.array([iris.openness(p) for p in track.shapes])
    shut = blinks.find(track.times, opening)
    shown, match = _emotion(wanted, track, views)
    minutes = (track.times[-1] - track.times[0]) / 60
    return Verdict(
        who=wanted.who,
        said=f"{band(stiff.value)}{where(stiff)} (stiffness {stiff.value:.2f}), {said_of(shown, wanted)}",
        values={
            "expression": 1 - stiff.value,
            "stiffness": stiff.value,
            "stiff_upper": stiff.upper,
            "stiff_mouth": stiff.mouth,
            "blinks": len(shut) / minutes,
            "emotion_match": match,
        },
        evidence={
            **evidence,
            **_numbers(stiff),
            "blinks": [round(t, 2) for t in shut],
            "trace": _trace(track.times, stiff, opening),
            "emotion": emotion_json(shown, match),
        },
        seconds=track.times[-1] - track.times[0],
        blinks=len(shut),
        speaking=wanted.speaking,
        emotion=wanted.emotion,
    )


def _emotion(wanted: Wanted, track: Track, views: Sequence[Face]) -> tuple[emotion.Shown, float]:
    """Return the moment that agrees best with what was asked, and the mean match of the best third of the moments.

    An emotion that is asked for must be reached, not held; a neutral face must be neutral throughout.
    """
    moments = [emotion.shown_by(face, views, wanted.emotion) for _, face in track.sample(MOMENTS)]
    matches = [emotion.match(shown, wanted.emotion, wanted.intensity) for shown in moments]
    order = np.argsort(matches)[::-1]
    best = order if wanted.emotion == "neutral" else order[: max(1, round(len(order) / 3))]
    return moments[int(order[0])], float(np.mean([matches[int(i)] for i in best]))


def band(value: float) -> str:
    """Return a stiffness in words."""
    return "lively" if value <= LIVELY else "somewhat stiff" if value <= STIFF else "stiff"


def where(stiff: stiffness.Stiffness) -> str:
    """Return in words which half of a face moves alone, or nothing."""
    if stiff.upper > 0.35 and stiff.mouth < 0.5 and stiff.upper - stiff.mouth > 0.1:
        return ", at the mouth only"
    return ", in the upper face only" if stiff.mouth > 0.5 and stiff.upper < 0.1 else ""


def _numbers(stiff: stiffness.Stiffness) -> dict[str, Any]:
    return {
        "stiffness": round(stiff.value, 4),
        "stiff_upper": round(stiff.upper, 4),
        "stiff_mouth": round(stiff.mouth, 4),
        "band": {"lively": LIVELY, "stiff": STIFF, "source": BAND},
        "regions": {
            name: {
                "amplitude": round(r.amplitude, 5),
                "floor": round(r.floor, 5),
                "energy": round(r.energy, 5),
                "lively": round(r.lively, 3),
                "real": stiffness.REAL[name],
            }
            for name, r in stiff.regions.items()
        },
        "pose_sd": dict(zip(("yaw", "pitch", "roll", "scale"), (round(v, 2) for v in stiff.pose_sd), strict=True)),
    }


def _trace(times: Sequence[float], stiff: stiffness.Stiffness, opening: Floats) -> dict[str, list[float]]:
    """Return brow height, eye opening and mouth opening over time; heights and mouth in IOD, the eyes as height over width."""
    points = stiff.steady.points
    brow = -points[:, list(BROWS), 1].mean(axis=1)
    mouth = np.linalg.norm(points[:, 13] - points[:, 14], axis=1)
    pick = np.unique(np.linspace(0, len(times) - 1, min(MAX_TRACE, len(times))).round().astype(int))
    rows = {"t": np.asarray(times), "brow": brow - np.median(brow), "eye": opening, "mouth": mouth}
    return {name: [round(float(v), 4) for v in row[pick]] for name, row in rows.items()}
