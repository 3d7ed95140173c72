"""Expression of clips: stiffness, blinks, and whether the emotion asked for is reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from evals.faces import blinks, emotion, halves, iris, shortness, stiffness, through
from evals.faces.analysis import Clip
from evals.faces.arrays import Floats
from evals.faces.face import Face
from evals.faces.halves import LIVELY, STIFF
from evals.faces.through import Part
from evals.faces.track import Track, follow
from evals.faces.verdict import Verdict, asked_json, crops, emotion_json, said_of, shown_by
from evals.faces.wanted import Wanted
from evals.media import Frame

MAX_TRACE = 200
MOMENTS = 12
"""Views in which the emotion is looked for."""
CROPS = 4
SURE = 0.05
"""A range of stiffness that is as good as a number."""
BAND = (
    "design study: 24 people who speak on camera, median 0.10, at most 0.45, 12 % over 0.25; frozen, panned and shaken stills all over 0.25"
)
BROWS = (105, 66, 63, 334, 296, 293)


def judge_clip(clip: Clip, people: Sequence[Wanted], views: Mapping[str, Sequence[Face]], min_iod: float) -> list[Verdict]:
    """Return a verdict for each person whose face is followed; arguments and errors as for `judge_still`."""
    found = through.parts(clip.tracks, clip.stretches, people)
    if not found and (problem := stiffness.too_few(clip.frames)):
        return [Verdict(who.who, problem, problem=problem, evidence={"character": who.who, "problem": problem}) for who in people]
    return [_judge(who, parts, views.get(who.who, ()), min_iod) for who, parts in found]


def of_frames(frames: Iterable[Frame], speaking: bool) -> tuple[stiffness.Stiffness | None, str, dict[str, Any]]:
    """Return the stiffness of the face that frames are of (None: why not, in words), and the evidence.

    Of several faces the one is meant that is largest for longest, of a long clip in each stretch.

    Args:
        frames: In order.
        speaking: Whether people are meant to speak in them.

    Raises:
        ModelUnavailable: A face model is not installed.
    """
    followed = follow(frames)
    if not followed.tracks:
        return None, stiffness.too_few(len(followed.times)), {}
    parts = through.main_parts(followed.tracks, followed.stretches)
    stiff, told, problem = through.measured(parts, speaking)
    if stiff is None:
        return None, problem, _extent(parts)
    openings = [_opening(part.track) for part in told]
    found = {"blinks": [round(t, 2) for t in _blinks(told, openings)], "trace": _trace(told, stiff, openings)}
    likely = shortness.likely(stiff.value, seen(told))
    return (
        stiff,
        f"{band(stiff.value)}{_only(stiff)}: upper face {stiff.upper:.2f}, mouth {stiff.mouth:.2f}{doubt(likely)}",
        _extent(told) | _numbers(stiff, likely) | found,
    )


def _judge(wanted: Wanted, parts: Sequence[Part], views: Sequence[Face], min_iod: float) -> Verdict:
    stiff, told, problem = through.measured(parts, wanted.speaking, min_iod)
    evidence = {"character": wanted.who, "asked": asked_json(wanted), "crops": crops(_sample(told or parts, CROPS))}
    evidence |= _extent(told or parts)
    if stiff is None:
        return Verdict(wanted.who, problem, problem=problem, evidence={**evidence, "problem": problem})
    openings = [_opening(part.track) for part in told]
    shut = _blinks(told, openings)
    shown, match = _emotion(wanted, told, views)
    seconds = seen(told)
    likely = shortness.likely(stiff.value, seconds)
    return Verdict(
        who=wanted.who,
        said=f"{band(stiff.value)}{_only(stiff)} (stiffness {stiff.value:.2f}{doubt(likely)}), {said_of(shown, wanted)}",
        values={
            "expression": 1 - stiff.value,
            "stiffness": stiff.value,
            "stiff_upper": stiff.upper,
            "stiff_mouth": stiff.mouth,
            "blinks": 60 * len(shut) / seconds,
            "emotion_match": match,
        },
        evidence={
            **evidence,
            **_numbers(stiff, likely),
            "blinks": [round(t, 2) for t in shut],
            "trace": _trace(told, stiff, openings),
            "emotion": emotion_json(shown, match),
        },
        seconds=seconds,
        blinks=len(shut),
        speaking=wanted.speaking,
        emotion=wanted.emotion,
    )


def _extent(parts: Sequence[Part]) -> dict[str, Any]:
    """Return when a face is seen and how large; of a long clip, from when to when and for how many seconds each part stands."""
    tracks = [part.track for part in parts]
    found: dict[str, Any] = {
        "iod": round(float(np.average([t.iod for t in tracks], weights=[len(t.times) for t in tracks])), 1),
        "from": round(tracks[0].times[0], 3),
        "to": round(tracks[-1].times[-1], 3),
        "frames": sum(len(t.times) for t in tracks),
    }
    if len(parts) > 1:
        found["parts"] = [[round(v, 2) for v in (p.track.times[0], p.track.times[-1], p.seconds)] for p in parts]
    return found


def _opening(track: Track) -> Floats:
    return np.array([iris.openness(p) for p in track.shapes])


def _blinks(parts: Sequence[Part], openings: Sequence[Floats]) -> list[float]:
    return [t for part, opening in zip(parts, openings, strict=True) for t in blinks.find(part.track.times, opening)]


def _sample(parts: Sequence[Part], count: int) -> list[tuple[float, Face]]:
    """Return about `count` views, as many of each part."""
    return [view for part in parts for view in part.track.sample(max(1, count // len(parts)))]


def _emotion(wanted: Wanted, parts: Sequence[Part], views: Sequence[Face]) -> tuple[emotion.Shown, float]:
    """Return the moment that agrees best with what was asked, and the mean match of the best third of the moments.

    An emotion that is asked for must be reached, not held; a neutral face must be neutral throughout.
    """
    moments = [shown_by(face, views, wanted.emotion) for _, face in _sample(parts, MOMENTS)]
    matches = [emotion.match(shown, wanted.emotion, wanted.intensity) for shown in moments]
    order = np.argsort(matches)[::-1]
    best = order if wanted.emotion == "neutral" else order[: max(1, round(len(order) / 3))]
    return moments[int(order[0])], float(np.mean([matches[int(i)] for i in best]))


def band(value: float) -> str:
    """Return a stiffness in words."""
    return "lively" if value <= LIVELY else "somewhat stiff" if value <= STIFF else "stiff"


def _only(stiff: stiffness.Stiffness) -> str:
    said = halves.where(stiff)
    return f", {said}" if said else ""


def seen(parts: Sequence[Part]) -> float:
    """Return for how many seconds a face was followed."""
    return sum(part.track.times[-1] - part.track.times[0] for part in parts)


def doubt(likely: tuple[float, float]) -> str:
    """Return in words how stiff a longer take may be, where that is not as good as known."""
    low, high = likely
    return f"; a longer take: {low:.2f} to {high:.2f}" if high - low > SURE else ""


def _numbers(stiff: stiffness.Stiffness, likely: tuple[float, float]) -> dict[str, Any]:
    return {
        "stiffness": round(stiff.value, 4),
        "likely": [round(v, 3) for v in likely],
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


def _trace(parts: Sequence[Part], stiff: stiffness.Stiffness, openings: Sequence[Floats]) -> dict[str, list[float]]:
    """Return brow height, eye opening and mouth opening over time; heights and mouth in IOD, the eyes as height over width."""
    times = np.concatenate([part.track.times for part in parts])
    brows = [-steady.points[:, list(BROWS), 1].mean(axis=1) for steady in stiff.steady]
    brow = np.concatenate([heights - np.median(heights) for heights in brows])
    mouth = np.concatenate([np.linalg.norm(steady.points[:, 13] - steady.points[:, 14], axis=1) for steady in stiff.steady])
    pick = np.unique(np.linspace(0, len(times) - 1, min(MAX_TRACE, len(times))).round().astype(int))
    rows = {"t": times, "brow": brow, "eye": np.concatenate(openings), "mouth": mouth}
    return {name: [round(float(v), 4) for v in row[pick]] for name, row in rows.items()}
