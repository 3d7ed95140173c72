"""Music by Suno, through a gateway of the new-api family.

    POST /suno/submit/music {prompt, mv, tags, title …}  ->  {code: "success", data: task id}
    GET /suno/fetch/{id}  ->  {code: "success", data: {status, fail_reason, data: [clips]}}

| status | means |
|---|---|
| NOT_START, SUBMITTED, QUEUED | queued |
| IN_PROGRESS | running |
| SUCCESS | succeeded once every clip has its file |
| FAILURE | failed, `fail_reason` says why |
| HTTP 404, no data, `task_not_exist` | lost |

Written from documents; never called live.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from runs import secrets
from runs.provider import Failure, Kind, Outcome, Request, TaskState
from runs.providers.base import CommonOptions, HttpProvider
from runs.providers.http import Reply, wire_request
from runs.providers.suno_options import WORDS, are_lyrics, known, usage_of
from runs.providers.tables import Errors, State, at, fault, items, mapping, text, unfinished

STATES: Mapping[str, State] = {
    "NOT_START": "queued", "SUBMITTED": "queued", "QUEUED": "queued", "IN_PROGRESS": "running", "SUCCESS": "succeeded", "FAILURE": "failed",
}  # fmt: skip
ERRORS = Errors(codes={"insufficient_user_quota": "quota", "quota_not_enough": "quota"}, words=WORDS, statuses={404: "invalid_request"})
FIELDS = ("title", "tags", "make_instrumental", "continue_clip_id", "continue_at", "task_id", "negative_tags")
_NOT_THERE = re.compile(r"not[ _]exist|not[ _]found|不存在", re.IGNORECASE)


class SunoNewApiProvider(HttpProvider[CommonOptions]):
    """One gateway."""

    kinds: frozenset[Kind] = frozenset({"audio"})
    options_type = CommonOptions

    async def submit(self, request: Request) -> str | Failure:
        """Ask for clips."""
        body = self._body(request)
        if isinstance(body, Failure):
            return body
        reply = await self.client.call("POST", "/suno/submit/music", json=body)
        if failure := _failure(reply, submitting=True):
            return failure
        return text(at(reply.body, "data")) or Failure("malformed", "the answer to the submit names no task", code="no_task_id")

    async def poll(self, task_id: str, request: Request) -> TaskState:
        """Ask for a task; fetch its clips once they are files."""
        reply = await self.client.call("GET", f"/suno/fetch/{quote(task_id, safe='')}")
        failure = _failure(reply)
        body = mapping(reply.body)
        if reply.status == 404 or (failure and _NOT_THERE.search(f"{failure.code} {failure.message}")):
            return TaskState("lost")
        if failure:
            return fault(failure, self.poll_after_s)
        task = mapping(body.get("data"))
        if not task:
            return TaskState("lost")
        state = STATES.get(text(task.get("status")).upper())
        clips = [mapping(c) for c in items(task.get("data"))]
        if state == "failed":
            why = ERRORS.failure(500, "", text(task.get("fail_reason")) or "the task has failed")
            return TaskState("failed", self._outcome(request, reply, why, clips))
        urls = [text(c.get("audio_url")) for c in clips]
        if state == "succeeded" and not (urls and all(urls)) and (late := self.no_file(task_id)):
            urls = [url for url in urls if url]
            if not urls:
                return TaskState("failed", self._outcome(request, reply, late, clips))
        elif state != "succeeded" or not urls or not all(urls):
            return unfinished(state, self.poll_after_s)
        return TaskState("succeeded", self._outcome(request, reply, await self.fetch(urls, "audio"), clips), self.poll_after_s)

    async def find(self, _request: Request) -> str | None:
        """Return None: tasks bear no id of ours."""
        return None

    def _body(self, request: Request) -> dict[str, Any] | Failure:
        given = known(self.parameters(request), FIELDS)
        if isinstance(given, Failure):
            return given
        words = {"prompt": request.prompt} if are_lyrics(given) else {"gpt_description_prompt": request.prompt}
        return {**words, **({"mv": model} if (model := self.model(request)) else {}), **given}

    def _outcome(self, request: Request, reply: Reply, made: Any, clips: list[Mapping[str, Any]]) -> Outcome:
        body = self._body(request)
        sent = wire_request("POST", self.client.url("/suno/submit/music"), None, None if isinstance(body, Failure) else body)
        if isinstance(made, Failure):
            return Outcome(failure=made, wire_request=sent, wire_response=reply.got)
        model = secrets.redact(text(clips[0].get("model_name"))) or self.model(request)
        return Outcome(assets=tuple(made), usage=usage_of(clips), model_resolved=model, wire_request=sent, wire_response=reply.got)


def _failure(reply: Reply, *, submitting: bool = False) -> Failure | None:
    if reply.failure:
        return reply.failure
    body = mapping(reply.body)
    code = text(body.get("code"))
    if reply.ok and code in ("success", "200"):
        return None
    message = text(body.get("message")) or text(at(body, "error", "message")) or (reply.body if isinstance(reply.body, str) else "")
    if reply.ok and not code and not message:
        return Failure("malformed", "the answer is not of the shape that this gateway documents", code="shape")
    return ERRORS.failure(
        reply.status if not reply.ok else 500,
        code or text(at(body, "error", "code")),
        message or code,
        reply.headers,
        submitting=submitting,
    )
