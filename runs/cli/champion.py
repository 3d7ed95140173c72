"""Options of all commands that put versions up against a champion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from runs.cli import complete
from runs.cli.run import priced

Command = Callable[..., Any]

base = click.option(
    "--base",
    default="production",
    show_default=True,
    metavar="VERSION",
    help="The champion: production, or a version.",
    shell_complete=complete.versions,
)
_CALLS = (
    click.option("--provider", help="Who generates; default: workbench.toml.", shell_complete=complete.providers),
    click.option("--model", help="A model of the provider."),
    click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A parameter that every call is sent."),
    click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Decides the order and all jobs' seeds."),
)


def calls(command: Command) -> Command:
    """Add the options that say who is asked, how, and what it costs."""
    command = priced(command)
    for option in reversed(_CALLS):
        command = option(command)
    return command
