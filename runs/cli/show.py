"""`workbench runs` and `show`: what is in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runs.cli import complete, output
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
GAPS = 12
"""How many kinds of missing scores a table tells."""


def known_stage(stage: str | None) -> None:
    """Refuse a stage that there is not: an empty list would say that nothing was done.

    Raises:
        UnknownName: there is no such stage.
    """
    from prompts.errors import UnknownName
    from prompts.frontmatter import STAGES

    if stage is not None and stage not in STAGES:
        raise UnknownName("stage", stage, STAGES)


@click.command()
@click.option("--stage", help="Only runs of this stage.")
@output.format_option
@click.pass_context
def runs(context: click.Context, stage: str | None, fmt: str) -> None:
    """List runs, newest first."""
    from runs import query

    known_stage(stage)
    found = query.runs(workspace(context))
    found = found[found["stage"] == stage] if stage else found
    output.emit(found[SHOWN] if fmt == "table" else found, fmt, key="runs")


@click.command()
@click.argument("run_name", metavar="RUN", shell_complete=complete.runs)
@click.argument("job", required=False)
@click.option("--jobs", is_flag=True, help="List its generations instead: job, case, status, cost, scores, and the output's file.")
@output.format_option
@click.pass_context
def show(context: click.Context, run_name: str, job: str | None, jobs: bool, fmt: str) -> None:
    """Show RUN (an id, its beginning, or `last`): its state, mean scores and errors; or one generation of it, JOB."""
    from runs import query

    ws = workspace(context)
    run_id = query.find_run(ws, run_name)
    if job:
        _show_generation(ws, query.generation(ws, run_id, job), fmt)
    elif jobs:
        _show_jobs(ws, run_id, fmt)
    else:
        _show_run(ws, run_id, fmt)


def _show_run(ws: Workspace, run_id: str, fmt: str) -> None:
    from runs import query

    means, errors, progress = query.run_scores(ws, run_id), query.errors(ws, run_id), query.progress(ws, run_id)
    gaps = query.gaps(ws, run_id)
    if fmt == "json":
        output.emit(means, fmt, key="means", run=progress, errors=errors.to_dict("records"), gaps=gaps.to_dict("records"))
        return
    for name, value in progress.items():
        output.say(f"{name:<12} {output.cell(value)}")
    if fmt == "table":
        measured = means["n_ok"].fillna(0) + means["n_failed"].fillna(0) > 0
        gaps = gaps[(gaps["status"] != "not_applicable") | gaps["metric"].isin(means[means["primary"].fillna(False)]["metric"])]
        means = means[measured | means["primary"].fillna(False)]
    output.emit(means[["ref", "model", "metric", "mean", "n_ok", "n_failed", "n_excluded", "direction", "unit"]], fmt)
    if len(errors):
        output.say("\nWhat went wrong:")
        output.emit(errors[["kind", "who", "status", "error", "count", "message"]], fmt)
    gaps = gaps[gaps["status"] != "failed"]
    if len(gaps):
        output.say("\nScores without a value:")
        output.emit(gaps.head(GAPS).assign(example=gaps["example"].str[:12]), fmt)
        if len(gaps) > GAPS:
            output.say(f"… and {len(gaps) - GAPS} more kinds: --format json has all.")


def _show_jobs(ws: Workspace, run_id: str, fmt: str) -> None:
    from runs import query

    made, scores = query.generations(ws, run_id), query.scores(ws, run_id)
    scores = scores[scores["primary"].fillna(False) & ~scores["metric"].isin(("cost", "latency"))]
    values = scores.pivot(index="job_id", columns="metric", values="value")
    files = [str(query.media_path(ws, sha)) if isinstance(sha, str) and sha else "" for sha in made["artifact"]]
    columns = ["job_id", "ref", "model", "case_id", "repeat", "status", "cost_usd", "latency_s"]
    listed = made[columns].join(values, on="job_id").assign(file=files)
    output.emit(listed.assign(job_id=listed["job_id"].str[:12]) if fmt == "table" else listed, fmt, key="jobs", run=run_id)


def _show_generation(ws: Workspace, one: dict[str, Any], fmt: str) -> None:
    import pandas as pd

    from runs.trying import output_of

    made = output_of(ws, one)
    if fmt == "json":
        output.emit_json({"generation": {**one, "path": made.path or None}})
        return
    for name in ("job_id", "ref", "case_id", "repeat", "status", "error", "message", "model_resolved", "cost_usd", "latency_s", "artifact"):
        output.say(f"{name:<14} {output.cell(one[name])}")
    scores = pd.DataFrame(one["scores"], columns=["metric", "value", "status", "reason"])
    output.emit(scores, fmt)
    if one["findings"]:
        output.say("\nFindings:")
        output.emit(pd.DataFrame(one["findings"])[["check", "severity", "where", "quote", "message"]], fmt)
    for message in one["messages"] or []:
        output.say(f"\n[{message['role']}]\n{output.printable_lines(message['content'])}")
    if made.path:
        output.say("\n[output]")
        output.say(output.printable_lines(made.text) if made.text else made.path)
