"""ElevenLabs Music: one call, and the song is the answer.

    POST /v1/music {prompt, music_length_ms, model_id, force_instrumental}  ->  audio bytes

| answer | outcome |
|---|---|
| audio | a song |
| `bad_prompt`, `bad_composition_plan` | `content_refused`: it names somebody's work; what ElevenLabs suggests instead is in the message |
| `invalid_api_key`, `missing_permissions` | `auth` |
| `quota_exceeded` (HTTP 401), HTTP 402 | `quota` |
| `too_many_concurrent_requests` | `concurrency` |
| `rate_limit_exceeded`, `system_busy` | `rate_limit` |
| HTTP 422 | `invalid_request` |
| HTTP 200 with JSON in it, or a page | by the error in it, else `malformed` |
| cut off, no answer in time | `timeout`: it may have been billed, and is not made again |

Written from documents; never called live.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from runs import secrets
from runs.provider import Failure, Kind, Outcome, Request, Usage
from runs.providers import failures, inline
from runs.providers.base import CommonOptions, HttpProvider
from runs.providers.http import Auth, Reply, header
from runs.providers.tables import Errors, at, items, mapping, number, text
from runs.providers.transport import api_key

ERRORS = Errors(
    codes={
        "bad_prompt": "content_refused", "bad_composition_plan": "content_refused", "content_policy_violation": "content_refused",
        "invalid_api_key": "auth", "missing_permissions": "auth", "needs_authorization": "auth", "detected_unusual_activity": "auth",
        "quota_exceeded": "quota", "payment_required": "quota", "limited_access": "quota",
        "too_many_concurrent_requests": "concurrency", "rate_limit_exceeded": "rate_limit", "system_busy": "rate_limit",
    },
    statuses={402: "quota", 422: "invalid_request"},
)  # fmt: skip
FIELDS = ("composition_plan", "music_length_ms", "force_instrumental", "seed")


class Options(CommonOptions):
    """`output_format` is codec, sample rate and bit rate, such as `mp3_44100_128`."""

    output_format: str = Field(default="mp3_44100_128", pattern=r"^(auto|(mp3|opus)_\d+_\d+)$")


class ElevenLabsProvider(HttpProvider[Options]):
    """ElevenLabs Music."""

    kinds: frozenset[Kind] = frozenset({"audio"})
    options_type = Options

    def auth(self) -> Auth:
        """Return the key in ElevenLabs' own header."""
        return header("xi-api-key", api_key(self.name, self.config))

    async def generate(self, request: Request) -> Outcome:
        """Make one song."""
        body = self._body(request)
        if isinstance(body, Failure):
            return Outcome(failure=body)
        reply = await self.client.call("POST", "/v1/music", json=body, params={"output_format": self.options.output_format}, expect="bytes")
        common: dict[str, Any] = {"wire_request": reply.sent, "wire_response": reply.got}
        if failure := _failure(reply):
            return Outcome(failure=failure, **common)
        asset = inline.typed(reply.data, "audio", declared=reply.headers.get("content-type", ""))
        if isinstance(asset, Failure):
            return Outcome(failure=asset, **common)
        length = number(body.get("music_length_ms"))
        usage = Usage(seconds=length / 1000 if length is not None else _planned(body.get("composition_plan")))
        return Outcome(assets=(asset,), usage=usage, model_resolved=self.model(request), **common)

    def _body(self, request: Request) -> dict[str, Any] | Failure:
        given = self.parameters(request)
        if (seconds := given.pop("seconds", None)) is not None:
            if (length := number(seconds)) is None:
                return Failure("invalid_request", f"seconds is a number, not {seconds!r}", code="parameters")
            given.setdefault("music_length_ms", round(1000 * length))
        if "instrumental" in given:
            given.setdefault("force_instrumental", bool(given.pop("instrumental")))
        if unknown := sorted(given.keys() - {*FIELDS}):
            why = f"ElevenLabs Music has no parameter {unknown[0]!r}; known are seconds, instrumental, {', '.join(FIELDS)}"
            return Failure("invalid_request", why, code="unknown_parameter")
        if "composition_plan" in given and (clash := {"music_length_ms", "force_instrumental"} & given.keys()):
            return Failure("invalid_request", f"a composition_plan excludes {', '.join(sorted(clash))}", code="parameters")
        words = {} if "composition_plan" in given else {"prompt": request.prompt}
        if request.seed is not None and self.config.capabilities.seed:
            given.setdefault("seed", request.seed)
        return {**words, **({"model_id": model} if (model := self.model(request)) else {}), **given}


def _failure(reply: Reply) -> Failure | None:
    if reply.failure:
        return reply.failure
    # An answer of success that can be read as JSON is no song.
    if reply.ok and reply.body is None and reply.data:
        return None
    detail = at(reply.body, "detail")
    code = text(at(detail, "status")) or text(at(detail, "code"))
    message = text(at(detail, "message")) or text(detail) or "; ".join(_field(e) for e in items(detail))
    for name in ("prompt_suggestion", "composition_plan_suggestion"):
        if suggestion := at(detail, "data", name):
            message = f"{message} ElevenLabs suggests: {suggestion}"
    if not message and isinstance(reply.body, str):
        message = reply.body
    if reply.ok and code.lower() not in ERRORS.codes:
        why = f"the answer is no song: {secrets.redact(message) or 'JSON without an error'}"
        return Failure("malformed", why[: failures.MESSAGE_CHARS], code=secrets.redact(code)[:80] or "shape")
    return ERRORS.failure(reply.status if not reply.ok else 0, code, message, reply.headers, submitting=True)


def _field(error: Any) -> str:
    entry = mapping(error)
    return f"{'.'.join(text(p) for p in items(entry.get('loc'))[1:])}: {text(entry.get('msg'))}".strip(": ")


def _planned(plan: Any) -> float | None:
    """Return the seconds of a composition plan's sections; None where one does not say."""
    lengths = [number(at(section, "duration_ms")) for section in items(at(plan, "sections"))]
    return None if not lengths or None in lengths else sum(n for n in lengths if n is not None) / 1000
