"""`workbench log`: care for the run log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from runs.cli import output
from runs.cli.context import workspace

if TYPE_CHECKING:
    from runs.verifying import Verified


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


@log.command()
@click.option("--no-media", is_flag=True, help="Leave out the media store, whose every byte is read.")
@output.format_option
@click.pass_context
def verify(context: click.Context, no_media: bool, fmt: str) -> None:
    """Compare the log with the journals table by table, and media with their hashes; exit 1 on a problem, one line each."""
    from runs.verifying import verify as verify_log

    _report(verify_log(workspace(context), media=not no_media), fmt)


@log.command()
@output.format_option
@click.pass_context
def repair(context: click.Context, fmt: str) -> None:
    """Mend what `verify` finds as far as it can be mended; exit 1 on what is left. No journal is changed or deleted."""
    from runs.repairing import repair as repair_log

    done, found = repair_log(workspace(context))
    for line in done:
        output.say(f"{line[0].upper()}{line[1:]}.")
    _report(found, fmt)


@log.command()
@click.option(
    "--older-than", type=click.FloatRange(0), default=30, show_default=True, metavar="DAYS", help="Only journals unchanged for so long."
)
@click.pass_context
def seal(context: click.Context, older_than: float) -> None:
    """Compress journals of long ago to a fraction of their size; everything reads them as before, `zcat` too."""
    from runs.sealing import seal_old

    count, saved = seal_old(workspace(context), older_than_s=older_than * 86400)
    output.say(f"Sealed {count} journals; {saved / 1e6:.1f} MB less.")


@log.command()
@click.option(
    "--older-than", type=click.FloatRange(0), default=365, show_default=True, metavar="DAYS", help="Only runs that ended so long ago."
)
@click.option(
    "--to", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Move them there; without this they are only listed."
)
@output.format_option
@click.pass_context
def prune(context: click.Context, older_than: float, to: Path | None, fmt: str) -> None:
    """Move sealed journals of finished runs into an archive, or list them. Their rows stay in the log; `log restore` brings them back."""
    import pandas as pd

    from runs.pruning import prunable
    from runs.pruning import prune as prune_runs

    ws = workspace(context)
    found = prunable(ws, older_than_s=older_than * 86400)
    rows = [(run.run_id, len(run.journals), run.nbytes) for run in found]
    output.emit(pd.DataFrame(rows, columns=["run_id", "journals", "bytes"]), fmt, key="runs")
    if to is not None:
        output.say(f"Moved the journals of {len(found)} runs to {to}; {prune_runs(ws, found, to) / 1e6:.1f} MB free again.")
    elif found:
        output.say(f"{len(found)} runs, {sum(run.nbytes for run in found) / 1e6:.1f} MB. Move them with --to DIR, and keep that folder.")


@log.command()
@click.argument("run", required=False)
@click.option("--from", "source", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Where the archive lies now.")
@click.pass_context
def restore(context: click.Context, run: str | None, source: Path | None) -> None:
    """Bring pruned journals back from their archive: those of one run, or all. The archive keeps its copies."""
    from runs.pruning import restore as restore_runs

    output.say(f"Brought the journals of {restore_runs(workspace(context), run, source)} runs back.")


@click.command()
@click.option("--delete", is_flag=True, help="Remove them; without this they are only listed.")
@click.option(
    "--grace", type=click.FloatRange(0), default=7, show_default=True, metavar="DAYS", help="Only files that were stored before that."
)
@output.format_option
@click.pass_context
def gc(context: click.Context, delete: bool, grace: float, fmt: str) -> None:
    """List media that no journal and no other file of the workspace names, or remove them. Runs may go on meanwhile."""
    import pandas as pd

    from runs.unnamed import remove, unnamed

    ws = workspace(context)
    found = unnamed(ws, grace_s=grace * 86400)
    rows = [(str(item.path.relative_to(ws.media)), item.nbytes, pd.Timestamp(item.stored_at, unit="s")) for item in found]
    output.emit(pd.DataFrame(rows, columns=["file", "bytes", "stored_at"]), fmt, key="media")
    if delete:
        output.say(f"Removed {len(found)} files; {remove(ws, found) / 1e6:.1f} MB free again.")
    elif found:
        output.say(f"{len(found)} files, {sum(item.nbytes for item in found) / 1e6:.1f} MB. Remove them with --delete.")


def _report(found: Verified, fmt: str) -> None:
    if fmt == "table":
        for problem in found.problems:
            click.echo(f"{problem.what}: {problem.place}: {problem.reason}")
    else:
        import pandas as pd

        rows = [(p.what, p.place, p.reason, p.mends) for p in found.problems]
        output.emit(pd.DataFrame(rows, columns=["what", "place", "reason", "mends"]), fmt, key="problems")
    looked = f"{found.lines} lines of {found.journals} journals, {found.media} named media"
    looked += f", {found.elsewhere} of them on the team's store only" if found.elsewhere else ""
    looked += f"; not compared: {found.pruned} runs whose journals were pruned" if found.pruned else ""
    output.say(looked + (f", {found.set_aside} corrupt lines set aside" if found.set_aside else "") + ".")
    if found.problems:
        mendable = " `workbench log repair` mends what can be mended." if any(problem.mends for problem in found.problems) else ""
        output.say(f"{len(found.problems)} problems.{mendable}")
        raise click.exceptions.Exit(1)
