"""ComfyUI: a workflow of the workspace on a machine of one's own.

    POST /prompt {prompt: graph, prompt_id}  ->  GET /history/{id}, GET /queue  ->  GET /view?filename=…

| where a prompt is | means |
|---|---|
| `queue_pending` | queued |
| `queue_running` | running |
| `/history`, `success` | succeeded |
| `/history`, `error` | failed; the node and what it said are named |
| `/history`, interrupted | cancelled |
| neither | lost: removed from the queue, or the server was started anew |

The prompt's id follows from the job's, and the server is asked for it before anything is handed in: it takes the same id
twice. Written from the documents of its API; the tests run against a stub, not against ComfyUI.
"""

from __future__ import annotations

import mimetypes
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import quote, urlencode

from pydantic import Field, field_validator

from runs.errors import ProviderError
from runs.provider import Asset, Failure, Kind, Outcome, Request, TaskState, Usage
from runs.providers.base import CommonOptions, HttpProvider, pictures
from runs.providers.comfy_graph import load
from runs.providers.http import Auth, Part, Reply, wire_request
from runs.providers.tables import Errors, at, fault, items, mapping, text
from runs.settings import ProviderSettings

NAMESPACE = uuid.UUID("6f0e3b0c-4a0e-5a55-9d0c-0f0f1c9d7a11")
TRIES = 16
"""Prompts of one job that may have failed before; each has an id of its own."""
ERRORS = Errors(statuses={400: "invalid_request", 404: "invalid_request", 405: "invalid_request"})
_KINDS: Mapping[str, Kind] = {"images": "image", "gifs": "video", "videos": "video", "video": "video", "audio": "audio"}
Known = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class Options(CommonOptions):
    """`workflow` is a file of the workspace, in the format of the API; `slots` says which inputs of it get what.

    Slots: `prompt` is needed; `seed` too (`[]` says that the workflow has none); `references`, one input for each picture; any
    other name is a parameter that templates may give. `output` names the node whose files are taken; all saved ones without it.
    """

    workflow: str = ""
    slots: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    output: str = ""

    @field_validator("slots", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return {k: (v,) if isinstance(v, str) else v for k, v in value.items()} if isinstance(value, dict) else value


class ComfyProvider(HttpProvider[Options]):
    """One ComfyUI server with one workflow."""

    kinds: frozenset[Kind] = frozenset({"image", "video", "audio"})
    options_type = Options
    poll_s = 1.0
    look_up = True

    def __init__(self, name: str, config: ProviderSettings) -> None:
        """Read the workflow.

        Raises:
            ProviderError: none is named, or it is of no use.
        """
        super().__init__(name, config)
        if not self.options.workflow or config.root is None:
            raise ProviderError(
                f"Provider {name!r} needs a workflow.",
                hint=f'Set options = {{ workflow = "workflows/still.json", slots = {{ … }} }} in [providers.{name}] of workbench.toml.',
            )
        if missing := next((s for s in ("prompt", "seed") if s not in self.options.slots), None):
            raise ProviderError(
                f"Provider {name!r}: no slot {missing!r} is named; all repeats would be one picture."
                if missing == "seed"
                else f"Provider {name!r}: no slot {missing!r} is named.",
                hint=f'Add {missing} = "TITLE.INPUT" to slots' + ("; seed = [] says that there is none." if missing == "seed" else "."),
            )
        self._graph = load(config.root, self.options.workflow, self.options.slots)
        if self.options.output and not self._graph.named(self.options.output):
            raise ProviderError(f"The workflow {self.options.workflow} has no node {self.options.output!r}.")
        # Part of what decides the output, and so of every job's id.
        self.base_url = f"{config.base_url}#{self._graph.sha256[:16]}{self.options.output}"
        self._checked: dict[str, bool] = {}

    def asset_auth(self, auth: Auth) -> Auth:
        """Return the key: a server behind a login shows its files to nobody else."""
        return auth

    async def submit(self, request: Request) -> str | Failure:
        """Hand a prompt in, unless the server has it."""
        if missing := await self._missing_class():
            return missing
        known = await self._id(request)
        if isinstance(known, Failure):
            return known
        prompt_id, taken = known
        if taken:
            return prompt_id
        nodes = await self._nodes(request)
        if isinstance(nodes, Failure):
            return nodes
        reply = await self.client.call("POST", "/prompt", json={"prompt": nodes, "prompt_id": prompt_id, "client_id": str(NAMESPACE)})
        if reply.failure:
            return reply.failure
        if not reply.ok:
            return self._refused(reply)
        # An older server chooses the id itself.
        return text(at(reply.body, "prompt_id")) or Failure("malformed", "the answer to the submit names no prompt_id", code="no_task_id")

    async def poll(self, task_id: str, request: Request) -> TaskState:
        """Look a prompt up in history and queue; fetch its files once it has succeeded."""
        known, reply = await self._known(task_id)
        if isinstance(known, Failure):
            return fault(known, self.poll_after_s)
        if known is None:
            return TaskState("lost")
        if known in ("queued", "running", "cancelled"):
            return TaskState(known, poll_after_s=self.poll_after_s)
        entry = mapping(at(reply.body, task_id))
        if known == "failed":
            return TaskState("failed", self._outcome(request, reply, self._why(entry)))
        found = self._files(entry, request.kind)
        if not found:
            why = Failure("malformed", f"the workflow saved no {request.kind}; a preview node does not save", code="no_output")
            return TaskState("succeeded", self._outcome(request, reply, why))
        urls = [self.client.url(f"/view?{urlencode(file)}") for file in found]
        return TaskState("succeeded", self._outcome(request, reply, await self.fetch(urls, request.kind)), self.poll_after_s)

    async def find(self, request: Request) -> str | None:
        """Look for a prompt of this job that has not failed.

        Raises:
            LookupError: the server does not answer.
        """
        known = await self._id(request)
        if isinstance(known, Failure):
            raise LookupError(known.message)
        return known[0] if known[1] else None

    async def _id(self, request: Request) -> tuple[str, bool] | Failure:
        """Return the id of a job's prompt that the server has and that did not fail, and True; else an id that it does not know."""
        for attempt in range(TRIES):
            prompt_id = str(uuid.uuid5(NAMESPACE, f"{request.key}/{attempt}"))
            known, _ = await self._known(prompt_id)
            if isinstance(known, Failure):
                # Nothing was handed in yet.
                return replace(known, error="server") if known.error in ("timeout", "malformed") else known
            if known is None:
                return prompt_id, False
            if known not in ("failed", "cancelled"):
                return prompt_id, True
        return Failure("invalid_request", f"{TRIES} prompts of this job have failed on this server", code="tries")

    async def _known(self, prompt_id: str) -> tuple[Known | Failure | None, Reply]:
        """Return where a prompt is; None if it is nowhere. History is asked again last: it may have just left the queue."""
        history = f"/history/{quote(prompt_id, safe='')}"
        for path in (history, "/queue", history):
            reply = await self.client.call("GET", path)
            if reply.failure or not reply.ok:
                return reply.failure or ERRORS.failure(reply.status, "", text(reply.body), reply.headers), reply
            if not isinstance(reply.body, dict):
                return Failure("malformed", "the server answers as ComfyUI does not", code="shape"), reply
            if path == "/queue":
                if found := next((s for k, s in _QUEUES if any(prompt_id in items(e)[1:2] for e in items(reply.body.get(k)))), None):
                    return found, reply
            elif prompt_id in reply.body:
                return _ended(mapping(reply.body[prompt_id])), reply
        return None, reply

    async def _missing_class(self) -> Failure | None:
        """Return which node of the workflow this server has not installed; asked once for each class."""
        for name in self._graph.classes:
            if self._checked.get(name):
                continue
            reply = await self.client.call("GET", f"/object_info/{name}")
            if reply.failure:
                return replace(reply.failure, error="server") if reply.failure.error in ("timeout", "malformed") else reply.failure
            if reply.status >= 500 or reply.status in (401, 403, 429):
                return ERRORS.failure(reply.status, "", text(reply.body), reply.headers)
            if not (reply.ok and name in mapping(reply.body)):
                why = f"the server does not know the node class {name!r} of {self.options.workflow}; install it there"
                return Failure("invalid_request", why, code="node_class")
            self._checked[name] = True
        return None

    def _values(self, request: Request) -> dict[str, Any]:
        values = {"prompt": request.prompt, **self.parameters(request)}
        if request.seed is not None and self._graph.places.get("seed"):
            values.setdefault("seed", request.seed)
        return values

    async def _nodes(self, request: Request) -> dict[str, Any] | Failure:
        # Before anything is uploaded: the wrong number of pictures, or a parameter without a slot.
        fits = self._graph.filled(self._values(request), [r.sha256 for r in request.references])
        if isinstance(fits, Failure) or not request.references:
            return fits
        read = await pictures(request.references)
        if isinstance(read, Failure):
            return read
        names: list[str] = []
        for data, reference in zip(read, request.references, strict=True):
            name = await self._uploaded(data, f"{reference.sha256}.{reference.path.suffix.lstrip('.')}", reference.media_type)
            if isinstance(name, Failure):
                return name
            names.append(name)
        return self._graph.filled(self._values(request), names)

    async def _uploaded(self, data: bytes, filename: str, media_type: str) -> str | Failure:
        """Upload a picture under its hash; the same bytes are kept once."""
        parts = [
            Part("image", data, filename, media_type), Part("type", "input"), Part("subfolder", "workbench"), Part("overwrite", "false"),
        ]  # fmt: skip
        reply = await self.client.call("POST", "/upload/image", parts=parts)
        if reply.failure or not reply.ok:
            why = reply.failure or ERRORS.failure(reply.status, "", text(reply.body), reply.headers)
            return replace(why, error="server") if why.error in ("timeout", "malformed") else why
        name, folder = text(at(reply.body, "name")), text(at(reply.body, "subfolder"))
        if not name:
            return Failure("server", "the answer to the upload names no file", code="upload")
        return f"{folder}/{name}" if folder else name

    def _refused(self, reply: Reply) -> Failure:
        """Return what is wrong with a prompt, by node and input."""
        nodes = mapping(at(reply.body, "node_errors"))
        told = [
            f"{self._graph.title(str(n))} ({text(at(e, 'class_type'))}): {text(at(x, 'message'))} {text(at(x, 'details'))}".strip()
            for n, e in nodes.items()
            for x in map(mapping, items(at(e, "errors")))
        ]
        error = at(reply.body, "error")
        head = text(at(error, "message")) or text(error) or (reply.body if isinstance(reply.body, str) else "")
        message = "; ".join([head, text(at(error, "details")), *told[:3]]).strip("; ")
        return ERRORS.failure(reply.status, "", message, reply.headers, submitting=True)

    def _why(self, entry: Mapping[str, Any]) -> Failure:
        """Return what a node said as it failed. The same prompt will fail again, unless the machine was only full."""
        said = next((mapping(d) for kind, d in _messages(entry) if kind == "execution_error"), {})
        kind, message = text(said.get("exception_type")), text(said.get("exception_message"))
        where = f"{self._graph.title(text(said.get('node_id')))} ({text(said.get('node_type'))})" if said else "a node"
        full = "outofmemory" in kind.lower().replace("_", "") or "out of memory" in message.lower()
        found = ERRORS.failure(503 if full else 400, "", f"{where} failed: {kind} {message}")
        return replace(found, code="execution_error")

    def _files(self, entry: Mapping[str, Any], kind: Kind) -> list[dict[str, str]]:
        """Return the saved files of a kind as `/view` wants them named."""
        outputs = mapping(entry.get("outputs"))
        wanted = set(self._graph.named(self.options.output)) if self.options.output else set(outputs)
        found: list[dict[str, str]] = []
        for node, output in outputs.items():
            for group, files in mapping(output).items() if node in wanted else ():
                for file in map(mapping, items(files)):
                    name = text(file.get("filename"))
                    guessed = (mimetypes.guess_type(name)[0] or "").partition("/")[0]
                    of = guessed if guessed in ("image", "video", "audio") else _KINDS.get(group)
                    # An animation may come as WebP or GIF.
                    fits = of == kind or (kind == "video" and group == "gifs")
                    if name and fits and text(file.get("type")) == "output":
                        found.append({"filename": name, "subfolder": text(file.get("subfolder")), "type": "output"})
        return found

    def _outcome(self, request: Request, reply: Reply, made: Sequence[Asset] | Failure) -> Outcome:
        nodes = self._graph.filled(self._values(request), [r.sha256 for r in request.references])
        body = None if isinstance(nodes, Failure) else {"prompt": nodes}
        sent = wire_request("POST", self.client.url("/prompt"), None, body)
        if isinstance(made, Failure):
            return Outcome(failure=made, wire_request=sent, wire_response=reply.got)
        usage = Usage(images=len(made)) if request.kind == "image" else Usage()
        model = f"{self.options.workflow}@{self._graph.sha256[:12]}"
        return Outcome(assets=tuple(made), usage=usage, model_resolved=model, wire_request=sent, wire_response=reply.got)


_QUEUES: tuple[tuple[str, Known], ...] = (("queue_running", "running"), ("queue_pending", "queued"))


def _ended(entry: Mapping[str, Any]) -> Known:
    status = mapping(entry.get("status"))
    if text(status.get("status_str")) != "error":
        return "succeeded"
    return "cancelled" if any(kind == "execution_interrupted" for kind, _ in _messages(entry)) else "failed"


def _messages(entry: Mapping[str, Any]) -> list[tuple[str, Any]]:
    given = items(at(entry, "status", "messages"))
    return [(text(m[0]), m[1]) for m in given if isinstance(m, list) and len(m) == 2]
