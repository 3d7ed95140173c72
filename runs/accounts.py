"""What all processes of this machine together may ask of one account at a provider.

    account = Account(folder() / "3f9a…", concurrency=4, per_minute=60)
    async with account.slot(weight=2): ...          # two of the account's four slots, whichever workspace asks
    account.pause(30)                               # its `Retry-After` holds for everybody

An account is an address, a key and a kind of output (providers count pictures and clips apart). Its file is named by a hash
of them with a salt of this user's own, so that neither key nor address can be read off it. Slots are byte-range locks: the
kernel frees those of a process that is killed. Where two processes are told different numbers, the larger one holds for both.

The file's bytes hold when the next call may begin. Who waits for slots holds the turnstile and keeps what it has got so
far: a heavy request is not starved by light ones, and two heavy ones cannot block each other.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import os
import random
import secrets as random_secrets
import struct
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from runs import secrets
from runs.claims import ByteLocks
from runs.errors import ProviderError
from runs.provider import Kind, Provider

FOLDER = "microdrama-workbench"
LOOK_S = (0.02, 0.25)
"""How often somebody who waits for another process looks again: at first, and at most."""
LONGEST_PAUSE_S = 900.0
"""A next call that lies further ahead was written by a clock that has been set back since."""
_TIME = struct.Struct("<d")
_NEXT, _PAUSE = 0, _TIME.size
"""Where the file holds when the next call may begin by the pace, and until when nobody may begin at all."""
_TURNSTILE, _SLOTS = 1 << 40, 1 << 32


class Shared(Protocol):
    """Slots and pace of an account that several processes share; `given_up` is asked while somebody waits."""

    given_up: Callable[[], bool]

    def slot(self, weight: int = 1) -> contextlib.AbstractAsyncContextManager[None]:
        """Wait for as many slots as a request weighs, and for its turn; hold them."""
        ...

    def pause(self, seconds: float) -> None:
        """Let nobody begin for this long."""
        ...


class Account:
    """Slots and pace of one account, shared by all processes of this user. Used from one event loop.

    Args:
        path: the account's file; made where it is missing.
        concurrency: slots at once.
        per_minute: calls begun in a minute; None for no limit.
        given_up: asked while waiting; once it says yes, whoever waits is let through without a slot.

    Raises:
        JournalError: the file cannot be made.
    """

    def __init__(
        self, path: Path, *, concurrency: int, per_minute: float | None = None, given_up: Callable[[], bool] = lambda: False
    ) -> None:
        self.concurrency = concurrency
        self.given_up = given_up
        self._spacing = 60.0 / per_minute if per_minute else 0.0
        self._locks = ByteLocks(path)
        self._rng = random.Random()

    @contextlib.asynccontextmanager
    async def slot(self, weight: int = 1) -> AsyncIterator[None]:
        """Wait for as many slots as a request weighs, and for its turn; hold them."""
        mine: list[int] = []
        try:
            await self._until(lambda: self._locks.try_lock(_TURNSTILE))
            try:
                await self._until(lambda: self._take(mine, min(weight, self.concurrency)))
                await self._until(lambda: self._open_at() <= time.time())
                if self._spacing:
                    self._write(_NEXT, max(self._read(_NEXT), time.time()) + self._spacing)
            finally:
                self._locks.unlock(_TURNSTILE)
            yield
        finally:
            for place in mine:
                self._locks.unlock(place)

    def pause(self, seconds: float) -> None:
        """Let nobody begin for this long; a shorter pause does not shorten a longer one."""
        self._write(_PAUSE, max(self._read(_PAUSE), time.time() + min(seconds, LONGEST_PAUSE_S)))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Give everything back."""
        self._locks.close()

    async def _until(self, reached: Callable[[], bool]) -> None:
        wait = LOOK_S[0]
        while not (reached() or self.given_up()):
            await asyncio.sleep(wait * self._rng.uniform(0.7, 1.3))
            wait = min(LOOK_S[1], wait * 1.5)

    def _take(self, mine: list[int], weight: int) -> bool:
        for place in self._locks.left(range(_SLOTS, _SLOTS + self.concurrency)):
            if self._locks.try_lock(place):
                mine.append(place)
            if len(mine) >= weight:
                break
        return len(mine) >= weight

    def _open_at(self) -> float:
        return max(self._read(_NEXT), self._read(_PAUSE))

    def _read(self, offset: int) -> float:
        data = self._locks.read(_TIME.size, offset)
        at: float = _TIME.unpack(data)[0] if len(data) == _TIME.size else 0.0
        return at if at <= time.time() + LONGEST_PAUSE_S + self._spacing else 0.0

    def _write(self, offset: int, at: float) -> None:
        self._locks.write(_TIME.pack(at), offset)


def account_of(provider: Provider, kind: Kind, where: Path | None = None) -> Account | None:
    """Return the account that a provider's calls count against; None where nobody counts: no address, or none is real.

    Args:
        provider: its settings give address, key and limits; `account` in them names one that several keys share.
        kind: what is asked for.
        where: the folder of the accounts; by default this user's.

    Raises:
        ProviderError: the folder cannot be made.
        JournalError: the account's file cannot be made.
    """
    identity = identity_of(provider, kind)
    if identity is None:
        return None
    place = folder(where)
    digest = hmac.new(_salt(place), "\0".join(identity).encode(), hashlib.sha256).hexdigest()[:32]
    per_minute = getattr(getattr(provider, "config", None), "rate_per_minute", None)
    return Account(place / digest, concurrency=provider.concurrency, per_minute=per_minute)


def identity_of(provider: Provider, kind: Kind) -> list[str] | None:
    """Return what makes two providers one account: address and keys, or its name. Holds keys: to be hashed and never kept."""
    config = getattr(provider, "config", None)
    address = str(getattr(config, "base_url", "") or "").rstrip("/")
    name = str(getattr(config, "account", "") or "")
    if config is None or provider.simulated or not (address or name):
        return None
    keys = [config.api_key_env, *(v for k, v in sorted(config.options.items()) if k.endswith("_env") and isinstance(v, str))]
    return [*([name] if name else [address, *(secrets.secret(env) or "" for env in keys if env)]), kind]


def folder(where: Path | None = None) -> Path:
    """Return the folder of the accounts, made if need be: outside of any workspace, for two of them share an account.

    `$XDG_STATE_HOME/microdrama-workbench/accounts`, else under `~/.local/state`, else (no home that can be written, as in
    some containers) in the folder for temporary files under this user's number.

    Raises:
        ProviderError: none of them can be used.
    """
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / FOLDER / "accounts"
    places = [where] if where else [state, Path(tempfile.gettempdir()) / f"{FOLDER}-{os.getuid()}"]
    for place in places:
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            if place.stat().st_uid == os.getuid() and os.access(place, os.W_OK):
                return place
        except OSError:
            continue
    raise ProviderError(
        f"The limits of an account cannot be kept in {places[0]}: the folder cannot be written.",
        hint="Name another with limits_folder in workbench.toml.",
    )


def _salt(place: Path) -> bytes:
    """Return this user's salt, made at the first call."""
    path = place / "salt"
    if not path.exists():
        # Linked into place: two processes that begin together agree on the first.
        scratch = place / f".salt-{random_secrets.token_hex(8)}"
        scratch.touch(0o600)
        scratch.write_bytes(random_secrets.token_bytes(32))
        with contextlib.suppress(FileExistsError):
            os.link(scratch, path)
        scratch.unlink()
    return path.read_bytes()
