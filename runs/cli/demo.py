"""`workbench demo`: the main job, without a key."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prompts.errors import WorkspaceError
from runs.cli import output
from runs.cli.context import quiet, workspace

if TYPE_CHECKING:
    from runs.workspace import Workspace


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option(
    "--promotion", is_flag=True, help="Walk a version to production and back instead: pilot, plan, race, gate, approval, rollback."
)
@click.pass_context
def demo(context: click.Context, folder: Path | None, promotion: bool) -> None:
    """Run, score and compare the starter versions on the embedded studio, in the workspace FOLDER (made if need be).

    Without FOLDER it is the workspace that you are in, else a new folder `demo`. Killed at any moment, it goes on where it stopped.
    Everything is simulated: it shows the tool, not a model.
    """
    from runs.starting import initialise
    from runs.workspace import MARKER, Workspace

    folder = folder or _here(context)
    ws = Workspace(folder.absolute()) if (folder / MARKER).is_file() else initialise(folder, demo=True)
    (_walk if promotion else _tables)(context, ws)
    # In an environment that is not activated the bare name would not be found.
    command = "workbench" if shutil.which("workbench") else os.path.relpath(sys.argv[0])
    output.say(f"\nSee the pictures, clips and reasons: {command} --workspace {folder} ui", quiet=quiet(context))
    if not promotion:
        output.say(f"See how a version reaches production: {command} demo --promotion {folder}", quiet=quiet(context))


def _here(context: click.Context) -> Path:
    """Return the workspace that the user is in or names, else where a new one is made."""
    try:
        return workspace(context).root
    except WorkspaceError:
        if (context.obj or {}).get("workspace"):
            raise
        return Path("demo")


def _tables(context: click.Context, ws: Workspace) -> None:
    from evals.report import report
    from runs.compare import compare_arms, find_arms
    from runs.demo import run_demo
    from runs.progress import for_terminal

    for done in run_demo(ws, for_terminal(quiet=quiet(context))):
        pair = compare_arms(ws, *find_arms(ws, done.part.a, done.part.b, done.run_id))
        click.echo(f"\n{done.part.title}\nA  {pair.a.shown}\nB  {pair.b.shown}\n")
        click.echo(report(pair.comparison, "table"))


def _walk(context: click.Context, ws: Workspace) -> None:
    from runs.demo_promotion import promotion
    from runs.progress import for_terminal

    steps = promotion(ws, for_terminal(quiet=quiet(context)), lambda text: output.say(text, quiet=quiet(context)))
    for number, step in enumerate(steps, start=1):
        click.echo(output.printable_lines("\n".join([f"\n{number}. {step.title}", *(f"   {line}" for line in step.told)])))
