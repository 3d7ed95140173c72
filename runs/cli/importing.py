"""`workbench import`: bring in what was made elsewhere, and judge it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from runs.cli import complete, output
from runs.cli.context import quiet, workspace

if TYPE_CHECKING:
    from runs.importer import Imported
    from runs.workspace import Workspace


@click.command("import")
@click.argument("names", nargs=-1, required=True, metavar="[RUN] FOLDER")
@click.option(
    "--new", is_flag=True, help="The folder is a run of its own: pictures, clips or texts from anywhere. Needs --stage or --suite."
)
@click.option("--stage", help="With --new: what the files are (shot, clip, character).")
@click.option("--suite", help="With --new: the manifest's cases are this suite's.", shell_complete=complete.suites)
@click.option("--manifest", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Which file is what: CSV, YAML or JSON.")
@click.option("--scorer", "scorers", multiple=True, help="With --new: judge with these.")
@click.option("--model", default="", help="With --new: the tool that made the files.")
@click.option("--replace", is_flag=True, help="Take files for jobs that have one already.")
@click.option("--no-score", is_flag=True, help="Only import; `workbench score` can judge later.")
@output.format_option
@click.pass_context
def import_(
    context: click.Context,
    names: tuple[str, ...],
    new: bool,
    stage: str | None,
    suite: str | None,
    manifest: Path | None,
    scorers: tuple[str, ...],
    model: str,
    replace: bool,
    no_score: bool,
    fmt: str,
) -> None:
    """Bring in pictures, clips and texts that were made elsewhere: all of the files, or none.

    Into a RUN of the manual provider, by the codes of its sheet in the file names or by a manifest; or, with --new, any
    folder as a run of its own.
    """
    from evals.suite import load_suite
    from runs import query
    from runs.importer import import_new, import_run

    ws = workspace(context)
    if new:
        if len(names) != 1 or not (stage or suite):
            raise click.UsageError("With --new give one FOLDER, and --stage or --suite.")
        done = import_new(
            ws,
            Path(names[0]),
            stage=stage or load_suite(str(suite), ws.evals / "suites").stage,
            manifest=manifest,
            suite=suite,
            scorers=scorers,
            model=model,
        )
    else:
        if len(names) != 2:
            raise click.UsageError("Give RUN and FOLDER, or --new and FOLDER.")
        done = import_run(ws, query.find_run(ws, names[0]), Path(names[1]), manifest, replace=replace)
    _tell(done, silent=quiet(context))
    _judge(context, ws, done, fmt, score=not no_score and done.imported > 0)


def _tell(done: Imported, *, silent: bool) -> None:
    output.say(f"Run {done.run_id}: {done.imported} imported, {done.missing} jobs still without a file.", quiet=silent)
    for name in done.skipped:
        output.say(f"  {name}: was there already", quiet=silent)
    for name, other in done.duplicates:
        output.say(f"  {name}: the same picture as {other}, for another job", quiet=silent)
    for name in done.unused:
        output.say(f"  {name}: not named in the manifest", quiet=silent)


def _judge(context: click.Context, ws: Workspace, done: Imported, fmt: str, *, score: bool) -> None:
    from runs.cli.run import means
    from runs.progress import for_terminal
    from runs.rescore import score_run

    if score:
        score_run(ws, done.run_id, progress=for_terminal(quiet=quiet(context)))
    output.emit(means(ws, done.run_id), fmt, key="means", run=done.run_id, imported=done.imported, missing=done.missing)
