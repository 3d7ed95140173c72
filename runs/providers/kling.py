"""Kling: clips and pictures as tasks, with reference pictures, faces and reusable elements.

    POST /v1/videos/text2video       ->  {"code": 0, "data": {"task_id": …, "task_status": "submitted"}}
    GET  /v1/videos/text2video/{id}  ->  … "task_status": "succeed", "task_result": {"videos": [{"url": …}]}, "final_unit_deduction": "0.6"
    an error                         ->  {"code": 1102, "message": "resource pack depleted"}, with HTTP 429

The job's id goes along as `external_task_id`: a submit whose answer was lost is looked up by it. Slots count as the account
counts them: a clip is one, a picture task as many as it has pictures. Task success may come before the files do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal

from pydantic import Field

from runs import secrets
from runs.errors import ProviderError
from runs.provider import ErrorClass, Failure, Kind, Outcome, Reference, Request, TaskState, Usage
from runs.providers import kling_routes as routes
from runs.providers import wanted
from runs.providers.base import CommonOptions, HttpProvider
from runs.providers.http import Auth, Reply, bearer, wire_request
from runs.providers.kling_auth import STALE, Tokens, tokens_of
from runs.providers.kling_elements import Elements
from runs.providers.kling_pictures import encoded
from runs.providers.kling_routes import Family
from runs.providers.tables import Errors, State, at, fault, items, mapping, number, text, unfetched, unfinished
from runs.providers.transport import api_key

STATES: Mapping[str, State] = {
    "submitted": "queued", "processing": "running", "succeed": "succeeded", "succeeded": "succeeded", "failed": "failed",
}  # fmt: skip
CODES: Mapping[str, ErrorClass] = {
    **dict.fromkeys(("1000", "1001", "1002", "1003", "1004", "1103", "1304"), "auth"),
    **dict.fromkeys(("1100", "1101", "1102"), "quota"),
    **dict.fromkeys(("1200", "1201", "1202", "1203"), "invalid_request"),
    **dict.fromkeys(("1300", "1301"), "content_refused"),
    "1302": "rate_limit", "1303": "concurrency",
    **dict.fromkeys(("5000", "5001", "5002"), "server"),
}  # fmt: skip
ERRORS = Errors(codes=CODES)
NO_SUCH_TASK = frozenset({"1203", "404"})
RENAMED = 5
"""Tries of one job that an account can tell apart."""


class Options(CommonOptions):
    """`models` says what families take; `unit_usd` what a unit of each kind costs, to turn reported units into money."""

    access_key_env: str = "KLING_ACCESS_KEY"
    secret_key_env: str = "KLING_SECRET_KEY"  # noqa: S105 (a variable's name)
    unit_usd: dict[Literal["video", "image"], float] = Field(default={})
    watermark: bool = False
    models: dict[str, Family] = Field(default={})


class KlingProvider(HttpProvider[Options]):
    """Clips and pictures of one Kling account."""

    kinds: frozenset[Kind] = frozenset({"video", "image"})
    options_type = Options
    poll_s = 8.0
    look_up = True
    """A task is found by the request's key, or is not there."""

    def __init__(self, name: str, config: Any) -> None:
        super().__init__(name, config)
        self._tokens: Tokens | None = None
        self._elements = Elements(self._call, self.poll_after_s)
        self._names: dict[str, str] = {}

    def auth(self) -> Auth:
        """Sign with the pair of keys if there is one, else send the static key.

        Raises:
            ProviderError: neither is set, or half a pair is.
        """
        self._tokens = tokens_of(self.name, self.options.access_key_env, self.options.secret_key_env)
        if self._tokens:
            return self._tokens
        try:
            return bearer(api_key(self.name, self.config))
        except ProviderError as error:
            pair = f"{self.options.access_key_env} and {self.options.secret_key_env}"
            raise ProviderError(str(error), hint=f"{error.hint or ''} Or set {pair}.".strip()) from None

    def family(self, model: str) -> Family:
        """Return what a model takes: that of the longest pattern that its name fits."""
        fitting = sorted((p for p in self.options.models if fnmatchcase(model, p)), key=len)
        return self.options.models[fitting[-1]] if fitting else Family()

    def slots(self, request: Request) -> int:
        """Return how much of the account's concurrency a request takes."""
        count = self.parameters(request).get("n", 1) if request.kind == "image" else 1
        return count if isinstance(count, int) and count > 0 else 1

    def variant(self, request: Request) -> str:
        """Return what decides the price beside the model."""
        family, given = self.family(self.model(request)), self.parameters(request)
        role = routes.role_of(request, family, given)
        return routes.variant_of(request, family, given, role if isinstance(role, str) else "")

    async def submit(self, request: Request) -> str | Failure:
        """Hand a task in, under the request's key."""
        built = await self._built(request)
        if isinstance(built, Failure):
            return built
        route, body = built
        for name in self._external_ids(request):
            # Remembered first: if the answer is lost, this is the name to look for.
            self._names[request.key] = name
            reply = await self._call("POST", route, json={**body, "external_task_id": name}, submitting=True)
            if isinstance(reply, Failure):
                if reply.error == "invalid_request" and "external_task_id" in reply.message:
                    # An earlier try, whose task failed, has used the name; nothing was taken.
                    continue
                return reply
            task_id = text(at(reply.body, "data", "task_id"))
            return task_id or Failure("malformed", "the answer to the submit names no task")
        return Failure("invalid_request", f"this job was handed in {RENAMED} times before, and each task failed")

    async def poll(self, task_id: str, request: Request) -> TaskState:
        """Ask how a task stands; when it has succeeded, fetch its files."""
        route = self._route(request)
        if isinstance(route, Failure):
            return TaskState("failed", Outcome(failure=route))
        reply = await self._call("GET", f"{route}/{task_id}")
        if isinstance(reply, Failure):
            return TaskState("lost") if reply.code in NO_SUCH_TASK else fault(reply, self.poll_after_s)
        data = mapping(at(reply.body, "data"))
        state = STATES.get(text(data.get("task_status")).lower())
        if state not in ("succeeded", "failed"):
            if not data.get("task_status"):
                return fault(Failure("malformed", "the answer to the poll names no state"), self.poll_after_s)
            return unfinished(state, self.poll_after_s)
        kept: dict[str, Any] = {
            "wire_request": await self._sent(request), "wire_response": reply.got, "model_resolved": self.model(request),
            "cost_usd": self._cost(request.kind, data),
        }  # fmt: skip
        if state == "failed":
            return TaskState("failed", Outcome(failure=_task_failure(text(data.get("task_status_msg"))), **kept))
        return await self._done(task_id, request, data, kept)

    async def find(self, request: Request) -> str | None:
        """Look a task up by the request's key; the newest, where earlier tries failed.

        Raises:
            ProviderError: the service could not be asked, so nobody knows.
        """
        route = self._route(request)
        if isinstance(route, Failure):
            return None
        found: str | None = None
        for name in [self._names[request.key]] if request.key in self._names else self._external_ids(request):
            reply = await self._call("GET", f"{route}/{name}")
            if isinstance(reply, Failure):
                if reply.code in NO_SUCH_TASK:
                    break
                raise ProviderError(f"{self.name} cannot be asked for a task: {reply.message}")
            data = mapping(at(reply.body, "data"))
            if text(at(data, "task_info", "external_task_id")) not in ("", name) or not text(data.get("task_id")):
                break
            found = text(data.get("task_id"))
        return found

    async def _done(self, task_id: str, request: Request, data: Mapping[str, Any], kept: Mapping[str, Any]) -> TaskState:
        plural = "videos" if request.kind == "video" else "images"
        entries = [mapping(entry) for entry in items(at(data, "task_result", plural))]
        links = [link for entry in entries if (link := text(entry.get("url")))]
        if not links:
            late = self.no_file(task_id)
            return TaskState("failed", Outcome(failure=late, **kept)) if late else unfinished("running", self.poll_after_s)
        durations = [number(entry.get("duration")) for entry in entries]
        seconds = sum(d for d in durations if d is not None) if durations and None not in durations else None
        usage = Usage(images=len(links) if request.kind == "image" else None, seconds=seconds if request.kind == "video" else None)
        assets = await self.fetch(links, request.kind)
        if isinstance(assets, Failure):
            return unfetched(assets, self.poll_after_s, usage=usage, **kept)
        return TaskState("succeeded", Outcome(assets=assets, usage=usage, **kept))

    def _cost(self, kind: Kind, data: Mapping[str, Any]) -> float | None:
        units, price = number(data.get("final_unit_deduction")), self.options.unit_usd.get("video" if kind == "video" else "image")
        return None if units is None or price is None else round(units * price, 6)

    async def _call(self, method: Literal["GET", "POST"], path: str, *, submitting: bool = False, **given: Any) -> Reply | Failure:
        """Make one call; with a fresh token once more where the service says that the token is stale."""
        reply = await self.client.call(method, path, **given)
        if self._tokens and text(at(reply.body, "code")) in STALE:
            self._tokens.renew(reply.headers.get("date", ""))
            reply = await self.client.call(method, path, **given)
        if reply.failure is not None:
            return reply.failure
        code, message = text(at(reply.body, "code")), text(at(reply.body, "message"))
        if reply.ok and code in ("0", ""):
            return reply if at(reply.body, "data") is not None else Failure("malformed", "the answer holds no data")
        why = ERRORS.failure(0 if reply.ok else reply.status, code, message, reply.headers, submitting=submitting)
        clock = "; is this machine's clock right?" if code in STALE else ""
        return Failure(why.error, why.message + clock, why.code, why.retry_after_s)

    def _external_ids(self, request: Request) -> list[str]:
        return [request.key, *(f"{request.key}-{n}" for n in range(2, RENAMED + 1))]

    def _route(self, request: Request) -> str | Failure:
        family, given = self.family(self.model(request)), self.parameters(request)
        role = routes.role_of(request, family, given)
        return role if isinstance(role, Failure) else routes.route_of(request, family, role)

    async def _built(self, request: Request, *, made: bool = False) -> tuple[str, dict[str, Any]] | Failure:
        """Return route and body of a submit but for its name, or why it cannot be made. `made`: it was, so make no elements."""
        model, given = self.model(request), self.parameters(request)
        if not model:
            return Failure("invalid_request", "no model is named; give --model, or model = … in the provider's table")
        family, route = self.family(model), self._route(request)
        if isinstance(route, Failure):
            return route
        role = routes.role_of(request, family, given)
        shape = (routes.video_fields if request.kind == "video" else routes.image_fields)(request, family, given, route, model)
        if isinstance(shape, Failure):
            return shape
        carried = await self._carried(request, family, given, route, str(role), made=made)
        if isinstance(carried, Failure):
            return carried
        prompt = str(carried.pop("prompt", request.prompt))
        negative = str(given.get("negative_prompt") or "")
        most = family.prompt_chars if request.kind == "video" else family.image_prompt_chars
        for words, what in ((prompt, "prompt"), (negative, "negative prompt")):
            if long := wanted.too_long(words, most, what):
                return long
        rest = {k: v for k, v in given.items() if k not in routes.OWN | carried.keys()}
        said = {"negative_prompt": negative} if negative else {}
        mark = {"watermark_info": {"enabled": True}} if self.options.watermark else {}
        return route, {"model_name": model, "prompt": prompt, **said, **shape, **carried, **mark, **rest}

    async def _carried(
        self, request: Request, family: Family, given: Mapping[str, Any], route: str, role: str, *, made: bool
    ) -> dict[str, Any] | Failure:
        """Return the fields that carry references and elements, and the prompt where it must name them."""
        ids = [text(i) for i in given.get("element_ids") or ()]
        people: list[tuple[str, str]] = []
        if role == "element":
            found = self._elements.known(request.references) if made else await self._elements.of(request.references)
            if isinstance(found, Failure):
                return found
            people = found
        if ids or people:
            if not family.elements:
                return Failure("invalid_request", "this model takes no elements; kling-v3 and the omni models do")
            if len(ids) + len(people) > routes.MOST_ELEMENTS:
                return Failure("invalid_request", f"{len(ids) + len(people)} elements; {routes.MOST_ELEMENTS} are allowed")
        pictures = await encoded(_sent_along(request.references, route)) if role not in ("", "element") else []
        if isinstance(pictures, Failure):
            return pictures
        fields = routes.picture_fields(route, role, pictures, given)
        if isinstance(fields, Failure):
            return fields
        if ids or people:
            fields["element_list"] = [{"element_id": element} for element in (*ids, *(element for _, element in people))]
        if people and "<<<element_" not in request.prompt:
            names = ", ".join(f"<<<element_{n}>>> is {who}" for n, (who, _) in enumerate(people, start=len(ids) + 1))
            fields["prompt"] = f"{names}.\n\n{request.prompt}"
        return fields

    async def _sent(self, request: Request) -> dict[str, Any]:
        """Return the submit as it may be journalled: it follows from the request, also in a process that did not make it."""
        built = await self._built(request, made=True)
        if isinstance(built, Failure):
            return {}
        body = {**built[1], "external_task_id": self._names.get(request.key, request.key)}
        return wire_request("POST", self.client.url(built[0]), None, body)


def _sent_along(references: Sequence[Reference], route: str) -> Sequence[Reference]:
    """Return the references that a route carries: of a clip with frames only those; its people are in them."""
    frames = [r for r in references if r.role == "frame"]
    return frames if frames and route == routes.I2V else references


def _task_failure(message: str) -> Failure:
    """Return why a task failed; content is refused at this late point too, and only the words say so."""
    message = secrets.redact(message)
    words = message.lower()
    if any(word in words for word in ("risk", "sensitive", "policy", "inappropriate", "violat", "prohibited", "敏感", "风险", "违规")):
        return Failure("content_refused", message[:600], code="task_failed")
    return Failure("malformed", f"the task failed: {message[:500] or 'no reason was given'}", code="task_failed")
