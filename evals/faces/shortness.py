"""How sure a stiffness is that was measured in a few seconds.

    likely(0.45, 2.0)   ->  (0.0, 0.38)     a longer take of the same acting would be called so stiff, eight times in ten

In a short clip a face has little time to move, and what it does slowly goes with how the head happens to turn and is taken out with it:
the same acting looks stiffer, and by how much is chance. How many times as lively a take of 12 s is as a window of it was measured
on takes whose acting is known (`python tests/bench/short_clips.py --write`). A photograph is one in a second and in a minute, since
nothing times anything is nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from evals.errors import ScorerError
from evals.faces import data_file

FILE = Path(__file__).parent.parent / "data" / "short_clips.json"


@dataclass(frozen=True, slots=True)
class Factors:
    """How many times as lively the whole is as a window of so many `seconds`: nine in ten times over `low`, and under `high`."""

    seconds: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    source: str


@cache
def factors(file: Path = FILE) -> Factors:
    """Return the measured factors.

    Raises:
        ScorerError: The data file is missing or malformed.
    """
    found = data_file.read(file, "what short clips are worth", _factors)
    if not len(found.seconds) == len(found.low) == len(found.high) > 0 or list(found.seconds) != sorted(found.seconds):
        raise ScorerError(f"{file.name}: seconds, low and high must be as many, and seconds must rise.")
    return found


def _factors(raw: Mapping[str, Any]) -> Factors:
    seconds, low, high = (tuple(float(v) for v in raw[name]) for name in ("seconds", "low", "high"))
    return Factors(seconds, low, high, str(raw["source"]))


def likely(stiff: float, seconds: float) -> tuple[float, float]:
    """Return between which stiffnesses a longer take lies eight times in ten.

    Args:
        stiff: Stiffness as measured, 0 to 1.
        seconds: For how long the face was seen; over the longest that was measured, that one's factors hold.
    """
    known = factors()
    at = float(np.log(max(seconds, 1e-3)))
    low, high = (float(np.interp(at, np.log(known.seconds), row)) for row in (known.low, known.high))
    lively = 1 - min(1.0, max(0.0, stiff))
    return max(0.0, 1 - lively * high), max(0.0, 1 - lively * low)
