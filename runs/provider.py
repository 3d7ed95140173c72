"""The one protocol behind which every generator stands, and the words for what comes back.

Two call shapes (`Direct`: one call, result in the answer; `Tasks`: submit, poll, download) are driven by one harness.
A provider never retries and never waits for a limit: it makes one call, and says in `Outcome.error` what went wrong;
`runs.harness` decides. A content refusal is an outcome, not an exception.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self, runtime_checkable

from runs.event_shapes import UsageDict

Json = Any
Kind = Literal["text", "image", "video", "audio"]
ErrorClass = Literal[
    "auth", "quota", "rate_limit", "concurrency", "content_refused", "invalid_request",
    "server", "timeout", "lost", "expired", "malformed", "internal",
]  # fmt: skip
RETRYABLE: frozenset[str] = frozenset({"rate_limit", "concurrency", "server"})
STOPS_PROVIDER: frozenset[str] = frozenset({"auth", "quota"})
KIND_OF_STAGE: Mapping[str, Kind] = {
    "outline": "text", "script": "text", "judge": "text", "character": "image", "shot": "image", "clip": "video", "music": "audio",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message; a pictures' prompt is the one user message."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture sent along with a prompt: whose it is, and where it lies. A `frame` is the picture that a clip begins with."""

    name: str
    sha256: str
    media_type: str
    path: Path
    role: Literal["character", "frame"] = "character"


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that decides one output. `seed` is None where none is wanted.

    `key` is the idempotency key: one for each job of each run (`runs.plan.request_key`). `job_id` names the job, whichever run it is of.
    """

    key: str
    stage: str
    kind: Kind
    messages: tuple[Message, ...]
    model: str
    parameters: Mapping[str, Json] = field(default_factory=dict)
    seed: int | None = None
    schema_name: str = ""
    schema: Mapping[str, Json] | None = None
    references: tuple[Reference, ...] = ()
    job_id: str = ""

    @property
    def prompt(self) -> str:
        """Return all message texts joined by blank lines: what a picture or video model is sent."""
        return "\n\n".join(m.content for m in self.messages)


@dataclass(frozen=True, slots=True)
class Asset:
    """Bytes that came back, before they are stored by hash."""

    kind: Kind
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Usage:
    """Billable quantities as the provider reported them; None is unknown. `picture_tokens` are those of the input that pictures made."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    picture_tokens: int | None = None
    reasoning_tokens: int | None = None
    images: int | None = None
    seconds: float | None = None

    def as_json(self) -> UsageDict:
        """Return the quantities as a journal keeps them."""
        return {
            "input_tokens": self.input_tokens, "output_tokens": self.output_tokens, "cached_tokens": self.cached_tokens,
            "picture_tokens": self.picture_tokens, "reasoning_tokens": self.reasoning_tokens, "images": self.images,
            "seconds": self.seconds,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no output; `retry_after_s` is what the provider asked for."""

    error: ErrorClass
    message: str
    code: str = ""
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one call. Exactly one of `assets` and `failure` is filled.

    `cost_usd` is set only where the provider reports money itself; otherwise the price table decides, or NULL.
    `wire_request` and `wire_response` are what went over the wire, with secrets removed. `truth` is what a simulated
    provider knows of its own output; scorers never see it.
    """

    assets: tuple[Asset, ...] = ()
    failure: Failure | None = None
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    model_resolved: str = ""
    wire_request: Mapping[str, Json] = field(default_factory=dict)
    wire_response: Mapping[str, Json] = field(default_factory=dict)
    truth: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class TaskState:
    """A submitted task's normalised state (providers' own names are mapped by the adapter)."""

    state: Literal["queued", "running", "succeeded", "failed", "cancelled", "lost", "needs_input"]
    outcome: Outcome | None = None
    poll_after_s: float = 5.0


class Provider(Protocol):
    """What the harness needs to know of any provider. Use as an async context manager: it owns sockets or processes.

    An adapter may offer two more: `slots(request) -> int`, how much of the account's concurrency a request takes where that
    is not one, and `variant(request) -> str`, what decides its price beside the model (see `runs.prices`).
    """

    name: str
    simulated: bool
    kinds: frozenset[Kind]
    concurrency: int

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


@runtime_checkable
class Direct(Provider, Protocol):
    """One call, result in the answer.

    An adapter of a server that keeps its answers may offer `recall(request) -> Outcome | None`: the answer to a call that was on
    its way when its process died, found by `request.key`; None where there is none.
    """

    async def generate(self, request: Request) -> Outcome:
        """Make one call. Never raise for what the provider answers; raise only for a programming error."""
        ...


@runtime_checkable
class Tasks(Provider, Protocol):
    """Submit, poll, download. `submit` returns the provider's task id, or the failure.

    An adapter whose `find` is sure (None means that the provider has no such task) says so with `look_up = True`.
    """

    async def submit(self, request: Request) -> str | Failure:
        """Hand the task in; called at most once for a request whose answer may have been lost."""
        ...

    async def poll(self, task_id: str, request: Request) -> TaskState:
        """Ask how a task stands; when it has succeeded, download its assets into the state's outcome."""
        ...

    async def find(self, request: Request) -> str | None:
        """Look a lost submission up by `request.key`; None where the provider offers no look-up or has no such task."""
        ...
