"""`workbench providers`: who could generate, and what it costs."""

from __future__ import annotations

import click

from runs.cli import complete, output
from runs.cli.context import workspace


@click.command()
@click.argument("name", required=False, shell_complete=complete.providers)
@output.format_option
@click.pass_context
def providers(context: click.Context, name: str | None, fmt: str) -> None:
    """List the providers: what they make, whether their key is set, their limits and prices; or all prices of NAME.

    Nobody is called. `workbench doctor --provider NAME` asks one of them.
    """
    from dataclasses import asdict

    import pandas as pd

    from runs.offering import Offer, amount, offers, prices_of
    from runs.settings import load

    settings = load(workspace(context).root)
    if name is None:
        rows = [asdict(offer) for offer in offers(settings)]
        output.emit(pd.DataFrame(rows, columns=list(Offer.__dataclass_fields__)), fmt, key="providers")
        return
    prices = [
        {"model": p.model, "variant": p.variant, "usd": amount(p), "as_of": p.as_of, "source": p.source} for p in prices_of(name, settings)
    ]
    output.emit(pd.DataFrame(prices, columns=["model", "variant", "usd", "as_of", "source"]), fmt, key="prices", provider=name)
