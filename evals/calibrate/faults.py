"""Labelled faults of clips: does each scorer find its own, and nothing in clips without one?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from evals.calibrate.labels import FAULTS, Faulty
from evals.calibrate.rates import auc
from evals.registry import build
from evals.score import Media, Sample, Score


def measure(clips: Sequence[Faulty], tick: Callable[[], None]) -> list[dict[str, Any]]:
    """Return a row for each scorer: how many of its faults it finds, and in how many clips without any fault it finds something.

    Raises:
        ModelUnavailable: A face model is not installed, which `cuts` wants.
    """
    scorers = {name: build(name) for name in FAULTS}
    seen: list[tuple[str, dict[str, Score]]] = []
    for clip in clips:
        item = Media("video", hashlib.sha256(clip.path.read_bytes()).hexdigest(), "video/mp4", clip.path)
        sample = Sample(clip.path.name, "clip", "ok", {}, clip.path.name, clip.path.name, media=(item,))
        seen.append((clip.fault, {name: scorer.score([sample])[0][0] for name, scorer in scorers.items()}))
        tick()
    return [row for name in FAULTS if (row := _row(name, seen)) is not None]


def _row(name: str, seen: Sequence[tuple[str, dict[str, Score]]]) -> dict[str, Any] | None:
    planted = [scores[name] for fault, scores in seen if fault == name]
    clean = [scores[name] for fault, scores in seen if not fault]
    if not planted and not clean:
        return None
    high, low = ([s.value for s in some if s.value is not None] for some in (planted, clean))
    return {
        "scorer": name,
        "clips with it": len(planted),
        "found": sum(map(_found, planted)),
        "clips without any": len(clean),
        "false alarms": sum(map(_found, clean)),
        "AUC": str(auc(high, low)) if high and low else "",
        "not scoreable": len(planted) + len(clean) - len(high) - len(low),
    }


def _found(score: Score) -> bool:
    """Return whether a scorer calls what it measured a fault."""
    if score.value is None:
        return False
    threshold = score.evidence.get("threshold")
    return score.value > 0 if threshold is None else score.value >= float(threshold)
