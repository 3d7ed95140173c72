"""The openai SDK as chat and pictures use it: its connections and its encoding, none of its retries, parsing or opinions.

client = open_client("team", config)
said = await exchange(lambda: client.post("/chat/completions", …), "team", config)
said.failure      why there is no answer; else
said.body         the decoded answer, an event stream put together
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import openai
from openai import AsyncOpenAI, DefaultAioHttpClient

from runs import secrets
from runs.errors import ProviderError
from runs.provider import Failure
from runs.providers import failures, stream, wire
from runs.providers.transport import CONNECT_S, api_key, broken_connection, no_answer
from runs.settings import ProviderSettings

NO_KEY = "unused"
"""Sent to servers that need no key: the SDK insists on one."""
Assemble = Callable[[bytes], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Said:
    """What came of one call. Exactly one of `body` and `failure` is filled; `got` is the answer as it may be journalled."""

    body: Mapping[str, Any] | None = None
    failure: Failure | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    got: Mapping[str, Any] = field(default_factory=dict)


def open_client(name: str, config: ProviderSettings) -> AsyncOpenAI:
    """Open a connection pool.

    Raises:
        ProviderError: no address, or a key is needed and its variable is not set.
    """
    if not config.base_url:
        raise ProviderError(f"Provider {name!r} has no base_url.", hint=f"Set it in [providers.{name}] of workbench.toml.")
    key = api_key(name, config) or NO_KEY
    secrets.guard_logging()
    import httpx2

    timeout = httpx2.Timeout(config.timeout_s, connect=min(CONNECT_S, config.timeout_s))
    # As many connections as calls: a smaller pool would hold calls back and count the wait as the model's latency.
    limits = httpx2.Limits(max_connections=config.concurrency + 8, max_keepalive_connections=config.concurrency + 8)
    http = DefaultAioHttpClient(limits=limits, timeout=timeout, follow_redirects=False)
    client = AsyncOpenAI(
        api_key=key, base_url=config.base_url, default_headers=config.headers, max_retries=0, timeout=timeout, http_client=http,
    )  # fmt: skip
    if "api.openai.com" not in config.base_url:
        # The SDK reads these from the environment and would tell them to any server.
        client.organization = client.project = client.admin_api_key = None
    return client


async def exchange(call: Callable[[], Awaitable[Any]], name: str, config: ProviderSettings, assemble: Assemble = stream.assemble) -> Said:
    """Make one call and read its answer; whatever goes wrong is a value. `assemble` puts an answer together that comes as events."""
    try:
        async with asyncio.timeout(config.timeout_s):
            response = await call()
    except TimeoutError:
        return Said(failure=no_answer(config.timeout_s))
    except openai.APIStatusError as error:
        return _refused(error, name, config)
    except openai.APIConnectionError as error:
        return Said(failure=broken_connection(error, config.base_url, config.timeout_s))
    return _answered(response, assemble)


def url(config: ProviderSettings, path: str) -> str:
    """Return the address of a path as it may be journalled."""
    return str(secrets.redact(f"{config.base_url.rstrip('/')}{path}"))


def reported_cost(headers: Mapping[str, str]) -> float | None:
    """Return what a LiteLLM gateway says that the call cost, in dollars."""
    try:
        cost = float(headers.get("x-litellm-response-cost", ""))
    except ValueError:
        return None
    return cost if 0 <= cost < 1e6 else None


def _answered(response: Any, assemble: Assemble) -> Said:
    got: dict[str, Any] = {"status": response.status_code, "headers": wire.headers(response.headers)}
    kind = str(got["headers"].get("content-type", "no content type"))
    try:
        body = assemble(response.content) if kind.startswith("text/event-stream") else wire.decode(response.content)
    except ValueError:
        got["body"] = wire.text_of(response.content)
        why = f"the answer is not JSON ({kind}); is base_url right?"
        return Said(failure=Failure("malformed", why), headers=response.headers, got=got)
    got["body"] = wire.clean(wire.shortened(body))
    if not isinstance(body, Mapping):
        return Said(failure=Failure("malformed", "the answer is no JSON object"), headers=response.headers, got=got)
    return Said(body=body, headers=response.headers, got=got)


def _refused(error: openai.APIStatusError, name: str, config: ProviderSettings) -> Said:
    try:
        body = wire.decode(error.response.content)
    except ValueError:
        body = wire.text_of(error.response.content)
    got = {"status": error.status_code, "headers": wire.headers(error.response.headers), "body": wire.clean(body)}
    why = failures.failure(error.status_code, body, error.response.headers)
    return Said(failure=_advise(why, name, config), headers=error.response.headers, got=got)


def _advise(why: Failure, name: str, config: ProviderSettings) -> Failure:
    """Add what a user can do, where the setting at fault is known."""
    said, advice = f"{why.code} {why.message}".lower(), ""
    if why.error == "auth" and config.api_key_env:
        advice = f" (key in {config.api_key_env}, base_url {config.base_url})"
    elif "non-streaming" in said or "stream mode" in said:
        advice = f" (a thinking model is asked with stream = true in [providers.{name}.capabilities], or with enable_thinking = false)"
    elif why.error == "invalid_request" and ("unsupported" in why.code.lower() or "not support" in said):
        advice = f' (a parameter that it does not take can be listed in [providers.{name}.capabilities] drop = ["…"])'
    return Failure(why.error, why.message + advice, why.code, why.retry_after_s) if advice else why
