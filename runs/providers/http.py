"""A small HTTP client for providers without an SDK: one call, one `Reply`, and a failure is a value.

    async with Client("https://host/api", auth=bearer(key), timeout_s=60) as client:
        reply = await client.call("POST", "/v1/videos/text2video", json={"prompt": "rain"})
        if reply.failure: ...      # no usable answer came; see `runs.providers.transport` for what that means
        reply.status, reply.body   # whatever the server said, an error too: `runs.providers.tables` reads those

Nothing is followed, cached or tried again; an answer is read up to a bound. What went over the wire is kept in the form
of the chat adapter, without keys, pictures in it shortened to their hash.
"""

from __future__ import annotations

import asyncio
import json as jsonlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from runs import secrets
from runs.provider import Failure
from runs.providers import failures, wire
from runs.providers.transport import CONNECT_S, broken_connection, no_answer

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.abc import AbstractResolver

MAX_ANSWER = 64 << 20
"""Bytes of the largest JSON answer: ten large pictures as base64 take half of it."""
# Shorter than any server's: a connection that the server is closing while we write is an answer lost, and that costs a job.
KEEPALIVE_S = 3.0
Auth = Callable[[], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body; bytes are a file."""

    name: str
    value: str | bytes
    filename: str = ""
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one call. `failure` is set where no usable answer came: not sent, lost, cut off, too large, not JSON.

    `body` is the decoded answer, or the beginning of a text that is no JSON; `data` its bytes. `sent` and `got` are the
    request and the answer as they may be journalled.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    data: bytes = b""
    failure: Failure | None = None
    sent: Mapping[str, Any] = field(default_factory=dict)
    got: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Say whether a whole answer with a status of success came; its body may still hold an error."""
        return self.failure is None and 200 <= self.status < 300


def no_auth() -> Mapping[str, str]:
    """Send no key."""
    return {}


def bearer(key: str | None, scheme: str = "Bearer") -> Auth:
    """Send a key as `Authorization: Bearer KEY`, or under another scheme such as fal's `Key`; nothing without a key."""
    return header("Authorization", f"{scheme} {key}" if key else None)


def header(name: str, value: str | None) -> Auth:
    """Send a key in a header of its own, such as `xi-api-key`; nothing without one."""
    return lambda: {name: value} if value else {}


class Client:
    """Calls to one base URL. Use as an async context manager.

    Args:
        base_url: address and path prefix that every path is appended to.
        auth: gives the headers that carry the key; asked anew for each call, so that a token can be renewed.
        headers: other headers of every call.
        timeout_s: seconds for one whole call.
        connections: calls at once; more wait.
        max_answer: bytes of the largest answer.
        resolver: looks names up; one that checks addresses where an answer named the base URL (`runs.providers.addresses`).
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: Auth = no_auth,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 180.0,
        connections: int = 16,
        max_answer: int = MAX_ANSWER,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.timeout_s = timeout_s
        self.auth = auth
        self._headers = dict(headers or {})
        self._connections = connections
        self._max_answer = max_answer
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        import aiohttp

        secrets.guard_logging()
        connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=KEEPALIVE_S, resolver=self._resolver)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=min(CONNECT_S, 0.9 * self.timeout_s))
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=True, raise_for_status=False
        )
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        session, self._session = self._session, None
        if session:
            await session.close()

    async def call(
        self,
        method: Literal["GET", "POST", "PUT", "DELETE"],
        path: str,
        *,
        json: Any = None,
        parts: Sequence[Part] = (),
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        expect: Literal["json", "bytes"] = "json",
    ) -> Reply:
        """Make one call.

        Args:
            method: of HTTP.
            path: appended to the base URL; an address of the same host and port (a `status_url` that an answer gave) is taken
                as it is. Any other would be told the key, and is refused.
            json: the body as JSON-like data.
            parts: the body as multipart form data.
            params: the query.
            headers: of this call.
            expect: `bytes` takes an answer of success that is no JSON as it is.
        """
        url = self.url(path)
        sent = wire_request(method, url, headers, json, parts, params)
        if not same_origin(url, self.base_url):
            why = Failure("malformed", f"the answer names another server ({secrets.redact(url)[:200]}); the key is not sent there")
            return Reply(failure=why, sent=sent)
        try:
            content = _content(json, parts)
        except (TypeError, ValueError) as error:
            return Reply(failure=Failure("invalid_request", f"a parameter is no JSON: {error}"), sent=sent)
        given = {**self._headers, **self.auth(), **(headers or {}), **content.pop("headers", {})}
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self._exchange(method, url, expect, sent, params=params, headers=given, **content)
        except Exception as error:  # noqa: BLE001 (aiohttp's, asyncio's, ssl's, the system's: every one is a call that broke)
            return Reply(failure=self._broken(error), sent=sent)

    def url(self, path: str) -> str:
        """Return the address of a path."""
        return path if path.startswith(("http://", "https://")) else f"{self.base_url}/{path.lstrip('/')}"

    async def _exchange(self, method: str, url: str, expect: str, sent: Mapping[str, Any], **given: Any) -> Reply:
        if self._session is None:
            raise RuntimeError("a client is used inside `async with`")
        async with self._session.request(method, url, allow_redirects=False, **given) as answer:
            data = await _bounded(answer, self._max_answer)
            heads = {k.lower(): v for k, v in answer.headers.items()}
            return _reply(answer.status, heads, data, expect, sent, self._max_answer)

    def _broken(self, error: BaseException) -> Failure:
        if isinstance(error, RuntimeError):
            raise error
        if type(error) is TimeoutError:
            return no_answer(self.timeout_s)
        return broken_connection(error, self.base_url, self.timeout_s)


def same_origin(url: str, base_url: str) -> bool:
    """Say whether two addresses have scheme, host and port in common."""
    from yarl import URL

    try:
        one, other = URL(url), URL(base_url)
    except ValueError:
        return False
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)


def wire_request(
    method: str, url: str, headers: Mapping[str, str] | None, json: Any, parts: Sequence[Part] = (), params: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return a request as it may be journalled: also for a call that another process has made."""
    sent: dict[str, Any] = {"method": method, "url": secrets.redact(url)}
    if params:
        sent["params"] = wire.clean(dict(params))
    if kept := wire.headers(headers or {}):
        sent["headers"] = kept
    if parts:
        sent["parts"] = [wire.part(p.name, p.value, p.filename, p.media_type) for p in parts]
    elif json is not None:
        sent["body"] = wire.clean(wire.shortened(json))
    return sent


def _content(json: Any, parts: Sequence[Part]) -> dict[str, Any]:
    import aiohttp

    if parts:
        form = aiohttp.FormData(default_to_multipart=True)
        for part in parts:
            form.add_field(part.name, part.value, filename=part.filename or None, content_type=part.media_type or None)
        return {"data": form}
    if json is None:
        return {}
    text = jsonlib.dumps(json, ensure_ascii=False, allow_nan=False)
    return {"data": text.encode("utf-8", "replace"), "headers": {"Content-Type": "application/json"}}


async def _bounded(answer: aiohttp.ClientResponse, limit: int) -> bytes | None:
    """Read an answer whole; None if it is larger than the limit."""
    if (answer.content_length or 0) > limit:
        answer.close()
        return None
    data = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        data += chunk
        if len(data) > limit:
            answer.close()
            return None
    return bytes(data)


def _reply(status: int, headers: Mapping[str, str], data: bytes | None, expect: str, sent: Mapping[str, Any], limit: int) -> Reply:
    got: dict[str, Any] = {"status": status, "headers": wire.headers(headers)}
    if data is None:
        why = Failure("malformed", f"the answer is larger than {limit >> 20} MB", code="too_large")
        return Reply(status, headers, failure=why, sent=sent, got=got)
    good = 200 <= status < 300
    try:
        body = wire.decode(data)
    except ValueError:
        got["body"] = body = wire.text_of(data)
        if good and expect == "bytes":
            got["body"] = wire.blob(data)
            return Reply(status, headers, None, data, sent=sent, got=got)
        why_not = None
        if good:
            kind = headers.get("content-type", "no content type")
            why_not = Failure("malformed", f"the answer is not JSON ({secrets.redact(kind)[:80]}); is base_url right?")
        return Reply(status, headers, body, data, why_not or _redirect(status, headers), sent, got)
    got["body"] = wire.clean(wire.shortened(body))
    return Reply(status, headers, body, data, _redirect(status, headers), sent, got)


def _redirect(status: int, headers: Mapping[str, str]) -> Failure | None:
    return failures.failure(status, None, headers) if 300 <= status < 400 else None
