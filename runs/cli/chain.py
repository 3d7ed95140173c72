"""`workbench chain` and `lineage`: whole productions, and what came from what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runs.cli import complete, output
from runs.cli.context import quiet, workspace
from runs.cli.run import tapes

if TYPE_CHECKING:
    from evals.chain import Chain, ChainStage
    from runs.chain import Driver, DriverOf
    from runs.chain_outlook import Outlook
    from runs.chain_runs import Again
    from runs.settings import Settings
    from runs.workspace import Workspace


@click.command()
@click.argument("name", required=False, shell_complete=complete.chains)
@click.option("--until", metavar="STAGE", default="", help="Run no stage after this one.")
@click.option(
    "--version",
    "versions",
    multiple=True,
    metavar="REF",
    help="With --until: that stage with these versions, an A/B.",
    shell_complete=complete.versions,
)
@click.option("--retry-failed", is_flag=True, help="Make failed jobs once more, and what hangs on them.")
@click.option("--resend", is_flag=True, help="Ask again where no answer came, though it may be paid twice; and what hangs on it.")
@click.option("--fresh", is_flag=True, help="Make everything anew, also what an earlier run of the chain has made.")
@click.option("--dry-run", is_flag=True, help="Count and price all stages, those to come at their most; send nothing.")
@click.option("--costs", is_flag=True, help="Say what all runs of the chain have cost, each paid call once; run nothing.")
@click.option("--price", "prices", multiple=True, metavar="STAGE.NAME=USD", help="What a stage's calls cost, such as shot.image=0.07.")
@tapes
@click.option("--no-score", is_flag=True, help="Only generate; `workbench score` can judge later.")
@output.format_option
@click.pass_context
def chain(
    context: click.Context,
    name: str | None,
    until: str,
    versions: tuple[str, ...],
    retry_failed: bool,
    resend: bool,
    fresh: bool,
    dry_run: bool,
    costs: bool,
    prices: tuple[str, ...],
    record: Path | None,
    replay: Path | None,
    no_score: bool,
    fmt: str,
) -> None:
    """Run the chain NAME of evals/chains: each stage an ordinary run, its cases made from what the stages before it gave.

    What an earlier call has made is taken over as long as nothing before it has changed, so the same call resumes a chain;
    with --retry-failed it also makes what failed, with --resend what no answer came of.
    With --until STAGE and several --version, that stage is an A/B with all else equal. Without NAME, list the chains.
    """
    import pandas as pd

    from evals.chain import load_chain
    from runs import engine
    from runs.chain import chains, walk
    from runs.chain_outlook import outlook, refuse_unpriced
    from runs.settings import load

    ws = workspace(context)
    folder = ws.evals / "chains"
    if name is None:
        output.emit(pd.DataFrame({"chain": chains(folder) if folder.is_dir() else []}), fmt, key="chains")
        return
    if fresh + retry_failed + resend > 1:
        raise click.UsageError("Give one of --fresh, --retry-failed and --resend: the first makes everything anew anyway.")
    if versions and not until:
        raise click.UsageError("With --version give --until STAGE: the stage that they are versions of.")
    found = load_chain(name, folder)
    if costs:
        _paid(ws, found, fmt)
        return
    settings = load(ws.root)
    engine.choose(settings)
    named = _by_stage(found, prices)
    drivers = _drivers(context, ws, settings, found, named, {"no_score": no_score, "record": record, "replay": replay})
    again: Again = "all" if fresh else "failed" if retry_failed else "unknown" if resend else "missing"
    if dry_run:
        _estimate(outlook(ws, found, drivers, until=until, versions=versions, again=again), found, fmt)
        return
    # Renders every stage's prompts: a template that is broken is found before the stages ahead of it are paid.
    refuse_unpriced(found, outlook(ws, found, drivers, until=until, versions=versions, again=again))
    with engine.kept():
        results = walk(ws, found, drivers, until=until, versions=versions, again=again)
    rows = [
        {
            "stage": r.stage, "run_id": r.run_id, "state": "taken over" if r.reused else r.state, "jobs": r.counts.jobs, "ok": r.counts.ok,
            "cost_usd": r.counts.spent_usd, "reason": r.reason, "left_out": len(r.skipped),
        }
        for r in results
    ]  # fmt: skip
    output.emit(pd.DataFrame(rows), fmt, key="stages", chain=found.name, left_out={k: v for r in results for k, v in r.skipped.items()})
    for result in results:
        for case, why in result.skipped.items():
            output.say(f"{result.stage}: {case} was left out: {why}")
        if (doubts := result.counts.unknown) and result.run_id:
            output.say(_doubts(name, result.stage, result.run_id, doubts, result.unknown_usd))
    if failed := sum(r.counts.failed for r in results):
        output.say(
            f"{failed} job{'s' if failed > 1 else ''} failed. Once more: workbench chain {name} --retry-failed", quiet=quiet(context)
        )
    if any(r.state != "finished" for r in results):
        output.say(f"Go on with: workbench chain {name}", quiet=quiet(context))
        raise click.exceptions.Exit(1)


def _doubts(chain: str, stage: str, run_id: str, n: int, usd: float | None) -> str:
    from runs.harness import told_of_doubts

    return f"{stage}: {told_of_doubts(n, usd, run_id, f'workbench chain {chain} --resend')}"


@click.command()
@click.argument("run_name", metavar="RUN", shell_complete=complete.runs)
@click.argument("job", required=False)
@output.format_option
@click.pass_context
def lineage(context: click.Context, run_name: str, job: str | None, fmt: str) -> None:
    """Show what the generations of RUN (an id, its beginning, or `last`) were made from, back to the first stage; or those of one JOB."""
    from runs import query

    ws = workspace(context)
    run_id = query.find_run(ws, run_name)
    found = query.ancestry(ws, run_id, query.generation(ws, run_id, job)["job_id"] if job else None)
    if fmt == "table":
        found = found.assign(**{c: found[c].str[:12] for c in ("job_id", "from_job_id", "artifact")})
        found = found[["stage", "case_id", "job_id", "from_stage", "from_run_id", "from_job_id", "artifact"]]
    output.emit(found, fmt, key="lineage", run=run_id)


def _by_stage(chain: Chain, prices: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the named prices of each stage, without its name."""
    found: dict[str, list[str]] = {}
    for price in prices:
        stage, dot, pair = price.partition(".")
        if not dot or stage not in chain.stages:
            raise click.UsageError(f"--price {price}: write STAGE.NAME=USD; the chain {chain.name} has {', '.join(chain.order)}.")
        found.setdefault(stage, []).append(pair)
    return found


def _drivers(
    context: click.Context, ws: Workspace, settings: Settings, chain: Chain, prices: dict[str, list[str]], asked: dict[str, Any]
) -> DriverOf:
    """Return what makes the provider and options of a stage."""
    from runs.chain import Driver
    from runs.cli.run import options_of, taped
    from runs.providers import default_model, get

    def driver(stage: ChainStage) -> Driver:
        name = next(name for name, known in chain.stages.items() if known is stage)
        config = settings.provider_settings(stage.provider)
        provider = taped(get(stage.provider or settings.provider, settings), asked)
        model = stage.model or config.model or (stage.provider or settings.provider)
        return Driver(
            provider,
            model or default_model(provider),
            {**settings.call_parameters(stage.provider), **stage.parameters},
            options_of(context, ws, settings, provider, {**asked, "allow_scorer_files": False, "prices": prices.get(name)}),
        )

    return driver


def _paid(ws: Workspace, chain: Chain, fmt: str) -> None:
    """Print what the chain has cost so far, by stage and in all."""
    from runs import query

    found = query.chain_costs(ws, chain.name)
    unknown = int(found["cost_unknown"].sum())
    total = float(found["cost_usd"].sum()) if found["cost_usd"].notna().any() else None
    output.emit(found, fmt, key="stages", chain=chain.name, cost_usd=total, cost_unknown=unknown)
    if fmt == "table" and len(found):
        amount = "unknown" if total is None else f"${total:.4f}"
        output.say(f"In all {amount}" + (f", and {unknown} calls whose cost is unknown." if unknown else "."))


def _estimate(rows: list[Outlook], chain: Chain, fmt: str) -> None:
    """Print what each stage would take, and all together."""
    import pandas as pd

    from runs.chain_outlook import sum_of

    low, high = sum_of([row.low_usd for row in rows]), sum_of([row.high_usd for row in rows])
    table = [
        {
            "stage": row.stage, "provider": row.provider, "model": row.model, "jobs": row.jobs, "made": row.made, "known": row.exact,
            "prompt_tokens": row.prompt_tokens, "cost_low_usd": row.low_usd, "cost_high_usd": row.high_usd,
        }
        for row in rows
    ]  # fmt: skip
    output.emit(pd.DataFrame(table), fmt, key="stages", chain=chain.name, cost_low_usd=low, cost_high_usd=high, budget_usd=chain.budget_usd)
    for row in rows:
        for case, why in row.skipped.items():
            output.say(f"{row.stage}: {case} is left out: {why}")
    unpriced = ", ".join(f"{row.stage} ({row.model})" for row in rows if row.high_usd is None)
    if unpriced:
        output.say(f"No bound is known for {unpriced}: name a price with --price STAGE.NAME=USD, and max_tokens for texts.")
    if not all(row.exact for row in rows):
        output.say("About: what a stage is made from is not there yet. Its jobs and its highest cost are the most that there can be.")
    bound = "" if chain.budget_usd is None else f" The chain's budget is ${chain.budget_usd:.2f}."
    amount = "unknown" if high is None else f"at most ${high:.2f}"
    output.say(f"In all {amount}.{bound} Dry run: nothing was sent.")
