"""Answers of an older run, given again without calling anybody: for tests, demonstrations and scorers under work.

    [providers.replay]
    options = { run = "20261124-0157-3f9a1c" }

A request is answered by the older job with the same id; else by the one that sent the same messages to the same model with
the same seed (seeds derive from case and repeat, so this is the same case and repeat of a run with the same run seed).
Nothing is guessed: a request without such an answer fails and says what is there instead.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from runs.errors import MediaError, ProviderError
from runs.media import MediaStore
from runs.provider import RETRYABLE, STOPS_PROVIDER, Asset, ErrorClass, Failure, Kind, Outcome, Request, Usage
from runs.resume import RunState, state_of
from runs.settings import ProviderSettings
from runs.workspace import Workspace

if TYPE_CHECKING:
    from runs.events import ArtifactRef


@dataclass(frozen=True, slots=True)
class Kept:
    """One answer of the older run: which job gave it, for which model and seed."""

    job_id: str
    model: str
    seed: int | None


@dataclass(slots=True)
class Index:
    """All answers of the older run, by job id and by the messages that were sent."""

    by_job: dict[str, Kept] = field(default_factory=dict)
    by_prompt: dict[str, list[Kept]] = field(default_factory=dict)


class ReplayProvider:
    """The older run as a provider. It is simulated where the older run was, and costs nothing."""

    kinds: frozenset[Kind] = frozenset({"text", "image", "video", "audio"})

    def __init__(self, name: str, config: ProviderSettings) -> None:
        """Look the older run up.

        Raises:
            ProviderError: the settings name no run, or belong to no workspace.
            UnknownName: there is no such run.
        """
        self.name = name
        self.config = config
        self.concurrency = config.concurrency
        self.run_id = str(config.options.get("run") or "")
        if not self.run_id or config.root is None:
            raise ProviderError(
                "The replay provider needs a run to replay.", hint='Set options = { run = "RUN" } in [providers.replay] of workbench.toml.'
            )
        ws = Workspace(config.root)
        self._store = MediaStore(ws)
        self._state: RunState = state_of(ws, self.run_id)
        plan = self._state.plan or {}
        self.simulated = bool((plan.get("provider") or {}).get("simulated"))
        # Part of what decides the output, and so of every job's id.
        self.base_url = f"replay:{self.run_id}"
        self._index = Index()

    async def __aenter__(self) -> Self:
        self._index = _index(self._state)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._index = Index()

    async def generate(self, request: Request) -> Outcome:
        """Return what the older run got for this request, a refusal or broken answer too; `invalid_request` where it has nothing."""
        found = self._find(request)
        if isinstance(found, Failure):
            return Outcome(failure=found)
        event = self._state.generation(found.job_id)
        wire: dict[str, Any] = {
            "replayed": {"run_id": self.run_id, "job_id": found.job_id, "at": event.get("at"), "cost_usd": event.get("cost_usd")}
        }
        try:
            assets = tuple(self._asset(ref) for ref in event.get("artifacts") or ())
        except MediaError as error:
            return Outcome(failure=Failure("invalid_request", str(error)), wire_response=wire)
        return Outcome(
            assets=assets if event["status"] == "ok" else (),
            failure=None if event["status"] == "ok" else _failure(event),
            usage=Usage(**{k: v for k, v in (event.get("usage") or {}).items() if k in Usage.__dataclass_fields__}),
            cost_usd=0.0,
            model_resolved=str(event.get("model_resolved") or ""),
            wire_request=event.get("wire_request") or {},
            wire_response={**(event.get("wire_response") or {}), **wire},
            truth=event.get("truth"),
        )

    def _find(self, request: Request) -> Kept | Failure:
        if kept := self._index.by_job.get(request.job_id):
            return kept
        same_prompt = self._index.by_prompt.get(prompt_hash(request), [])
        if not same_prompt:
            return Failure("invalid_request", f"the run {self.run_id} has no answer to this prompt")
        same_model = [k for k in same_prompt if request.model in ("", self.name, k.model)]
        if not same_model:
            models = ", ".join(sorted({k.model for k in same_prompt}))
            return Failure("invalid_request", f"the run {self.run_id} answers this prompt by {models}, not by {request.model}")
        if kept := next((k for k in same_model if k.seed == request.seed), None):
            return kept
        return Failure(
            "invalid_request",
            f"the run {self.run_id} has {len(same_model)} answers to this prompt, but none for this seed; "
            "use the older run's seed (--seed) and no more repeats than it has",
        )

    def _asset(self, ref: ArtifactRef) -> Asset:
        return Asset(cast("Kind", ref["kind"]), ref["media_type"], self._store.read(ref["sha256"]))


def prompt_hash(request: Request) -> str:
    """Return the hash of a request's messages, as the log's messages are hashed."""
    return _hash([{"role": m.role, "content": m.content} for m in request.messages])


def _hash(messages: Sequence[Mapping[str, Any]]) -> str:
    pairs = [[m["role"], m["content"]] for m in messages]
    return hashlib.sha256(json.dumps(pairs, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()


def _index(state: RunState) -> Index:
    """Read the older run's generations once; only hashes and ids are kept."""
    plan = state.plan or {}
    arms = {a["arm"]: a for a in plan.get("arms", ())}
    jobs = {j["job_id"]: j for j in plan.get("jobs", ())}
    index = Index()
    for job_id in state.finished:
        event, job = state.generation(job_id), jobs.get(job_id)
        if job is None or not _is_answer(event):
            continue
        kept = Kept(job_id, arms[job["arm"]]["model"], job["seed"])
        index.by_job[job_id] = kept
        index.by_prompt.setdefault(_hash(event.get("messages") or ()), []).append(kept)
    return index


def _is_answer(event: Mapping[str, Any]) -> bool:
    """Say whether a generation is an answer of the model: no lost call, no limit, no empty account."""
    if event["status"] in ("ok", "refused"):
        return True
    return event["status"] == "failed" and event.get("error") not in RETRYABLE | STOPS_PROVIDER | {"timeout", "lost", "expired", "internal"}


def _failure(event: Mapping[str, Any]) -> Failure:
    error = "content_refused" if event["status"] == "refused" else event.get("error") or "malformed"
    return Failure(cast("ErrorClass", error), str(event.get("message") or "the older run's answer was of no use"))
