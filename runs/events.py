"""The events that a journal holds: the truth of a run, from which everything else can be made anew.

Each event is one line; `to_dict` gives its JSON, `parse` reads it back. A reader ignores keys that it does not know, so
that a journal written by a newer program stays readable; a key is never renamed and never changes its meaning.

    Claim(run_id="20261124-0157-3f9a", job_id="9c1e…").to_dict()
    {"type": "claim", "run_id": "20261124-0157-3f9a", "at": "2026-11-24T01:57:00.123456Z", "job_id": "9c1e…"}
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal, TypedDict

from runs.event_shapes import (
    ArmPlan,
    ArtifactRef,
    CasePlan,
    JobPlan,
    Json,
    MediaRef,
    MessageDict,
    MetricPlan,
    ProviderRef,
    ScoreDict,
    ScorerPlan,
    SuiteRef,
    UpstreamRef,
    UsageDict,
    VersionPlan,
)

__all__ = [
    "EVENTS",
    "AnyEvent",
    "ArmPlan",
    "ArtifactRef",
    "CasePlan",
    "Claim",
    "End",
    "EndState",
    "Event",
    "Generation",
    "GenerationStatus",
    "Handing",
    "JobPlan",
    "Json",
    "Judged",
    "MediaRef",
    "MessageDict",
    "MetricPlan",
    "Note",
    "ProviderRef",
    "Queue",
    "QueueItem",
    "Rating",
    "Run",
    "ScoreDict",
    "ScorerPlan",
    "Scorers",
    "Scores",
    "Settled",
    "Submitted",
    "SuiteRef",
    "UpstreamRef",
    "UsageDict",
    "VersionPlan",
    "now",
    "parse",
]

GenerationStatus = Literal["ok", "refused", "failed", "expired", "budget", "unknown_submission"]
EndState = Literal["finished", "stopped", "failed"]


_FORM = "%Y-%m-%dT%H:%M:%S.%fZ"
_latest = [""]


def now() -> str:
    """Return the present time in UTC as journals write it: ISO 8601 with microseconds and `Z`.

    Never earlier than what this process wrote or was told of by `not_before`, though the machine's clock be set back: what is said
    later must count as later.
    """
    at = f"{_wall().isoformat(timespec='microseconds')[:26]}Z"  # as `_FORM`, in a third of its time: each event has one
    if at <= _latest[0]:
        at = (datetime.strptime(_latest[0], _FORM) + timedelta(microseconds=1)).strftime(_FORM)
    _latest[0] = at
    return at


def not_before(at: str) -> None:
    """Let no event of this process be earlier than one that it has read."""
    # Not beyond this century: a journal that lies about its time must not carry everyone to the end of the calendar.
    if _latest[0] < at < "2100":
        with contextlib.suppress(ValueError):
            _latest[0] = datetime.strptime(at, _FORM).strftime(_FORM)


_NAMES: dict[type[Event], tuple[str, ...]] = {}


def _names(kind: type[Event]) -> tuple[str, ...]:
    if kind not in _NAMES:
        _NAMES[kind] = tuple(field.name for field in fields(kind))
    return _NAMES[kind]


def _wall() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events share: whose run, and when (UTC)."""

    type: ClassVar[str] = ""

    run_id: str
    at: str = field(default_factory=now)

    def to_dict(self) -> dict[str, Json]:
        """Return the event as the JSON object that the journal writes."""
        return {"type": self.type} | {name: getattr(self, name) for name in _names(type(self))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Event):
    """The whole plan, written before the first job: a run can be resumed, scored again and rendered again from it alone.

    `chain` is the name of the chain that it is a stage of, if any; `price` what the user named as the price of its calls.
    """

    type: ClassVar[str] = "run"

    stage: str
    suite: SuiteRef
    seed: int
    provider: ProviderRef
    arms: Sequence[ArmPlan]
    versions: Sequence[VersionPlan]
    cases: Sequence[CasePlan]
    jobs: Sequence[JobPlan]
    parameters: Mapping[str, Json] = field(default_factory=dict)
    scorers: Sequence[ScorerPlan] = ()
    environment: Mapping[str, Json] = field(default_factory=dict)
    budget_usd: float | None = None
    chain: str = ""
    price: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Event):
    """This process is about to work on a job: written by earlier versions, before they rendered; now `handing` says when a call begins."""

    type: ClassVar[str] = "claim"

    job_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handing(Event):
    """A job is being handed in, as a task or a call, and may be billed from now on; `refused` says that this came to nothing.

    A process that dies in between leaves a job of which nobody knows whether it was taken.
    """

    type: ClassVar[str] = "handing"

    job_id: str
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted(Event):
    """A provider took the job in; written before the first poll, so that a restart asks again instead of paying again."""

    type: ClassVar[str] = "submitted"

    job_id: str
    provider: str
    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation(Event):
    """The outcome of a job. The job is finished when this event is on disk, and not before. `error` is a `runs.provider.ErrorClass`.

    `carried_from` is the run that made it and paid for it, where this one has taken it over. `again` is how often the job had been
    opened again after it had failed: of each such try the last outcome was paid.
    """

    type: ClassVar[str] = "generation"

    job_id: str
    status: GenerationStatus
    error: str = ""
    message: str = ""
    artifacts: Sequence[ArtifactRef] = ()
    messages: Sequence[MessageDict] = ()
    wire_request: Mapping[str, Json] = field(default_factory=dict)
    wire_response: Mapping[str, Json] = field(default_factory=dict)
    usage: UsageDict = field(default_factory=UsageDict)
    cost_usd: float | None = None
    cost_source: str = ""
    latency_s: float | None = None
    attempts: int = 1
    model_resolved: str = ""
    simulated: bool = False
    truth: Mapping[str, Json] | None = None
    carried_from: str = ""
    again: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Event):
    """A person's word on a job of unknown fate: it was made, as this task, or it was not and is open again.

    With `again` its fate is known: it failed, and shall be made once more. With `resend` nobody knows it, and it shall be asked for
    once more all the same: what the lost one may have cost counts on.
    """

    type: ClassVar[str] = "settled"

    job_id: str
    made: bool
    provider: str
    who: str
    why: str
    task_id: str = ""
    again: bool = False
    resend: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores(Event):
    """What scorers said of one generation. Scoring again appends; the latest score of a metric wins."""

    type: ClassVar[str] = "scores"

    job_id: str
    scores: Sequence[ScoreDict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorers(Event):
    """Scorers that an old run is scored with anew, so that their metrics' directions and scales are known too."""

    type: ClassVar[str] = "scorers"

    scorers: Sequence[ScorerPlan]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Event):
    """Something a person should be able to read later."""

    type: ClassVar[str] = "note"

    text: str


class QueueItem(TypedDict):
    """Two generations of one case, to be judged blind. `again` names the item that this one repeats, hidden; else empty."""

    item: str
    case_id: str
    series: str
    repeat: int
    job_a: str
    job_b: str
    again: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue(Event):
    """A rating queue: which pairs people are shown, in which order, with which question. `run_id` is arm B's run.

    `a` and `b` are addresses `<run>:<arm>`. Sides follow from `seed`, item and rater, so that they can be proved later.
    """

    type: ClassVar[str] = "queue"

    queue: str
    actor: str
    question: str
    a: str
    b: str
    seed: int
    items: Sequence[QueueItem]
    rubric: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating(Event):
    """What one person said of one item; a later event of the same person about the same item takes its place.

    `choice` is `left`, `right`, `tie`, `both_bad` or empty (not judged: flagged or taken back). `left` says which arm was on
    the left, `value` is 1 where B was preferred, -1 where A was, 0 for neither, None where not judged. `ms` is the time taken.
    """

    type: ClassVar[str] = "rating"

    queue: str
    item: str
    rater: str
    choice: str
    left: str
    value: float | None = None
    ms: int | None = None
    flagged: bool = False
    reason: str = ""
    rubric: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class End(Event):
    """The run is over, for now: a stopped run may be resumed, in a journal of its own with the same run id."""

    type: ClassVar[str] = "end"

    state: EndState


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged(Event):
    """A gate judged a challenger on this run, whatever came of it: an attempt on its suite. `report` is the SHA-256 of the report."""

    type: ClassVar[str] = "judged"

    template: str
    challenger: str
    champion: str
    suite_hash: str
    policy: str
    report: str
    decision: str
    attempt: int
    look: int | None = None


AnyEvent = Run | Claim | Handing | Submitted | Generation | Settled | Scorers | Scores | Queue | Rating | Note | Judged | End
EVENTS: Mapping[str, type[AnyEvent]] = {
    c.type: c for c in (Run, Claim, Handing, Submitted, Generation, Settled, Scorers, Scores, Queue, Rating, Note, Judged, End)
}


def parse(data: Mapping[str, Json]) -> AnyEvent | None:
    """Read an event from its JSON object; None for a type that this version does not know.

    Raises:
        ValueError: a key that the event needs is missing.
    """
    kind = EVENTS.get(str(data.get("type")))
    if kind is None:
        return None
    known = _names(kind)
    try:
        return kind(**{k: v for k, v in data.items() if k in known})
    except TypeError as error:
        raise ValueError(f"event {kind.type!r}: {error}") from None
