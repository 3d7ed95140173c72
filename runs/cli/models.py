"""`workbench models`: the models that scorers use, and the optional ones that can be pulled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from runs.cli import output
from runs.cli.context import quiet, workspace

if TYPE_CHECKING:
    from evals.pulled import Pulled

CATALOGUE = click.option(
    "--catalogue", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A catalogue of your own; default: the shipped one."
)


@click.group()
def models() -> None:
    """List the models that scorers use, and pull optional ones."""


@models.command("list")
@CATALOGUE
@output.format_option
@click.pass_context
def list_(context: click.Context, catalogue: Path | None, fmt: str) -> None:
    """List the models: what each does, its licence, and whether it is here."""
    import pandas as pd

    from evals.faces.models import MODELS, problems

    _use_settings(context)
    found = problems()
    rows = [(m.name, m.name, m.licence, m.package, found[m.name] or "here") for m in MODELS.values()]
    rows += [(m.name, m.role, m.licence, f"{m.bytes / 1e6:.1f} MB to pull", _state(m)) for m in _known(catalogue).values()]
    output.emit(pd.DataFrame(rows, columns=["model", "role", "licence", "comes_from", "state"]), fmt, key="models")


@models.command()
@click.argument("name")
@click.option("--accept-licence", is_flag=True, help="You accept the licence that the model is under.")
@CATALOGUE
@click.pass_context
def pull(context: click.Context, name: str, accept_licence: bool, catalogue: Path | None) -> None:
    """Download the optional model NAME into the folder of the setting `models_folder`.

    Its licence is shown, and nothing is downloaded without `--accept-licence`. The file must have the pinned SHA-256.
    """
    from evals.pulled import folder
    from prompts.errors import UnknownName
    from runs.pull import pull as download

    _use_settings(context)
    known = _known(catalogue)
    if name not in known:
        raise UnknownName("model", name, known)
    model = known[name]
    output.say(f"{model.name}: {model.about}", quiet=quiet(context))
    output.say(f"Licence {model.licence}: {model.licence_url}", quiet=quiet(context))
    output.say(f"{model.bytes} bytes, SHA-256 {model.sha256}", quiet=quiet(context))
    click.echo(download(model, folder(), accepted=accept_licence))


def _known(file: Path | None) -> dict[str, Pulled]:
    from evals.pulled import FILE, catalogue

    return catalogue(file or FILE)


def _state(model: Pulled) -> str:
    from evals.errors import ModelUnavailable
    from evals.pulled import path

    try:
        path(model.name, {model.name: model})
    except ModelUnavailable as error:
        return str(error)
    return "here"


def _use_settings(context: click.Context) -> None:
    """Take the folder from the workspace's settings, where there is a workspace."""
    from prompts.errors import WorkspaceError
    from runs.settings import load

    try:
        load(workspace(context).root)
    except WorkspaceError:
        if (context.obj or {}).get("workspace"):
            raise
