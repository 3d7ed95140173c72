"""`workbench race`: many variants on the explore split, half of them dropped each round; one finalist for the gate."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from runs.cli import champion, complete, output
from runs.cli.context import as_asked, quiet, workspace

if TYPE_CHECKING:
    from runs.racing import Race, Round
    from runs.settings import Settings
    from runs.workspace import Workspace


@click.command()
@champion.base
@click.option(
    "--version",
    "variants",
    multiple=True,
    required=True,
    metavar="REF",
    help="A variant; give two or more.",
    shell_complete=complete.versions,
)
@click.option("--suite", help="The suite; default: the one named like the variants' stage.", shell_complete=complete.suites)
@click.option("--policy", metavar="NAME", help="A policy in evals/gates, or a file; default: the suite's.")
@click.option("--cases", type=click.IntRange(4, 200), default=12, show_default=True, help="Cases a round.")
@champion.calls
@click.option("--budget", type=click.FloatRange(0), metavar="USD", help="Never spend more than this in a round.")
@click.option("--gate", "to_gate", is_flag=True, help="Go on to the gate with the finalist: its verdict is the exit code.")
@output.format_option
@click.pass_context
def race(context: click.Context, /, fmt: str, **asked: Any) -> None:
    """Race variants against each other on the explore split: each round the better half goes on, and losers cost nothing more.

    The same command again goes on where it stopped. What it prints is no evidence: the finalist looks better than it is, and has
    to pass the gate on cases that it has never seen; --gate does that too. Exit 4 when no variant leads the champion.
    """
    import pandas as pd

    from runs.racing import run_race
    from runs.settings import load

    ws = workspace(context)
    settings = load(ws.root, {"provider": asked["provider"], "seed": asked["seed"], "budget_usd": asked["budget"]})
    made = _race(context, ws, settings, asked)
    rounds = list(run_race(ws, made, lambda text: output.say(text, quiet=quiet(context))))
    first = rounds[-1].standings[0]
    leads = first.gain is not None and first.gain > 0
    more, code = _gated(context, ws, settings, made, first.arm) if leads and asked["to_gate"] else ({}, 0)
    rows = [row for done in rounds for row in _rows(done)]
    output.emit(pd.DataFrame(rows), fmt, key="rounds", finalist=first.arm if leads else None, **more)
    if not leads:
        output.say("No variant leads the champion: there is no finalist.")
        raise click.exceptions.Exit(4)
    if more:
        for text in (*more["gate"]["reasons"], f"Report: {more['gate']['report']}"):
            output.say(output.printable(text))
        raise click.exceptions.Exit(code)
    output.say(f"Finalist: {first.arm}. This is not evidence; next: workbench gate --base {made.question.base} --candidate {first.arm}")


def _gated(context: click.Context, ws: Workspace, settings: Settings, race: Race, finalist: str) -> tuple[dict[str, Any], int]:
    """Run the finalist's gate; return what it said, and the exit code that says so too."""
    from dataclasses import replace

    from runs.cli.gate import EXIT, saved
    from runs.gating import begun, in_a_run

    question = replace(race.question, candidate=finalist)
    state = begun(ws, question, race.provider, race.order)
    told = partial(output.say, quiet=quiet(context))
    judgement = in_a_run(ws, question, race.provider, race.options, race.order, state, told)
    report = saved(ws, settings, judgement)
    state.forget()
    verdict = judgement.verdict
    return {"gate": {"decision": verdict.decision, "report": report, "reasons": list(verdict.reasons)}}, EXIT[verdict.decision]


def _race(context: click.Context, ws: Workspace, settings: Settings, asked: dict[str, Any]) -> Race:
    from runs.gating import ask
    from runs.racing import Race

    question = ask(ws, asked["base"], asked["variants"][0], suite=asked["suite"], policy=asked["policy"])
    provider, options, order = as_asked(context, settings, question.suite.name, asked)
    return Race(question, tuple(asked["variants"]), provider, options, order, asked["cases"])


def _rows(done: Round) -> list[dict[str, Any]]:
    return [
        {
            "round": done.number, "version": s.arm, "gain": _number(s.gain), "shrunk": _number(s.shrunk), "series": s.series,
            "cases": s.cases, "usd": _number(s.usd), "goes_on": s.arm in done.alive, "run": done.run_id,
        }
        for s in done.standings
    ]  # fmt: skip


def _number(value: float | None) -> float:
    return math.nan if value is None else value
