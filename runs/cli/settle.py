"""`workbench settle`: a person says what became of a job whose hand-in was never answered."""

from __future__ import annotations

import click

from runs.cli import complete, output
from runs.cli.context import quiet, workspace


@click.command()
@click.argument("run_name", metavar="RUN", shell_complete=complete.runs)
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option(
    "--made", "task_id", metavar="TASK", help="The job was made, as this task: take its result, or of a call whose answer is gone say so."
)
@click.option("--not-made", is_flag=True, help="The jobs were not made: open them again.")
@click.option("--all", "everything", is_flag=True, help="With --not-made: all jobs in doubt.")
@click.option("--why", default="", help="What makes you sure; goes into the journal.")
@click.option("--who", default="", help="Who says so; default: your user name.")
@output.format_option
@click.pass_context
def settle(
    context: click.Context,
    run_name: str,
    jobs: tuple[str, ...],
    task_id: str | None,
    not_made: bool,
    everything: bool,
    why: str,
    who: str,
    fmt: str,
) -> None:
    """List the jobs of RUN of which nobody knows whether they were made and paid, or say of JOB that it was or was not.

    Such a job is never sent again by itself. Look at the provider's web page or bill first.
    """
    import getpass
    from dataclasses import asdict

    import pandas as pd

    from runs import query
    from runs.settling import Doubtful, doubtful
    from runs.settling import settle as settle_jobs

    ws = workspace(context)
    run_id = query.find_run(ws, run_name)
    if not (task_id or not_made):
        rows = [asdict(row) for row in doubtful(ws, run_id)]
        frame = pd.DataFrame(rows, columns=list(Doubtful.__dataclass_fields__))
        output.emit(frame.drop(columns=["job_id", "key"]) if fmt == "table" else frame, fmt, key="jobs", run=run_id)
        return
    if bool(task_id) == not_made or bool(jobs) == everything or (task_id and everything):
        raise click.UsageError("Give JOB with --made TASK, or JOB (or --all) with --not-made.")
    named = list(jobs) if jobs else [row.job_id for row in doubtful(ws, run_id)]
    settled = settle_jobs(ws, run_id, named, who=who or getpass.getuser(), why=why, task_id=task_id or "")
    if not task_id:
        output.say(f"{len(settled)} open again. Do them with: workbench run --resume {run_id}", quiet=quiet(context))
        return
    from runs.cli.run import finish_jobs

    finish_jobs(context, ws, run_id, frozenset(settled), fmt)
