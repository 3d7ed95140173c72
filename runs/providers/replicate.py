"""Replicate: one address for many models, official ones by name, others by version.

    POST /models/kwaivgi/kling-v3-video/predictions {input}  ->  201 {id, status, urls …}
    GET /predictions/{id}  ->  starting, processing, succeeded, failed, canceled

| status | means |
|---|---|
| starting | queued |
| processing | running |
| succeeded | succeeded; its files are gone after an hour, and are fetched at once |
| failed | failed; `error` says why |
| canceled, aborted | cancelled |
| HTTP 404 | lost |

An output is an address, a list, an object of them, or a list of texts. A submit is sent once: Replicate takes no key of ours,
so one whose answer was lost cannot be looked up. A failed prediction may be billed, so it is made again only where the
message says that the machine failed, not the model. Written from documents and Replicate's client, which is the tests'
witness; never called live.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field

from runs import secrets
from runs.provider import Asset, Failure, Kind, Outcome, Reference, Request, TaskState, Usage
from runs.providers import inline
from runs.providers.answers import text_asset
from runs.providers.base import CommonOptions, HttpProvider, pictures
from runs.providers.fal import placed, usage_of, variant_of
from runs.providers.http import Auth, Part, Reply, wire_request
from runs.providers.links import links
from runs.providers.tables import Errors, State, at, fault, items, mapping, number, text, unfinished

INLINE = 256 << 10
"""Bytes of the largest picture that goes along inside the input; larger ones are uploaded first."""
STATES: Mapping[str, State] = {
    "starting": "queued", "queued": "queued", "processing": "running", "succeeded": "succeeded", "failed": "failed",
    "canceled": "cancelled", "cancelled": "cancelled", "aborted": "cancelled",
}  # fmt: skip
ERRORS = Errors(
    words=((re.compile(r"insufficient credit|billing|payment", re.IGNORECASE), "quota"),),
    statuses={401: "auth", 402: "quota", 403: "auth", 404: "invalid_request", 422: "invalid_request"},
)
_FAILED = Errors(
    words=(
        (re.compile(r"nsfw|flagged|sensitive|moderat|content policy|safety|E005", re.IGNORECASE), "content_refused"),
        (
            re.compile(r"code: PA\b|interrupted|\bE(00[34]|6716|8765|9243|9825|9828)\b|unavailable|director|high demand", re.IGNORECASE),
            "server",
        ),
        (re.compile(r"invalid|must be|required|unsupported|validation|not a valid|E006", re.IGNORECASE), "invalid_request"),
    )
)
_WAIT = re.compile(r"resets in ~?(\d+(?:\.\d+)?)\s*s", re.IGNORECASE)
_VERSION = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)


class Options(CommonOptions):
    """`reference_field` as at fal; `upload` says how pictures go along (`auto`: small ones inside the input, large ones before it).

    `second_usd` is the price of a second of prediction by model (`*` for any), for models that are billed by the time of a machine.
    """

    prompt_field: str = "prompt"
    reference_field: str = Field(default="image", pattern=r"^[A-Za-z_]\w*(\[\])?$")
    upload: Literal["auto", "inline", "files"] = "auto"
    second_usd: dict[str, float] = Field(default_factory=dict)


class ReplicateProvider(HttpProvider[Options]):
    """Replicate's predictions."""

    kinds: frozenset[Kind] = frozenset({"text", "image", "video", "audio"})
    options_type = Options
    poll_s = 3.0

    def asset_auth(self, auth: Auth) -> Auth:
        """Return the key: files that lie on the API's own host need it."""
        return auth

    def variant(self, request: Request) -> str:
        """Return what decides a price beside the model."""
        return variant_of(self.parameters(request))

    async def submit(self, request: Request) -> str | Failure:
        """Create a prediction, once."""
        where = _route(self.model(request))
        if where is None:
            return Failure("invalid_request", f"no model of Replicate: {self.model(request)[:80]!r}; name OWNER/NAME or a version")
        given = await self._input(request)
        if isinstance(given, Failure):
            return given
        path, body = where
        reply = await self.client.call("POST", path, json={**body, "input": given})
        if failure := _failure(reply, submitting=True):
            return failure
        return text(at(reply.body, "id")) or Failure("malformed", "the answer to the submit names no prediction", code="no_task_id")

    async def poll(self, task_id: str, request: Request) -> TaskState:
        """Ask for a prediction; fetch its files once it has succeeded."""
        reply = await self.client.call("GET", f"/predictions/{quote(task_id, safe='')}")
        if reply.status == 404:
            return TaskState("lost")
        if failure := _failure(reply):
            return fault(failure, self.poll_after_s)
        body = mapping(reply.body)
        state = STATES.get(text(body.get("status")).lower())
        if state == "failed":
            return TaskState("failed", self._outcome(request, reply, _why(body)))
        if state == "cancelled":
            return TaskState("cancelled")
        if state != "succeeded":
            return unfinished(state, self.poll_after_s)
        return TaskState("succeeded", self._outcome(request, reply, await self._made(body, request)), self.poll_after_s)

    async def find(self, _request: Request) -> str | None:
        """Return None: Replicate knows no key of ours."""
        return None

    async def _made(self, body: Mapping[str, Any], request: Request) -> Sequence[Asset] | Failure:
        output = body.get("output")
        if body.get("data_removed") is True or (output is None and body.get("completed_at")):
            return Failure("expired", "the output has been removed; Replicate keeps it for an hour", code="data_removed")
        if request.kind == "text":
            words = output if isinstance(output, str) else "".join(w for w in items(output) if isinstance(w, str))
            return (
                (text_asset(words, structured=request.schema is not None),) if words else Failure("malformed", "the output holds no text")
            )
        found = links(output, request.kind)
        if not found:
            return Failure("malformed", f"the output holds no {request.kind}", code="no_output")
        return await self.fetch(found, request.kind)

    async def _input(self, request: Request) -> dict[str, Any] | Failure:
        given = self._words(request)
        if not request.references:
            return given
        read = await pictures(request.references)
        if isinstance(read, Failure):
            return read
        urls: list[str] = []
        for data, reference in zip(read, request.references, strict=True):
            url = await self._url(data, reference)
            if isinstance(url, Failure):
                return url
            urls.append(url)
        placed_at = placed(self.options.reference_field, urls, [r.name for r in request.references])
        return placed_at if isinstance(placed_at, Failure) else {**placed_at, **given}

    def _words(self, request: Request) -> dict[str, Any]:
        given = {self.options.prompt_field: request.prompt, **self.parameters(request)}
        if request.seed is not None and self.config.capabilities.seed:
            given.setdefault("seed", request.seed)
        return given

    async def _url(self, data: bytes, reference: Reference) -> str | Failure:
        """Return a picture as a data URL, or upload it: that costs nothing, and may be done again."""
        if self.options.upload == "inline" or (self.options.upload == "auto" and len(data) <= INLINE):
            return inline.data_url(data, reference.media_type)
        part = Part("content", data, reference.path.name, reference.media_type)
        reply = await self.client.call("POST", "/files", parts=[part])
        if failure := _failure(reply):
            # Nothing was bought yet: whatever became of the upload, the job may be tried again.
            return replace(failure, error="server") if failure.error in ("timeout", "malformed") else failure
        return text(at(reply.body, "urls", "get")) or Failure("malformed", "the answer to the upload names no address", code="upload")

    def _outcome(self, request: Request, reply: Reply, made: Sequence[Asset] | Failure) -> Outcome:
        path, body = _route(self.model(request)) or ("", {})
        names = {self.options.reference_field.removesuffix("[]"): [r.sha256 for r in request.references]} if request.references else {}
        sent = wire_request("POST", self.client.url(path), None, {**body, "input": {**self._words(request), **names}})
        seconds = number(at(reply.body, "metrics", "predict_time"))
        price = self.options.second_usd.get(self.model(request), self.options.second_usd.get("*"))
        cost = seconds * price if seconds is not None and price is not None else None
        common: dict[str, Any] = {"cost_usd": cost, "wire_request": sent, "wire_response": reply.got}
        if isinstance(made, Failure):
            return Outcome(failure=made, **common)
        version = text(at(reply.body, "version"))
        model = secrets.redact(text(at(reply.body, "model"))) or self.model(request)
        resolved = f"{model}:{version}" if _VERSION.fullmatch(version) and ":" not in model else model
        return Outcome(assets=tuple(made), usage=self._usage(request, reply, len(made)), model_resolved=resolved, **common)

    def _usage(self, request: Request, reply: Reply, made: int) -> Usage:
        if request.kind == "text":
            counts = [number(at(reply.body, "metrics", name)) for name in ("input_token_count", "output_token_count")]
            into, out = (None if c is None else int(c) for c in counts)
            return Usage(input_tokens=into, output_tokens=out)
        return usage_of(request.kind, made, self.parameters(request))


def _route(model: str) -> tuple[str, dict[str, Any]] | None:
    """Return path and body of a submit: official models by name, others by version."""
    name, _, version = model.strip().partition(":")
    if version or _VERSION.fullmatch(name):
        found = version or name
        return ("/predictions", {"version": found}) if _VERSION.fullmatch(found) else None
    return (f"/models/{name}/predictions", {}) if _NAME.fullmatch(name) and ".." not in name else None


def _failure(reply: Reply, *, submitting: bool = False) -> Failure | None:
    if reply.failure:
        return reply.failure
    if reply.ok:
        return None
    body = mapping(reply.body)
    message = text(body.get("detail")) or text(body.get("title")) or (reply.body if isinstance(reply.body, str) else "")
    found = ERRORS.failure(reply.status, "", message, reply.headers, submitting=submitting)
    wait = _WAIT.search(message)
    if found.error == "rate_limit" and found.retry_after_s is None and wait:
        return replace(found, retry_after_s=float(wait[1]))
    return found


def _why(body: Mapping[str, Any]) -> Failure:
    """Return why a prediction has failed. What nobody recognises may be billed, and is not made again: `malformed`."""
    message = text(body.get("error")) or text(at(body, "error", "detail")) or "the model failed and did not say why"
    return replace(_FAILED.failure(0, "", message), code="failed")
