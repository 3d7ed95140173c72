"""What a run would take and could show, before it starts: jobs, money, faults of its prompts, and the effect that it can detect.

    found = dry_run(ws, settings, "studio", order)
    found.estimate.jobs, found.lints.counts(), found.needs[0].detectable

Nothing is sent, and nothing but reference pictures is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evals.planner import Means, Need, Spread, measured, needs
from evals.policy import Policy, find_policy, load_policy
from evals.suite import Suite, load_suite
from prompts.errors import WorkbenchError
from runs import preflight
from runs.linting import Lints, lint_plan
from runs.prepare import Order, prepare
from runs.pricing import named_price
from runs.providers import get, reference
from runs.quote import pricing_of
from runs.requests import Prompts
from runs.trial import evidence, find

if TYPE_CHECKING:
    from evals.case import Case
    from runs.plan import Plan
    from runs.preflight import Estimate
    from runs.settings import Settings
    from runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class DryRun:
    """A run that was not started.

    Attributes:
        plan: What would be done.
        estimate: Jobs, tokens and the range of the cost.
        lints: What the checks say of its prompts.
        needs: What each metric of the suite's gate policy needs, and what this run would show; empty without a policy.
        means: Series, cases and repeats of this run.
        measured: Metrics whose spread was measured in the pilot; that of the others is guessed.
        refusal: Why it cannot be started; empty where it can.
    """

    plan: Plan
    estimate: Estimate
    lints: Lints
    needs: tuple[Need, ...]
    means: Means
    measured: tuple[str, ...]
    refusal: str = ""


def dry_run(
    ws: Workspace,
    settings: Settings,
    provider_name: str,
    order: Order,
    *,
    known: Sequence[Case] | None = None,
    pilot: str = "",
    prices: Sequence[str] = (),
) -> DryRun:
    """Plan, price, check and judge a run without starting it.

    Args:
        ws: The workspace.
        settings: Its settings.
        provider_name: Who would generate.
        order: What would be run.
        known: The workspace's cases, where they have been read already.
        pilot: A run whose first two arms tell how much the metrics vary; empty for guesses.
        prices: What its calls cost, `NAME=USD` each, where the user names it; see `runs.pricing.named_price`.

    Raises:
        WorkbenchError: There is an unknown name, a broken file, or nothing to run; a prompt that cannot be rendered.
    """
    provider = get(provider_name, settings)
    pricing = pricing_of(provider, settings, named=named_price(prices))
    plan = prepare(ws, replace(order, price=pricing.amounts), reference(provider), known=known)
    prompts = Prompts()
    estimate = preflight.examine(ws, plan, pricing, prompts=prompts)
    refusal = ""
    try:
        preflight.check(plan, provider, estimate, order.budget_usd)
    except WorkbenchError as error:
        refusal = str(error)
    means = means_of(plan, estimate, order)
    policy = policy_of(ws, load_suite(order.suite, ws.evals / "suites"))
    spreads = spreads_of(ws, policy, pilot) if policy and pilot else {}
    found = tuple(needs(policy, spreads, means)) if policy else ()
    return DryRun(plan, estimate, lint_plan(plan, prompts), found, means, tuple(spreads), refusal)


def means_of(plan: Plan, estimate: Estimate, order: Order) -> Means:
    """Return what a run gives to a comparison of two of its arms: its series, the cases of each, its repeats, and their price."""
    cases = plan.event.cases
    series = len({case["series"] for case in cases})
    usd = estimate.high_usd / estimate.jobs if estimate.high_usd is not None and estimate.jobs else None
    return Means(series, len(cases) / series, order.repeats, usd, order.budget_usd)


def policy_of(ws: Workspace, suite: Suite) -> Policy | None:
    """Return the gate policy that a suite names, if any.

    Raises:
        InputError, UnknownName: It is malformed, or not there.
    """
    return load_policy(find_policy(suite.gate, ws.evals)) if suite.gate else None


def spreads_of(ws: Workspace, policy: Policy, run_id: str) -> Mapping[str, Spread]:
    """Return how much the metrics of a policy vary in the first two arms of a run.

    Raises:
        WorkbenchError: There is no such run, or it was not scored with what the policy asks for.
    """
    return measured(evidence(ws, find(ws, "a", "b", [run_id]), policy, split=None), policy)
