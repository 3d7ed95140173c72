"""Face consistency: is every face that a shot asks for there, and is it the same person in every shot?

Example: a two-shot in which Mei is found and Lan's face is somebody else's

    Score(metric="face_consistency", value=0.51, status="ok", reason="mei 0.99, lan 0.03", evidence={
        "size": [432, 768],
        "expected": [{"character": "mei", "state": "found", "p_same": 0.99}, {"character": "lan", "state": "found", "p_same": 0.03}],
        "faces": [{"character": "mei", "box": [88.0, 120.5, 190.2, 222.9], "iod": 61.2, "match": 0.79, "distance": 0.33,
                   "p_same": 0.99, "pose": {"yaw": 4.1, "pitch": -2.0, "roll": 0.6}, "crop": "data:image/jpeg;base64,…"}, …],
        "references": {"mei": {"source": "reference", "faces": 3, "domains": {"studio": 1.0}, "crops": [...]}, …},
        "threshold": {"match": 0.48, "width": 0.055, "source": "…"}})

Each person is compared with their reference pictures (a sheet may show several views), or, without any, with their faces in
the other generations of the same arm, repeat and series. `p_same` is a calibrated probability; the value is its mean over the
faces asked for. A face that is missing counts as 0; one that is too small to tell is left out and lowers `face_coverage`.

Strong expressions and turned heads lower the similarity of one and the same person: read it beside `expression`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from evals.errors import ScorerError
from evals.faces.evidence import appearance_json, references_json
from evals.faces.group import References, Seen, look, name_faces, references
from evals.faces.identity import Template, calibration, make_template, similarity
from evals.score import Metric, Sample, Score, Status

MIN_IOD = 24.0


class FaceConsistency:
    """Compare faces with reference pictures and across the generations of a series.

    Args:
        min_iod: Smallest distance of the outer eye corners, in pixels, at which a face can be told.
    """

    name = "face_consistency"
    version = "1"
    scope: Literal["generation", "series"] = "series"
    stages = frozenset({"character", "shot", "clip"})
    metrics: tuple[Metric, ...] = (
        Metric(
            "face_consistency", "up", "probability", worst=0.0, description="Mean probability that the faces asked for are those people"
        ),
        Metric(
            "face_match", "up", "cosine", worst=None, lo=-1.0, primary=False, description="Mean similarity of faces with their reference"
        ),
        Metric("face_self", "up", "cosine", worst=None, lo=-1.0, primary=False, description="The same with a person's other generations"),
        Metric("face_coverage", "up", "share", worst=0.0, primary=False, description="Faces asked for that were found large enough"),
    )
    cpu_bound = True

    def __init__(self, min_iod: float = MIN_IOD) -> None:
        if isinstance(min_iod, bool) or not isinstance(min_iod, int | float) or not 8 <= min_iod <= 500:
            raise ScorerError(f"face_consistency: min_iod is a number of pixels from 8 to 500, got {min_iod!r}.")
        self.min_iod = float(min_iod)

    def score(self, group: Sequence[Sample]) -> list[list[Score]]:
        """Return four scores a sample; see the module.

        Raises:
            ModelUnavailable: A face model is not installed.
        """
        seen = [look(sample, self.min_iod) for sample in group]
        known = references(group, self.min_iod) if any(s.problem is None for s in seen) else References()
        templates = name_faces(seen, known, calibration())
        return [self._judge(seen, index, known, templates) for index in range(len(seen))]

    def _judge(self, group: Sequence[Seen], index: int, known: References, templates: Mapping[tuple[int, str], Template]) -> list[Score]:
        seen = group[index]
        if seen.problem is not None:
            return self._all(*seen.problem, evidence=_without_scores(seen, known))
        own = {who: t for (i, who), t in templates.items() if i == index}
        people = [_Person(seen, who, own.get(who), known) for who in dict.fromkeys(w.who for w in seen.wanted)]
        evidence = _evidence(seen, people, own, known)
        told = [p for p in people if p.p_same is not None]
        if not told:
            reason = "; ".join(f"{p.who}: {p.why}" for p in people)
            return self._all("not_scoreable", reason, evidence=evidence)
        value = float(np.mean([p.p_same for p in told if p.p_same is not None]))
        reason = ", ".join(p.said() for p in people) + ("" if all(t.source == "reference" for t in own.values()) else " (no reference)")
        found = [p for p in told if p.match is not None]
        return [
            self._score("face_consistency", value, reason, evidence),
            self._mean("face_match", [p.match for p in found if p.match is not None], "no face to compare"),
            self._mean("face_self", _selves(group, index), "shown in no other generation"),
            self._score("face_coverage", len(found) / len(people), f"{len(found)} of {len(people)}", {}),
        ]

    def _score(self, metric: str, value: float, reason: str, evidence: Mapping[str, Any]) -> Score:
        return Score(metric, self.name, self.version, round(value, 6), "ok", reason, evidence)

    def _mean(self, metric: str, values: Sequence[float], otherwise: str) -> Score:
        if not values:
            return Score(metric, self.name, self.version, None, "not_applicable", otherwise)
        return self._score(metric, float(np.mean(values)), "", {})

    def _all(self, status: Status, reason: str, evidence: Mapping[str, Any]) -> list[Score]:
        first, *rest = self.metrics
        scores = [Score(first.name, self.name, self.version, None, status, reason, evidence)]
        return scores + [Score(m.name, self.name, self.version, None, status, reason) for m in rest]


class _Person:
    """One person asked for: found, missing, too small or without anything to compare with; how alike, how probable."""

    def __init__(self, seen: Seen, who: str, template: Template | None, known: References) -> None:
        self.who = who
        self.match: float | None = None
        self.p_same: float | None = None
        found = seen.of(who)
        if not found and who in seen.too_small:
            self.state, self.why = "too_small", "face too small"
        elif not found:
            self.state, self.why, self.p_same = "missing", "face missing", 0.0
        else:
            pairs = _compared(seen, who, template)
            self.state = "found" if pairs else "alone"
            self.why = known.problems.get(who, "no reference picture, and no other picture of the series shows them")
            if pairs:
                self.match = float(np.mean([m for m, _ in pairs]))
                self.p_same = float(np.mean([p for _, p in pairs]))

    def said(self) -> str:
        """Return the person's part of the reason."""
        return f"{self.who} {self.p_same:.2f}" if self.state == "found" else f"{self.who} {self.why}"


def _compared(seen: Seen, who: str, template: Template | None) -> list[tuple[float, float]]:
    """Return similarity and probability of each face that a person has here, a face a frame counting alike."""
    faces = [(a, e) for a in seen.of(who) for e in a.embeddings]
    if template is not None and template.source == "reference":
        matches = [template.match(e) for _, e in faces]
    else:
        # Without a reference the views of a sheet must also agree with each other.
        own = [e for _, e in faces] if seen.sample.stage == "character" else []
        others = list(template.embeddings) if template is not None else []
        rests = [[*(o for o in own if o is not e), *others] for _, e in faces]
        matches = [make_template(rest, "group").match(e) for (_, e), rest in zip(faces, rests, strict=True) if rest]
    return [(m, calibration().probability(m)) for m in matches]


def _selves(group: Sequence[Seen], index: int) -> list[float]:
    """Return, for each person found, the similarity with the same person's faces in the other generations."""
    seen = group[index]
    values = []
    for who in seen.whose:
        mine = [e for a in seen.of(who) for e in a.embeddings]
        others = [e for i, other in enumerate(group) if i != index and other.problem is None for a in other.of(who) for e in a.embeddings]
        if mine and others:
            values.append(similarity(mine, others))
    return values


def _evidence(seen: Seen, people: Sequence[_Person], own: Mapping[str, Template], known: References) -> dict[str, Any]:
    whose = {i: who for who, rows in seen.whose.items() for i in rows}
    faces = [appearance_json(a, whose.get(i), own.get(whose.get(i, ""))) for i, a in enumerate(seen.found)]
    return {
        **_without_scores(seen, known),
        "expected": [{"character": p.who, "state": p.state, "p_same": None if p.p_same is None else round(p.p_same, 4)} for p in people],
        "faces": faces + [{**appearance_json(a, None, None), "small": True} for a in seen.small],
        "extra": sum(i not in whose for i in range(len(seen.found))) + len(seen.small) - len(seen.too_small) + seen.crowd,
        "references": references_json(own, known),
        "threshold": {"match": calibration().threshold, "width": calibration().width, "source": calibration().source},
    }


def _without_scores(seen: Seen, known: References) -> dict[str, Any]:
    size = [seen.shown.width, seen.shown.height] if seen.shown else None
    problems = {who: text for who, text in known.problems.items() if any(w.who == who for w in seen.wanted)}
    return {"size": size, "wanted": [w.who for w in seen.wanted], "reference_problems": problems}
