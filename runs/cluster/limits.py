"""A driver's side of `runs.cluster.limiter`: accounts and budgets that hold over the whole cluster.

    limits = ClusterLimits(budget_usd=50.0)
    limits.start()                                  # the limiter of this cluster; made by whoever comes first
    account = limits.account("key", concurrency=4, per_minute=60)
    async with account.slot(weight=2): ...          # as in `runs.accounts`

Every driver leaves somebody with the limiter who waits there and does nothing. Ray ends him with the driver, however it dies;
so the limiter knows, and gives away what the driver had. A limiter that is lost itself comes up again without its book: then
each driver tells it what he has.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from runs.accounts import Account, Shared, identity_of
from runs.budget import Budget, Exhausted, Hold
from runs.cluster.limiter import Holdings, Limiter
from runs.errors import BudgetError, EngineError
from runs.provider import Kind, Provider
from runs.providers import rate_per_minute

NAME = "limiter"
LOST_S = 60.0
"""How long the limiter may not answer before a run gives up: nothing is paid without it."""
GRACE_S = 5.0
"""How long a limiter that lost its book listens before it gives anything away; drivers tell it within `_AGAIN_S`."""
_AGAIN_S = 0.5
_LOOK_S = 0.25


class LimiterActor(Limiter):
    """The limiter as a Ray actor: one for a cluster, on its head, for as long as that lives."""

    def __init__(self) -> None:
        import ray

        super().__init__(GRACE_S if ray.get_runtime_context().was_current_actor_reconstructed else 0.0)

    async def salt(self) -> str:  # type: ignore[override]  # all methods of an actor with an event loop are coroutines
        """See `Limiter.salt`."""
        return super().salt()

    async def attend(self, driver: str, presence: Sequence[Any]) -> None:
        """Wait until a driver is gone, and end all that he had."""
        from ray.exceptions import RayError

        with contextlib.suppress(RayError):
            await presence[0].stay.remote()
        self.gone(driver)

    async def tell(self, what: str, *arguments: Any) -> Any:
        """Call one of the limiter's own methods that do not wait."""
        return getattr(Limiter, what)(self, *arguments)


class Presence:
    """Whoever waits in a driver's name."""

    async def stay(self) -> None:
        """Never return."""
        await asyncio.Event().wait()


class ClusterLimits:
    """This driver's accounts and purse at the limiter of the cluster that it is connected to.

    Args:
        budget_usd: what all drivers of the cluster may spend together; None for no limit.
    """

    def __init__(self, budget_usd: float | None = None) -> None:
        self.budget_usd = budget_usd
        self.slots: dict[tuple[str, str], int] = {}
        self.holds: dict[str, float] = {}
        self._driver = uuid.uuid4().hex
        self._spent = 0.0
        self._salt = b""
        self._handle: Any = None
        self._presence: Any = None
        self._attending: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Find the cluster's limiter, or make it.

        Raises:
            EngineError: it does not come up.
        """
        import ray

        self._presence = _present()
        made = ray.remote(
            name=NAME, get_if_exists=True, lifetime="detached", num_cpus=0, max_restarts=-1, max_concurrency=10_000,
            resources={"node:__internal_head__": 0.001},  # the head's death is the cluster's, so nothing else can take the book along
        )(LimiterActor)  # fmt: skip
        until = time.monotonic() + LOST_S
        while True:
            try:
                self._handle = made.remote()
                self._salt = bytes.fromhex(ray.get(self._handle.salt.remote(), timeout=LOST_S))
                return
            except (ray.exceptions.RayError, ValueError) as error:  # another driver makes it at the same moment
                if time.monotonic() > until:
                    raise EngineError(
                        f"The limiter of the cluster does not come up: {str(error)[:200]}", hint="See `ray status`."
                    ) from None
                time.sleep(_AGAIN_S)

    def stop(self) -> None:
        """Give everything back."""
        import ray

        if self._presence is not None:
            ray.kill(self._presence)
            self._presence = None

    def over(self, account: Account, provider: Provider, kind: Kind) -> Shared:
        """Return an account of this machine together with the cluster's, for drivers on this machine may use no cluster."""
        identity = identity_of(provider, kind) or []
        return Both(account, self.account(identity, concurrency=provider.concurrency, per_minute=rate_per_minute(provider)))

    def account(self, identity: Sequence[str], *, concurrency: int, per_minute: float | None) -> ClusterAccount:
        """Return the account of an address, a key and a kind of output."""
        key = hmac.new(self._salt, "\0".join(identity).encode(), hashlib.sha256).hexdigest()[:32]
        return ClusterAccount(self, key, concurrency=concurrency, per_minute=per_minute)

    def budget(self, limit_usd: float | None = None, *, spent_usd: float = 0.0) -> Budget:
        """Return a run's budget, held to the cluster's too where there is one."""
        return (
            ClusterBudget(self, limit_usd, spent_usd=spent_usd) if self.budget_usd is not None else Budget(limit_usd, spent_usd=spent_usd)
        )

    async def acquire(self, account: str, ticket: str, weight: int, concurrency: int, spacing_s: float) -> None:
        """Wait for slots; see `Limiter.acquire`."""
        await self._asked(lambda limiter: limiter.acquire.remote(self._driver, account, ticket, weight, concurrency, spacing_s))
        self.slots[account, ticket] = min(weight, concurrency)

    def release(self, account: str, ticket: str) -> None:
        """Give slots back without waiting for the limiter to hear of it."""
        self.slots.pop((account, ticket), None)
        self._handle.tell.remote("release", account, ticket)

    def pause(self, account: str, seconds: float) -> None:
        """Let nobody begin for this long."""
        self._handle.tell.remote("pause", account, seconds)

    async def reserve(self, hold: str, usd: float) -> bool:
        """Set money aside in the cluster's purse; False where it does not suffice."""
        limit_usd = self.budget_usd
        granted, self._spent = await self._asked(lambda limiter: limiter.reserve.remote(self._driver, hold, usd, limit_usd))
        if granted:
            self.holds[hold] = usd
        return bool(granted)

    def settle(self, hold: str, usd: float) -> None:
        """Book what a hold came to."""
        self.holds.pop(hold, None)
        self._spent += usd
        self._handle.tell.remote("settle", hold, usd)

    @property
    def spent_usd(self) -> float:
        """Return what all drivers have spent, as far as this one was told."""
        return self._spent

    async def _asked(self, call: Callable[[Any], Any]) -> Any:
        """Ask the limiter, again where it was lost under the question."""
        from ray.exceptions import RayActorError

        self._attend()
        since = time.monotonic()
        while True:
            try:
                return await call(self._handle)
            except RayActorError as error:
                if time.monotonic() - since > LOST_S:
                    raise EngineError("The limiter of the cluster does not answer.", hint="Go on with --resume once it does.") from error
                await asyncio.sleep(_AGAIN_S)

    def _attend(self) -> None:
        """See that the limiter knows of this driver, in whichever event loop it works."""
        loop = asyncio.get_running_loop()
        if self._attending is None or self._attending.done() or self._attending.get_loop() is not loop:
            self._attending = loop.create_task(self._attended())

    async def _attended(self) -> None:
        from ray.exceptions import RayError

        while self._presence is not None:
            with contextlib.suppress(RayError):
                holdings = Holdings(dict(self.slots), dict(self.holds), self._spent)
                await self._handle.tell.remote("announce", self._driver, holdings)
                await self._handle.attend.remote(self._driver, [self._presence])
            await asyncio.sleep(_AGAIN_S)
            if self._presence is not None:  # one of the two was lost, and it does not matter which
                self._presence = _present()


def _present() -> Any:
    """Return somebody who lives as long as this process and the machine under it."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(num_cpus=0, max_concurrency=2, scheduling_strategy=here)(Presence).remote()


class ClusterAccount:
    """Slots and pace of one account over the whole cluster; used like `runs.accounts.Account`."""

    def __init__(self, limits: ClusterLimits, key: str, *, concurrency: int, per_minute: float | None) -> None:
        self.concurrency = concurrency
        self.given_up: Callable[[], bool] = lambda: False
        self._limits = limits
        self._key = key
        self._spacing = 60.0 / per_minute if per_minute else 0.0

    @contextlib.asynccontextmanager
    async def slot(self, weight: int = 1) -> AsyncIterator[None]:
        """Wait for as many slots as a request weighs, and for its turn; hold them."""
        ticket = uuid.uuid4().hex
        turn = asyncio.ensure_future(self._limits.acquire(self._key, ticket, weight, self.concurrency, self._spacing))
        try:
            while not turn.done() and not self.given_up():
                await asyncio.wait({turn}, timeout=_LOOK_S)
            if turn.done():
                turn.result()
            yield
        finally:
            turn.cancel()
            self._limits.release(self._key, ticket)

    def pause(self, seconds: float) -> None:
        """Let nobody begin for this long."""
        self._limits.pause(self._key, seconds)


class Both:
    """An account of this machine and one of the cluster: whoever has slots of the first waits for those of the second."""

    def __init__(self, first: Account, second: ClusterAccount) -> None:
        self._accounts = (first, second)

    @property
    def given_up(self) -> Callable[[], bool]:
        """Return what is asked while somebody waits."""
        return self._accounts[0].given_up

    @given_up.setter
    def given_up(self, asked: Callable[[], bool]) -> None:
        for account in self._accounts:
            account.given_up = asked

    @contextlib.asynccontextmanager
    async def slot(self, weight: int = 1) -> AsyncIterator[None]:
        """Hold slots of both."""
        async with self._accounts[0].slot(weight), self._accounts[1].slot(weight):
            yield

    def pause(self, seconds: float) -> None:
        """Let nobody begin for this long."""
        for account in self._accounts:
            account.pause(seconds)


class ClusterBudget(Budget):
    """A run's budget that also asks the cluster's purse."""

    def __init__(self, limits: ClusterLimits, limit_usd: float | None, *, spent_usd: float) -> None:
        super().__init__(limit_usd, spent_usd=spent_usd)
        self._limits = limits
        self._names: dict[Hold, str] = {}

    async def reserve(self, worst_usd: float | None) -> Hold:
        """Set the worst case of a call aside, in both purses; errors as `Budget.reserve`."""
        if worst_usd is None:
            raise BudgetError(
                "The price of this model is unknown, so the cluster's budget cannot be kept.",
                hint="Give its price in workbench.toml under [[prices]], or take budget_usd out of [engine].",
            )
        hold = await super().reserve(worst_usd)
        name = uuid.uuid4().hex
        granted = False
        try:
            granted = await self._limits.reserve(name, worst_usd)
        finally:
            if not granted:
                super().release(hold)
                self._limits.settle(name, 0.0)
        if not granted:
            raise Exhausted(f"The cluster's budget of {self._limits.budget_usd} USD is used up: {self._limits.spent_usd:.4f} USD spent.")
        self._names[hold] = name
        return hold

    def settle(self, hold: Hold, cost_usd: float | None) -> None:
        """Book what the call cost in both purses; the cluster's has booked one of an earlier process already, at its worst."""
        super().settle(hold, cost_usd)
        if name := self._names.pop(hold, None):
            self._limits.settle(name, (hold.usd or 0.0) if cost_usd is None else cost_usd)

    def release(self, hold: Hold) -> None:
        """Give the whole amount back."""
        super().release(hold)
        if name := self._names.pop(hold, None):
            self._limits.settle(name, 0.0)
