"""A series as a whole: how well each character holds over all shots that ask for them.

    overview(...)  ->  {"mei": {"asked": 6, "told": 5, "coverage": 0.83, "missing": ["g4"], "cross": 0.71, "pass_rate": 0.8,
                                "self": 0.66, "worst_shot": {"generation": "g2", "self": 0.41}}}

`cross` is the mean match with the reference, `self` the mean similarity between shots, `pass_rate` the share of told shots that are
more likely the person than not, `worst_shot` the one least like the others. A shot whose face is missing or too small is listed:
it lowers coverage, and is in no mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evals.faces.group import Seen
from evals.faces.identity import Template, similarity


def overview(group: Sequence[Seen], templates: Mapping[tuple[int, str], Template]) -> dict[str, dict[str, Any]]:
    """Return the overview of each character that any generation asks for.

    Raises:
        ModelUnavailable: The embedding model is not installed.
    """
    people = list(dict.fromkeys(w.who for seen in group for w in seen.wanted))
    return {who: _of(who, group, templates) for who in people}


def _of(who: str, group: Sequence[Seen], templates: Mapping[tuple[int, str], Template]) -> dict[str, Any]:
    asked = [i for i, seen in enumerate(group) if any(w.who == who for w in seen.wanted)]
    told = [i for i in asked if group[i].problem is None and group[i].of(who)]
    found: dict[str, Any] = {
        "asked": len(asked),
        "told": len(told),
        "coverage": round(len(told) / len(asked), 4),
        "missing": [group[i].sample.generation for i in asked if i not in told],
    }
    matches = [(float(np.mean([a.match(t) for a in group[i].of(who)])), t) for i in told if (t := templates.get((i, who))) is not None]
    if matches:
        found["cross"] = round(float(np.mean([m for m, _ in matches])), 4)
        found["pass_rate"] = round(float(np.mean([t.probability(m) >= 0.5 for m, t in matches])), 4)
    likeness = selves(group, who, told)
    if likeness:
        worst = min(likeness, key=lambda i: likeness[i])
        found["self"] = round(float(np.mean(list(likeness.values()))), 4)
        found["worst_shot"] = {"generation": group[worst].sample.generation, "self": round(likeness[worst], 4)}
    return found


def selves(group: Sequence[Seen], who: str, told: Sequence[int]) -> dict[int, float]:
    """Return, for each generation that shows a person, the mean similarity with their faces in the others; empty for one alone."""
    faces = {i: [e for a in group[i].of(who) for e in a.embeddings] for i in told}
    if len(faces) < 2:
        return {}
    return {i: float(np.mean([similarity(mine, other) for j, other in faces.items() if j != i])) for i, mine in faces.items()}
