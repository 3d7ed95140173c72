"""`workbench waive` and `checks`: what people say of findings, and what that says of the checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runs.cli import complete, output
from runs.cli.context import workspace

if TYPE_CHECKING:
    from evals.waivers import Waiver


@click.command()
@click.argument("run_name", metavar="RUN", shell_complete=complete.runs)
@click.argument("job", metavar="JOB")
@click.argument("check", metavar="CHECK")
@click.option("--why", required=True, help="The reason, for whoever reads it next year.")
@click.option("--who", help="Who says so; default: the name that git or the system knows you by.")
@click.option(
    "--verdict",
    type=click.Choice(("wrong", "meant", "right")),
    default="wrong",
    show_default=True,
    help="The check erred; it is right and the deviation wanted; it is right.",
)
@click.option("--place", metavar="ID", help="Only the findings at this line, beat or scene.")
@click.option("--quote", metavar="TEXT", help="Only findings whose quote holds this.")
@click.option(
    "--for", "scope", type=click.Choice(("output", "case", "series")), default="output", show_default=True, help="How far it holds."
)
@output.format_option
@click.pass_context
def waive(context: click.Context, /, run_name: str, job: str, check: str, fmt: str, **said: Any) -> None:
    """Say of the findings of CHECK in one generation (JOB of RUN) that they are wrong, meant or right.

    It is appended to evals/waivers.yaml. What is wrong or meant no longer counts once the run is scored again.
    """
    import pandas as pd

    from evals.waivers import add_waiver
    from prompts.errors import InputError
    from runs import query

    ws = workspace(context)
    one = query.generation(ws, query.find_run(ws, run_name), job)
    waiver = _waiver(one, check, said)
    covered = [f for f in one["findings"] if waiver.covers(query.about_finding(one, f))]
    if not covered:
        there = ", ".join(sorted({f["check"] for f in one["findings"]})) or "none"
        raise InputError(f"This generation has no such finding of {check}.", hint=f"It has findings of: {there}.")
    add_waiver(ws.evals, waiver)
    rows = [
        {"check": f["check"], "verdict": waiver.verdict, "where": f["where"][-1], "quote": f["quote"], "message": f["message"]}
        for f in covered
    ]
    output.emit(pd.DataFrame(rows), fmt, key="waived", who=waiver.who, why=waiver.why)
    output.say(f"Written to evals/waivers.yaml. Score again with: workbench score {one['run_id']}")


def _waiver(one: dict[str, Any], check: str, said: dict[str, Any]) -> Waiver:
    from datetime import UTC, datetime

    from pydantic import ValidationError

    from evals.waivers import Waiver
    from prompts.errors import InputError

    holds = {"output": {"artifact": one["artifact"]}, "case": {"case": one["case_id"]}, "series": {"series": one["series"]}}[said["scope"]]
    today = datetime.now(UTC).date()
    try:
        return Waiver(
            check=check, verdict=said["verdict"], who=said["who"] or _name(), why=said["why"], at=today, place=said["place"],
            quote=said["quote"], **holds,
        )  # fmt: skip
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(f"{'.'.join(map(str, first['loc'])) or 'waiver'}: {first['msg']}.") from None


def _name() -> str:
    """Return who is working here: as git knows them, else as the system does."""
    import getpass
    import subprocess

    try:
        told = subprocess.run(["git", "config", "user.name"], capture_output=True, text=True, timeout=5, check=False).stdout.strip()
    except OSError:
        told = ""
    return told or getpass.getuser()


@click.command()
@click.option(
    "--run", "run_name", metavar="RUN", help="Only this run (an id, its beginning, or `last`), by arm.", shell_complete=complete.runs
)
@output.format_option
@click.pass_context
def checks(context: click.Context, run_name: str | None, fmt: str) -> None:
    """Show how often each check spoke, and its precision by what people have said with `waive`."""
    from runs import query

    ws = workspace(context)
    frame = query.checks(ws, query.find_run(ws, run_name) if run_name else None)
    output.emit(frame, fmt, key="checks")
