"""`workbench doctor`: is everything there?"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from runs.cli import complete, output
from runs.cli.context import workspace

if TYPE_CHECKING:
    from runs.diagnosis import Check

MARKS = {"ok": "✓", "warning": "!", "failed": "✗"}


@click.command()
@click.option(
    "--provider",
    metavar="NAME",
    help="Check this provider instead: key, address, model and limits, by a call that is free.",
    shell_complete=complete.providers,
)
@output.format_option
@click.pass_context
def doctor(context: click.Context, provider: str | None, fmt: str) -> None:
    """Check the installation and the workspace; exit 1 if something is wrong."""
    import pandas as pd

    from prompts.errors import WorkspaceError
    from runs.diagnosis import diagnose

    try:
        ws = workspace(context)
    except WorkspaceError:
        if (context.obj or {}).get("workspace"):
            raise
        ws = None
    with _without_chatter():
        checks = diagnose(ws) if provider is None else _asked(context, provider)
    rows = [(MARKS[c.state] if fmt == "table" else c.state, c.name, c.found, c.todo) for c in checks]
    output.emit(pd.DataFrame(rows, columns=["state", "check", "found", "to_do"]), fmt, key="checks")
    if any(check.state == "failed" for check in checks):
        raise click.exceptions.Exit(1)


@contextlib.contextmanager
def _without_chatter() -> Iterator[None]:
    """Keep what native libraries say of themselves (lines with INFO) off the terminal; everything else is passed on."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            said.seek(0)
            for line in said.read().decode("utf-8", "replace").splitlines():
                if not line.startswith("INFO: "):
                    output.say(line)


def _asked(context: click.Context, name: str) -> list[Check]:
    """Ask a provider the one question that is free."""
    import asyncio

    from runs.probing import probe
    from runs.settings import load

    return asyncio.run(probe(name, load(workspace(context).root)))
