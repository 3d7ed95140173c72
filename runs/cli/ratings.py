"""`workbench ratings`: blind votes of people, queued, taken in and out, and what they say."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runs.cli import complete, output
from runs.cli.context import quiet, workspace

if TYPE_CHECKING:
    import pandas as pd

    from runs.workspace import Workspace


@click.group()
def ratings() -> None:
    """Let people judge blind, and see what their votes say."""


@ratings.command("queue")
@click.argument("a", shell_complete=complete.versions)
@click.argument("b", shell_complete=complete.versions)
@click.option("--run", "run_name", help="Look for A and B in this run.", shell_complete=complete.runs)
@click.option("--question", default="", help="What people are asked; default: which one they would keep.")
@click.option("--criterion", "rubric", multiple=True, help="Also let them give each side 1 to 5 for this; may be repeated.")
@click.option("--limit", type=click.IntRange(1), help="The most pairs, spread over the series.")
@click.pass_context
def queue_(context: click.Context, a: str, b: str, run_name: str | None, question: str, rubric: tuple[str, ...], limit: int | None) -> None:
    """Make a queue of blind pairs of A (the baseline) and B; print its name."""
    from runs import query
    from runs.compare import find_arms
    from runs.promotions import actor
    from runs.ratings import begin
    from runs.settings import load

    ws = workspace(context)
    first, second = find_arms(ws, a, b, query.find_run(ws, run_name) if run_name else None)
    name = begin(ws, first, second, actor=actor(ws, load(ws.root)), question=question, rubric=rubric, limit=limit)
    pairs = len(query.queue(ws, name)["items"])
    output.say(f"{pairs} pair{'' if pairs == 1 else 's'} to judge.", quiet=quiet(context))
    click.echo(name)


@ratings.command("list")
@output.format_option
@click.pass_context
def list_(context: click.Context, fmt: str) -> None:
    """List the queues, and how far people are with them."""
    from runs import query

    output.emit(query.queues(workspace(context)), fmt, key="queues")


@ratings.command()
@click.argument("queue")
@output.format_option
@click.pass_context
def show(context: click.Context, queue: str, fmt: str) -> None:
    """Say what the votes on QUEUE say: which arm people prefer, by how much, and how far they can be trusted."""
    import pandas as pd

    from evals.votes import preferred, trust

    ws = workspace(context)
    votes = _votes(ws, queue)
    found = trust(votes)
    summary = {**preferred(votes), "votes": found.votes, "raters": found.raters}
    summary |= {
        "left_share": found.left.share, "left_p": found.side_p, "same_again": found.self_agreement.share,
        "repeats": found.self_agreement.n, "alpha": found.alpha, "alpha_lo": found.alpha_lo, "alpha_hi": found.alpha_hi,
    }  # fmt: skip
    output.emit(pd.DataFrame([summary]), fmt, key="preference", queue=queue, trust=asdict(found))


@ratings.command()
@click.argument("queue")
@output.format_option
@click.pass_context
def export(context: click.Context, queue: str, fmt: str) -> None:
    """Print every vote on QUEUE, with the sides as they were shown."""
    output.emit(_votes(workspace(context), queue), fmt, key="ratings")


@ratings.command("import")
@click.argument("queue")
@click.argument("table", type=click.Path(path_type=Path))
@click.pass_context
def import_(context: click.Context, queue: str, table: Path) -> None:
    """Take votes on QUEUE in from a CSV file: columns item, rater, and choice (left, right, …) or prefer (a, b, …)."""
    from runs.ballots import read_table, take_in

    new = take_in(workspace(context), queue, read_table(table))
    output.say(f"{new} new vote{'s' if new != 1 else ''}.", quiet=quiet(context))


@ratings.command()
@click.option("--template", help="Only versions of this template.")
@output.format_option
@click.pass_context
def rank(context: click.Context, template: str | None, fmt: str) -> None:
    """Rank all versions that people have compared (Bradley-Terry with ties): for looking, never for a gate."""
    import pandas as pd

    from evals.ranking import rank as ranked
    from prompts.errors import InputError

    votes = _all_votes(workspace(context), template)
    if not votes:
        raise InputError("There is no vote yet.", hint="Make a queue with `workbench ratings queue A B`.")
    output.emit(pd.DataFrame([asdict(row) for row in ranked(votes)]), fmt, key="ranking")


def _votes(ws: Workspace, queue: str) -> pd.DataFrame:
    from runs import query

    query.queue(ws, queue)  # an unknown name is an error, not an empty table
    return query.ratings(ws, queue)


def _all_votes(ws: Workspace, template: str | None) -> list[Any]:
    from evals.ranking import Vote
    from evals.votes import counted
    from runs import query

    arms = query.arms(ws)
    names = {f"{row.run_id}:{row.arm}": f"{row.template}@{str(row.version)[3:9]}" for row in arms.itertuples()}
    found = []
    for queue in query.queues(ws).itertuples():
        a, b = names.get(str(queue.a), ""), names.get(str(queue.b), "")
        if a and b and a != b and template in (None, a.partition("@")[0]):
            votes = counted(query.ratings(ws, str(queue.queue)))
            found += [Vote(str(series), a, b, value) for series, value in zip(votes["series"], votes["value"].astype(float), strict=True)]
    return found
