"""Any server that speaks the OpenAI chat protocol, or its newer `/responses`: OpenAI, Qwen, Ollama, vLLM, LiteLLM and others.

One call, through the openai SDK on its aiohttp transport (half the CPU a call of its default). The SDK's own retries are
off: they hide time and money. The body is sent and read as plain JSON, so that raw text, finish reason and usage come
back whatever the model did; what a structured answer is worth is for the scorers to say.

What an answer means:

| answer | outcome |
|---|---|
| text | a text asset (`application/json` where a schema was asked for and it parses, else `text/plain`) |
| `message.refusal`, `finish_reason: content_filter`, a policy error | `content_refused` |
| `finish_reason: length` | `malformed`, code `length`: half a script is no script. The text stays in the wire response |
| nothing but reasoning, no choices, not JSON | `malformed` |
| events that end before the answer does | `timeout`, code `stream_cut_off`. What came stands in the wire response |
| connection refused | `server`: nothing was sent, so it may be tried again |
| no answer in time, connection lost on the way | `timeout`: it may have been billed, so it is not |
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from runs.provider import Failure, Kind, Outcome, Request
from runs.providers import answers, body, responses, stream, wire
from runs.providers.answers import Answer
from runs.providers.openai_client import Assemble, Line, Said, exchange, open_client, reported_cost, url
from runs.providers.options import options_of
from runs.settings import Capabilities, ProviderSettings

if TYPE_CHECKING:
    from openai import AsyncOpenAI

PATH = "/chat/completions"


@dataclass(frozen=True, slots=True)
class Interface:
    """One way of asking: where, with which body, and how the answer is read."""

    path: str
    build: Callable[[Request, ProviderSettings, str], dict[str, Any] | Failure]
    read: Callable[[Mapping[str, Any], Request], Answer]
    assemble: Callable[[bytes], dict[str, Any]]


INTERFACES: Mapping[str, Interface] = {
    "chat": Interface(PATH, body.build, answers.read, stream.assemble),
    "responses": Interface(responses.PATH, responses.build, responses.read, responses.assemble),
}


class Options(BaseModel):
    """`models` says what models can do that differ from the others of their server, by a pattern of their names.

    `poll_s` is seconds between two questions after a background answer; `look_s` how long an answer is looked for that was on its
    way when its process died.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: dict[str, dict[str, Any]] = {}
    poll_s: float = Field(default=2.0, gt=0, le=600)
    look_s: float = Field(default=20.0, ge=0, le=600)


def provider(name: str, config: ProviderSettings) -> Endpoint:
    """Return the provider of a chat server: one of calls, or one of tasks where calls are made in the background."""
    if config.capabilities.background:
        from runs.providers.background import BackgroundProvider

        return BackgroundProvider(name, config)
    return ChatProvider(name, config)


class Endpoint:
    """One chat endpoint: its settings by model, and its connections. `concurrency` is how many calls may be in flight."""

    simulated = False
    kinds: frozenset[Kind] = frozenset({"text"})

    def __init__(self, name: str, config: ProviderSettings) -> None:
        self.name = name
        self.config = config
        self.concurrency = config.concurrency
        self.options = options_of(Options, name, config)
        models = self.options.models
        common = config.capabilities.model_dump(exclude_unset=True)
        self._models = {
            pattern: config.model_copy(update={"capabilities": options_of(Capabilities, name, {**common, **own}, f"models.{pattern}")})
            for pattern, own in models.items()
        }
        self._client: AsyncOpenAI | None = None
        self._lines: dict[str, Line] = {}

    async def __aenter__(self) -> Self:
        """Open the connection pool.

        Raises:
            ProviderError: no address, or a key is needed and its variable is not set.
        """
        self._client = open_client(self.name, self.config)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        client, self._client = self._client, None
        self._lines.clear()
        if client:
            await client.close()

    @property
    def client(self) -> AsyncOpenAI:
        """Return the open connections.

        Raises:
            RuntimeError: it is not open.
        """
        if self._client is None:
            raise RuntimeError("a provider is used inside `async with`")
        return self._client

    def model_of(self, request: Request) -> str:
        """Return the model that a request goes to: where nobody names one, callers name the provider."""
        return request.model if request.model not in ("", self.name) else self.config.model

    def settings_of(self, model: str) -> ProviderSettings:
        """Return the settings with the capabilities of a model: of the longest pattern that its name fits."""
        fitting = sorted((p for p in self._models if fnmatchcase(model, p)), key=len)
        return self._models[fitting[-1]] if fitting else self.config

    def sent(self, path: str, request: Request, asked: dict[str, Any]) -> dict[str, Any]:
        """Return a call as it may be journalled."""
        return {"method": "POST", "url": url(self.config, path), "headers": {"idempotency-key": request.key}, "body": wire.clean(asked)}

    async def post(self, path: str, request: Request, asked: Mapping[str, Any], assemble: Assemble = stream.assemble) -> Said:
        """Make a call under the job's key, once."""
        line = self._lines.get(path) or self._lines.setdefault(path, Line(self.client, path))
        return await exchange(lambda: line.post(asked, request.key), self.name, self.config, assemble)

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Said:
        """Ask for something that costs nothing."""
        import httpx2

        options: Any = {"params": dict(params or {}), "security": {"bearer_auth": True}}
        return await exchange(lambda: self.client.get(path, cast_to=httpx2.Response, options=options), self.name, self.config)


class ChatProvider(Endpoint):
    """A chat endpoint that answers calls."""

    async def generate(self, request: Request) -> Outcome:
        """Make one call; see the module's table for what comes back."""
        model = self.model_of(request)
        settings = self.settings_of(model)
        way = INTERFACES[settings.capabilities.api]
        asked = way.build(request, settings, model)
        if isinstance(asked, Failure):
            return Outcome(failure=asked)
        sent = self.sent(way.path, request, asked)
        said = await self.post(way.path, request, asked, way.assemble)
        if said.body is None:
            return Outcome(failure=said.failure, wire_request=sent, wire_response=said.got)
        answer = way.read(said.body, request)
        return Outcome(
            assets=answer.assets, failure=answer.failure, usage=answer.usage, cost_usd=reported_cost(said.headers),
            model_resolved=answer.model or "", wire_request=sent, wire_response=said.got,
        )  # fmt: skip

    async def recall(self, request: Request) -> Outcome | None:
        """Look for the answer to a call that was on its way when its process died; None where the server keeps none.

        Whether a server finishes an answer that nobody waits for, and how soon it lists it, only the server knows; so it is looked for
        some time (`look_s`).
        """
        model = self.model_of(request)
        settings = self.settings_of(model)
        if not settings.capabilities.stored:
            return None
        asked = body.build(request, settings, model)
        params = {f"metadata[{body.MARK}]": request.key, "order": "desc", "limit": "5"}
        until = asyncio.get_running_loop().time() + self.options.look_s
        while True:
            said = await self.get(PATH, params)
            found = _marked(said.body, request)
            if found is not None and not isinstance(asked, Failure):
                answer = answers.read(found, request)
                return Outcome(
                    assets=answer.assets, failure=answer.failure, usage=answer.usage, model_resolved=answer.model or "",
                    wire_request=self.sent(PATH, request, asked), wire_response=said.got,
                )  # fmt: skip
            if asyncio.get_running_loop().time() >= until:
                return None
            await asyncio.sleep(min(self.options.poll_s, self.options.look_s))


def _marked(listed: Mapping[str, Any] | None, request: Request) -> Mapping[str, Any] | None:
    """Return the one completion of a list that is the request's: a server that knows no such filter lists others too."""
    data = listed.get("data") if listed else None
    for one in data if isinstance(data, list) else ():
        if isinstance(one, Mapping) and answers.mapping(one.get("metadata")).get(body.MARK) == request.key:
            return one
    return None
