"""Face consistency: is every face that a shot asks for there, and is it the same person in every shot?

Example: a two-shot in which Mei is found and Lan's face is somebody else's

    Score(metric="face_consistency", value=0.51, status="ok", reason="mei 0.99, lan 0.03", evidence={
        "size": [432, 768],
        "expected": [{"character": "mei", "state": "found", "p_same": 0.99}, {"character": "lan", "state": "found", "p_same": 0.03}],
        "faces": [{"character": "mei", "box": [88.0, 120.5, 190.2, 222.9], "iod": 61.2, "match": 0.79, "distance": 0.33,
                   "p_same": 0.99, "pose": {"yaw": 4.1, "pitch": -2.0, "roll": 0.6}, "crop": "data:image/jpeg;base64,…"}, …],
        "references": {"mei": {"source": "reference", "faces": 3, "domains": {"studio": 1.0}, "threshold": {…}, "crops": [...]}, …},
        "series": {"mei": {"asked": 6, "told": 5, "cross": 0.71, "self": 0.66, "worst_shot": {"generation": "g2", "self": 0.41}, …}},
        "threshold": {"match": 0.48, "width": 0.055, "source": "…"}})

Each person is compared with their reference pictures (a sheet may show several views), or, without any, with their faces in
the other generations of the same arm, repeat and series. `p_same` is a calibrated probability; the value is its mean over the
faces asked for. A face that is missing counts as 0; one that is too small to tell is left out and lowers `face_coverage`.
A face that is a copy of a reference picture is named (`copied`): its match of 1 says nothing about the template.

Strong expressions and turned heads lower the similarity of one and the same person: read it beside `expression`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from evals.errors import ScorerError
from evals.faces.evidence import appearance_json, references_json
from evals.faces.group import References, Seen, look, name_faces, references
from evals.faces.identity import Template
from evals.faces.person import Person
from evals.faces.series import overview, selves
from evals.faces.stack import Stack, using
from evals.score import Metric, Sample, Score, Status

MIN_IOD = 24.0


class FaceConsistency:
    """Compare faces with reference pictures and across the generations of a series.

    Args:
        min_iod: Smallest distance of the outer eye corners, in pixels, at which a face can be told.
        detector: Which model finds faces, and `embedding`: which tells them apart; see `evals.faces.stack`.
        embedding: `dlib`, `sface`, or a model file of your own.
        threshold: Cosine of even odds, for an embedding of your own.
        width: How steeply the probability changes around it.
    """

    name = "face_consistency"
    version = "4"
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
        Metric("face_pass", "up", "share", worst=0.0, primary=False, description="Faces asked for that are likely those people"),
        Metric("face_count", "up", "share", worst=0.0, primary=False, description="Right number of faces: exp(-|found - asked| / asked)"),
        Metric(
            "face_drift",
            "down",
            "cosine",
            worst=None,
            hi=2.0,
            primary=False,
            description="Loss of match from a clip's start to its end",
        ),
    )
    cpu_bound = True

    def __init__(
        self,
        min_iod: float = MIN_IOD,
        detector: str = "blazeface",
        embedding: str = "dlib",
        threshold: float | None = None,
        width: float | None = None,
    ) -> None:
        if isinstance(min_iod, bool) or not isinstance(min_iod, int | float) or not 8 <= min_iod <= 500:
            raise ScorerError(f"face_consistency: min_iod is a number of pixels from 8 to 500, got {min_iod!r}.")
        self.min_iod = float(min_iod)
        self.stack = Stack(str(detector), str(embedding), threshold, width)

    def score(self, group: Sequence[Sample]) -> list[list[Score]]:
        """Return seven scores a sample; see the module.

        Raises:
            ModelUnavailable: A face model is not installed.
        """
        with using(self.stack):
            return self._score_group(group)

    def _score_group(self, group: Sequence[Sample]) -> list[list[Score]]:
        seen = [look(sample, self.min_iod) for sample in group]
        known = references(group, self.min_iod) if any(s.problem is None for s in seen) else References()
        templates = name_faces(seen, known)
        series = overview(seen, templates)
        return [self._judge(seen, index, known, templates, series) for index in range(len(seen))]

    def _judge(
        self,
        group: Sequence[Seen],
        index: int,
        known: References,
        templates: Mapping[tuple[int, str], Template],
        series: Mapping[str, Mapping[str, Any]],
    ) -> list[Score]:
        seen = group[index]
        if seen.problem is not None:
            return self._all(*seen.problem, evidence=_without_scores(seen, known))
        own = {who: t for (i, who), t in templates.items() if i == index}
        people = [Person(seen, who, own.get(who), known) for who in dict.fromkeys(w.who for w in seen.wanted)]
        evidence = _evidence(seen, people, own, known) | {"series": {p.who: series[p.who] for p in people}}
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
            self._score("face_pass", float(np.mean([(p.p_same or 0.0) >= 0.5 for p in told])), "", {}),
            self._count(seen, len(people)),
            self._mean("face_drift", [p.drift for p in found if p.drift is not None], "not a clip with a reference"),
        ]

    def _count(self, seen: Seen, asked: int) -> Score:
        if seen.sample.stage == "character" or seen.shown is None:  # a sheet may show one person several times
            return Score("face_count", self.name, self.version, None, "not_applicable", "a sheet may show one person several times")
        shown = seen.at_once()
        return self._score("face_count", math.exp(-abs(shown - asked) / asked), f"{shown} faces, {asked} asked for", {})

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


def _selves(group: Sequence[Seen], index: int) -> list[float]:
    """Return, for each person found, the similarity with the same person's faces in the other generations."""
    told = {who: [i for i, seen in enumerate(group) if seen.problem is None and seen.of(who)] for who in group[index].whose}
    found = [selves(group, who, rows) for who, rows in told.items() if index in rows]
    return [likeness[index] for likeness in found if index in likeness]


def _evidence(seen: Seen, people: Sequence[Person], own: Mapping[str, Template], known: References) -> dict[str, Any]:
    whose = {i: who for who, rows in seen.whose.items() for i in rows}
    faces = [appearance_json(a, whose.get(i), own.get(whose.get(i, ""))) for i, a in enumerate(seen.found)]
    return {
        **_without_scores(seen, known),
        "expected": [
            {"character": p.who, "state": p.state, "p_same": None if p.p_same is None else round(p.p_same, 4), "copied": p.copied}
            for p in people
        ],
        "faces": faces + [{**appearance_json(a, None, None), "small": True} for a in seen.small],
        "extra": sum(i not in whose for i in range(len(seen.found))) + len(seen.small) - len(seen.too_small) + seen.crowd,
        "references": references_json(own, known),
        "threshold": _threshold(own),
    }


def _threshold(own: Mapping[str, Template]) -> dict[str, Any] | None:
    """Return where even odds lie for the first person; `references` has everybody's."""
    first = next(iter(own.values()), None)
    if first is None:
        return None
    found = first.calibration
    return {"match": round(found.threshold, 3), "width": round(found.width, 3), "source": found.source}


def _without_scores(seen: Seen, known: References) -> dict[str, Any]:
    size = [seen.shown.width, seen.shown.height] if seen.shown else None
    problems = {who: text for who, text in known.problems.items() if any(w.who == who for w in seen.wanted)}
    return {"size": size, "wanted": [w.who for w in seen.wanted], "reference_problems": problems}
