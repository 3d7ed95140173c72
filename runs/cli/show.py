"""`workbench runs` and `show`: what is in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runs.cli import output
from runs.cli.context import workspace

if TYPE_CHECKING:
    from runs.workspace import Workspace

SHOWN = [
    "run_id",
    "started_at",
    "state",
    "stage",
    "suite",
    "arms",
    "provider",
    "simulated",
    "jobs",
    "done",
    "ok",
    "failed",
    "refused",
    "cost_usd",
]


@click.command()
@click.option("--stage", help="Only runs of this stage.")
@output.format_option
@click.pass_context
def runs(context: click.Context, stage: str | None, fmt: str) -> None:
    """List runs, newest first."""
    from runs import query

    found = query.runs(workspace(context))
    found = found[found["stage"] == stage] if stage else found
    output.emit(found[SHOWN] if fmt == "table" else found, fmt, key="runs")


@click.command()
@click.argument("run_name", metavar="RUN")
@click.argument("job", required=False)
@output.format_option
@click.pass_context
def show(context: click.Context, run_name: str, job: str | None, fmt: str) -> None:
    """Show RUN (an id, its beginning, or `last`): its state, mean scores and errors; or one generation of it, JOB."""
    from runs import query

    ws = workspace(context)
    run_id = query.find_run(ws, run_name)
    if job:
        _show_generation(query.generation(ws, run_id, job), fmt)
    else:
        _show_run(ws, run_id, fmt)


def _show_run(ws: Workspace, run_id: str, fmt: str) -> None:
    from runs import query

    means, errors, progress = query.run_scores(ws, run_id), query.errors(ws, run_id), query.progress(ws, run_id)
    if fmt == "json":
        output.emit(means, fmt, key="means", run=progress, errors=errors.to_dict("records"))
        return
    for name, value in progress.items():
        output.say(f"{name:<12} {output.cell(value)}")
    output.emit(means[["ref", "model", "metric", "mean", "n_ok", "n_failed", "n_excluded", "direction", "unit"]], fmt)
    if len(errors):
        output.say("\nWhat went wrong:")
        output.emit(errors[["kind", "who", "status", "error", "count", "message"]], fmt)


def _show_generation(one: dict[str, Any], fmt: str) -> None:
    import pandas as pd

    if fmt == "json":
        output.emit_json({"generation": one})
        return
    for name in ("job_id", "ref", "case_id", "repeat", "status", "error", "message", "model_resolved", "cost_usd", "latency_s", "artifact"):
        output.say(f"{name:<14} {output.cell(one[name])}")
    scores = pd.DataFrame(one["scores"], columns=["metric", "value", "status", "reason"])
    output.emit(scores, fmt)
    for message in one["messages"] or []:
        output.say(f"\n[{message['role']}]\n{output.printable_lines(message['content'])}")
