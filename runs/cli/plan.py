"""`workbench plan`: how many series and dollars a gate takes, and what cannot be afforded, before it is run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from runs.cli import complete, output
from runs.cli.context import workspace

if TYPE_CHECKING:
    from evals.planner import Need
    from evals.policy import Policy
    from runs.looking import Look


@click.command()
@click.option("--suite", required=True, help="The suite whose gate split would be run.", shell_complete=complete.suites)
@click.option("--policy", metavar="NAME", help="A policy in evals/gates; default: the suite's.")
@click.option("--pilot", metavar="RUN", help="Take spread and cost from the first two arms of this run.")
@click.option(
    "--effect", type=click.FloatRange(0, min_open=True), help="The gain that is wanted; default: half a standard deviation of one output."
)
@click.option("--cost", type=click.FloatRange(0), metavar="USD", help="What a generation costs; default: the pilot's mean.")
@click.option("--budget", type=click.FloatRange(0, min_open=True), metavar="USD", help="How much money there is.")
@click.option("--attempt", type=click.IntRange(1), default=1, show_default=True, help="Which attempt on the suite it will be.")
@output.format_option
@click.pass_context
def plan(context: click.Context, /, fmt: str, **asked: Any) -> None:
    """Say what a gate needs for each metric of its policy, and what the series and the money that there are would show.

    Exit 4 where a metric cannot be afforded: its guardrail could not be passed even if nothing changes.
    """
    import pandas as pd

    from evals.policy import find_policy, load_policy
    from evals.suite import load_suite
    from runs import query
    from runs.planning import outlook
    from runs.trial import find

    ws = workspace(context)
    suite = load_suite(asked["suite"], ws.evals / "suites")
    name = asked["policy"] or suite.gate
    if not name:
        raise click.UsageError(f"The suite {suite.name} names no gate policy: give --policy.")
    policy = load_policy(find_policy(name, ws.evals))
    pilot = find(ws, "a", "b", [query.find_run(ws, asked["pilot"])]) if asked["pilot"] else None
    found = outlook(
        ws, suite, policy, pilot=pilot, effect=asked["effect"], usd=asked["cost"], budget_usd=asked["budget"], attempt=asked["attempt"]
    )
    rows = [_row(need, found.means.series) for need in found.needs]
    has = {"series": found.means.series, "reach": found.means.reach, "usd_a_generation": found.means.usd}
    looks = [{"look": look.number, "series": look.units, "cases": look.total, "taken": look.taken} for look in found.looks]
    output.emit(pd.DataFrame(rows), fmt, key="needs", looks=looks, **has)
    if len(found.looks) > 1:
        output.say(_looks(found.looks, policy))
    guesses = [need.metric for need in found.needs if need.role != "hard" and need.metric not in found.spreads]
    if guesses:
        output.say(f"Guessed, not measured: the spread of {', '.join(guesses)}. A pilot (an A/A run) replaces the guess: --pilot RUN.")
    if found.means.usd is None:
        output.say("What a generation costs is not known: give --cost, or a pilot whose costs are known.")
    for need in found.too_dear:
        output.say(_warning(need, found.means.reach))
    if found.too_dear:
        raise click.exceptions.Exit(4)


def _looks(looks: Sequence[Look], policy: Policy) -> str:
    """Say after how many units the gate looks, and which looks are not worth taking."""
    unit = "series" if policy.unit_column == "series" else "cases"
    at = " and ".join(f"{look.units}" for look in looks if look.taken)
    left = [look for look in looks if not look.taken]
    told = f"The gate looks at its evidence after {at} {unit}, and stops as soon as it is settled."
    if not left:
        return told
    few = " and ".join(f"{look.units} {unit} ({look.total} cases)" for look in left)
    return (
        f"{told} Not after {few}: no verdict is given on fewer than {policy.min_units} {unit} and {policy.min_cases} cases. "
        f"All {len(looks)} looks are taken from {len(looks) * policy.min_units} {unit} on."
    )


def _row(need: Need, there: int) -> dict[str, Any]:
    return {
        "metric": need.metric, "role": need.role, "to_see": need.effect, "power": need.power, "series": need.series,
        "there_are": there, "generations": need.generations, "usd": math.nan if need.usd is None else need.usd,
        "affordable": need.affordable, "these_show": math.nan if need.detectable is None else need.detectable,
    }  # fmt: skip


def _warning(need: Need, reach: int) -> str:
    seen = "nothing" if need.detectable is None else f"{need.detectable:.3g}"
    what = {"primary": "a gain", "guardrail": "the margin", "hard": "the limit"}[need.role]
    fix = {
        "primary": "Want a larger gain, or add series.",
        "guardrail": "Widen the margin honestly, add series, or take the guardrail out before the run, not after it.",
        "hard": "Add series, or allow a higher limit.",
    }[need.role]
    return f"{need.metric} cannot be afforded: {what} of {need.effect:.3g} takes {need.series} series, {reach} would show {seen}. {fix}"
