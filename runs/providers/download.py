"""Fetching what a provider's answer points to, at once: its links expire, and its word is not to be trusted.

    asset = await downloads.fetch("https://cdn.host/v.mp4?sig=…", "video")     Asset, or a Failure that says why not

| what happens | failure |
|---|---|
| an address that is neither public nor trusted, also behind a redirect | `malformed`, code `address_refused`; nothing is sent |
| 403, 404, 410: a signed link that has run out | `expired` |
| declared or real size over the kind's bound | `malformed`, code `too_large`; a declared one is refused before the body |
| a page instead of a file, bytes of another kind | `malformed`, code `content_type` |
| cut off, lost, 5xx | `server`: asking again costs nothing |

`fetch` tries once, for tasks, which the harness polls again. `keep` tries some times and then gives up for good: a direct
call whose picture could not be fetched must not be paid a second time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from runs import secrets
from runs.outputs import MAX_BYTES
from runs.provider import RETRYABLE, Asset, Failure, Kind
from runs.providers import failures, inline
from runs.providers.addresses import AddressRefused, CheckedResolver, Trusted, check
from runs.providers.http import Auth, no_auth, same_origin
from runs.providers.transport import CONNECT_S, causes

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

LIMITS: Mapping[Kind, int] = {"text": 16 << 20, "image": 64 << 20, "audio": 256 << 20, "video": MAX_BYTES}
"""Bytes of the largest asset of each kind."""
REDIRECTS = 5
TRIES = 3
PAUSE_S = 1.0
"""Before the second try; twice as long before the third."""
STALL_S = 60.0
"""A stream that gives nothing for this long is cut off."""
_GONE = frozenset({401, 403, 404, 410})
_PAGES = ("text/", "application/json", "application/xml", "application/problem+json", "multipart/")


class Downloads:
    """Fetches assets for one provider. Use as an async context manager.

    Args:
        base_url: the provider's own address; assets may lie there wherever it is.
        hosts: further hosts (`host` or `host:port`) that need not be public.
        auth: the provider's key, sent to its own host and port only.
        timeout_s: seconds for one whole download.
        limits: bytes of the largest asset by kind.
    """

    def __init__(
        self,
        base_url: str,
        *,
        hosts: tuple[str, ...] = (),
        auth: Auth = no_auth,
        timeout_s: float = 600.0,
        limits: Mapping[Kind, int] = LIMITS,
    ) -> None:
        self._base_url = base_url
        self._trusted = Trusted.of(base_url, hosts)
        self._auth = auth
        self._timeout_s = timeout_s
        self._limits = limits
        self._session: aiohttp.ClientSession | None = None
        self._proxied: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        import aiohttp

        # No cache: each connection goes to addresses that were checked for it.
        pinned = aiohttp.TCPConnector(resolver=CheckedResolver(self._trusted), use_dns_cache=False, force_close=True)
        self._session = self._new_session(pinned, trust_env=False)
        self._proxied = self._new_session(None, trust_env=True)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        sessions, self._session, self._proxied = (self._session, self._proxied), None, None
        for session in sessions:
            if session:
                await session.close()

    def _new_session(self, connector: aiohttp.TCPConnector | None, *, trust_env: bool) -> aiohttp.ClientSession:
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=self._timeout_s, sock_connect=CONNECT_S, sock_read=STALL_S)
        # Nothing is unpacked: that would hide the size.
        return aiohttp.ClientSession(
            connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=trust_env, auto_decompress=False
        )

    async def fetch(self, url: str, kind: Kind) -> Asset | Failure:
        """Fetch one asset: a URL, or a data URL that holds it."""
        if inline.is_data_url(url):
            return inline.read(url, kind, limit=self._limits[kind])
        from yarl import URL

        try:
            return await self._follow(URL(url.strip()), kind)
        except Exception as error:  # noqa: BLE001 (whatever breaks a download is an answer)
            return _broken(error)

    async def keep(self, url: str, kind: Kind) -> Asset | Failure:
        """Fetch one asset of a call that is paid: some tries, and what fails then is not worth another call."""
        got = await self.fetch(url, kind)
        for attempt in range(1, TRIES):
            if not isinstance(got, Failure) or got.error not in RETRYABLE:
                return got
            await asyncio.sleep(min(PAUSE_S * 2 ** (attempt - 1) if got.retry_after_s is None else got.retry_after_s, 30.0))
            got = await self.fetch(url, kind)
        if isinstance(got, Failure) and got.error in RETRYABLE:
            return Failure("expired", f"the output could not be fetched in {TRIES} tries: {got.message}", got.code)
        return got

    async def _follow(self, url: URL, kind: Kind) -> Asset | Failure:
        for _ in range(REDIRECTS + 1):
            session = await self._checked(url)
            headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
            if same_origin(str(url), self._base_url):
                headers.update(self._auth())
            async with session.get(url, headers=headers, allow_redirects=False) as answer:
                if answer.status not in (301, 302, 303, 307, 308):
                    return await self._read(answer, kind)
                location = answer.headers.get("Location", "")
            if not location:
                return Failure("malformed", "the link redirects to nowhere", code="redirect")
            url = url.join(_url(location))
        return Failure("malformed", f"the link redirects more than {REDIRECTS} times", code="redirect")

    async def _checked(self, url: URL) -> aiohttp.ClientSession:
        """Return the session to use for a URL that may be asked for."""
        if self._session is None or self._proxied is None:
            raise RuntimeError("downloads are used inside `async with`")
        by_proxy = _has_proxy(url)
        await check(url, self._trusted, resolved=by_proxy)
        return self._proxied if by_proxy else self._session

    async def _read(self, answer: aiohttp.ClientResponse, kind: Kind) -> Asset | Failure:
        limit = self._limits[kind]
        if answer.status in _GONE:
            why = f"the link to the {kind} no longer works (HTTP {answer.status}): it has expired, or was never valid"
            return Failure("expired", why, code=str(answer.status))
        if answer.status != 200:
            return _refused(answer)
        declared = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if declared.startswith(_PAGES):
            page = secrets.redact((await answer.content.read(400)).decode("utf-8", "replace"))
            return Failure("malformed", f"asked for {kind}, got {secrets.redact(declared)[:80]}: {page[:200]}", code="content_type")
        if (answer.content_length or 0) > limit:
            answer.close()
            return _too_large(kind, answer.content_length or 0, limit)
        data = bytearray()
        async for chunk in answer.content.iter_chunked(1 << 18):
            data += chunk
            if len(data) > limit:
                answer.close()
                return _too_large(kind, len(data), limit)
        if answer.content_length is not None and len(data) != answer.content_length:
            return Failure("server", f"the {kind} was cut off after {len(data)} of {answer.content_length} bytes", code="cut_off")
        return inline.typed(bytes(data), kind, declared=declared)


def _refused(answer: aiohttp.ClientResponse) -> Failure:
    found = failures.failure(answer.status, None, {k.lower(): v for k, v in answer.headers.items()})
    # A download costs nothing, so also what is final for a call may be asked for again.
    error = found.error if found.error in RETRYABLE else "server" if answer.status >= 500 or answer.status == 408 else "malformed"
    return Failure(error, f"the link answered HTTP {answer.status}", str(answer.status), found.retry_after_s)


def _too_large(kind: Kind, size: int, limit: int) -> Failure:
    return Failure("malformed", f"the {kind} has {size >> 20} MB or more; {limit >> 20} MB are allowed", code="too_large")


def _broken(error: Exception) -> Failure:
    if isinstance(error, RuntimeError):
        raise error
    if refused := next((e for e in causes(error) if isinstance(e, AddressRefused)), None):
        return Failure("malformed", f"the link is not followed: {secrets.redact(str(refused))}", code="address_refused")
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        return Failure("malformed", f"the link is no address: {secrets.redact(str(error))[:200]}", code="redirect")
    name = type(error).__name__
    return Failure("server", f"the download broke off: {name}: {secrets.redact(str(error))[:200]}", code="cut_off")


def _has_proxy(url: URL) -> bool:
    from aiohttp.helpers import get_env_proxy_for_url

    try:
        get_env_proxy_for_url(url)
    except LookupError:
        return False
    return True


def _url(text: str) -> URL:
    from yarl import URL

    return URL(text)
