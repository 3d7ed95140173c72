"""Alibaba Cloud Model Studio (DashScope): what its picture and video models have in common.

    POST {base}/services/…   X-DashScope-Async: enable   ->  {"output": {"task_id": …, "task_status": "PENDING"}, "request_id": …}
    GET  {base}/tasks/{id}                               ->  {"output": {"task_status": "SUCCEEDED", …}, "usage": {…}}
    an error                                             ->  {"code": "DataInspectionFailed", "message": …, "request_id": …}

A task id that it does not know, or no longer, is `UNKNOWN` with HTTP 200. Key, region and address belong together: a key of
Beijing is wrong in Singapore. The prompt is not rewritten (`prompt_extend`) unless that is asked for: two templates could not
be told apart then. What it says of rewriting (`orig_prompt`, `actual_prompt`) stands in the wire response.
"""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self, TypeVar

from pydantic import Field

from runs import secrets
from runs.provider import Asset, ErrorClass, Failure, Kind, Outcome, Request, TaskState, Usage
from runs.providers.addresses import Trusted
from runs.providers.base import CommonOptions, HttpProvider
from runs.providers.dashscope_uploads import RESOLVE, Uploads, holds_files
from runs.providers.failures import CODES
from runs.providers.http import Reply, wire_request
from runs.providers.tables import Errors, State, at, fault, items, mapping, number, text, unfetched, unfinished

STATES: Mapping[str, State] = {
    "PENDING": "queued", "RUNNING": "running", "SUSPENDED": "running", "SUCCEEDED": "succeeded", "FAILED": "failed",
    "CANCELED": "cancelled", "UNKNOWN": "lost",
}  # fmt: skip
ERRORS = Errors(
    codes={
        "model.accessdenied": "auth", "workspace.accessdenied": "auth", "ipinfringementsuspect": "content_refused",
        "internalerror.timeout": "server", "responsetimeout": "server", "invalidparameter.datainspection": "invalid_request",
    },
)  # fmt: skip
SEEDS = 2**31
ASYNC: Mapping[str, str] = {"X-DashScope-Async": "enable"}
# Codes that say "no access", while it is the way of calling that is wrong.
_WRONG_WAY = re.compile(r"does not support (a?synchronous|asynchronous) calls", re.IGNORECASE)


class DashScopeOptions(CommonOptions):
    """`workspace` is the id of a workspace that the key may act for; `prompt_extend` lets the vendor rewrite prompts.

    `references` says how pictures go along: inside the call, or put beside it and named by a temporary address.
    """

    workspace: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,64}$")
    prompt_extend: bool = False
    watermark: bool = False
    references: Literal["inline", "oss"] = "inline"


D = TypeVar("D", bound=DashScopeOptions)


def refused(reply: Reply, *, submitting: bool = False) -> Failure | None:
    """Return the failure that an answer means; None for one that is none."""
    if reply.failure is not None:
        return reply.failure
    code, message = text(at(reply.body, "code")), text(at(reply.body, "message"))
    if reply.ok and not code:
        return None
    return failed(reply.status if not reply.ok else 0, code, message, reply.headers, submitting=submitting)


def failed(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None, *, submitting: bool = False, task: bool = False
) -> Failure:
    """Return the failure that a code means; finer codes (`InvalidParameter.X`) mean what their first part does."""
    code, message = secrets.redact(code)[:80], secrets.redact(message)
    if _WRONG_WAY.search(message):
        return Failure("invalid_request", f"this model is called in another way: {message[:300]}", code)
    known = ERRORS.codes.keys() | CODES.keys()
    coarse = code if code.lower() in known else code.partition(".")[0]
    found = ERRORS.failure(status, coarse, message, headers, submitting=submitting)
    error: ErrorClass = found.error
    if task and coarse.lower() not in known:
        # The task was made and came to nothing, for a reason that we have no word for.
        error = "malformed"
    advice = " (key, region and base_url must belong together)" if error == "auth" and status == 401 else ""
    return Failure(error, found.message + advice, code or found.code, found.retry_after_s)


class DashScope(HttpProvider[D]):
    """Sockets, headers and parameters of one provider at DashScope."""

    _uploads: Uploads | None = None

    async def __aenter__(self) -> Self:
        """Open the sockets; errors as for every provider."""
        await super().__aenter__()
        trusted = Trusted.of(self.config.base_url, self.options.asset_hosts)
        self._uploads = Uploads(self.client, self.headers, refused, trusted) if self.options.references == "oss" else None
        return self

    async def placed(self, body: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, str]] | Failure:
        """Return a body as it is sent, with its pictures put beside it where the settings say so, and the headers that go with it."""
        if self._uploads is None or not holds_files(body):
            return dict(body), self.headers()
        placed = await self._uploads.placed(body)
        return placed if isinstance(placed, Failure) else (placed, {**RESOLVE, **self.headers()})

    def headers(self) -> dict[str, str]:
        """Return the headers of a call beside the key."""
        return {"X-DashScope-WorkSpace": self.options.workspace} if self.options.workspace else {}

    def switches(self, request: Request) -> dict[str, Any]:
        """Return the parameters that every model takes: seed, rewriting of the prompt, watermark."""
        given: dict[str, Any] = {"prompt_extend": self.options.prompt_extend, "watermark": self.options.watermark}
        if request.seed is not None and self.config.capabilities.seed:
            given["seed"] = request.seed % SEEDS
        return given


class DashScopeTasks(DashScope[D], ABC):
    """Submit and poll; an adapter says where to, builds the body and reads what a finished task gives."""

    kind: ClassVar[Kind]

    def __init__(self, name: str, config: Any) -> None:
        super().__init__(name, config)
        self._handed: set[str] = set()
        # Submits whose answer is out: job -> (model, prompt, when). What may be one of two is claimed by none.
        self._open: dict[str, tuple[str, str, float]] = {}

    @abstractmethod
    def path(self, request: Request) -> str:
        """Return the path that a task of this kind is submitted to."""

    @abstractmethod
    async def body(self, request: Request) -> dict[str, Any] | Failure:
        """Return the body of a submit, or why there is none."""

    @abstractmethod
    def links(self, output: Mapping[str, Any]) -> list[str] | Failure:
        """Return where the outputs of a finished task lie."""

    @abstractmethod
    def usage(self, body: Mapping[str, Any], assets: tuple[Asset, ...]) -> Usage:
        """Return what a finished task used."""

    async def submit(self, request: Request) -> str | Failure:
        """Hand a task in."""
        body = await self.body(request)
        if isinstance(body, Failure):
            return body
        placed = await self.placed(body)
        if isinstance(placed, Failure):
            return placed
        sent, headers = placed
        self._open[request.key] = (body["model"], request.prompt, time.time())
        reply = await self.client.call("POST", self.path(request), json=sent, headers={**ASYNC, **headers})
        failure = refused(reply, submitting=True)
        task_id = text(at(reply.body, "output", "task_id"))
        if failure is None and not task_id:
            failure = Failure("malformed", "the answer to the submit names no task")
        if failure is None or failure.error not in ("timeout", "malformed", "server"):
            self._open.pop(request.key, None)
        if failure is not None:
            return failure
        self._handed.add(task_id)
        return task_id

    async def poll(self, task_id: str, request: Request) -> TaskState:
        """Ask how a task stands."""
        self._handed.add(task_id)
        self._open.pop(request.key, None)
        reply = await self.client.call("GET", f"/tasks/{task_id}", headers=self.headers())
        if reply.status == 404 and reply.failure is None:
            return TaskState("lost")
        if (failure := refused(reply)) is not None:
            return fault(failure, self.poll_after_s)
        output = mapping(at(reply.body, "output"))
        state = STATES.get(text(output.get("task_status")).upper())
        if state in ("cancelled", "lost"):
            return TaskState(state)
        if state not in ("succeeded", "failed"):
            if not output.get("task_status"):
                return fault(Failure("malformed", "the answer to the poll names no state"), self.poll_after_s)
            return unfinished(state, self.poll_after_s)
        kept: dict[str, Any] = {
            "wire_request": await self._sent(request),
            "wire_response": reply.got,
            "model_resolved": self.model(request),
        }
        if state == "failed":
            why = failed(0, text(output.get("code")), text(output.get("message")), task=True)
            return TaskState("failed", Outcome(failure=why, **kept))
        return await self._done(task_id, mapping(reply.body), output, kept)

    async def find(self, request: Request) -> str | None:
        """Look in the list of tasks for one whose submit was not answered.

        The list carries nothing of ours, so only a task that this process alone can have submitted counts: of this model,
        since that submit, known to nobody here, with this very prompt, and the only one of that kind.
        """
        lost = self._open.get(request.key)
        if lost is None or sum((model, prompt) == lost[:2] for model, prompt, _ in self._open.values()) > 1:
            return None
        model, prompt, since = lost
        # The service keeps Beijing's time and its clock is not ours: the filter is ours alone.
        reply = await self.client.call("GET", "/tasks/", params={"model_name": model, "page_no": "1", "page_size": "50"})
        if refused(reply) is not None:
            return None
        listed = items(at(reply.body, "tasks")) or items(at(reply.body, "output", "tasks"))
        ids = [text(mapping(entry).get("task_id")) for entry in listed if _late_enough(mapping(entry), since)]
        matching = [i for i in ids if i and i not in self._handed and await self._is_of(i, prompt)]
        return matching[0] if len(matching) == 1 else None

    async def _is_of(self, task_id: str, prompt: str) -> bool:
        reply = await self.client.call("GET", f"/tasks/{task_id}", headers=self.headers())
        return reply.ok and at(reply.body, "output", "orig_prompt") == prompt

    async def _done(self, task_id: str, body: Mapping[str, Any], output: Mapping[str, Any], kept: Mapping[str, Any]) -> TaskState:
        links = self.links(output)
        if isinstance(links, Failure):
            return TaskState("failed", Outcome(failure=links, usage=self.usage(body, ()), **kept))
        if not links:
            late = self.no_file(task_id)
            outcome = Outcome(failure=late, usage=self.usage(body, ()), **kept)
            return TaskState("failed", outcome) if late else unfinished("running", self.poll_after_s)
        assets = await self.fetch(links, self.kind)
        if isinstance(assets, Failure):
            return unfetched(assets, self.poll_after_s, usage=self.usage(body, ()), **kept)
        return TaskState("succeeded", Outcome(assets=assets, usage=self.usage(body, assets), **kept))

    async def _sent(self, request: Request) -> dict[str, Any]:
        """Return the submit as it may be journalled: it follows from the request, also in a process that did not make it."""
        body = await self.body(request)
        if isinstance(body, Failure):
            return {}
        return wire_request("POST", self.client.url(self.path(request)), {**ASYNC, **self.headers()}, body)


def count_of(value: Any) -> int | None:
    """Return a whole number of a `usage` object."""
    found = number(value)
    return None if found is None else int(found)


def _late_enough(entry: Mapping[str, Any], since: float) -> bool:
    """Say whether a listed task can be the one submitted then: epochs in ms or s are compared, other times are let pass."""
    at_time = number(entry.get("gmt_create") or entry.get("start_time") or entry.get("submit_time"))
    if at_time is None or at_time < 1e9:
        return True
    return (at_time / 1000 if at_time > 1e11 else at_time) > since - 60
