"""Another driver of a cluster, in a process of its own: `python driver.py ADDRESS hold|take`.

`hold` takes both slots of an account and 0.6 of 1 USD that is left, says so, and waits for ever. `take` waits for a line,
and wants one slot and 0.4 USD.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from runs.budget import Budget, Exhausted
from runs.cluster.connect import connect
from runs.cluster.limits import ClusterLimits
from runs.settings import EngineSettings


async def hold(account: Any, budget: Budget) -> None:
    async with account.slot(2):
        await budget.reserve(0.6)
        print("holds", flush=True)
        await asyncio.Event().wait()


async def take(account: Any, budget: Budget) -> None:
    await asyncio.to_thread(sys.stdin.readline)
    print("waits", flush=True)
    async with account.slot():
        print("has", flush=True)
        budget.settle(await budget.reserve(0.4), 0.4)
        try:
            await budget.reserve(0.01)
        except Exhausted as error:
            print(error, flush=True)


def main() -> None:
    cluster = connect(EngineSettings(name="ray", address=sys.argv[1]))
    limits = ClusterLimits(1.0)
    limits.start()
    account = limits.account(["https://host", "key", "image"], concurrency=2, per_minute=None)
    asyncio.run(limits.reserve("nothing", 0.0))
    limits.budget_usd = limits.spent_usd + 1.0  # other tests have spent some of this cluster's money
    asyncio.run({"hold": hold, "take": take}[sys.argv[2]](account, limits.budget(None, spent_usd=0.0)))
    limits.stop()
    cluster.close()


if __name__ == "__main__":
    main()
