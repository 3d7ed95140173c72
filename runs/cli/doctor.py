"""`workbench doctor`: is everything there?"""

from __future__ import annotations

import click

from runs.cli import output
from runs.cli.context import workspace

MARKS = {"ok": "✓", "warning": "!", "failed": "✗"}


@click.command()
@output.format_option
@click.pass_context
def doctor(context: click.Context, fmt: str) -> None:
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
    checks = diagnose(ws)
    rows = [(MARKS[c.state] if fmt == "table" else c.state, c.name, c.found, c.todo) for c in checks]
    output.emit(pd.DataFrame(rows, columns=["state", "check", "found", "to_do"]), fmt, key="checks")
    if any(check.state == "failed" for check in checks):
        raise click.exceptions.Exit(1)
