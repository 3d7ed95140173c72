"""Midjourney through a proxy that speaks `/mj/submit`: midjourney-proxy, its forks, and the gateways that imitate them.

    POST /mj/submit/imagine {prompt, base64Array, state}  ->  HTTP 200 {code, description, result: task id}
    POST /mj/submit/video {prompt, image, motion, loop, batchSize, videoType, state}  ->  the same (trueai's proxy)
    GET /mj/task/{id}/fetch  ->  {status, imageUrl, failReason …}

| code of a submit | means | | status of a task | means |
|---|---|---|---|---|
| 1 | handed in | | NOT_START, SUBMITTED | queued |
| 22 | handed in, queued | | IN_PROGRESS | running; an address then is a preview |
| 21 | there already: its task is polled | | MODAL | needs input |
| 23 | `rate_limit`: the queue is full | | SUCCESS | succeeded |
| 24 | `content_refused`: a banned word | | FAILURE | failed, `failReason` says why |
| 3, 4 | `invalid_request` | | CANCEL | cancelled |
| 9 | `server` | | null, HTTP 404 | lost |

`state` carries the job's id, so that a submit whose answer was lost is found in the list of tasks. Written from documents;
never called live.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field

from runs.provider import RETRYABLE, Asset, Failure, Outcome, Request, TaskState, Usage
from runs.providers import grid, inline, links, midjourney_video
from runs.providers.base import pictures
from runs.providers.http import Auth, Reply, bearer, header, wire_request
from runs.providers.midjourney import Midjourney, MidjourneyOptions, Role
from runs.providers.tables import Errors, State, at, fault, mapping, text, unfinished
from runs.providers.transport import api_key
from runs.settings import ProviderSettings

HANDED_IN = frozenset({"1", "22", "21"})
STATES: Mapping[str, State] = {
    "NOT_START": "queued", "SUBMITTED": "queued", "IN_PROGRESS": "running", "MODAL": "needs_input",
    "SUCCESS": "succeeded", "FAILURE": "failed", "CANCEL": "cancelled",
}  # fmt: skip
ERRORS = Errors(
    codes={
        "3": "invalid_request", "4": "invalid_request", "9": "server", "21": "invalid_request", "23": "rate_limit",
        "24": "content_refused",
    },
    statuses={401: "auth", 403: "auth", 404: "invalid_request"},
)  # fmt: skip
_REASONS = Errors(
    words=(
        (re.compile(r"banned|sensitive|moderat|blocked|filter|violat|敏感|违规|屏蔽", re.IGNORECASE), "content_refused"),
        (re.compile(r"invalid (parameter|link|value|image)|unrecognized|参数", re.IGNORECASE), "invalid_request"),
        (re.compile(r"subscription|credits?\b|fast (hours|time)|out of (gpu|time)|余额|订阅", re.IGNORECASE), "quota"),
        (re.compile(r"queue.{0,20}full|队列", re.IGNORECASE), "rate_limit"),
        # The proxy gave the job up; Midjourney may have finished, and billed, it.
        (re.compile(r"time ?out|超时", re.IGNORECASE), "timeout"),
    )
)


class Options(MidjourneyOptions):
    """`auth` is the header that the key goes into: `mj-api-secret`, `authorization` (bare) or `bearer`.

    `images` says what becomes of the grid of four: `split` cuts it, `whole` keeps it, `upscale` asks for the pictures of
    `upscale` (1 to 4) singly. `bot` is sent as `botType`, `account_filter` as `accountFilter`, where a proxy knows them.
    """

    auth: Literal["mj-api-secret", "authorization", "bearer"] = "mj-api-secret"
    images: Literal["split", "whole", "upscale"] = "split"
    upscale: tuple[Literal[1, 2, 3, 4], ...] = (1,)
    bot: Literal["", "MID_JOURNEY", "NIJI_JOURNEY"] = ""
    account_filter: dict[str, Any] = Field(default_factory=dict)


class MidjourneyProxyProvider(Midjourney[Options]):
    """One proxy."""

    options_type = Options
    look_up = True

    def __init__(self, name: str, config: ProviderSettings) -> None:
        super().__init__(name, config)
        self._asked: set[str] = set()

    def auth(self) -> Auth:
        """Return the key in the header that this proxy reads; a proxy may want none."""
        key = api_key(self.name, self.config)
        if self.options.auth == "bearer":
            return bearer(key)
        return header("mj-api-secret" if self.options.auth == "mj-api-secret" else "Authorization", key)

    async def submit(self, request: Request) -> str | Failure:
        """Hand a prompt in."""
        body = await self._body(request)
        if isinstance(body, Failure):
            return body
        return await self._submitted(_path(request), body)

    async def poll(self, task_id: str, request: Request) -> TaskState:
        """Ask for a task; fetch its picture once it has succeeded."""
        reply, task = await self._task(task_id)
        if isinstance(task, TaskState):
            return task
        state = STATES.get(text(task.get("status")).upper())
        if state == "failed":
            return TaskState("failed", await self._outcome(request, reply, _why(task)))
        if state in ("cancelled", "needs_input"):
            return TaskState(state)
        if request.kind == "video":
            return await self._clips(task_id, request, reply, task, state)
        url = text(task.get("imageUrl"))
        # An address before success is a preview; success may come before the address.
        if state != "succeeded" or not url:
            return await self._on_the_way(task_id, request, reply, state)
        if self.options.images == "upscale":
            return await self._upscaled(task_id, request, reply)
        made = await self.fetch([url], "image")
        if not isinstance(made, Failure) and self.options.images == "split":
            made = await asyncio.to_thread(grid.split, made[0])
        return TaskState("succeeded", await self._outcome(request, reply, made), self.poll_after_s)

    async def _on_the_way(self, task_id: str, request: Request, reply: Reply, state: State | None) -> TaskState:
        """Return the state of a task without its file: it is given up where it has said for too long that it has succeeded."""
        if state == "succeeded" and (late := self.no_file(task_id)):
            return TaskState("failed", await self._outcome(request, reply, late))
        return unfinished(state, self.poll_after_s)

    async def _clips(self, task_id: str, request: Request, reply: Reply, task: Mapping[str, Any], state: State | None) -> TaskState:
        """Fetch the clips of a task that has succeeded; proxies name them in their own ways, and a still beside them."""
        found = links.links({name: task.get(name) for name in ("videoUrls", "videoUrl", "videos", "imageUrls", "imageUrl")}, "video")
        if state != "succeeded" or not found:
            return await self._on_the_way(task_id, request, reply, state)
        return TaskState("succeeded", await self._outcome(request, reply, await self.fetch(found, "video")), self.poll_after_s)

    async def find(self, request: Request) -> str | None:
        """Look for the job's id among the proxy's tasks.

        Raises:
            LookupError: the proxy does not say what tasks it has.
        """
        return await self._listed(request.key)

    async def _listed(self, state: str) -> str | None:
        reply = await self.client.call("GET", "/task/list")
        tasks = reply.body if isinstance(reply.body, list) else at(reply.body, "data") or at(reply.body, "list")
        if not reply.ok or not isinstance(tasks, list):
            raise LookupError(f"the proxy lists no tasks (HTTP {reply.status})", reply.ok or reply.status in (404, 405))
        return next((text(t.get("id")) for t in map(mapping, tasks) if t.get("state") == state), None) or None

    async def _task(self, task_id: str) -> tuple[Reply, Mapping[str, Any] | TaskState]:
        """Return a task, or the state that follows from the answer where it is none."""
        reply = await self.client.call("GET", f"/task/{quote(task_id, safe='')}/fetch")
        nothing = reply.status == 200 and (reply.body is None or not reply.data.strip())
        if reply.status == 404 or (nothing and (not reply.failure or not reply.data.strip())):
            return reply, TaskState("lost")
        body = mapping(reply.body)
        if not body.get("status") and text(body.get("code")) == "3":
            return reply, TaskState("lost")
        if failure := _failure(reply, wanted="status"):
            return reply, fault(failure, self.poll_after_s)
        return reply, body

    async def _submitted(self, path: str, body: Mapping[str, Any]) -> str | Failure:
        reply = await self.client.call("POST", path, json=body)
        answer = mapping(reply.body)
        task, code = text(answer.get("result")), text(answer.get("code"))
        if reply.ok and code in HANDED_IN and task:
            return task
        if failure := _failure(reply, submitting=True):
            return failure
        return Failure("malformed", "the answer to the submit names no task", code="no_task_id")

    async def _upscaled(self, task_id: str, request: Request, reply: Reply) -> TaskState:
        """Ask for single pictures of a finished grid, each only once, and wait for all of them."""
        urls: list[str] = []
        for index in self.options.upscale:
            one = await self._upscale(task_id, request, index)
            if isinstance(one, Failure):
                if one.error in RETRYABLE:
                    return fault(one, self.poll_after_s)
                return TaskState("failed", await self._outcome(request, reply, one))
            if one == "":
                continue
            found, task = await self._task(one)
            if isinstance(task, TaskState):
                return task
            state = STATES.get(text(task.get("status")).upper())
            if state == "failed":
                return TaskState("failed", await self._outcome(request, found, _why(task)))
            if state == "succeeded" and task.get("imageUrl"):
                urls.append(text(task.get("imageUrl")))
            elif state == "succeeded" and (late := self.no_file(one)):
                return TaskState("failed", await self._outcome(request, found, late))
        if len(urls) < len(self.options.upscale):
            return TaskState("running", poll_after_s=self.poll_after_s)
        return TaskState("succeeded", await self._outcome(request, reply, await self.fetch(urls, "image")), self.poll_after_s)

    async def _upscale(self, task_id: str, request: Request, index: int) -> str | Failure:
        """Return the task that enlarges one picture, handed in unless it was before; empty where its answer was lost just now."""
        # With the grid's own id: another try of the job has another grid.
        state = f"{request.key}/{task_id}/U{index}"
        try:
            known = await self._listed(state)
        except LookupError as error:
            # Without the list nobody can say what an earlier process has handed in.
            return Failure("invalid_request" if error.args[-1] else "server", f'{error.args[0]}; use images = "split"', code="no_list")
        if known:
            return known
        if state in self._asked:
            return Failure(
                "timeout", f"the answer to an upscale of task {task_id} was lost, and the proxy does not list it", code="timeout"
            )
        handed = await self._submitted("/submit/change", {"taskId": task_id, "action": "UPSCALE", "index": index, "state": state})
        if isinstance(handed, Failure) and handed.error in ("timeout", "malformed"):
            self._asked.add(state)
            return ""
        return handed

    async def _body(self, request: Request) -> dict[str, Any] | Failure:
        """Return the body of a submit, or why there is none."""
        body = await self._clip(request) if request.kind == "video" else await self._pictures(request)
        if isinstance(body, Failure):
            return body
        if self.options.bot and request.kind == "image":
            body["botType"] = self.options.bot
        if self.options.account_filter:
            body["accountFilter"] = self.options.account_filter
        return body

    async def _clip(self, request: Request) -> dict[str, Any] | Failure:
        wish = midjourney_video.wish_of(request, self.parameters(request))
        if isinstance(wish, Failure):
            return wish
        image: list[str] | Failure
        if self.options.reference_url:
            image = self.urls([wish.frame])
        else:
            read = await pictures([wish.frame])
            image = read if isinstance(read, Failure) else [inline.data_url(read[0], wish.frame.media_type)]
        if isinstance(image, Failure):
            return image
        return {
            "prompt": wish.text, "image": image[0], "motion": wish.motion or midjourney_video.MOTIONS[0], "loop": wish.loop,
            "batchSize": wish.n, "videoType": f"vid_1.1_i2v_{wish.resolution.removesuffix('P')}", "state": request.key,
        }  # fmt: skip

    async def _pictures(self, request: Request) -> dict[str, Any] | Failure:
        role: Role = self.role(request)
        if not self.options.reference_url and self.options.reference_as == "auto":
            role = "image"
        by_address = bool(self.options.reference_url) or role != "image"
        urls = self.urls(request.references) if by_address else []
        if isinstance(urls, Failure):
            return urls
        line = self.line(request, role, urls)
        if isinstance(line, Failure):
            return line
        body: dict[str, Any] = {"prompt": line, "state": request.key}
        if request.references and not by_address:
            read = await pictures(request.references)
            if isinstance(read, Failure):
                return read
            body["base64Array"] = [inline.data_url(data, r.media_type) for data, r in zip(read, request.references, strict=True)]
        return body

    async def _outcome(self, request: Request, reply: Reply, made: Sequence[Asset] | Failure) -> Outcome:
        body = await self._body(request)
        sent = wire_request("POST", self.client.url(_path(request)), None, None if isinstance(body, Failure) else body)
        if isinstance(made, Failure):
            return Outcome(failure=made, wire_request=sent, wire_response=reply.got)
        usage = Usage(images=4) if request.kind == "image" else Usage(seconds=float(midjourney_video.LENGTH_S * len(made)))
        return Outcome(
            assets=tuple(made), usage=usage, model_resolved=f"midjourney {self.version(request)}",
            wire_request=sent, wire_response=reply.got,
        )  # fmt: skip


def _path(request: Request) -> str:
    return "/submit/video" if request.kind == "video" else "/submit/imagine"


def _failure(reply: Reply, *, wanted: str = "", submitting: bool = False) -> Failure | None:
    """Return what an answer says went wrong; None for one that holds what is `wanted`."""
    if reply.failure:
        return reply.failure
    body = mapping(reply.body)
    if reply.ok and wanted and body.get(wanted):
        return None
    message = text(body.get("description")) or text(body.get("message")) or text(at(body, "error", "message"))
    if not message and isinstance(reply.body, str):
        message = reply.body
    if word := text(at(body, "properties", "bannedWord")):
        message = f"{message} (banned word: {word})"
    code = text(body.get("code"))
    if reply.ok and not code:
        return Failure("malformed", "the answer is neither a task nor an error", code="shape") if not submitting else None
    if reply.ok and code in HANDED_IN - {"21"}:
        return None
    return ERRORS.failure(0 if reply.ok else reply.status, code, message or f"code {code}", reply.headers, submitting=submitting)


def _why(task: Mapping[str, Any]) -> Failure:
    reason = text(task.get("failReason")) or text(task.get("description")) or "the task has failed"
    found = _REASONS.failure(0, "", reason)
    return Failure("server" if found.error == "malformed" else found.error, found.message, "FAILURE")
