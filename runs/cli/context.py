"""What every command starts from: the workspace that it works on, its settings, and whether to be quiet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from runs.workspace import Workspace


def workspace(context: click.Context) -> Workspace:
    """Find the workspace of `--workspace`, or the one that the current folder lies in."""
    named = (context.obj or {}).get("workspace")
    return Workspace.find(Path(named) if named else None)


def quiet(context: click.Context) -> bool:
    """Tell whether progress is unwanted."""
    return bool((context.obj or {}).get("quiet"))


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
