"""What a scorer says: a value or none, always with a status, a reason and evidence.

Example: a shot that asks for Mei, whose face was found and compared with her sheet

    Score(metric="face_consistency", scorer="face_consistency", scorer_version="1", value=0.93, status="ok",
          reason="mei 0.93", evidence={"faces": [{"character": "mei", "box": [88, 120, 190, 222], "match": 0.71}]})

A failure is a value with a status, never NaN and never an absent row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from evals.waivers import Waiver

Status = Literal["ok", "failed", "not_applicable", "not_scoreable", "unavailable", "error"]
"""How a score came out:

- `ok`: there is a value.
- `failed`: the output itself is to blame (failed generation, text that does not parse, asked-for face that is not there
  at all); a comparison counts it as the metric's worst value.
- `not_applicable`: the metric does not apply to this case (no face asked for).
- `not_scoreable`: the tool cannot tell (face of 20 pixels, a style it does not know); excluded and counted as coverage.
- `unavailable`: a model that the scorer needs is not installed.
- `error`: the scorer broke; excluded, shown in red.
"""
Direction = Literal["up", "down"]
Json = Any
"""JSON-compatible value: None, bool, int, float, str, list or dict of the same."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured quantity: `worst` is what a failed output counts as; `lo`/`hi` bound the scale (None: open)."""

    name: str
    direction: Direction
    unit: str
    worst: float | None
    lo: float | None = 0.0
    hi: float | None = 1.0
    description: str = ""
    primary: bool = True  # False: a detail that pages show on request


@dataclass(frozen=True, slots=True)
class Score:
    """One metric of one generation."""

    metric: str
    scorer: str
    scorer_version: str
    value: float | None
    status: Status
    reason: str = ""
    evidence: Mapping[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.value is not None) != (self.status == "ok"):
            raise ValueError(f"{self.metric}: a value goes with status 'ok' and with no other, got {self.value!r} / {self.status!r}")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"{self.metric}: {self.value!r} is not a number that can be compared")


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule: `where` are ids in the artifact, `quote` is the text at fault, `message` tells a writer what to fix.

    Findings with the same `cause` have one root (one exit, after which someone speaks five times) and count once.
    """

    check: str
    check_version: str
    severity: Literal["block", "warn", "info"]
    where: tuple[str, ...]
    quote: str
    message: str
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Media:
    """One stored artifact: `path` is the file in the media store, named by its SHA-256."""

    kind: Literal["text", "image", "video", "audio"]
    sha256: str
    media_type: str
    path: Path


@dataclass(frozen=True, slots=True)
class Sample:
    """One generation as a scorer sees it: what was asked for, and what came back. The studio's truth is never here.

    `case` holds the case's resolved inputs (see `evals.case`), `references` the pictures of each character by id, `contracts`
    the rules that the template declares, `waivers` what people have said of findings.
    """

    generation: str
    stage: str
    status: str
    case: Mapping[str, Json]
    case_id: str
    series: str
    media: tuple[Media, ...] = ()
    references: Mapping[str, tuple[Media, ...]] = field(default_factory=dict)
    cost_usd: float | None = None
    latency_s: float | None = None
    contracts: Mapping[str, Json] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()

    def first(self, kind: str) -> Media | None:
        """Return the first artifact of a kind, or None."""
        return next((m for m in self.media if m.kind == kind), None)

    def text(self) -> str:
        """Return the text artifact's content, or an empty string."""
        media = self.first("text")
        return media.path.read_text("utf-8", errors="replace") if media else ""


@runtime_checkable
class Scorer(Protocol):
    """Judge a group of generations; re-creatable from its name and arguments, so that old runs can be scored again.

    `scope` says what a group is: `generation` (groups of one) or `series` (all generations of one arm, repeat and
    series, so that faces can be compared across shots). `score` returns one list of scores for each sample, in order,
    and is a pure function of the samples: the same group gives the same scores in any process.
    """

    name: str
    version: str
    scope: Literal["generation", "series"]
    stages: frozenset[str]
    metrics: tuple[Metric, ...]
    cpu_bound: bool

    def score(self, group: Sequence[Sample]) -> list[list[Score]]:
        """Return the scores of each sample of the group, in the group's order."""
        ...
