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

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict

from runs.provider import Failure, Kind, Outcome, Request
from runs.providers import answers, body, responses, stream, wire
from runs.providers.answers import Answer
from runs.providers.openai_client import Line, exchange, open_client, reported_cost, url
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
    """`models` says what models can do that differ from the others of their server, by a pattern of their names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: dict[str, dict[str, Any]] = {}


class ChatProvider:
    """One chat endpoint. `concurrency` is how many calls the harness may have in flight."""

    simulated = False
    kinds: frozenset[Kind] = frozenset({"text"})

    def __init__(self, name: str, config: ProviderSettings) -> None:
        self.name = name
        self.config = config
        self.concurrency = config.concurrency
        models = options_of(Options, name, config).models
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

    async def generate(self, request: Request) -> Outcome:
        """Make one call; see the module's table for what comes back."""
        client = self._client
        if client is None:
            raise RuntimeError("a provider is used inside `async with`")
        # Where nobody names a model, callers name the provider.
        model = request.model if request.model not in ("", self.name) else self.config.model
        settings = self.settings_of(model)
        way = INTERFACES[settings.capabilities.api]
        asked = way.build(request, settings, model)
        if isinstance(asked, Failure):
            return Outcome(failure=asked)
        key = {"idempotency-key": request.key}
        sent = {"method": "POST", "url": url(self.config, way.path), "headers": key, "body": wire.clean(asked)}
        line = self._lines.get(way.path) or self._lines.setdefault(way.path, Line(client, way.path))
        said = await exchange(lambda: line.post(asked, request.key), self.name, self.config, way.assemble)
        if said.body is None:
            return Outcome(failure=said.failure, wire_request=sent, wire_response=said.got)
        answer = way.read(said.body, request)
        return Outcome(
            assets=answer.assets, failure=answer.failure, usage=answer.usage, cost_usd=reported_cost(said.headers),
            model_resolved=answer.model or "", wire_request=sent, wire_response=said.got,
        )  # fmt: skip

    def settings_of(self, model: str) -> ProviderSettings:
        """Return the settings with the capabilities of a model: of the longest pattern that its name fits."""
        fitting = sorted((p for p in self._models if fnmatchcase(model, p)), key=len)
        return self._models[fitting[-1]] if fitting else self.config
