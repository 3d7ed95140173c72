"""Money: what a call may cost at worst is set aside before it is sent, so that a budget can never be exceeded.

    budget = Budget(limit_usd=5.0)
    hold = await budget.reserve(0.04)      # waits while calls in flight hold the money; raises Exhausted when it is gone
    budget.settle(hold, 0.031)             # or `release(hold)` where nothing was bought

A call of which nobody can say what it will cost at worst cannot be held to a budget: it is refused where there is one. Where there is
none it goes out, and `unpriced` counts those whose cost is still unknown: it becomes known where the answer tells tokens or money, and
is never zero by not being known.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from prompts.errors import WorkbenchError
from runs.errors import BudgetError

# Sums of binary fractions: a budget of 1.00 must allow ten calls at 0.10.
_ROUNDING = 1e-9


class Exhausted(WorkbenchError):
    """The rest of the budget does not cover the next call, and nothing in flight can give money back."""


@dataclass(eq=False, slots=True)
class Hold:
    """Money set aside for one call, in USD; None where the price is unknown."""

    usd: float | None
    open: bool = True


class Budget:
    """A limit in USD over the calls of one run; None for no limit. Used from one event loop."""

    def __init__(self, limit_usd: float | None = None, *, spent_usd: float = 0.0) -> None:
        if limit_usd is not None and not limit_usd >= 0:
            raise BudgetError(f"A budget of {limit_usd} USD makes no sense.", hint="Give a number of at least 0.")
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        self.reserved_usd = 0.0
        self.unpriced = 0
        self._changed = asyncio.Event()

    @property
    def left_usd(self) -> float | None:
        """Return what is neither spent nor set aside; None without a limit."""
        return None if self.limit_usd is None else self.limit_usd - self.spent_usd - self.reserved_usd

    async def reserve(self, worst_usd: float | None) -> Hold:
        """Set the worst case of one call aside; wait while calls in flight may still give enough back.

        Raises:
            BudgetError: the price is unknown and there is a budget.
            Exhausted: the money will not suffice even if all calls in flight cost nothing.
        """
        if worst_usd is None:
            if self.limit_usd is not None:
                raise BudgetError(
                    "The price of this model is unknown, so no budget can be kept.",
                    hint="Name it with --price or in workbench.toml under [[prices]], or run without a budget.",
                )
            self.unpriced += 1
            return Hold(None)
        if worst_usd < 0:
            raise ValueError("a price below zero")
        while not self._fits(self.spent_usd + self.reserved_usd + worst_usd):
            if not self._fits(self.spent_usd + worst_usd):
                raise Exhausted(f"The budget of {self.limit_usd} USD is used up: {self.spent_usd:.4f} USD spent.")
            await self._changed.wait()
        self.reserved_usd += worst_usd
        return Hold(worst_usd)

    def take_back(self, worst_usd: float | None) -> Hold:
        """Set aside what was counted as spent at its worst, for a call of an earlier process: what it came to is about to be known."""
        counted = worst_usd or 0.0
        self.spent_usd -= counted
        self.reserved_usd += counted
        return Hold(counted)

    def settle(self, hold: Hold, cost_usd: float | None) -> None:
        """Book what the call cost. An unknown cost is booked as the worst case: a budget errs on the safe side."""
        self._close(hold)
        if hold.usd is None and cost_usd is not None:
            self.unpriced -= 1
        self.spent_usd += (hold.usd or 0.0) if cost_usd is None else cost_usd

    def release(self, hold: Hold) -> None:
        """Give the whole amount back: nothing was bought."""
        self._close(hold)
        if hold.usd is None:
            self.unpriced -= 1

    def _fits(self, usd: float) -> bool:
        return self.limit_usd is None or usd <= self.limit_usd + _ROUNDING

    def _close(self, hold: Hold) -> None:
        if not hold.open:
            raise ValueError("this money was given back already")
        hold.open = False
        self.reserved_usd = max(0.0, self.reserved_usd - (hold.usd or 0.0))
        # Everybody who waits looks again; who comes later waits for the next change.
        self._changed.set()
        self._changed = asyncio.Event()
