"""What one prompt would cost, before it is sent: the same arithmetic as a run's own estimate, for one job.

quote(ws, settings, "openai", version, case)      # Quote("gpt-5.4-mini", 412, 0.0003, None): no bound of the answer is set
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from prompts.text import estimate_tokens
from runs.plan import make
from runs.prepare import as_plan
from runs.pricing import Pricing
from runs.providers import as_sent, get, reference, variant
from runs.requests import Requests

if TYPE_CHECKING:
    from evals.case import Case
    from prompts.version import Version
    from runs.prices import Price
    from runs.provider import Provider
    from runs.settings import Settings
    from runs.workspace import Workspace


def pricing_of(provider: Provider, settings: Settings, *, free: bool = False, named: Price | None = None) -> Pricing:
    """Return the prices of a provider as the workspace's settings know them, or `named` ones; a simulated one is free."""
    return Pricing(
        partial(settings.price, provider.name), provider.simulated or free, partial(variant, provider), partial(as_sent, provider), named
    )


@dataclass(frozen=True, slots=True)
class Quote:
    """One generation: tokens of the prompt (estimated), the least and the most it costs; None where that is not known.

    `low_usd` without `high_usd`: the price is known, and nothing bounds the length of the answer.
    """

    model: str
    prompt_tokens: int
    low_usd: float | None
    high_usd: float | None


def quote(ws: Workspace, settings: Settings, name: str, version: Version, case: Case) -> Quote:
    """Return what one generation of a version and case takes at a provider, with its settings' model and parameters.

    Raises:
        TemplateError, InputError: the version cannot be rendered with the case.
        UnknownName, WorkspaceError, ProviderError: the provider cannot be set up.
    """
    provider, config = get(name, settings), settings.provider_settings(name)
    pricing = pricing_of(provider, settings)
    plan = make(
        stage=version.stage,
        suite={"name": "", "hash": ""},
        versions=[as_plan(version)],
        cases=[
            {
                "case_id": case.id, "series": case.series, "split": "explore", "hash": case.hash, "inputs": dict(case.inputs),
                "references": {},
            }
        ],
        provider=reference(provider),
        models=[config.model or name],
        parameters=settings.call_parameters(name),
    )  # fmt: skip
    request = Requests(ws, plan, with_references=False).of(plan.jobs[0])
    tokens = sum(estimate_tokens(message.content) for message in request.messages)
    return Quote(request.model, tokens, pricing.best_usd(request, tokens), pricing.worst_usd(request))
