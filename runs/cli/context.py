"""What every command starts from: the workspace that it works on, its settings, and whether to be quiet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runs.workspace import Workspace

if TYPE_CHECKING:
    from runs.harness import Options
    from runs.prepare import Order
    from runs.prices import Price
    from runs.provider import Provider
    from runs.settings import Settings


def workspace(context: click.Context) -> Workspace:
    """Find the workspace of `--workspace`, or the one that the current folder lies in."""
    named = (context.obj or {}).get("workspace")
    return Workspace.find(Path(named) if named else None)


def quiet(context: click.Context) -> bool:
    """Tell whether progress is unwanted."""
    return bool((context.obj or {}).get("quiet"))


def as_asked(context: click.Context, settings: Settings, suite: str, asked: Mapping[str, Any]) -> tuple[Provider, Options, Order]:
    """Return who generates, how it is run, and the order of runs over a suite, from settings and what was asked."""
    from runs import engine
    from runs.gating import order_of
    from runs.pricing import named_price

    engine.choose(settings)
    provider, order = order_of(settings, suite, asked["model"] or "", parameters(asked["pairs"]))
    options = base_options(context, settings, provider, named=named_price(asked["prices"]))
    return provider, options, replace(order, price=options.pricing.amounts)


def base_options(
    context: click.Context, settings: Settings, provider: Provider, *, free: bool = False, named: Price | None = None
) -> Options:
    """Return how every run of a provider is done by the settings: its budget, its prices, where its limits are kept, whom to tell."""
    from runs.harness import Options
    from runs.progress import for_terminal
    from runs.quote import pricing_of

    return Options(
        budget_usd=settings.budget_usd,
        pricing=pricing_of(provider, settings, free=free, named=named),
        progress=for_terminal(quiet=quiet(context)),
        accounts=Path(settings.limits_folder).expanduser() if settings.limits_folder else None,
    )


def parameters(pairs: tuple[str, ...]) -> Mapping[str, Any]:
    """Parse `--set NAME=VALUE` options; a value is JSON where it is JSON, else text."""
    import json

    found: dict[str, Any] = {}
    for pair in pairs:
        name, mark, text = pair.partition("=")
        if not (name and mark):
            raise click.BadParameter(f"{pair!r}: write NAME=VALUE.")
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found
