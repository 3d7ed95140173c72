"""The shapes of what events hold: plain mappings, as they stand in a journal's JSON.

{"arm": "a", "ref": "shot/keyframe", "template": "shot/keyframe", "version": "v1:3f…", "model": "studio", "replica": 0}    # ArmPlan
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

Json = Any
"""JSON-compatible value: None, bool, int, float, str, list or dict of the same."""


class SuiteRef(TypedDict):
    """The suite that a run was planned from."""

    name: str
    hash: str


class ProviderRef(TypedDict):
    """Who generates. `base_url` is empty for providers without one."""

    name: str
    simulated: bool
    base_url: str


class ArmPlan(TypedDict):
    """One arm: version x model x replica. `arm` is its short id within the run (`a`, `b` …), `ref` what people call it."""

    arm: str
    ref: str
    template: str
    version: str
    model: str
    replica: int


class VersionPlan(TypedDict):
    """A version with its whole source: `closure` maps each template path to its text."""

    version: str
    template: str
    ref: str
    front_matter: Mapping[str, Json]
    closure: Mapping[str, str]


class MediaRef(TypedDict):
    """A file in the media store."""

    sha256: str
    media_type: str


class UpstreamRef(TypedDict):
    """An output of an earlier stage that a case was made from: which job gave it, and its hash."""

    stage: str
    run_id: str
    job_id: str
    sha256: str


class CasePlan(TypedDict):
    """A case as the run saw it; `references` are the pictures of each character, already in the media store.

    In a chain `frame` is the picture that a clip begins with, and `upstream` what the case was made from.
    """

    case_id: str
    series: str
    split: str
    hash: str
    inputs: Mapping[str, Json]
    references: Mapping[str, Sequence[MediaRef]]
    frame: NotRequired[MediaRef]
    upstream: NotRequired[Sequence[UpstreamRef]]


class JobPlan(TypedDict):
    """One cell of the plan. `job_id` is the SHA-256 of everything that decides the output."""

    job_id: str
    arm: str
    case_id: str
    repeat: int
    seed: int | None


class MetricPlan(TypedDict):
    """`evals.score.Metric` as a mapping (`dataclasses.asdict`)."""

    name: str
    direction: str
    unit: str
    worst: float | None
    lo: float | None
    hi: float | None
    description: str
    primary: bool


class ScorerPlan(TypedDict):
    """A scorer, re-creatable from its name and arguments."""

    name: str
    version: str
    args: Mapping[str, Json]
    metrics: Sequence[MetricPlan]


class ArtifactRef(TypedDict):
    """One stored output. `text` is all of a short one: flushed with the journal, its file need not be (see `runs.inlined`)."""

    kind: str
    media_type: str
    sha256: str
    bytes: int
    text: NotRequired[str]


class MessageDict(TypedDict):
    """One rendered chat message."""

    role: str
    content: str


class UsageDict(TypedDict):
    """Billable quantities; None is unknown. The keys of `runs.provider.Usage`."""

    input_tokens: NotRequired[int | None]
    output_tokens: NotRequired[int | None]
    cached_tokens: NotRequired[int | None]
    picture_tokens: NotRequired[int | None]
    reasoning_tokens: NotRequired[int | None]
    images: NotRequired[int | None]
    seconds: NotRequired[float | None]


class ScoreDict(TypedDict):
    """`evals.score.Score` as a mapping. Logic findings are `evidence["findings"]`, a list of `Finding` mappings."""

    metric: str
    scorer: str
    scorer_version: str
    value: float | None
    status: str
    reason: str
    evidence: Mapping[str, Json]
