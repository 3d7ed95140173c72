"""`workbench init`, `config`, `schema`: the workspace and its files."""

from __future__ import annotations

from pathlib import Path

import click

from runs.cli import output
from runs.cli.context import quiet, workspace


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_context
def init(context: click.Context, folder: Path) -> None:
    """Make a workspace in FOLDER with starter templates, suites and cases."""
    from runs.starting import initialise

    made = initialise(folder)
    output.say(f"Made the workspace {made.root}. Next: cd {folder} && workbench demo .", quiet=quiet(context))
    click.echo(made.root)


@click.command()
@click.option("--show-origin", is_flag=True, help="Say of each value whether flag, environment, file or default set it.")
@output.format_option
@click.pass_context
def config(context: click.Context, show_origin: bool, fmt: str) -> None:
    """Print the settings of the workspace. Keys are never among them: only the names of their environment variables."""
    import pandas as pd

    from runs.settings import load

    rows = [(o.key, output.cell(o.value) if fmt == "table" else o.value, o.origin) for o in load(workspace(context).root).origins()]
    frame = pd.DataFrame(rows, columns=["setting", "value", "origin"])
    output.emit(frame if show_origin else frame.drop(columns="origin"), fmt, key="settings")


@click.command()
@click.argument("name", required=False)
def schema(name: str | None) -> None:
    """Print the JSON Schema of a file that you write (NAME), or the list of names."""
    import json

    from prompts.errors import UnknownName
    from runs.starting import schemas

    known = schemas()
    if name is None:
        click.echo("\n".join(known))
        return
    if name not in known:
        raise UnknownName("schema", name, known)
    click.echo(json.dumps(known[name], ensure_ascii=False, indent=2))
