"""Music by Suno, through a gateway that speaks the convention of sunoapi.org (also api.kie.ai and others).

    POST /api/v1/generate {customMode, instrumental, model, prompt, style, title …}  ->  {code: 200, data: {taskId}}
    GET /api/v1/generate/record-info?taskId=…  ->  {code: 200, data: {status, response: {sunoData: [two songs]}}}

| status | means |
|---|---|
| PENDING | queued |
| TEXT_SUCCESS, FIRST_SUCCESS | running; there may be a stream to listen to, but no file |
| SUCCESS | succeeded once every song has its file |
| SENSITIVE_WORD_ERROR | failed, `content_refused` |
| CREATE_TASK_FAILED, GENERATE_AUDIO_FAILED | failed |
| CALLBACK_EXCEPTION | failed, unless the songs are there: then only our absent callback failed, and they are paid |
| code 404, no data | lost |

The body's `code` decides, HTTP says 200: 405 and 430 are `rate_limit`, 429 is `quota`. Suno has no API of its own for developers;
a gateway's terms are between it and the user. Written from documents; never called live.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from runs import secrets
from runs.provider import Failure, Kind, Outcome, Request, TaskState, Usage
from runs.providers.base import CommonOptions, HttpProvider
from runs.providers.http import Reply, wire_request
from runs.providers.suno_options import known
from runs.providers.tables import Errors, State, at, fault, items, mapping, number, text, unfinished

STATES: Mapping[str, State] = {
    "PENDING": "queued", "TEXT_SUCCESS": "running", "FIRST_SUCCESS": "running", "SUCCESS": "succeeded",
    "CREATE_TASK_FAILED": "failed", "GENERATE_AUDIO_FAILED": "failed", "SENSITIVE_WORD_ERROR": "failed", "CALLBACK_EXCEPTION": "failed",
}  # fmt: skip
ERRORS = Errors(
    codes={
        "400": "invalid_request", "401": "auth", "404": "invalid_request", "405": "rate_limit", "413": "invalid_request",
        "429": "quota", "430": "rate_limit", "455": "server", "500": "server", "501": "server",
        "sensitive_word_error": "content_refused", "create_task_failed": "server", "generate_audio_failed": "server",
        "callback_exception": "server",
    },
)  # fmt: skip
_REFUSED = re.compile(r"sensitive|moderat|copyright|prohibited|violat|artist name|forbidden word", re.IGNORECASE)
FIELDS = (
    "style", "title", "instrumental", "customMode", "negativeTags", "vocalGender", "styleWeight", "weirdnessConstraint", "audioWeight",
    "personaId",
)  # fmt: skip
NAMES: Mapping[str, str] = {
    "custom_mode": "customMode", "negative_tags": "negativeTags", "vocal_gender": "vocalGender", "style_weight": "styleWeight",
    "weirdness_constraint": "weirdnessConstraint", "audio_weight": "audioWeight", "persona_id": "personaId", "tags": "style",
}  # fmt: skip
SHARES = ("styleWeight", "weirdnessConstraint", "audioWeight")
SIMPLE_CHARS = 500


class Options(CommonOptions):
    """`callback_url` is sent because the gateways insist on one; nothing listens there. `songs` keeps both songs or the first."""

    callback_url: str = Field(default="https://callback.invalid/", pattern=r"^https?://[^\s]+$")
    songs: Literal["both", "first"] = "both"


class SunoProvider(HttpProvider[Options]):
    """One gateway."""

    kinds: frozenset[Kind] = frozenset({"audio"})
    options_type = Options

    async def submit(self, request: Request) -> str | Failure:
        """Ask for two songs."""
        body = self._body(request)
        if isinstance(body, Failure):
            return body
        reply = await self.client.call("POST", "/api/v1/generate", json=body)
        if failure := _failure(reply, submitting=True):
            return failure
        return text(at(reply.body, "data", "taskId")) or Failure("malformed", "the answer to the submit names no task", code="no_task_id")

    async def poll(self, task_id: str, request: Request) -> TaskState:
        """Ask for a task; fetch its songs once they are files."""
        reply = await self.client.call("GET", "/api/v1/generate/record-info", params={"taskId": task_id})
        code = text(at(reply.body, "code"))
        if reply.status == 404 or code == "404" or (code == "200" and not mapping(at(reply.body, "data"))):
            return TaskState("lost")
        if failure := _failure(reply):
            return fault(failure, self.poll_after_s)
        data = mapping(at(reply.body, "data"))
        status = text(data.get("status")).upper()
        state = STATES.get(status)
        songs = [mapping(song) for song in items(at(data, "response", "sunoData"))]
        urls = [text(song.get("audioUrl")) for song in songs]
        complete = bool(urls) and all(urls)
        if state == "failed" and not (status == "CALLBACK_EXCEPTION" and complete):
            return TaskState("failed", self._outcome(request, reply, _why(data)))
        # Until then there is a stream at best, and what has only just been made may lack its file.
        if state == "succeeded" and not complete and (late := self.no_file(task_id)):
            urls = [url for url in urls if url]  # one song of two is worth having
            if not urls:
                return TaskState("failed", self._outcome(request, reply, late))
        elif state not in ("succeeded", "failed") or not complete:
            return unfinished(state, self.poll_after_s)
        kept = urls if self.options.songs == "both" else urls[:1]
        made = await self.fetch(kept, "audio")
        seconds = [number(song.get("duration")) for song in songs]
        usage = Usage(seconds=None if None in seconds else sum(s for s in seconds if s is not None))
        return TaskState("succeeded", self._outcome(request, reply, made, usage), self.poll_after_s)

    async def find(self, _request: Request) -> str | None:
        """Return None: tasks cannot be listed."""
        return None

    def _body(self, request: Request) -> dict[str, Any] | Failure:
        given = known(self.parameters(request), FIELDS, NAMES)
        if isinstance(given, Failure):
            return given
        model = self.model(request)
        if not model:
            return Failure("invalid_request", "no model is named; give --model, or model = … in the provider's table (such as V5)")
        custom = bool(given.pop("customMode", "style" in given or "title" in given))
        instrumental = bool(given.pop("instrumental", False))
        if wrong := _wrong(request.prompt, model, given, custom=custom, instrumental=instrumental):
            return Failure("invalid_request", wrong, code="parameters")
        fixed = {"customMode": custom, "instrumental": instrumental, "model": model, "callBackUrl": self.options.callback_url}
        return {**fixed, "prompt": request.prompt, **given}

    def _outcome(self, request: Request, reply: Reply, made: Any, usage: Usage | None = None) -> Outcome:
        body = self._body(request)
        sent = wire_request("POST", self.client.url("/api/v1/generate"), None, None if isinstance(body, Failure) else body)
        if isinstance(made, Failure):
            return Outcome(failure=made, wire_request=sent, wire_response=reply.got)
        songs = items(at(reply.body, "data", "response", "sunoData"))
        model = text(at(songs[0], "modelName")) if songs else ""
        return Outcome(
            assets=tuple(made),
            usage=usage or Usage(),
            model_resolved=secrets.redact(model) or self.model(request),
            wire_request=sent,
            wire_response=reply.got,
        )


def limits(model: str) -> Mapping[str, int]:
    """Return how many characters a model takes of lyrics, style and title."""
    older = model == "V4"
    short_title = model in ("V4", "V4_5ALL")
    return {"prompt": 3000 if older else 5000, "style": 200 if older else 1000, "title": 80 if short_title else 100}


def _wrong(prompt: str, model: str, given: Mapping[str, Any], *, custom: bool, instrumental: bool) -> str:
    """Return what the gateway would refuse; finding it out there costs a call, and may cost credits."""
    if not custom:
        return (
            f"the prompt has {len(prompt)} characters; {SIMPLE_CHARS} are allowed without style and title"
            if len(prompt) > SIMPLE_CHARS
            else ""
        )
    if missing := next((name for name in ("style", "title") if not given.get(name)), None):
        return f"customMode needs a style and a title, and there is no {missing}"
    if not instrumental and not prompt.strip():
        return "there are no lyrics; say instrumental = true if there shall be none"
    for name, most in limits(model).items():
        length = len(prompt if name == "prompt" else str(given.get(name, "")))
        if length > most:
            return f"the {name} has {length} characters; {model} takes {most}"
    shares = ((name, number(given[name])) for name in SHARES if name in given)
    return next((f"{name} is a number from 0 to 1" for name, value in shares if value is None or value > 1), "")


def _failure(reply: Reply, *, submitting: bool = False) -> Failure | None:
    """Return what an answer says went wrong: by the code in its body, then by HTTP."""
    if reply.failure:
        return reply.failure
    body = mapping(reply.body)
    code = text(body.get("code"))
    if reply.ok and code in ("200", ""):
        return None
    message = text(body.get("msg")) or text(body.get("message")) or (reply.body if isinstance(reply.body, str) else "")
    if code in ("400", "500", "501") and _REFUSED.search(message):
        return ERRORS.failure(0, "SENSITIVE_WORD_ERROR", message)
    status = reply.status if not reply.ok else 0
    # A gateway's JSON without a code means by HTTP what the code would have said; a page comes from somebody in between.
    named = code or (str(status) if isinstance(reply.body, dict) else "")
    return ERRORS.failure(status, named, message or f"code {code}", reply.headers, submitting=submitting)


def _why(data: Mapping[str, Any]) -> Failure:
    status, message = text(data.get("status")), text(data.get("errorMessage"))
    code = text(data.get("errorCode"))
    named = "SENSITIVE_WORD_ERROR" if _REFUSED.search(message) else status
    found = ERRORS.failure(0, named, message or f"the task ended as {status}")
    # The code may say more than the state: no credits, a limit.
    told = ERRORS.codes.get(code)
    if found.error == "server" and told is not None:
        return Failure(told, found.message, code)
    return found
