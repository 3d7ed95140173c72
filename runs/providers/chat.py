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

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import openai
from openai import AsyncOpenAI, DefaultAioHttpClient

from runs import secrets
from runs.errors import ProviderError
from runs.provider import Failure, Kind, Outcome, Request
from runs.providers import failures, wire
from runs.providers.answers import Answer, read
from runs.providers.body import build
from runs.providers.transport import CONNECT_S, api_key, broken_connection, no_answer
from runs.settings import ProviderSettings

NO_KEY = "unused"
"""Sent to servers that need no key: the SDK insists on one."""


class ChatProvider:
    """One chat endpoint. `concurrency` is how many calls the harness may have in flight."""

    simulated = False
    kinds: frozenset[Kind] = frozenset({"text"})

    def __init__(self, name: str, config: ProviderSettings) -> None:
        self.name = name
        self.config = config
        self.concurrency = config.concurrency
        self._client: AsyncOpenAI | None = None

    async def __aenter__(self) -> Self:
        """Open the connection pool.

        Raises:
            ProviderError: no address, or a key is needed and its variable is not set.
        """
        if not self.config.base_url:
            raise ProviderError(f"Provider {self.name!r} has no base_url.", hint=f"Set it in [providers.{self.name}] of workbench.toml.")
        key = api_key(self.name, self.config) or NO_KEY
        secrets.guard_logging()
        import httpx2

        timeout = httpx2.Timeout(self.config.timeout_s, connect=min(CONNECT_S, self.config.timeout_s))
        # As many connections as calls: a smaller pool would hold calls back and count the wait as the model's latency.
        limits = httpx2.Limits(max_connections=self.concurrency + 8, max_keepalive_connections=self.concurrency + 8)
        http = DefaultAioHttpClient(limits=limits, timeout=timeout, follow_redirects=False)
        self._client = AsyncOpenAI(
            api_key=key, base_url=self.config.base_url, default_headers=self.config.headers,
            max_retries=0, timeout=timeout, http_client=http,
        )  # fmt: skip
        if "api.openai.com" not in self.config.base_url:
            # The SDK reads these from the environment and would tell them to any server.
            self._client.organization = self._client.project = self._client.admin_api_key = None
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        client, self._client = self._client, None
        if client:
            await client.close()

    async def generate(self, request: Request) -> Outcome:
        """Make one call; see the module's table for what comes back."""
        if self._client is None:
            raise RuntimeError("a provider is used inside `async with`")
        # Where nobody names a model, callers name the provider.
        body = build(request, self.config, request.model if request.model not in ("", self.name) else self.config.model)
        if isinstance(body, Failure):
            return Outcome(failure=body)
        sent = {"method": "POST", "url": self._url(), "headers": {"idempotency-key": request.key}, "body": wire.clean(body)}
        try:
            async with asyncio.timeout(self.config.timeout_s):
                response = await self._post(self._client, request, body)
        except TimeoutError:
            return Outcome(failure=no_answer(self.config.timeout_s), wire_request=sent)
        except openai.APIStatusError as error:
            return self._refused(error, sent)
        except openai.APIConnectionError as error:
            return Outcome(failure=broken_connection(error, self.config.base_url, self.config.timeout_s), wire_request=sent)
        return _outcome(response, sent, request)

    async def _post(self, client: AsyncOpenAI, request: Request, body: Mapping[str, Any]) -> Any:
        import httpx2

        options: Any = {"headers": {"Idempotency-Key": request.key}, "security": {"bearer_auth": True}}
        return await client.post("/chat/completions", cast_to=httpx2.Response, body=dict(body), options=options)

    def _url(self) -> str:
        return str(secrets.redact(f"{self.config.base_url.rstrip('/')}/chat/completions"))

    def _refused(self, error: openai.APIStatusError, sent: Mapping[str, Any]) -> Outcome:
        try:
            body = wire.decode(error.response.content)
        except ValueError:
            body = wire.text_of(error.response.content)
        got = {"status": error.status_code, "headers": wire.headers(error.response.headers), "body": wire.clean(body)}
        why = failures.failure(error.status_code, body, error.response.headers)
        return Outcome(failure=_advise(why, self.name, self.config), wire_request=sent, wire_response=got)


def _outcome(response: Any, sent: Mapping[str, Any], request: Request) -> Outcome:
    got: dict[str, Any] = {"status": response.status_code, "headers": wire.headers(response.headers)}
    try:
        body = wire.decode(response.content)
    except ValueError:
        got["body"] = wire.text_of(response.content)
        why = f"the answer is not JSON ({got['headers'].get('content-type', 'no content type')}); is base_url right?"
        return Outcome(failure=Failure("malformed", why), wire_request=sent, wire_response=got)
    got["body"] = wire.clean(body)
    answer = read(body, request) if isinstance(body, Mapping) else Answer(failure=Failure("malformed", "the answer is no JSON object"))
    return Outcome(
        assets=answer.assets, failure=answer.failure, usage=answer.usage, cost_usd=_reported_cost(response.headers),
        model_resolved=answer.model or "", wire_request=sent, wire_response=got,
    )  # fmt: skip


def _reported_cost(headers: Mapping[str, str]) -> float | None:
    """Return what a LiteLLM gateway says that the call cost, in dollars."""
    try:
        cost = float(headers.get("x-litellm-response-cost", ""))
    except ValueError:
        return None
    return cost if 0 <= cost < 1e6 else None


def _advise(why: Failure, name: str, config: ProviderSettings) -> Failure:
    """Add what a user can do, where the setting at fault is known."""
    advice = ""
    if why.error == "auth" and config.api_key_env:
        advice = f" (key in {config.api_key_env}, base_url {config.base_url})"
    elif why.error == "invalid_request" and ("unsupported" in why.code.lower() or "not support" in why.message.lower()):
        advice = f' (a parameter that it does not take can be listed in [providers.{name}.capabilities] drop = ["…"])'
    return Failure(why.error, why.message + advice, why.code, why.retry_after_s) if advice else why
