"""Any server that speaks the OpenAI chat protocol: OpenAI, Qwen, Ollama, vLLM, LM Studio, LiteLLM and the rest.

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
| connection refused | `server`: nothing was sent, so it may be tried again |
| no answer in time, connection lost on the way | `timeout`: it may have been billed, so it is not |
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict

from runs.provider import Failure, Kind, Outcome, Request
from runs.providers import wire
from runs.providers.answers import read
from runs.providers.body import build
from runs.providers.openai_client import exchange, open_client, reported_cost, url
from runs.providers.options import options_of
from runs.settings import Capabilities, ProviderSettings

if TYPE_CHECKING:
    from openai import AsyncOpenAI

PATH = "/chat/completions"


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

    async def __aenter__(self) -> Self:
        """Open the connection pool.

        Raises:
            ProviderError: no address, or a key is needed and its variable is not set.
        """
        self._client = open_client(self.name, self.config)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        client, self._client = self._client, None
        if client:
            await client.close()

    async def generate(self, request: Request) -> Outcome:
        """Make one call; see the module's table for what comes back."""
        client = self._client
        if client is None:
            raise RuntimeError("a provider is used inside `async with`")
        # Where nobody names a model, callers name the provider.
        model = request.model if request.model not in ("", self.name) else self.config.model
        body = build(request, self.settings_of(model), model)
        if isinstance(body, Failure):
            return Outcome(failure=body)
        key = {"idempotency-key": request.key}
        sent = {"method": "POST", "url": url(self.config, PATH), "headers": key, "body": wire.clean(body)}
        said = await exchange(lambda: self._post(client, request, body), self.name, self.config)
        if said.body is None:
            return Outcome(failure=said.failure, wire_request=sent, wire_response=said.got)
        answer = read(said.body, request)
        return Outcome(
            assets=answer.assets, failure=answer.failure, usage=answer.usage, cost_usd=reported_cost(said.headers),
            model_resolved=answer.model or "", wire_request=sent, wire_response=said.got,
        )  # fmt: skip

    def settings_of(self, model: str) -> ProviderSettings:
        """Return the settings with the capabilities of a model: of the longest pattern that its name fits."""
        fitting = sorted((p for p in self._models if fnmatchcase(model, p)), key=len)
        return self._models[fitting[-1]] if fitting else self.config

    async def _post(self, client: AsyncOpenAI, request: Request, body: dict[str, Any]) -> Any:
        import httpx2

        options: Any = {"headers": {"Idempotency-Key": request.key}, "security": {"bearer_auth": True}}
        return await client.post(PATH, cast_to=httpx2.Response, body=dict(body), options=options)
