"""`workbench costs`: what was paid, and why a run was dear."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import click

from runs.cli import complete, output
from runs.cli.context import workspace

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("day", "stage", "provider", "model", "template", "version", "suite", "series", "case", "run", "arm")
DEAREST = 5
DAYS = {"today": 0, "yesterday": 1}


class Day(click.ParamType[date]):
    """A day: `2026-11-25`, `today`, `yesterday`, or how many days back, `7d`."""

    name = "day"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day that a word means, in UTC."""
        if isinstance(value, date):
            return value
        back = DAYS.get(value)
        if match := re.fullmatch(r"(\d{1,5})d", value):
            back = int(match[1])
        if back is not None:
            return datetime.now(UTC).date() - timedelta(days=back)
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day. Write 2026-11-25, today, yesterday or 7d.", param, ctx)


@click.command()
@click.argument("run_name", required=False, metavar="[RUN]", shell_complete=complete.runs)
@click.option("--by", type=click.Choice(KEYS), help="What to put together; default: day, with RUN arm.")
@click.option("--since", type=Day(), metavar="DAY", help="The first day that counts: 2026-11-25, today, yesterday or 7d.")
@click.option("--until", type=Day(), metavar="DAY", help="The last day that counts.")
@output.format_option
@click.pass_context
def costs(context: click.Context, run_name: str | None, by: str | None, since: date | None, until: date | None, fmt: str) -> None:
    """Say what all runs have cost, by day or whatever --by says; or what made RUN (an id, its beginning, or `last`) dear.

    Each paid call counts once, those that failed or were made again too. Days are those of UTC.
    """
    from runs import query

    ws = workspace(context)
    run_id = query.find_run(ws, run_name) if run_name else None
    found = query.costs(ws, by or ("arm" if run_id else "day"), run_id=run_id, since=since, until=until)
    shown = found.dropna(axis="columns", how="all") if fmt == "table" and len(found) else found
    dearest = _dearest(query.generations(ws, run_id)) if run_id else None
    if fmt == "json":
        extra = {} if dearest is None else {"dearest": dearest.to_dict("records")}
        output.emit(
            found, fmt, key="costs", cost_usd=float(found["cost_usd"].sum()), cost_unknown=int(found["cost_unknown"].sum()), **extra
        )
        return
    output.emit(shown, fmt, key="costs")
    output.say(_sum(found))
    if dearest is not None and len(dearest) and fmt == "table":
        output.say("\nThe dearest of them:")
        output.emit(dearest, fmt)


def _sum(found: pd.DataFrame) -> str:
    unknown = int(found["cost_unknown"].sum())
    told = f"In all ${found['cost_usd'].sum():.4f} for {int(found['calls'].sum()):,} calls"
    lost = found["failed_usd"].sum()
    told += f", ${lost:.4f} of it for calls that failed" if lost else ""
    return f"{told}; what {unknown:,} of them cost is not known." if unknown else f"{told}."


def _dearest(made: pd.DataFrame) -> pd.DataFrame:
    columns = ["job_id", "ref", "model", "case_id", "repeat", "status", "cost_usd", "input_tokens", "output_tokens"]
    known = made[made["cost_usd"] > 0].sort_values("cost_usd", ascending=False, kind="stable")
    return known[columns].head(DEAREST).assign(job_id=known["job_id"].str[:12]).dropna(axis="columns", how="all")
