"""Music by Suno, through gcui-art/suno-api: a server of one's own that acts as one's own account in the browser.

    POST /api/custom_generate {prompt, tags, title …}  ->  [two clips];  GET /api/get?ids=a,b  ->  [two clips]

| status of a clip | means |
|---|---|
| submitted, queued | queued |
| streaming | running: it can be listened to, and is not the final file |
| complete | succeeded |
| error | failed; `error_message` says why |
| not among the answers | lost |

A job is over when none of its clips is on the way; those that were made count. That server signs in with the account's cookie and
pays others to solve captchas: whether Suno's terms allow it is for its user to judge. Written from documents; never called live.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from runs import secrets
from runs.provider import Failure, Kind, Outcome, Request, TaskState
from runs.providers.base import CommonOptions, HttpProvider
from runs.providers.http import Reply, wire_request
from runs.providers.suno_options import WORDS, are_lyrics, known, usage_of
from runs.providers.tables import Errors, State, fault, items, mapping, text, unfinished

STATES: Mapping[str, State] = {
    "submitted": "queued", "queued": "queued", "streaming": "running", "complete": "succeeded", "error": "failed",
}  # fmt: skip
ERRORS = Errors(words=WORDS, statuses={402: "quota", 404: "invalid_request", 500: "server", 503: "server"})
FIELDS = ("title", "tags", "negative_tags", "make_instrumental")


class SunoCookieProvider(HttpProvider[CommonOptions]):
    """One such server."""

    kinds: frozenset[Kind] = frozenset({"audio"})
    options_type = CommonOptions

    async def submit(self, request: Request) -> str | Failure:
        """Ask for clips; their ids are the task's."""
        made = self._call(request)
        if isinstance(made, Failure):
            return made
        path, body = made
        reply = await self.client.call("POST", path, json=body)
        if failure := _failure(reply, submitting=True):
            return failure
        ids = [text(mapping(clip).get("id")) for clip in items(reply.body)]
        if not ids or not all(re.fullmatch(r"[\w-]+", i) for i in ids):
            return Failure("malformed", "the answer to the submit names no clips", code="no_task_id")
        return ",".join(ids)

    async def poll(self, task_id: str, request: Request) -> TaskState:
        """Ask for the clips; fetch them once none is on the way."""
        reply = await self.client.call("GET", "/api/get", params={"ids": task_id})
        if reply.status == 404:
            return TaskState("lost")
        if failure := _failure(reply):
            return fault(failure, self.poll_after_s)
        wanted = task_id.split(",")
        clips = [c for c in map(mapping, items(reply.body)) if text(c.get("id")) in wanted]
        if len(clips) < len(wanted):
            return TaskState("lost")
        states = [STATES.get(text(c.get("status")).lower()) for c in clips]
        done = [c for c, s in zip(clips, states, strict=True) if s == "succeeded"]
        if any(s not in ("succeeded", "failed") for s in states):
            return unfinished("queued" if set(states) == {"queued"} else "running", self.poll_after_s)
        if not all(c.get("audio_url") for c in done):
            if not (late := self.no_file(task_id)):
                return unfinished("running", self.poll_after_s)
            done = [c for c in done if c.get("audio_url")]
            if not done:
                return TaskState("failed", self._outcome(request, reply, late, clips))
        if not done:
            message = next((text(c.get("error_message")) for c in clips if c.get("error_message")), "the clips have failed")
            return TaskState("failed", self._outcome(request, reply, ERRORS.failure(500, "", message), clips))
        made = await self.fetch([text(c.get("audio_url")) for c in done], "audio")
        return TaskState("succeeded", self._outcome(request, reply, made, done), self.poll_after_s)

    async def find(self, _request: Request) -> str | None:
        """Return None: the account's clips bear no id of ours."""
        return None

    def _call(self, request: Request) -> tuple[str, dict[str, Any]] | Failure:
        given = known(self.parameters(request), FIELDS)
        if isinstance(given, Failure):
            return given
        body = {"prompt": request.prompt, "make_instrumental": bool(given.pop("make_instrumental", False)), "wait_audio": False, **given}
        if model := self.model(request):
            body["model"] = model
        return ("/api/custom_generate" if are_lyrics(given) else "/api/generate"), body

    def _outcome(self, request: Request, reply: Reply, made: Any, clips: Sequence[Mapping[str, Any]]) -> Outcome:
        call = self._call(request)
        sent = {} if isinstance(call, Failure) else wire_request("POST", self.client.url(call[0]), None, call[1])
        if isinstance(made, Failure):
            return Outcome(failure=made, wire_request=sent, wire_response=reply.got)
        model = secrets.redact(text(clips[0].get("model_name"))) or self.model(request)
        return Outcome(assets=tuple(made), usage=usage_of(clips), model_resolved=model, wire_request=sent, wire_response=reply.got)


def _failure(reply: Reply, *, submitting: bool = False) -> Failure | None:
    if reply.failure:
        return reply.failure
    body = mapping(reply.body)
    message = text(body.get("error")) or text(body.get("detail")) or (reply.body if isinstance(reply.body, str) else "")
    if not reply.ok:
        return ERRORS.failure(reply.status, "", message, reply.headers, submitting=submitting)
    if isinstance(reply.body, list):
        return None
    return ERRORS.failure(500, "", message) if message else Failure("malformed", "the answer is no list of clips", code="shape")
