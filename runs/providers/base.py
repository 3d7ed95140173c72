"""What adapters that speak plain HTTP have in common: settings checked, a client, downloads, and the key.

An adapter derives from `HttpProvider`, names its `kinds` and its `Options`, and gets `self.client` and `self.downloads`:

    class Options(CommonOptions):
        region: Literal["cn", "intl"] = "cn"

    class Vendor(HttpProvider[Options]):
        kinds = frozenset({"video"})
        options_type = Options
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from runs.errors import ProviderError
from runs.provider import Asset, Failure, Kind, Reference, Request
from runs.providers import inline
from runs.providers.download import Downloads
from runs.providers.http import Auth, Client, bearer
from runs.providers.options import options_of
from runs.providers.transport import api_key
from runs.settings import ProviderSettings


class CommonOptions(BaseModel):
    """Options of every HTTP adapter. An unknown key is an error.

    `prefix` goes between `base_url` and every path; `asset_hosts` are hosts (`host` or `host:port`) that outputs may lie on
    although they are not public; `poll_s` seconds between two questions after a task; `file_wait_s` seconds that a task may say
    that it has succeeded without naming its file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    prefix: str = Field(default="", pattern=r"^(/[\w.~/-]+)?$")
    asset_hosts: tuple[str, ...] = ()
    poll_s: float | None = Field(default=None, gt=0, le=600)
    file_wait_s: float = Field(default=600, gt=0, le=7200)


O = TypeVar("O", bound=CommonOptions)  # noqa: E741 (a type variable's name)


class HttpProvider(Generic[O]):
    """Sockets, key and checked options of one provider; an adapter adds what it says and what it reads."""

    simulated = False
    kinds: frozenset[Kind] = frozenset()
    options_type: type[O]
    poll_s: float = 5.0
    """Seconds between two polls unless the options say otherwise."""

    def __init__(self, name: str, config: ProviderSettings) -> None:
        self.name = name
        self.config = config
        self.concurrency = config.concurrency
        self.options: O = options_of(self.options_type, name, config)
        self.poll_after_s = self.options.poll_s or self.poll_s
        self._stack: contextlib.AsyncExitStack | None = None
        self._without_file: dict[str, float] = {}
        self.client: Client
        self.downloads: Downloads

    async def __aenter__(self) -> Self:
        """Open the sockets.

        Raises:
            ProviderError: no address, or a key is needed and its variable is not set.
        """
        if not self.config.base_url:
            raise ProviderError(f"Provider {self.name!r} has no base_url.", hint=f"Set it in [providers.{self.name}] of workbench.toml.")
        auth, base = self.auth(), self.config.base_url.rstrip("/") + self.options.prefix
        self.client = Client(
            base, auth=auth, headers=self.config.headers, timeout_s=self.config.timeout_s, connections=self.concurrency + 8
        )
        self.downloads = Downloads(self.config.base_url, hosts=self.options.asset_hosts, auth=self.asset_auth(auth))
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self.client)
            await stack.enter_async_context(self.downloads)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        stack, self._stack = self._stack, None
        if stack:
            await stack.aclose()

    def auth(self) -> Auth:
        """Return how the key is sent; `Authorization: Bearer` unless an adapter says otherwise.

        Raises:
            ProviderError: a key is needed and its variable is not set.
        """
        return bearer(api_key(self.name, self.config))

    def asset_auth(self, _auth: Auth) -> Auth:
        """Return what is sent along to the provider's own host when an asset is fetched from there: nothing, mostly."""
        return dict

    def model(self, request: Request) -> str:
        """Return the model to ask for; where nobody names one, callers name the provider."""
        return request.model if request.model not in ("", self.name) else self.config.model

    def parameters(self, request: Request) -> dict[str, Any]:
        """Return the parameters of a call: the provider's, then the request's; without those that it never takes."""
        given = {**self.config.parameters, **request.parameters}
        return {k: v for k, v in given.items() if v is not None and k not in self.config.capabilities.drop}

    def no_file(self, task_id: str) -> Failure | None:
        """Return why a task that has succeeded and names no file is given up; None as long as its file may still come.

        It was made and paid, so that it is `expired`: a person who finds it at the provider can `settle` the job with it.
        """
        waited_s = time.monotonic() - self._without_file.setdefault(task_id, time.monotonic())
        if waited_s < self.options.file_wait_s:
            return None
        why = f"task {task_id} says that it has succeeded, and names no file after {self.options.file_wait_s:.0f} s; it may be billed"
        return Failure("expired", why, code="no_file")

    async def fetch(self, urls: Sequence[str], kind: Kind, *, paid: bool = False) -> tuple[Asset, ...] | Failure:
        """Fetch assets, or return why the first that fails does. `paid`: give up for good rather than have the call made again."""
        got = await asyncio.gather(*((self.downloads.keep if paid else self.downloads.fetch)(url, kind) for url in urls))
        failed = next((g for g in got if isinstance(g, Failure)), None)
        return failed if failed is not None else tuple(g for g in got if isinstance(g, Asset))


async def pictures(references: Sequence[Reference], *, limit: int = inline.MAX_REFERENCE) -> list[bytes] | Failure:
    """Read reference pictures in a thread, or return why one cannot be sent."""
    read = await asyncio.gather(*(asyncio.to_thread(inline.content, r, limit=limit) for r in references))
    failed = next((r for r in read if isinstance(r, Failure)), None)
    return failed if failed is not None else [r for r in read if isinstance(r, bytes)]
