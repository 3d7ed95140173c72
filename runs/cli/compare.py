"""`workbench compare`: two versions, paired by case, with intervals and verdicts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from runs.cli import complete, output
from runs.cli.context import workspace

if TYPE_CHECKING:
    from evals.compare import Comparison

ASIDE = ("cost", "latency")
"""They change with the machine and the hour: a build stops for them only where it is told to."""


@click.command()
@click.argument("a", shell_complete=complete.versions)
@click.argument("b", shell_complete=complete.versions)
@click.option(
    "--run", "run_name", metavar="RUN", help="Take both arms from this run (an id, its beginning, or `last`).", shell_complete=complete.runs
)
@click.option("--cases", "metric", metavar="METRIC", help="Print the cases of one metric, the largest loss first.")
@click.option("--fail-on", type=click.Choice(("worse", "not-better")), help="Exit 3 where B is worse in a metric, or better in none.")
@click.option("--metric", "judged", multiple=True, help="With --fail-on: only these; default: primary metrics but cost and latency.")
@click.option("--alpha", type=click.FloatRange(0.001, 0.25), default=0.05, show_default=True, help="One-sided level.")
@output.format_option
@click.pass_context
def compare(
    context: click.Context,
    a: str,
    b: str,
    run_name: str | None,
    metric: str | None,
    fail_on: str | None,
    judged: tuple[str, ...],
    alpha: float,
    fmt: str,
) -> None:
    """Compare version A, the baseline, with version B, the challenger.

    A and B are versions (shot/keyframe@plain, shot/keyframe@3fa9c1), arms of a run (RUN:a), or, with --run, an arm's letter.
    The same version twice compares the two arms of an A/A test. Exit 4 when nothing could be compared.
    """
    from evals.report import report
    from prompts.errors import UnknownName
    from runs import query
    from runs.compare import compare_arms, find_arms

    ws = workspace(context)
    run_id = query.find_run(ws, run_name) if run_name else None
    pair = compare_arms(ws, *find_arms(ws, a, b, run_id), alpha=alpha)
    comparison = pair.comparison
    if metric:
        if metric not in comparison.pairs:
            raise UnknownName("metric", metric, comparison.pairs)
        output.emit(comparison.cases(metric), fmt, key="cases", a=pair.a.address, b=pair.b.address, metric=metric)
    elif fmt == "json":
        sides = {name: {"ref": arm.ref, "version": arm.version, "model": arm.model, "run": arm.run_id, "simulated": arm.simulated}
                 for name, arm in (("a", pair.a), ("b", pair.b))}  # fmt: skip
        click.echo(json.dumps({**json.loads(report(comparison, "json")), "arms": sides}, ensure_ascii=False, indent=2))
    else:
        if fmt in ("table", "md"):
            for letter, arm in (("A", pair.a), ("B", pair.b)):
                click.echo(f"{letter}  {arm.shown} · {arm.model} · run {arm.run_id}" + "  " * (fmt == "md"))
            click.echo()
        click.echo(report(comparison, fmt))  # type: ignore[arg-type]
    if not any(result.cases for result in comparison.results):
        raise click.exceptions.Exit(4)
    if fail_on and (why := _fallen(comparison, judged, need_gain=fail_on == "not-better")):
        output.say(why)
        raise click.exceptions.Exit(3)


def _fallen(comparison: Comparison, judged: tuple[str, ...], *, need_gain: bool) -> str:
    """Return why a build should stop; nothing where it may go on."""
    from prompts.errors import UnknownName

    known = {result.metric.name: result for result in comparison.results}
    for name in judged:
        if name not in known:
            raise UnknownName("metric", name, known)
    names = judged or [name for name, result in known.items() if result.metric.primary and name not in ASIDE]
    verdicts = {name: known[name].verdict for name in names}
    if worse := [name for name, verdict in verdicts.items() if verdict == "worse"]:
        return f"B is worse: {', '.join(worse)}."
    return f"B is not shown to be better in any of {', '.join(verdicts)}." if need_gain and "better" not in verdicts.values() else ""
