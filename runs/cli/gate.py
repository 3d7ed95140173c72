"""`workbench gate`: may a version take another one's place? And `gate verify`: is a report still what it says?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runs.cli import champion, complete, output
from runs.cli.context import as_asked, quiet, workspace

if TYPE_CHECKING:
    from runs.begun import Begun
    from runs.report import Judgement
    from runs.settings import Settings
    from runs.workspace import Workspace

EXIT = {"promote": 0, "hold": 3, "insufficient": 4}
FORMATS = ("text", "md", "json", "junit", "html")


@click.group(invoke_without_command=True)
@champion.base
@click.option("--candidate", metavar="VERSION", help="The challenger.", shell_complete=complete.versions)
@click.option("--suite", help="The suite; default: the one named like the candidate's stage.", shell_complete=complete.suites)
@click.option("--policy", metavar="NAME", help="A policy in evals/gates, or a file; default: the suite's.")
@click.option(
    "--run",
    "run_names",
    multiple=True,
    metavar="RUN",
    help="Judge on this run instead of a new one; several for several looks.",
    shell_complete=complete.runs,
)
@click.option("--look", type=click.IntRange(1, 3), help="With --run: which of the policy's looks this is.")
@click.option("--planned", type=click.IntRange(2), help="With --look: how many series there will be at the last look.")
@champion.calls
@click.option("--budget", type=click.FloatRange(0), metavar="USD", help="Never spend more than this in a run.")
@click.option("--dry-run", is_flag=True, help="Only say what it takes: looks, generations, cost, attempt; send nothing.")
@click.option("--no-save", is_flag=True, help="Only print: no report is written, and it is no attempt.")
@click.option("--format", "fmt", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print the report.")
@click.pass_context
def gate(context: click.Context, /, **asked: Any) -> None:
    """Judge whether a candidate may take the base's place, by the policy of its suite.

    Without --run both versions are run over the gate split, look by look; the same command goes on with a gate that was cut off. The
    report is written into runs/gates, and its hash into the log and the ledger. Exit 0: promote. 3: hold. 4: too little evidence.
    """
    if context.invoked_subcommand is not None:
        return
    if not asked["candidate"]:
        raise click.UsageError("Give --candidate VERSION.")
    from runs.gating import ask
    from runs.settings import load

    ws = workspace(context)
    settings = load(ws.root, {"provider": asked["provider"], "seed": asked["seed"], "budget_usd": asked["budget"]})
    question = ask(ws, asked["base"], asked["candidate"], suite=asked["suite"], policy=asked["policy"])
    if asked["dry_run"]:
        _foretell(ws, settings, question, asked)
        return
    judgement, begun = _judged(context, ws, settings, question, asked)
    where = "" if asked["no_save"] else saved(ws, settings, judgement)
    if begun is not None:
        begun.forget()
    _print(ws, judgement, asked["fmt"])
    output.say(f"Report: {where}" if where else "Nothing was saved.", quiet=quiet(context))
    raise click.exceptions.Exit(EXIT[judgement.verdict.decision])


@gate.command()
@click.argument("report", type=click.Path(path_type=Path))
@click.pass_context
def verify(context: click.Context, report: Path) -> None:
    """Compute the verdict of REPORT (the .json file) again, from its data and from the log; name what differs. Exit 1 if anything does."""
    from runs.report import verify as check

    found = check(workspace(context), report)
    for text in found:
        click.echo(output.printable(text))
    if found:
        raise click.exceptions.Exit(1)
    click.echo("The report is what the gate wrote, and comes out the same from the log.")


def _foretell(ws: Workspace, settings: Settings, question: Any, asked: dict[str, Any]) -> None:
    from dataclasses import asdict

    from runs.cli.context import parameters
    from runs.gate_ahead import look_ahead, sentences

    if asked["run_names"]:
        raise click.UsageError("--dry-run says what new runs take: leave --run away.")
    found = look_ahead(ws, settings, question, model=asked["model"] or "", given=parameters(asked["pairs"]))
    told = {"looks": [asdict(look) for look in found.looks], "generations": found.generations, "low_usd": found.low_usd}
    told |= {"high_usd": found.high_usd, "attempt": found.attempt, "level": found.level, "refusal": found.refusal}
    if asked["fmt"] == "json":
        output.emit_json(told)
    else:
        click.echo(output.printable_lines("\n".join(sentences(found))))
    output.say("Dry run: nothing was sent.")
    if found.refusal:
        raise click.exceptions.Exit(1)


def _judged(
    context: click.Context, ws: Workspace, settings: Settings, question: Any, asked: dict[str, Any]
) -> tuple[Judgement, Begun | None]:
    from runs import query
    from runs.gating import begun, from_runs, in_a_run

    if asked["run_names"]:
        runs = [query.find_run(ws, name) for name in asked["run_names"]]
        return from_runs(ws, question, runs, look=asked["look"], units=asked["planned"]), None
    if asked["look"] or asked["planned"]:
        raise click.UsageError("--look and --planned go with --run; without it the looks are taken one after the other.")
    provider, options, order = as_asked(context, settings, question.suite.name, asked)
    state = begun(ws, question, provider, order)
    return in_a_run(ws, question, provider, options, order, state, lambda text: output.say(text, quiet=quiet(context))), state


def saved(ws: Workspace, settings: Settings, judgement: Judgement) -> str:
    """Write the report, and tell those who want to know; return where it lies."""
    from runs import promotions
    from runs.publishing import publish

    path = publish(ws, promotions.board(ws, settings), judgement)
    promotions.tell(ws, settings)
    return str(path.relative_to(ws.root))


def _print(ws: Workspace, judgement: Judgement, fmt: str) -> None:
    from runs.report_page import page
    from runs.report_text import headline, junit, markdown, remarks

    report = judgement.report
    if fmt == "json":
        output.emit_json({**{k: v for k, v in report.items() if k != "data"}, "sha256": judgement.sha256})
    elif fmt == "text":
        texts = ["SIMULATED. " + headline(report) if report["simulated"] else headline(report), "", *report["verdict"]["reasons"]]
        click.echo(output.printable_lines("\n".join([*texts, "", *remarks(report)])))
    else:
        click.echo({"md": markdown, "junit": junit}[fmt](report) if fmt != "html" else page(ws, report), nl=False)
