"""Midjourney through Youchuan (悠船), the platform sold to businesses in mainland China.

    POST /v1/tob/diffusion {text}  ->  job id;  GET /v1/tob/job/{id}  ->  status 2 and the addresses of four pictures
    POST /v1/tob/video-diffusion {prompt, videoType}  ->  the same for clips; the prompt begins with a picture's address

| status | means |
|---|---|
| 0 CREATED, QUEUED | queued |
| 1 RUNNING | running |
| 2 SUCCESS | succeeded once `urls` is filled; before, it is running still |
| 3 FAIL, REJECT … | failed; `comment` says why |
| CANCELED | cancelled |
| HTTP 404 | lost |

It takes pictures by address only, and has no list of jobs: a submit whose answer was lost cannot be looked up.
Written from documents; never called live.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field

from runs import secrets
from runs.errors import ProviderError
from runs.provider import Failure, Outcome, Request, TaskState, Usage
from runs.providers import midjourney_video
from runs.providers.http import Auth, Reply, wire_request
from runs.providers.midjourney import Midjourney, MidjourneyOptions
from runs.providers.tables import Errors, State, at, fault, items, mapping, text, unfinished
from runs.providers.transport import api_key

TEXT_CHARS = 8192
PICTURES, CLIPS = "/v1/tob/diffusion", "/v1/tob/video-diffusion"
STATES: Mapping[str, State] = {
    "0": "queued", "created": "queued", "queued": "queued",
    "1": "running", "running": "running",
    "2": "succeeded", "success": "succeeded",
    "3": "failed", "fail": "failed", "failed": "failed", "reject": "failed", "rejected": "failed", "timeout": "failed",
    "4": "cancelled", "canceled": "cancelled", "cancelled": "cancelled",
}  # fmt: skip
ERRORS = Errors(
    # Names of failed jobs, with or without `JobStatus` before them.
    codes={
        "reject": "content_refused", "textreject": "content_refused", "imagepromptdenied": "content_refused",
        "badprompt": "invalid_request", "invalidparameter": "invalid_request", "invalidimagepromptlink": "invalid_request",
        "creditnotenough": "quota", "timeout": "timeout",
    },
    words=(
        (re.compile(r"no valid plan", re.IGNORECASE), "quota"),
        (re.compile(r"do(es)? not support this", re.IGNORECASE), "invalid_request"),
    ),
    statuses={
        400: "invalid_request", 401: "auth", 402: "quota", 403: "content_refused", 404: "invalid_request",
        405: "invalid_request", 429: "concurrency", 500: "server",
    },
)  # fmt: skip
_NAME = re.compile(r"(?:JobStatus)?([A-Za-z]+)$")


class Options(MidjourneyOptions):
    """`app_env` names the variable with the app's id; `pick` keeps one of the four outputs (1 to 4) instead of all."""

    app_env: str = Field(default="YOUCHUAN_APP", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    pick: Literal["all", 1, 2, 3, 4] = "all"


class YouchuanProvider(Midjourney[Options]):
    """One app of the platform."""

    options_type = Options

    def auth(self) -> Auth:
        """Return both credentials as headers.

        Raises:
            ProviderError: one of them is not set.
        """
        key, app = api_key(self.name, self.config), secrets.secret(self.options.app_env)
        if app is None:
            raise ProviderError(
                f"Provider {self.name!r} needs the id of an app, and the environment variable {self.options.app_env} is not set.",
                hint=f"Set it, or write {self.options.app_env}=… into the workspace's .env.",
            )
        return lambda: {"x-youchuan-app": app, **({"x-youchuan-secret": key} if key else {})}

    async def submit(self, request: Request) -> str | Failure:
        """Hand a prompt in."""
        body = self._body(request)
        if isinstance(body, Failure):
            return body
        reply = await self.client.call("POST", _path(request), json=body)
        if failure := _failure(reply, submitting=True):
            return failure
        job = mapping(reply.body)
        inner = job if isinstance(job.get("data"), str) else mapping(job.get("data")) or job
        found = text(inner.get("id")) or text(inner.get("jobId")) or text(job.get("data"))
        return found or Failure("malformed", "the answer to the submit names no job", code="no_task_id")

    async def poll(self, task_id: str, request: Request) -> TaskState:
        """Ask for a job; fetch its pictures or clips once they are there."""
        reply = await self.client.call("GET", f"/v1/tob/job/{quote(task_id, safe='')}")
        if reply.status == 404 or (reply.ok and text(at(reply.body, "code")) == "404"):
            return TaskState("lost")
        if failure := _failure(reply):
            return fault(failure, self.poll_after_s)
        job = mapping(at(reply.body, "data")) or mapping(reply.body)
        state = STATES.get(text(job.get("status")).lower())
        urls = [u for u in items(job.get("urls")) if isinstance(u, str) and u]
        if state == "failed":
            return TaskState("failed", self._outcome(request, reply, _why(job)))
        if state == "cancelled":
            return TaskState("cancelled")
        # It may say success before the addresses are there.
        if state == "succeeded" and not urls and (late := self.no_file(task_id)):
            return TaskState("failed", self._outcome(request, reply, late))
        if state != "succeeded" or not urls:
            return unfinished(state, self.poll_after_s)
        kept = urls if self.options.pick == "all" else urls[self.options.pick - 1 : self.options.pick]
        assets = await self.fetch(kept, request.kind) if kept else Failure("malformed", f"there is no output {self.options.pick}")
        return TaskState("succeeded", self._outcome(request, reply, assets), self.poll_after_s)

    async def find(self, _request: Request) -> str | None:
        """Return None: jobs cannot be listed."""
        return None

    def _body(self, request: Request) -> dict[str, Any] | Failure:
        if request.kind == "video":
            return self._clip(request)
        urls = self.urls(request.references)
        if isinstance(urls, Failure):
            return urls
        line = self.line(request, self.role(request), urls)
        if isinstance(line, str) and len(line) > TEXT_CHARS:
            return Failure("invalid_request", f"the prompt has {len(line)} characters; {TEXT_CHARS} are allowed", code="too_long")
        return line if isinstance(line, Failure) else {"text": line}

    def _clip(self, request: Request) -> dict[str, Any] | Failure:
        wish = midjourney_video.wish_of(request, self.parameters(request))
        if isinstance(wish, Failure):
            return wish
        if wish.n != 1:
            return Failure("invalid_request", "Youchuan takes no n for clips; use repeats", code="bad_parameter")
        urls = self.urls([wish.frame])
        if isinstance(urls, Failure):
            return urls
        return {"prompt": f"{urls[0]} {wish.line}".strip(), "videoType": midjourney_video.RESOLUTIONS.index(wish.resolution)}

    def _outcome(self, request: Request, reply: Reply, made: Any) -> Outcome:
        body = self._body(request)
        sent = wire_request("POST", self.client.url(_path(request)), None, None if isinstance(body, Failure) else body)
        if isinstance(made, Failure):
            return Outcome(failure=made, wire_request=sent, wire_response=reply.got)
        # Four are made and paid, however many are kept.
        clips = len(items(at(reply.body, "data", "urls")) or items(at(reply.body, "urls")))
        usage = Usage(images=4) if request.kind == "image" else Usage(seconds=float(midjourney_video.LENGTH_S * clips))
        return Outcome(assets=made, usage=usage, model_resolved=f"midjourney {self.version(request)}",
                       wire_request=sent, wire_response=reply.got)  # fmt: skip


def _path(request: Request) -> str:
    return CLIPS if request.kind == "video" else PICTURES


def _failure(reply: Reply, *, submitting: bool = False) -> Failure | None:
    if reply.failure:
        return reply.failure
    body = mapping(reply.body)
    message = text(body.get("message")) or text(body.get("msg")) or text(body.get("error")) or text(body.get("comment"))
    if not message and isinstance(reply.body, str):
        message = reply.body
    code = text(body.get("code"))
    inside = int(code) if code.isdecimal() and len(code) == 3 and 400 <= int(code) < 600 else 0
    if reply.ok and not inside:
        return None
    status = inside if reply.ok else reply.status
    return ERRORS.failure(status, "" if code.isdecimal() else code, message, reply.headers, submitting=submitting)


def _why(job: Mapping[str, Any]) -> Failure:
    """Return why a job has failed, by the name that its comment or status is or ends in."""
    comment = text(job.get("comment")) or text(job.get("message")) or "the job has failed"
    found = _NAME.search(comment)
    named = found[1] if found and found[1].lower() in ERRORS.codes else text(job.get("status"))
    if named.lower() in ERRORS.codes:
        return ERRORS.failure(0, named, comment)
    return ERRORS.failure(500, "", comment)
