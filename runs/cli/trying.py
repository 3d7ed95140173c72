"""`workbench try`: generate one case with one or more versions and see what comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from runs.cli import complete, output
from runs.cli.context import parameters, quiet, workspace
from runs.cli.run import options_of, priced, taped, tapes

if TYPE_CHECKING:
    from evals.case import Case
    from evals.suite import Suite
    from runs.plan import Plan
    from runs.provider import Provider
    from runs.settings import Settings
    from runs.trying import Output
    from runs.workspace import Workspace

FACTS = ("status", "error", "message", "cost_usd", "latency_s", "input_tokens", "output_tokens")


@click.command("try")
@click.argument("refs", nargs=-1, required=True, metavar="VERSION...", shell_complete=complete.versions)
@click.option(
    "--case",
    "case_id",
    help="The case, such as painted-skin-shot-1; default: the first that the stage's suite explores.",
    shell_complete=complete.cases,
)
@click.option("--provider", help="Who generates; default: workbench.toml.", shell_complete=complete.providers)
@click.option("--model", help="A model of the provider.")
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A parameter that every call is sent.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Decides the calls' seeds: another one, another output.")
@click.option("--budget", type=click.FloatRange(0), metavar="USD", help="Never spend more than this.")
@priced
@tapes
@click.option("--scorer", "scorers", multiple=True, help="Score with these instead of those of the stage's suite.")
@click.option("--no-score", is_flag=True, help="Only generate; `workbench score` can judge later.")
@output.format_option
@click.pass_context
def try_(context: click.Context, /, refs: tuple[str, ...], case_id: str | None, fmt: str, **asked: Any) -> None:
    """Generate one case with each VERSION once, and print what came back: texts, paths of pictures and clips, scores with reasons.

    It is a run like any other, with the suite `try`: it is logged, and the app shows it. Exit 4 when nothing came out.
    """
    from prompts.errors import InputError
    from runs import engine, harness
    from runs.prepare import find_version
    from runs.progress import Silent
    from runs.providers import get
    from runs.settings import load
    from runs.trying import one_case, outputs, pick_case

    ws = workspace(context)
    stage = find_version(ws, refs[0]).stage
    if stage == "judge":
        raise InputError("A judge's template judges what others made.", hint="Try it with: workbench judge RUN --version REF --limit 1")
    settings = load(ws.root, {"provider": asked["provider"], "seed": asked["seed"], "budget_usd": asked["budget"]})
    engine.choose(settings)
    provider = taped(get(settings.provider, settings), asked)
    case = pick_case(ws, stage, case_id)
    suite = one_case(ws, case)
    options = options_of(context, ws, settings, provider, {**asked, "allow_scorer_files": False})
    plan = _plan(ws, settings, provider, (case, suite), refs, {**asked, "price": options.pricing.amounts})
    if suite.series.gate:
        output.say(
            f"{case.id} is of the gate split: what was tuned on it proves nothing there. --case names another.", quiet=quiet(context)
        )
    result = harness.run(ws, plan, provider, replace(options, progress=Silent()))
    _print(outputs(ws, result.run_id), case, fmt, result.run_id)
    silent = quiet(context) and result.state == "finished"
    output.say(f"Run {result.run_id}: {result.counts.text}. {result.reason}".strip(), quiet=silent)
    if not result.counts.ok:
        raise click.exceptions.Exit(1 if result.state == "failed" else 4)


def _plan(
    ws: Workspace, settings: Settings, provider: Provider, over: tuple[Case, Suite], refs: tuple[str, ...], asked: dict[str, Any]
) -> Plan:
    from runs.prepare import Order, prepare
    from runs.providers import reference

    case, suite = over
    order = Order(
        versions=refs,
        suite=suite.name,
        models=(asked["model"] or settings.provider_settings().model or settings.provider,),
        seed=settings.seed,
        parameters={**settings.call_parameters(), **parameters(asked["pairs"])},
        scorers=asked["scorers"],
        budget_usd=settings.budget_usd,
        price=asked["price"],
    )
    return prepare(ws, order, reference(provider), known=[case], suite=suite)


def _print(made: list[Output], case: Case, fmt: str, run_id: str) -> None:
    if fmt == "json":
        output.emit_json({"run": run_id, "case": case.id, "outputs": [_record(one) for one in made]})
        return
    if fmt in ("csv", "md"):
        import pandas as pd

        rows = [{"ref": one.one["ref"], **score} for one in made for score in _scores(one)]
        output.emit(pd.DataFrame(rows, columns=["ref", "metric", "value", "status", "reason"]), fmt)
        return
    for one in made:
        output.say(f"\n{one.one['ref']}  {case.id}  {one.one['model']}  job {one.one['job_id'][:12]}")
        show_output(one)
        scores = _scores(one)
        if scores:
            output.table(["metric", "value", "status", "reason"], [[output.cell(value) for value in row.values()] for row in scores])


def show_output(made: Output) -> None:
    """Print what came back, for people: the text or the file's path on stdout, what it took on stderr."""
    facts = [
        f"{name} {output.cell(made.one[name])}" for name in FACTS if made.one[name] not in (None, "") and made.one[name] == made.one[name]
    ]
    output.say("  ".join(facts))
    if made.text:
        click.echo(output.printable_lines(made.text))
    elif made.path:
        click.echo(made.path)


def _record(made: Output) -> dict[str, Any]:
    facts = {name: made.one[name] for name in ("job_id", "ref", "version", "model", *FACTS)}
    return {**facts, "path": made.path or None, "text": made.text or None, "scores": _scores(made)}


def _scores(made: Output) -> list[dict[str, Any]]:
    """Return the scores of the primary metrics; cost and latency are among the facts already."""
    kept = [score for score in made.one["scores"] if score["primary"] and score["metric"] not in ("cost", "latency")]
    return [{name: score[name] for name in ("metric", "value", "status", "reason")} for score in kept]
