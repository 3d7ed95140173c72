"""`workbench judge`, and the part of `calibrate` about judges: ask a model about scripts, and see whether it may be believed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runs.cli import complete, output
from runs.cli.context import base_options, workspace
from runs.cli.run import priced, shortfalls

if TYPE_CHECKING:
    import pandas as pd

    from runs.harness import Options
    from runs.plan import Plan
    from runs.provider import Provider
    from runs.settings import Settings
    from runs.workspace import Workspace


@click.command()
@click.argument("run_name", metavar="RUN", shell_complete=complete.runs)
@click.option("--rubric", "rubric_name", default="screenplay", show_default=True, help="What to ask: a file in evals/rubrics.")
@click.option(
    "--version",
    "ref",
    metavar="REF",
    help="The judge's template; default: judge/screenplay, for a pair judge/pairwise.",
    shell_complete=complete.versions,
)
@click.option("--provider", help="Who judges; default: workbench.toml.", shell_complete=complete.providers)
@click.option("--model", help="The model that judges; default: the provider's.")
@click.option("--repeats", type=click.IntRange(2, 20), default=2, show_default=True, help="How often each question is asked.")
@click.option("--pair", nargs=2, metavar="A B", help="Compare two arms of the run by their letters, in both orders.")
@click.option("--limit", type=click.IntRange(1), help="At most so many outputs.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Decides order and seeds.")
@click.option("--budget", type=click.FloatRange(0), metavar="USD", help="Never spend more than this.")
@priced
@click.option("--dry-run", is_flag=True, help="Count and price the questions; send nothing.")
@click.option(
    "--resume",
    "resumed",
    metavar="JUDGE_RUN",
    help="Finish this run of a judge, and score what it has answered.",
    shell_complete=complete.runs,
)
@click.option("--resend", is_flag=True, help="With --resume: ask again where no answer came, though it may be paid twice.")
@output.format_option
@click.pass_context
def judge(context: click.Context, /, run_name: str, resumed: str | None, dry_run: bool, fmt: str, **asked: Any) -> None:
    """Let a model judge the scripts of RUN: yes or no on each criterion, proved by a quote, asked at least twice.

    The questions are a run of their own, with budget, costs and --resume; the answers become scores of RUN. Without calibration
    against people (see `calibrate`) they are advice, and no primary metric.
    """
    import getpass

    from prompts.errors import InputError
    from runs import harness, query
    from runs.judging import collect
    from runs.settings import load
    from runs.settling import ask_again

    ws = workspace(context)
    settings = load(ws.root, {"provider": asked["provider"], "budget_usd": asked["budget"]})
    if asked["resend"] and not resumed:
        raise click.UsageError("With --resend give --resume JUDGE_RUN: the run whose questions are asked again.")
    if resumed:
        run_id = query.find_run(ws, resumed)
        if asked["resend"]:
            ask_again(ws, run_id, who=getpass.getuser())
        provider = _provider(settings, query.run_plan(ws, run_id)["provider"]["name"])
        result = harness.resume(ws, run_id, provider, _options(context, settings, provider, asked))
    else:
        provider = _provider(settings, settings.provider)
        options = _options(context, settings, provider, asked)
        plan = _plan(ws, settings, provider, query.find_run(ws, run_name), {**asked, "price": options.pricing.amounts})
        if provider.simulated:
            raise InputError(f"{provider.name} is simulated, and judges nothing.", hint="Name who judges, such as --provider openai.")
        if dry_run:
            _estimate(ws, plan, options, fmt)
            return
        _warn(ws, plan, query.find_run(ws, run_name))
        result = harness.run(ws, plan, provider, options)
    done = collect(ws, result.run_id)
    counts = result.counts
    dropped = f" {done.dropped:.0%} of the answers were dropped: their evidence is not in the script." if done.dropped else ""
    output.say(f"Judged by {result.run_id} ({result.state}): {counts.ok} of {counts.jobs} questions answered, {counts.money}.{dropped}")
    if result.reason:
        output.say(result.reason)
    for line in shortfalls(ws, result.run_id):
        output.say(line)
    if counts.unknown:
        again = f"workbench judge {done.run_id} --resume {result.run_id} --resend"
        output.say(harness.told_of_doubts(counts.unknown, result.unknown_usd, result.run_id, again))
    output.emit(
        _means(ws, done.run_id, query.run_plan(ws, result.run_id)["arms"][0]["model"]),
        fmt,
        key="means",
        run=done.run_id,
        judge_run=result.run_id,
        dropped=done.dropped,
    )
    if not counts.ok:
        raise click.exceptions.Exit(1 if result.state == "failed" else 4)


def calibrate_judge(context: click.Context, run_name: str, ratings: Path, judge_name: str, fmt: str) -> None:
    """Compare a judge with what people said of the scripts of a run, write down whether it may be believed, and print it."""
    import pandas as pd

    from runs import query
    from runs.calibrating import calibrate as compare

    ws = workspace(context)
    rows = compare(ws, query.find_run(ws, run_name), judge_name, ratings)
    output.emit(pd.DataFrame(rows), fmt, key="criteria", judge=judge_name)


def _provider(settings: Settings, name: str) -> Provider:
    from runs.providers import get

    return get(name, settings)


def _options(context: click.Context, settings: Settings, provider: Provider, asked: dict[str, Any]) -> Options:
    from runs.pricing import named_price

    return replace(base_options(context, settings, provider, named=named_price(asked["prices"])), scoring=False)


def _plan(ws: Workspace, settings: Settings, provider: Provider, run_id: str, asked: dict[str, Any]) -> Plan:
    from evals.judge.rubric import load_rubric
    from runs.judging import Order, plan_judging
    from runs.prepare import find_version
    from runs.providers import default_model, reference

    return plan_judging(
        ws,
        Order(
            run_id=run_id,
            rubric=load_rubric(asked["rubric_name"], ws.evals / "rubrics"),
            version=find_version(ws, asked["ref"] or ("judge/pairwise" if asked["pair"] else "judge/screenplay")),
            model=asked["model"] or default_model(provider),
            provider=reference(provider),
            repeats=asked["repeats"],
            pair=tuple(asked["pair"]) if asked["pair"] else None,
            limit=asked["limit"],
            seed=asked["seed"],
            parameters=settings.call_parameters(),
            budget_usd=settings.budget_usd,
            price=asked["price"],
        ),
    )


def _estimate(ws: Workspace, plan: Plan, options: Options, fmt: str) -> None:
    import pandas as pd

    from runs.preflight import examine

    found = examine(ws, plan, options.pricing)
    row = {"questions": found.jobs, "prompt_tokens": found.prompt_tokens, "cost_low_usd": found.low_usd, "cost_high_usd": found.high_usd}
    output.emit(pd.DataFrame([row]), fmt, key="estimate", unpriced=list(found.unpriced))
    output.say("Dry run: nothing was sent.")


def _warn(ws: Workspace, plan: Plan, run_id: str) -> None:
    """Say so where a model judges its own writing: models favour their own."""
    from evals.judge.verdict import family
    from runs import query

    (arm,) = plan.event.arms
    kin = sorted(name for name in set(query.arms(ws, run_id)["model"]) if family(name) == family(arm["model"]))
    if kin:
        wrote = "it" if kin == [arm["model"]] else f"its kin {', '.join(kin)}"
        output.say(f"Note: {arm['model']} judges what {wrote} wrote; models favour their own family's writing.")


def _means(ws: Workspace, run_id: str, model: str) -> pd.DataFrame:
    """Return what a model's judgements of a run come to; those of other judges stay out."""
    from runs import query

    frame = query.run_scores(ws, run_id)
    shown = ["ref", "model", "metric", "mean", "n_ok", "n_failed", "n_excluded", "primary"]
    return frame[frame["scorer"].str.startswith("judge/") & frame["scorer"].str.endswith(f"@{model}")][shown].rename(
        columns={"primary": "calibrated"}
    )
