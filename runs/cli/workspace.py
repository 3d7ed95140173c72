"""`workbench init`, `config`, `schema`: the workspace and its files."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from runs.cli import output
from runs.cli.context import quiet, workspace
from runs.cli.new import cast_of, series_options


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--series", metavar="ID", help="Begin with a series of your own, instead of the starter's 23.")
@series_options
@click.pass_context
def init(context: click.Context, folder: Path, series: str | None, title: str, language: Literal["en", "zh"], cast: str) -> None:
    """Make a workspace in FOLDER with starter templates, suites and cases; title, language and cast are those of --series."""
    from evals.newseries import add_series
    from runs.starting import initialise

    def own(evals: Path) -> str:
        add_series(evals, str(series), title=title, language=language, cast=cast_of(cast))
        return str(series)

    made = initialise(folder, own=own if series else None)
    then = f"$EDITOR evals/cases/{series}.yaml && workbench try script/episode" if series else "workbench demo ."
    output.say(f"Made the workspace {made.root}. Next: cd {folder} && {then}", quiet=quiet(context))
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
@click.option("--write", is_flag=True, help="Renew the schemas in .workbench/, from which editors complete: after an upgrade.")
@click.pass_context
def schema(context: click.Context, name: str | None, write: bool) -> None:
    """Print the JSON Schema of a file that you write (NAME), or the list of names."""
    import json

    from prompts.errors import UnknownName
    from runs.starting import schemas, write_schemas

    known = schemas()
    if write:
        click.echo(write_schemas(workspace(context).root))
        return
    if name is None:
        click.echo("\n".join(known))
        return
    if name not in known:
        raise UnknownName("schema", name, known)
    click.echo(json.dumps(known[name], ensure_ascii=False, indent=2))
