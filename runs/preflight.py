"""Before anything is written or paid: does every prompt render, can the provider do it, and what will it cost?

Nothing is written here.

    estimate = examine(ws, plan, pricing)
    estimate.jobs, estimate.high_usd          # 96, 3.84; None where a price is unknown
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from prompts.text import estimate_tokens
from runs.errors import BudgetError, ProviderError
from runs.plan import Plan
from runs.pricing import Pricing
from runs.provider import KIND_OF_STAGE, Provider
from runs.requests import Prompts, Requests
from runs.workspace import Workspace

AT_ONCE = 16
"""Prompts that are rendered together."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a plan's open jobs will take.

    Attributes:
        jobs: how many.
        prompt_tokens: tokens of all prompts together, estimated (`prompts.text`).
        low_usd: the cost if answers were empty; None if a price is unknown.
        high_usd: the most that it can cost; None if a price is unknown or nothing bounds it.
        unpriced: models whose price is unknown, or whose answers nothing bounds.
        unbounded: those of them whose price is known.
    """

    jobs: int
    prompt_tokens: int
    low_usd: float | None
    high_usd: float | None
    unpriced: tuple[str, ...] = ()
    unbounded: tuple[str, ...] = ()


def examine(ws: Workspace, plan: Plan, pricing: Pricing, done: Collection[str] = (), prompts: Prompts | None = None) -> Estimate:
    """Render every prompt of a plan once and add up what its jobs will take.

    Args:
        ws: the workspace; nothing is written to it.
        plan: the plan.
        pricing: the prices.
        done: ids of jobs that need not be done any more.
        prompts: where to keep what is rendered: of a long run the prompts of the first jobs, for they are made first.

    Raises:
        TemplateError, InputError: a version cannot be rendered with a case.
    """
    requests = Requests(ws, plan, with_references=False, prompts=prompts)
    # All repeats of a cell have one prompt; rendering is the dear part.
    repeats: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], int] = {}  # its place, for thousands of jobs would be in memory at once
    for place, job in enumerate(plan.jobs):
        if job["job_id"] not in done:
            cell = job["arm"], job["case_id"]
            repeats[cell] += 1
            first.setdefault(cell, place)
    tokens_of = lru_cache(maxsize=32)(estimate_tokens)  # the same rules stand before every case
    tokens, low, high = 0, 0.0, 0.0
    unpriced: set[str] = set()
    no_price: set[str] = set()
    left = reversed(repeats.items())
    while some := [(plan.jobs[first[cell]], n) for cell, n in islice(left, AT_ONCE)]:
        requests.ahead(job for job, _ in some)
        for job, n in some:
            request = requests.of(job)
            of_prompt = sum(tokens_of(message.content) for message in request.messages)
            worst, best = pricing.worst_usd(request), pricing.best_usd(request, of_prompt)
            tokens += n * of_prompt
            if worst is None or best is None:
                unpriced.add(request.model)
                no_price |= {request.model} if best is None else set()
            else:
                low, high = low + n * min(best, worst), high + n * worst
    known = not unpriced
    named = tuple(sorted(unpriced)), tuple(sorted(unpriced - no_price))
    return Estimate(repeats.total(), tokens, low if known else None, high if known else None, *named)


def check(plan: Plan, provider: Provider, estimate: Estimate, budget_usd: float | None) -> None:
    """Refuse a run that cannot be done.

    Raises:
        ProviderError: the provider does not make what the stage needs.
        BudgetError: there is a budget, and a model whose price is unknown.
    """
    kind = KIND_OF_STAGE[plan.event.stage]
    if kind not in provider.kinds:
        raise ProviderError(
            f"The provider {provider.name} makes no {kind}, which the stage {plan.event.stage} needs.",
            hint=f"It makes {', '.join(sorted(provider.kinds))}.",
        )
    if budget_usd is not None and estimate.unpriced:
        raise _unbounded(estimate)


def _unbounded(estimate: Estimate) -> BudgetError:
    no_price = [model for model in estimate.unpriced if model not in estimate.unbounded]
    if no_price:
        return BudgetError(
            f"No budget can be kept: the price of {', '.join(no_price)} is unknown.",
            hint="Name it with --price (texts need input, output and max_output) or under [[prices]] in workbench.toml, or set no budget.",
        )
    return BudgetError(
        f"No budget can be kept: nothing bounds how long an answer of {', '.join(estimate.unbounded)} gets.",
        hint="Give --set max_tokens=8000, or max_tokens in the provider's parameters in workbench.toml, or set no budget.",
    )
