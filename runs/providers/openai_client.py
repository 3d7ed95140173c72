"""The openai SDK as chat and pictures use it: its connections and its headers, none of its retries, parsing or opinions.

client = open_client("team", config)
line = Line(client, "/chat/completions")
said = await exchange(lambda: line.post(body, key), "team", config)
said.failure      why there is no answer; else
said.body         the decoded answer, an event stream put together
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
import openai
import orjson
from openai import AsyncOpenAI, DefaultAioHttpClient

from runs import secrets
from runs.errors import ProviderError
from runs.provider import Failure
from runs.providers import failures, stream, wire
from runs.providers.http import MAX_ANSWER
from runs.providers.transport import CONNECT_S, api_key, broken_connection, no_answer
from runs.settings import ProviderSettings

NO_KEY = "unused"
"""Sent to servers that need no key: the SDK insists on one."""
Assemble = Callable[[bytes], dict[str, Any]]


class TooLarge(Exception):
    """An answer is larger than any that is meant."""

    failure = Failure("malformed", f"the answer is larger than {MAX_ANSWER >> 20} MB", code="too_large")


async def _read_bounded(response: httpx2.Response) -> None:
    """Read an answer whole, before anybody else does, as far as it may go; what counts is what it is unpacked to."""
    declared = response.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > MAX_ANSWER:
        raise TooLarge
    data = bytearray()
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > MAX_ANSWER:
            raise TooLarge
    response._content = bytes(data)


BOUNDED: Mapping[str, list[Callable[..., Any]]] = {"response": [_read_bounded]}
"""The hook of a client that reads no endless answers."""


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
    timeout = httpx2.Timeout(config.timeout_s, connect=min(CONNECT_S, config.timeout_s))
    # As many connections as calls: a smaller pool would hold calls back and count the wait as the model's latency.
    limits = httpx2.Limits(max_connections=config.concurrency + 8, max_keepalive_connections=config.concurrency + 8)
    http = DefaultAioHttpClient(limits=limits, timeout=timeout, follow_redirects=False, event_hooks=BOUNDED)
    client = AsyncOpenAI(
        api_key=key, base_url=config.base_url, default_headers=config.headers, max_retries=0, timeout=timeout, http_client=http,
    )  # fmt: skip
    if "api.openai.com" not in config.base_url:
        # The SDK reads these from the environment and would tell them to any server.
        client.organization = client.project = client.admin_api_key = None
    return client


class Line:
    """Calls to one path of a server, on the connections of a client.

    The SDK puts address and headers together anew for each call, which is a third of what a call costs it; here that is done once.
    """

    def __init__(self, client: AsyncOpenAI, path: str) -> None:
        self._http = client._client  # the one that `open_client` has given it
        given = httpx2.Headers(client.auth_headers)
        given.update({name: value for name, value in client.default_headers.items() if isinstance(value, str)})
        # Without a body this has neither its length nor cookies that a server has set meanwhile.
        blank = self._http.build_request("POST", f"{str(client.base_url).rstrip('/')}{path}", headers=given)
        blank.headers.pop("content-length", None)
        self._url, self._extensions = blank.url, blank.extensions
        self._headers = blank.headers.raw

    async def post(self, body: Mapping[str, Any], key: str) -> httpx2.Response:
        """Send a body under an idempotency key and return the whole answer, whatever its status."""
        headers = [*self._headers, (b"idempotency-key", key.encode())]
        request = httpx2.Request("POST", self._url, headers=headers, content=_encoded(body), extensions=self._extensions)
        return await self._http.send(request)


async def exchange(call: Callable[[], Awaitable[Any]], name: str, config: ProviderSettings, assemble: Assemble = stream.assemble) -> Said:
    """Make one call and read its answer; whatever goes wrong is a value. `assemble` puts an answer together that comes as events."""
    try:
        async with asyncio.timeout(config.timeout_s):
            response = await call()
    except TimeoutError:
        return Said(failure=no_answer(config.timeout_s))
    except openai.APIStatusError as error:
        response = error.response
    except TooLarge as error:
        return Said(failure=error.failure)
    except (openai.APIConnectionError, httpx2.RequestError, ssl.SSLError) as error:
        if isinstance(error.__cause__, TooLarge):
            return Said(failure=TooLarge.failure)
        return Said(failure=broken_connection(error, config.base_url, config.timeout_s))
    headers = _headers(response)
    if not 200 <= response.status_code < 300:
        return _refused(response, headers, name, config)
    return _answered(response, headers, assemble)


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


def _encoded(body: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # an integer beyond 64 bits, half a surrogate pair
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _headers(response: Any) -> dict[str, str]:
    """Return an answer's headers by their names in lower case; those of the library decode each name again whenever one is asked for."""
    return {name.decode("latin-1").lower(): value.decode("utf-8", "replace") for name, value in response.headers.raw}


def _answered(response: Any, headers: dict[str, str], assemble: Assemble) -> Said:
    got: dict[str, Any] = {"status": response.status_code, "headers": wire.headers(headers)}
    kind = str(got["headers"].get("content-type", "no content type"))
    try:
        body = assemble(response.content) if kind.startswith("text/event-stream") else wire.decode(response.content)
    except ValueError:
        got["body"] = wire.text_of(response.content)
        why = f"the answer is not JSON ({kind}); is base_url right?"
        return Said(failure=Failure("malformed", why), headers=headers, got=got)
    got["body"] = wire.clean(wire.shortened(body))
    if not isinstance(body, Mapping):
        return Said(failure=Failure("malformed", "the answer is no JSON object"), headers=headers, got=got)
    return Said(body=body, headers=headers, got=got)


def _refused(response: Any, headers: dict[str, str], name: str, config: ProviderSettings) -> Said:
    try:
        body = wire.decode(response.content)
    except ValueError:
        body = wire.text_of(response.content)
    got = {"status": response.status_code, "headers": wire.headers(headers), "body": wire.clean(body)}
    why = failures.failure(response.status_code, body, headers)
    return Said(failure=_advise(why, name, config), headers=headers, got=got)


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
