"""`workbench run` and `score`: generate, and judge what was generated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from runs.cli import complete, output
from runs.cli.context import base_options, parameters, quiet, workspace

if TYPE_CHECKING:
    import pandas as pd

    from runs.bars import Bar
    from runs.harness import Options, RunResult
    from runs.plan import Plan
    from runs.provider import Provider
    from runs.settings import Settings
    from runs.workspace import Workspace

Command = TypeVar("Command", bound=Callable[..., Any])


def tapes(command: Command) -> Command:
    """Add `--record` and `--replay` to a command that generates."""
    folder = click.Path(path_type=Path, file_okay=False)
    record = click.option("--record", type=folder, metavar="DIR", help="Keep all answers in this folder, without keys.")
    replay = click.option("--replay", type=folder, metavar="DIR", help="Answer from a folder that was recorded; call nobody.")
    return record(replay(command))


def priced(command: Command) -> Command:
    """Add `--price` to a command that generates."""
    told = "What calls cost, such as image=0.07, or input=0.75 and output=4.5 (a million tokens); goes before all price tables."
    return click.option("--price", "prices", multiple=True, metavar="NAME=USD", help=told)(command)


def engines(command: Command) -> Command:
    """Add `--engine` and `--cluster` to a command that scores."""
    engine = click.option("--engine", type=click.Choice(ENGINES), help="Where to score; default: workbench.toml, else this machine.")
    cluster = click.option("--cluster", metavar="HOST:PORT", help="Ray's cluster; default: workbench.toml, else one of this machine alone.")
    return engine(cluster(command))


ENGINES = ("local", "ray")
SPLITS = ("explore", "gate")
PLANNED = frozenset(
    ("suite", "versions", "provider", "models", "repeats", "split", "limit", "cases", "scorers", "pairs", "seed", "run_id", "dry_run")
)
"""What a run's plan decides, once and for all."""
SHORTFALLS = 3
"""How many kinds of errors the end of a run tells; `show` has all of them."""


@click.command()
@click.option("--suite", help="The suite of cases: a name in evals/suites, or a file.", shell_complete=complete.suites)
@click.option(
    "--version",
    "versions",
    multiple=True,
    metavar="REF",
    help="A version, such as shot/keyframe@plain; give two or more.",
    shell_complete=complete.versions,
)
@click.option("--provider", help="Who generates; default: workbench.toml.", shell_complete=complete.providers)
@click.option("--model", "models", multiple=True, help="A model of the provider; more than one makes arms of their own.")
@click.option("--repeats", type=click.IntRange(1, 1000), help="Generations of each case and arm.")
@click.option("--split", type=click.Choice(SPLITS), help="Only the cases of this split.")
@click.option("--limit", type=click.IntRange(1), help="At most so many cases, spread over the series.")
@click.option("--case", "cases", multiple=True, help="Only this case; may be given again.", shell_complete=complete.cases)
@click.option("--scorer", "scorers", multiple=True, help="Score with these instead of the suite's.")
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A parameter that every call is sent.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Decides the order and all jobs' seeds.")
@click.option("--budget", type=click.FloatRange(0), metavar="USD", help="Never spend more than this.")
@priced
@click.option("--run-id", default="", metavar="ID", help="The new run's id, of the usual form; default: made from the time.")
@click.option("--dry-run", is_flag=True, help="Count and price the jobs; send nothing.")
@engines
@click.option("--resume", "resumed", metavar="RUN", help="Finish this run (an id, its beginning, or `last`).", shell_complete=complete.runs)
@click.option("--retry-failed", is_flag=True, help="With --resume: make failed jobs once more.")
@click.option("--resend", is_flag=True, help="With --resume: ask again where no answer came, though it may be paid twice.")
@tapes
@click.option("--at-least", multiple=True, metavar="METRIC=VALUE", help="Exit 3 where an arm's mean is lower: a bar for builds.")
@click.option("--at-most", multiple=True, metavar="METRIC=VALUE", help="Exit 3 where an arm's mean is higher.")
@click.option("--no-score", is_flag=True, help="Only generate; `workbench score` can judge later.")
@click.option("--allow-scorer-files", is_flag=True, help="Let the workspace's own evals/scorers/*.py run: they are programs.")
@output.format_option
@click.pass_context
def run(context: click.Context, /, fmt: str, resumed: str | None, dry_run: bool, **asked: Any) -> None:
    """Run versions over a suite, or resume a run.

    Both arms run interleaved over the same cases with the same seeds. Ctrl-C leaves a run that --resume finishes.
    """
    from runs import engine
    from runs.bars import check_metrics, read_bars
    from runs.providers.manual import ManualProvider
    from runs.settings import load

    ws, bars = workspace(context), read_bars(asked["at_least"], asked["at_most"])
    flags = {"provider": asked["provider"], "repeats": asked["repeats"], "seed": asked["seed"], "budget_usd": asked["budget"]}
    flags |= {"engine.name": asked["engine"], "engine.address": asked["cluster"]}
    settings = load(ws.root, flags)
    engine.choose(settings)
    if resumed:
        _refuse_idle(context)
        _report(ws, _resume(context, ws, settings, resumed, asked), fmt, silent=quiet(context), bars=bars)
        return
    if asked["retry_failed"] or asked["resend"]:
        raise click.UsageError("With --retry-failed and --resend give --resume RUN: the run whose jobs are made once more.")
    if not (asked["suite"] and asked["versions"]):
        raise click.UsageError("Give --suite and at least one --version, or --resume RUN.")
    provider = taped(_provider(settings, settings.provider), asked)
    options = options_of(context, ws, settings, provider, asked)
    plan = _plan(ws, settings, provider, asked, options.pricing.amounts)
    check_metrics(bars, plan.event.scorers if options.scoring else ())
    if remark := _burning(plan, asked):
        output.say(remark, quiet=quiet(context))
    if dry_run:
        emit_estimate(ws, plan, options, settings.repeats, fmt)
        return
    if isinstance(provider, ManualProvider):
        _write_sheet(context, ws, plan, fmt)
        return
    from runs import harness

    _report(ws, harness.run(ws, plan, provider, options), fmt, silent=quiet(context), bars=bars)


def _refuse_idle(context: click.Context) -> None:
    """Refuse what has no effect on a run that is resumed: its plan is in the log, and asking for another must not pass unheard."""
    from click.core import ParameterSource

    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        typed = source is ParameterSource.COMMANDLINE or (option.name == "dry_run" and context.params["dry_run"])
        if typed and option.name in PLANNED:
            raise click.UsageError(
                f"{option.opts[0]} has no effect with --resume: the run's own plan holds. Leave it away, or begin a new run."
            )


@click.command()
@click.argument("run_name", metavar="RUN", shell_complete=complete.runs)
@click.option("--scorer", "scorers", multiple=True, help="A scorer by name; default: those of the run.")
@engines
@click.option("--allow-scorer-files", is_flag=True, help="Let the workspace's own evals/scorers/*.py run: they are programs.")
@output.format_option
@click.pass_context
def score(context: click.Context, /, run_name: str, scorers: tuple[str, ...], allow_scorer_files: bool, fmt: str, **asked: Any) -> None:
    """Score RUN (an id, its beginning, or `last`) again. The newest score of a metric counts; older ones are kept."""
    from runs import engine, query
    from runs.progress import for_terminal
    from runs.rescore import score_run
    from runs.settings import load

    ws = workspace(context)
    engine.choose(load(ws.root, {"engine.name": asked["engine"], "engine.address": asked["cluster"]}))
    run_id = query.find_run(ws, run_name)
    folder = ws.evals / "scorers" if allow_scorer_files else None
    score_run(ws, run_id, scorers or None, progress=for_terminal(quiet=quiet(context)), scorer_folder=folder)
    output.emit(means(ws, run_id), fmt, key="means", run=run_id)


def _provider(settings: Settings, name: str) -> Provider:
    from runs.providers import get

    return get(name, settings)


def taped(provider: Provider, asked: Mapping[str, Any]) -> Provider:
    """Return the provider, recorded or played from a folder where that is asked for."""
    from runs.providers.cassette import CassetteProvider, recording

    if asked["record"] and asked["replay"]:
        raise click.UsageError("Give --record or --replay, not both.")
    if asked["replay"]:
        return CassetteProvider(provider, asked["replay"])
    return recording(provider, asked["record"]) if asked["record"] else provider


def _plan(ws: Workspace, settings: Settings, provider: Provider, asked: dict[str, Any], price: Mapping[str, Any] | None) -> Plan:
    from runs.prepare import Order, prepare
    from runs.providers import reference

    order = Order(
        versions=asked["versions"],
        suite=asked["suite"],
        models=asked["models"] or (settings.provider_settings().model or settings.provider,),
        repeats=settings.repeats,
        seed=settings.seed,
        split=asked["split"],
        limit=asked["limit"],
        cases=asked["cases"],
        # Part of every job's id, so those of workbench.toml belong in here too.
        parameters={**settings.call_parameters(), **parameters(asked["pairs"])},
        scorers=asked["scorers"],
        budget_usd=settings.budget_usd,
        run_id=_new_id(ws, asked["run_id"]),
        price=price,
    )
    return prepare(ws, order, reference(provider), ws.evals / "scorers" if asked["allow_scorer_files"] else None)


def _burning(plan: Plan, asked: Mapping[str, Any]) -> str:
    """Return a remark where cases that shall decide are looked at without having been asked for: that spends what they can prove."""
    splits = [case["split"] for case in plan.event.cases]
    gated = splits.count("gate")
    if asked["split"] or asked["cases"] or not 0 < gated < len(splits):
        return ""
    told = f"{gated} of {len(splits)} cases are of the gate split: who looks at them now cannot prove anything on them later."
    return f"{told} --split explore leaves them out."


def _new_id(ws: Workspace, run_id: str) -> str:
    """Return an id that was chosen before, after seeing that it is one and that no run has it."""
    from runs.launching import RUN_ID
    from runs.resume import run_ids

    if run_id and not RUN_ID.fullmatch(run_id):
        raise click.UsageError("--run-id looks like 20261124-015700-3f9a1c.")
    if run_id and run_id in run_ids(ws):
        raise click.UsageError(f"There is a run {run_id} already; --resume finishes it.")
    return run_id


def options_of(context: click.Context, ws: Workspace, settings: Settings, provider: Provider, asked: dict[str, Any]) -> Options:
    """Return how a run of a provider is done: by the settings, and as the command was asked to score."""
    from runs.pricing import named_price

    usual = base_options(context, settings, provider, free=bool(asked.get("replay")), named=named_price(asked.get("prices") or ()))
    folder = ws.evals / "scorers" if asked["allow_scorer_files"] else None
    return replace(usual, scoring=not asked["no_score"], scorer_folder=folder)


def _resume(context: click.Context, ws: Workspace, settings: Settings, name: str, asked: dict[str, Any]) -> RunResult:
    import getpass

    from runs import harness, query
    from runs.settling import ask_again, open_again

    run_id = query.find_run(ws, name)
    logged = query.run_plan(ws, run_id)["provider"]["name"]
    provider = taped(_provider(settings, logged), asked)
    if asked["retry_failed"]:
        opened = open_again(ws, run_id, who=getpass.getuser())
        output.say(f"{len(opened)} failed jobs are made once more.", quiet=quiet(context))
    if asked["resend"]:
        opened = ask_again(ws, run_id, who=getpass.getuser())
        output.say(f"Asked again: {len(opened)} call{'' if len(opened) == 1 else 's'} without an answer.", quiet=quiet(context))
    return harness.resume(ws, run_id, provider, options_of(context, ws, settings, provider, asked))


def finish_jobs(context: click.Context, ws: Workspace, run_id: str, jobs: frozenset[str], fmt: str) -> None:
    """Do some jobs of a run and no others, and print how that came out."""
    from runs import harness, query
    from runs.settings import load

    settings = load(ws.root)
    provider = _provider(settings, query.run_plan(ws, run_id)["provider"]["name"])
    options = options_of(context, ws, settings, provider, {"no_score": False, "allow_scorer_files": False})
    _report(ws, harness.resume(ws, run_id, provider, replace(options, only=jobs)), fmt, silent=quiet(context))


def emit_estimate(ws: Workspace, plan: Plan, options: Options, repeats: int, fmt: str) -> None:
    """Print what a run would take: jobs, tokens, the range of its cost, and what is wrong with its prompts."""
    import pandas as pd

    from runs.linting import lint_plan
    from runs.preflight import examine
    from runs.requests import Prompts

    prompts = Prompts()
    estimate = examine(ws, plan, options.pricing, prompts=prompts)
    lints = lint_plan(plan, prompts)
    found = lints.counts()
    row = {
        "jobs": estimate.jobs,
        "arms": len(plan.event.arms),
        "cases": len(plan.event.cases),
        "repeats": repeats,
        "prompt_tokens": estimate.prompt_tokens,
        "cost_low_usd": estimate.low_usd,
        "cost_high_usd": estimate.high_usd,
        "lint_block": found["block"],
        "lint_warn": found["warn"],
    }
    output.emit(pd.DataFrame([row]), fmt, key="estimate", unpriced=list(estimate.unpriced), lints=lints.summary())
    for one in lints.summary():
        output.say(f"{one['version']}: {one['check']} ({one['severity']}) in {one['prompts']} of {one['of']} prompts. {one['message']}")
    if no_price := [model for model in estimate.unpriced if model not in estimate.unbounded]:
        output.say(f"No price is known for {', '.join(no_price)}: name one with --price, or under [[prices]] in workbench.toml.")
    if estimate.unbounded:
        output.say(f"Nothing bounds how long an answer of {', '.join(estimate.unbounded)} gets: --set max_tokens=8000 does.")
    output.say("Dry run: nothing was sent.")


def _report(ws: Workspace, result: RunResult, fmt: str, *, silent: bool, bars: Sequence[Bar] = ()) -> None:
    """Print the mean scores of a run; exit 4 when nothing was evaluated, 1 when the provider ended it, 3 when a bar is missed."""
    from runs import query
    from runs.bars import missed

    counts = result.counts
    output.emit(means(ws, result.run_id), fmt, key="means", run=result.run_id, state=result.state, reason=result.reason, ok=counts.ok)
    whole = result.state == "finished" and counts.ok == counts.jobs
    told = f"Run {result.run_id} {result.state}: {counts.ok} ok of {counts.jobs}, {counts.money}. {result.reason}"
    output.say(told.strip(), quiet=silent and whole)
    for line in shortfalls(ws, result.run_id):
        output.say(line)
    if result.doubts:
        output.say(result.doubts)
    if result.state != "finished":
        output.say(f"Go on with: workbench run --resume {result.run_id}")
    if result.state == "failed":
        raise click.exceptions.Exit(1)
    if not counts.ok:
        raise click.exceptions.Exit(4)
    for line in (under := missed(bars, query.run_scores(ws, result.run_id)) if bars else []):
        output.say(f"Missed: {line}.")
    if under:
        raise click.exceptions.Exit(3)


def means(ws: Workspace, run_id: str) -> pd.DataFrame:
    """Return the mean of each primary metric by arm, for printing."""
    from runs import query

    frame = query.run_scores(ws, run_id)
    return frame[frame["primary"].fillna(False)][["ref", "model", "metric", "mean", "n_ok", "n_failed", "n_excluded", "direction", "unit"]]


def shortfalls(ws: Workspace, run_id: str) -> list[str]:
    """Return what a run lacks, in lines: why generations failed, and why a primary metric has not one value."""
    from runs import query

    errors = query.errors(ws, run_id).head(SHORTFALLS).to_dict("records")
    told = [f"{one['count']} × {one['status']} ({one['error'] or one['who']}): {output.printable(str(one['message']))}" for one in errors]
    frame = query.run_scores(ws, run_id)
    frame = frame[frame["primary"].fillna(False)]
    empty = [metric for metric, rows in frame.groupby("metric") if not rows["n_ok"].sum() and rows["n_excluded"].sum()]
    if empty:
        gaps = query.gaps(ws, run_id)
        rows = gaps[gaps["metric"].isin(empty) & (gaps["status"] != "failed")].drop_duplicates("metric").to_dict("records")
        told += [f"No {one['metric']}: {one['count']} × {output.printable(str(one['reason'] or one['status']))}" for one in rows]
    if told:
        told.append(f"More: workbench show {run_id}")
    return told


def _write_sheet(context: click.Context, ws: Workspace, plan: Plan, fmt: str) -> None:
    """Write the prompts for a person to work through, and say how the results come back."""
    import pandas as pd

    from runs.providers.manual import begin

    folder = begin(ws, plan)
    rows = [{"run": plan.run_id, "jobs": len(plan.jobs), "page": str(folder / "prompts.html"), "table": str(folder / "prompts.csv")}]
    output.emit(pd.DataFrame(rows), fmt, key="sheet")
    output.say(f"Bring the results back with: workbench import {plan.run_id} FOLDER", quiet=quiet(context))
