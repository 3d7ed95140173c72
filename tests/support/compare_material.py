"""Two arms to compare: generations of a few series, and the metrics that they are judged by."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evals.score import Metric

FACE = Metric("face_consistency", "up", "score", worst=0.0)
STIFF = Metric("stiffness", "down", "score", worst=1.0)
COST = Metric("cost", "down", "USD", worst=None, hi=None)
BEATS = Metric("beats", "up", "count", worst=None, hi=None, primary=False)


def rows(n: int = 12, *, gain: float = 0.0, noise: float = 0.0, cases: int = 2, repeats: int = 1, seed: int = 0) -> pd.DataFrame:
    """Return generations of two arms over `n` series, B better by `gain` on the face metric."""
    rng = np.random.default_rng(seed)
    found: list[dict[str, Any]] = []
    for series in range(n):
        for case in range(cases):
            base = 0.4 + 0.3 * rng.random()
            for arm, repeat in ((arm, repeat) for arm in "ab" for repeat in range(repeats)):
                value = base + (gain if arm == "b" else 0.0) + noise * rng.normal()
                name = f"s{series:02}"
                found.append({"arm": arm, "series": name, "case": f"{name}.c{case}", "repeat": repeat, "status": "ok", FACE.name: value})
    return pd.DataFrame(found)
