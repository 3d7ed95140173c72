"""fal's queue: one address for Kling, MiniMax, Wan, Seedance and many more, each under its model's name.

    POST /fal-ai/kling-video/v3/pro/image-to-video {input}  ->  request_id, status_url, response_url
    GET status_url  ->  IN_QUEUE, IN_PROGRESS, COMPLETED;  GET response_url  ->  the result, or the model's error

| answer | means |
|---|---|
| IN_QUEUE | queued; more requests than the account may run at once wait here and are never refused |
| IN_PROGRESS | running |
| COMPLETED | succeeded, if it names no `error` and the result is no error either; else failed |
| cancelled, `client_cancelled` | cancelled |
| HTTP 404 | lost |

The addresses that a submit returns lack the model's sub-path, so they are used and not guessed; of them only the path, under
our `base_url`: the key goes nowhere else, and a proxy or test server can stand in. fal takes no key of ours for a submit,
so one whose answer was lost cannot be looked up. Written from documents and fal's client; never called live.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field

from runs.provider import Asset, Failure, Kind, Outcome, Request, TaskState, Usage
from runs.providers import inline
from runs.providers.base import CommonOptions, HttpProvider, pictures
from runs.providers.http import Auth, Reply, bearer, wire_request
from runs.providers.links import links
from runs.providers.tables import Errors, State, at, fault, items, mapping, number, text, unfinished
from runs.providers.transport import api_key

STATES: Mapping[str, State] = {
    "IN_QUEUE": "queued", "IN_PROGRESS": "running", "COMPLETED": "succeeded", "CANCELLED": "cancelled", "CANCELED": "cancelled",
}  # fmt: skip
_SERVER = (
    "request_timeout", "startup_timeout", "runner_scheduling_failure", "runner_connection_timeout", "runner_disconnected",
    "runner_connection_refused", "runner_connection_error", "runner_incomplete_response", "runner_server_error", "client_disconnected",
    "internal_error", "internal_server_error", "generation_timeout", "downstream_service_error", "downstream_service_unavailable",
)  # fmt: skip
ERRORS = Errors(
    codes={
        **dict.fromkeys(_SERVER, "server"), "content_policy_violation": "content_refused", "bad_request": "invalid_request",
        "image_too_small": "invalid_request", "image_too_large": "invalid_request", "image_load_error": "invalid_request",
        "file_download_error": "invalid_request", "feature_not_supported": "invalid_request",
    },
    words=(
        (re.compile(r"(user|account) is locked|exhausted balance|top up", re.IGNORECASE), "quota"),
        (re.compile(r"content (policy|checker)|flagged|nsfw|safety", re.IGNORECASE), "content_refused"),
    ),
    statuses={422: "invalid_request", 404: "invalid_request"},
)  # fmt: skip
PATH = re.compile(r"/[\w.~/-]+", re.ASCII)


class Options(CommonOptions):
    """`reference_field` is where reference pictures go: `image_url` (one), `image_urls[]` (a list), `elements` (Kling's own).

    `unit_usd` is the price of one billable unit by model (`*` for any). `priority`, `request_timeout_s`, `keep_s` (how long
    fal keeps the files) and `store_io` are fal's headers.
    """

    prompt_field: str = "prompt"
    reference_field: str = Field(default="image_url", pattern=r"^[A-Za-z_]\w*(\[\])?$")
    unit_usd: dict[str, float] = Field(default_factory=dict)
    priority: Literal["normal", "low"] | None = None
    request_timeout_s: int | None = Field(default=None, gt=0)
    keep_s: int | None = Field(default=None, gt=0)
    store_io: bool = True


class FalProvider(HttpProvider[Options]):
    """fal's queue."""

    kinds: frozenset[Kind] = frozenset({"image", "video", "audio"})
    options_type = Options

    def auth(self) -> Auth:
        """Return the key under fal's own scheme."""
        return bearer(api_key(self.name, self.config), "Key")

    def variant(self, request: Request) -> str:
        """Return what decides a price at fal beside the model: resolution or quality, and whether there is sound."""
        return variant_of(self.parameters(request))

    async def submit(self, request: Request) -> str | Failure:
        """Put a request into the queue."""
        model = self.model(request).strip("/")
        if not PATH.fullmatch(f"/{model}") or ".." in model:
            return Failure("invalid_request", f"no model of fal: {model[:80]!r}; name one such as fal-ai/kling-video/v3/pro/text-to-video")
        body = await self._body(request)
        if isinstance(body, Failure):
            return body
        reply = await self.client.call("POST", f"/{model}", json=body, headers=self._headers())
        if failure := _failure(reply, submitting=True):
            return failure
        status, result = _path(at(reply.body, "status_url")), _path(at(reply.body, "response_url"))
        if not status or not result:
            return Failure("malformed", "the answer to the submit names no status_url and response_url", code="no_task_id")
        return result if status == f"{result}/status" else f"{result} {status}"

    async def poll(self, task_id: str, request: Request) -> TaskState:
        """Ask how a request stands; fetch its result once it is complete."""
        result, _, status = task_id.partition(" ")
        reply = await self.client.call("GET", self._own(status or f"{result}/status"))
        if reply.status == 404:
            return TaskState("lost")
        if reply.failure or not reply.ok:
            return fault(_failure(reply) or Failure("server", "no answer"), self.poll_after_s)
        state = STATES.get(text(at(reply.body, "status")).upper())
        failure = _inside(reply)
        if state == "cancelled" or (failure and failure.code == "client_cancelled"):
            return TaskState("cancelled")
        if state != "succeeded":
            return unfinished(state, self.poll_after_s)
        if failure:
            return TaskState("failed", await self._outcome(request, reply, failure))
        return await self._result(self._own(result), request)

    async def find(self, _request: Request) -> str | None:
        """Return None: fal knows no key of ours."""
        return None

    async def _result(self, path: str, request: Request) -> TaskState:
        reply = await self.client.call("GET", path)
        if reply.status == 202:
            return unfinished("running", self.poll_after_s)
        failure = _failure(reply) or (_inside(reply) if not links(reply.body, request.kind) else None)
        if failure is None:
            found = links(reply.body, request.kind)
            made = (
                await self.fetch(found, request.kind) if found else Failure("malformed", f"the result holds no {request.kind}", "no_output")
            )
            return TaskState("succeeded", await self._outcome(request, reply, made), self.poll_after_s)
        if failure.code == "client_cancelled" or reply.status == 404:
            return TaskState("cancelled" if reply.status != 404 else "lost")
        # The model's own error is JSON. What is not comes from in between, and the result is there still.
        if reply.failure or not any(_words(reply)) or isinstance(reply.body, str) or failure.error in ("rate_limit", "auth", "quota"):
            return fault(failure, self.poll_after_s)
        return TaskState("failed", await self._outcome(request, reply, failure))

    def _own(self, path: str) -> str:
        """Return a path of the queue under our own base URL, whose prefix it may have already."""
        prefix = urlsplit(self.client.base_url).path.rstrip("/")
        return path.removeprefix(prefix) if prefix and path.startswith(f"{prefix}/") else path

    def _headers(self) -> dict[str, str]:
        options = self.options
        headers: dict[str, str] = {}
        if options.priority:
            headers["X-Fal-Queue-Priority"] = options.priority
        if options.request_timeout_s:
            headers["X-Fal-Request-Timeout"] = str(options.request_timeout_s)
        if options.keep_s:
            headers["X-Fal-Object-Lifecycle-Preference"] = json.dumps({"expiration_duration_seconds": options.keep_s})
        if not options.store_io:
            headers["X-Fal-Store-IO"] = "0"
        return headers

    async def _body(self, request: Request) -> dict[str, Any] | Failure:
        body = {self.options.prompt_field: request.prompt, **self.parameters(request)}
        if request.seed is not None and self.config.capabilities.seed:
            body.setdefault("seed", request.seed)
        if not request.references:
            return body
        read = await pictures(request.references)
        if isinstance(read, Failure):
            return read
        urls = [inline.data_url(data, r.media_type) for data, r in zip(read, request.references, strict=True)]
        given = placed(self.options.reference_field, urls, [r.name for r in request.references])
        return given if isinstance(given, Failure) else {**given, **body}

    async def _outcome(self, request: Request, reply: Reply, made: Sequence[Asset] | Failure) -> Outcome:
        body = await self._body(request)
        sent = wire_request("POST", self.client.url(self.model(request)), self._headers(), None if isinstance(body, Failure) else body)
        units = number(reply.headers.get("x-fal-billable-units"))
        price = self.options.unit_usd.get(self.model(request), self.options.unit_usd.get("*"))
        cost = units * price if units is not None and price is not None else None
        common: dict[str, Any] = {"cost_usd": cost, "wire_request": sent, "wire_response": reply.got}
        if isinstance(made, Failure):
            return Outcome(failure=made, **common)
        usage = usage_of(request.kind, len(made), self.parameters(request))
        return Outcome(assets=tuple(made), usage=usage, model_resolved=self.model(request), **common)


def placed(field: str, urls: Sequence[str], names: Sequence[str]) -> dict[str, Any] | Failure:
    """Return reference pictures under the field of a model's input: one, a list (`field[]`), or Kling's elements, one a person."""
    if field == "elements":
        people: dict[str, list[str]] = {}
        for name, url in zip(names, urls, strict=True):
            people.setdefault(name, []).append(url)
        return {"elements": [{"frontal_image_url": of[0], "reference_image_urls": of[1:] or of[:1]} for of in people.values()]}
    if field.endswith("[]"):
        return {field[:-2]: list(urls)}
    if len(urls) > 1:
        why = f"{len(urls)} reference pictures, and the field {field} takes one; set reference_field in the options (such as image_urls[])"
        return Failure("invalid_request", why, code="references")
    return {field: urls[0]}


def usage_of(kind: Kind, made: int, parameters: Mapping[str, Any]) -> Usage:
    """Return what is billed of an output: pictures by number, films and sound by the seconds that were asked for."""
    if kind == "image":
        return Usage(images=made)
    return Usage(seconds=number(parameters.get("duration")) if kind in ("video", "audio") else None)


def variant_of(parameters: Mapping[str, Any]) -> str:
    """Return the parts of a call that prices differ by: resolution, quality or mode, and sound."""
    found = [text(parameters.get(name)) for name in ("resolution", "quality", "mode") if text(parameters.get(name))]
    sound = parameters.get("generate_audio")
    return " ".join([*found, *(["sound" if sound else "silent"] if isinstance(sound, bool) else [])])


def _path(url: Any) -> str:
    """Return the path of an address that an answer gave; empty if it is none."""
    try:
        path = urlsplit(text(url)).path
    except ValueError:
        return ""
    return path if PATH.fullmatch(path) and "/../" not in path else ""


def _failure(reply: Reply, *, submitting: bool = False) -> Failure | None:
    """Return what an answer with a status of failure says; None for a status of success."""
    if reply.failure:
        return reply.failure
    if reply.ok:
        return None
    code, message = _words(reply)
    return ERRORS.failure(reply.status, code, message, reply.headers, submitting=submitting)


def _inside(reply: Reply) -> Failure | None:
    """Return the error inside an answer with a status of success; fal says COMPLETED of what has failed."""
    body = mapping(reply.body)
    if not (body.get("error") or body.get("error_type") or body.get("detail")):
        return None
    code, message = _words(reply)
    kind = ERRORS.codes.get(code.lower())
    return ERRORS.failure(0 if kind else 500, code, message or code)


def _words(reply: Reply) -> tuple[str, str]:
    """Return code and message of fal's two shapes of errors: a list of what is wrong with the input, or a text and a type."""
    body = mapping(reply.body)
    named = text(body.get("error_type")) or reply.headers.get("x-fal-error-type", "")
    detail = body.get("detail") if body.get("detail") is not None else reply.body if isinstance(reply.body, list) else None
    if isinstance(detail, list):
        entries = [mapping(d) for d in items(detail)]
        places = [".".join(text(p) for p in items(e.get("loc"))[1:]) for e in entries]
        message = "; ".join(f"{place}: {text(e.get('msg'))}".lstrip(": ") for place, e in zip(places, entries, strict=True))
        kinds = [text(e.get("type")) for e in entries]
        worst = next((k for k in kinds if k == "content_policy_violation"), kinds[0] if kinds else "")
        return worst or named, message
    message = text(detail) or text(body.get("error")) or text(at(body, "error", "message")) or text(body.get("message"))
    return named, message or (reply.body if isinstance(reply.body, str) else "")
