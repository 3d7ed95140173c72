"""What all drivers of a cluster together may ask of accounts, and spend: the book that one actor keeps. Knows nothing of Ray.

    limiter = Limiter()
    await limiter.acquire("driver", "3f9a…", "ticket", weight=2, concurrency=4, spacing_s=1.0)    # returns when it is its turn
    limiter.release("3f9a…", "ticket")
    await limiter.reserve("driver", "hold", 0.04, limit_usd=5.0)     # (True, 0.0): set aside; (False, 4.98): there is not enough
    limiter.gone("driver")               # it died: its slots are free, its holds are booked as spent, for they may be billed

Slots, pace and pauses are those of `runs.accounts`: first come, first served, so that a heavy request is not starved by light
ones; where two drivers are told different numbers, the larger one holds for both. Used from one event loop.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

LONGEST_PAUSE_S = 900.0
# Sums of binary fractions, as in `runs.budget`.
_ROUNDING = 1e-9


@dataclass(slots=True)
class _Account:
    concurrency: int = 1
    held: dict[str, int] = field(default_factory=dict)
    waiting: deque[tuple[str, int, float, asyncio.Future[None]]] = field(default_factory=deque)
    open_at: float = 0.0
    timer: asyncio.TimerHandle | None = None


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a driver tells a limiter that has lost its book: slots and money that it has, and the largest sum it was told."""

    slots: Mapping[tuple[str, str], int]
    holds: Mapping[str, float]
    spent_usd: float


class Limiter:
    """Slots, pace and pauses of accounts by their key, and one purse for all.

    Args:
        grace_s: for how long to give nothing away, where an earlier limiter did and its book is lost: so that those who have
            something can `announce` it first.
    """

    def __init__(self, grace_s: float = 0.0) -> None:
        self._opens_at = time.monotonic() + grace_s
        self._salt = secrets.token_hex(32)
        self._accounts: dict[str, _Account] = {}
        self._tickets: dict[str, set[tuple[str, str]]] = {}
        self._holds: dict[str, tuple[str, float]] = {}
        self._asking: dict[str, str] = {}
        self._spent = 0.0
        self._changed = asyncio.Event()

    def salt(self) -> str:
        """Return what drivers hash an account's address and key with: a key of an account tells nothing about them."""
        return self._salt

    async def acquire(self, driver: str, account: str, ticket: str, weight: int, concurrency: int, spacing_s: float) -> None:
        """Wait for slots and for the account's turn.

        Args:
            driver: who asks; `gone` ends all that is his.
            account: the key of the account.
            ticket: names these slots; `release` it, also while it waits.
            weight: slots; more than there are is all of them.
            concurrency: slots of the account.
            spacing_s: seconds between the begins of two calls.
        """
        mine = self._tickets.setdefault(driver, set())
        mine.add((account, ticket))
        await self._opened()
        if (account, ticket) not in mine:  # released while it waited
            raise asyncio.CancelledError
        book = self._accounts.setdefault(account, _Account())
        book.concurrency = max(book.concurrency, concurrency)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        book.waiting.append((ticket, weight, spacing_s, turn))
        self._next(book)
        await turn

    def release(self, account: str, ticket: str) -> None:
        """Give slots back, or stop waiting for them; nothing where the ticket is not known."""
        for tickets in self._tickets.values():
            tickets.discard((account, ticket))
        book = self._accounts.get(account)
        if book is None:
            return
        book.held.pop(ticket, None)
        for entry in [entry for entry in book.waiting if entry[0] == ticket]:
            book.waiting.remove(entry)
            entry[3].cancel()
        self._next(book)

    def pause(self, account: str, seconds: float) -> None:
        """Let nobody begin for this long; a shorter pause does not shorten a longer one."""
        book = self._accounts.setdefault(account, _Account())
        book.open_at = max(book.open_at, asyncio.get_running_loop().time() + min(seconds, LONGEST_PAUSE_S))

    async def reserve(self, driver: str, hold: str, usd: float, limit_usd: float) -> tuple[bool, float]:
        """Set money aside; wait while what others hold may still come back.

        Returns:
            Whether it is set aside, and what all have spent.
        """
        self._asking[hold] = driver
        await self._opened()
        while hold in self._asking and self._spent + sum(held for _, held in self._holds.values()) + usd > limit_usd + _ROUNDING:
            if self._spent + usd > limit_usd + _ROUNDING:
                del self._asking[hold]
                return False, self._spent
            await self._changed.wait()
        if self._asking.pop(hold, None) is None:  # who asked has gone meanwhile
            return False, self._spent
        self._holds[hold] = (driver, usd)
        return True, self._spent

    def settle(self, hold: str, usd: float) -> float:
        """Book what a hold came to, 0 where nothing was bought, or stop waiting for it; return what all have spent."""
        if self._asking.pop(hold, None) is not None:
            self._wake()
        if self._holds.pop(hold, None) is not None:
            self._spent += usd
            self._wake()
        return self._spent

    def gone(self, driver: str) -> None:
        """End all that a driver had."""
        tickets = self._tickets.pop(driver, set())
        # Who waits goes first, so that a slot that becomes free is not given to the dead.
        for account, ticket in sorted(tickets, key=lambda one: one[0] in self._accounts and one[1] in self._accounts[one[0]].held):
            self.release(account, ticket)
        tickets.clear()  # for those that have not come to the line yet
        for hold in [hold for hold, who in self._asking.items() if who == driver]:
            self.settle(hold, 0.0)
        for hold in [hold for hold, (who, _) in self._holds.items() if who == driver]:
            self.settle(hold, self._holds[hold][1])

    def announce(self, driver: str, holdings: Holdings) -> None:
        """Enter what a driver has: this limiter is new, and the one before it took its book along."""
        for (account, ticket), weight in holdings.slots.items():
            self._accounts.setdefault(account, _Account()).held[ticket] = weight
            self._tickets.setdefault(driver, set()).add((account, ticket))
        self._holds.update({hold: (driver, usd) for hold, usd in holdings.holds.items()})
        self._spent = max(self._spent, holdings.spent_usd)

    async def _opened(self) -> None:
        if (wait := self._opens_at - time.monotonic()) > 0:
            await asyncio.sleep(wait)

    def _next(self, book: _Account) -> None:
        """Let in who is first in line, and the next, as long as there is room and it is time."""
        now = asyncio.get_running_loop().time()
        while book.waiting:
            ticket, weight, spacing_s, turn = book.waiting[0]
            weight = min(weight, book.concurrency)
            if sum(book.held.values()) + weight > book.concurrency:
                return
            if book.open_at > now:
                if book.timer is None:
                    book.timer = asyncio.get_running_loop().call_later(book.open_at - now, self._timed, book)
                return
            book.waiting.popleft()
            book.held[ticket] = weight
            book.open_at = now + spacing_s if spacing_s else book.open_at
            turn.set_result(None)

    def _timed(self, book: _Account) -> None:
        book.timer = None
        self._next(book)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
