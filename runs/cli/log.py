"""`workbench log`: care for the run log."""

from __future__ import annotations

import click

from runs.cli import output
from runs.cli.context import workspace


@click.group()
def log() -> None:
    """Care for the run log: the journals are the truth, log.duckdb is made from them."""


@log.command()
@click.pass_context
def rebuild(context: click.Context) -> None:
    """Make log.duckdb anew from the journals."""
    from runs.log import rebuild as rebuild_log

    ws = workspace(context)
    rebuild_log(ws)
    output.say(f"Made {ws.log.name} anew.")


@log.command()
@output.format_option
@click.pass_context
def errors(context: click.Context, fmt: str) -> None:
    """List journal lines that could not be read; exit 1 if there are any."""
    from runs import query

    found = query.ingest_errors(workspace(context))
    output.emit(found, fmt, key="errors")
    if len(found):
        raise click.exceptions.Exit(1)
