"""`workbench team`: share journals and media with other machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prompts.errors import InputError
from runs.cli import complete, output
from runs.cli.context import workspace

if TYPE_CHECKING:
    from runs.team.member import Member
    from runs.workspace import Workspace


@click.group()
def team() -> None:
    """Share journals and media with the team's other machines, over the store that [team] in workbench.toml names."""


@team.command()
@click.pass_context
def push(context: click.Context) -> None:
    """Ship what was journalled and made here."""
    ws, member = _member(context)
    _push(ws, member)


@team.command()
@click.pass_context
def pull(context: click.Context) -> None:
    """Fetch what the other machines have shipped, and fold it into the log."""
    ws, member = _member(context)
    _pull(ws, member)


@team.command()
@click.option("--every", type=click.FloatRange(1), metavar="SECONDS", help="Go on, every so often, until Ctrl-C.")
@click.pass_context
def sync(context: click.Context, every: float | None) -> None:
    """Push, then pull; with --every again and again, also while the store does not answer."""
    import time

    from runs.team.errors import StoreDown

    ws, member = _member(context)
    while True:
        try:
            _push(ws, member)
            _pull(ws, member)
        except StoreDown as error:
            if every is None:
                raise
            output.say(str(error))
        if every is None:
            return
        time.sleep(every)


@team.command()
@output.format_option
@click.pass_context
def status(context: click.Context, fmt: str) -> None:
    """Show the team's machines: what each has shipped, how much of it is here, and whether it is at work."""
    import pandas as pd

    from runs.team.status import machines, utc

    ws, member = _member(context)
    rows = [(m.name, "this one" if m.ours else "", m.lives, m.journals, m.shipped, m.here, utc(m.last_at)) for m in machines(ws, member)]
    columns = ["machine", "which", "at_work", "journals", "shipped_bytes", "here_bytes", "last_shipped_at"]
    output.emit(pd.DataFrame(rows, columns=columns), fmt, key="machines", store=member.store.url)
    ours = rows[0]
    if ours[5] > ours[4]:
        output.say(f"{ours[5] - ours[4]} bytes of this machine are not on {member.store.url}: `workbench team push` ships them.")


@team.command()
@click.argument("run_name", metavar="RUN", shell_complete=complete.runs)
@click.option("--chain", "of_chain", is_flag=True, help="RUN is the name of a chain, which that machine was walking.")
@click.pass_context
def take(context: click.Context, run_name: str, *, of_chain: bool) -> None:
    """Take RUN from a machine that is gone for good, to go on with it here.

    What that machine had not shipped is not known here: jobs that it was paying for in its last seconds may be paid again. Where it only
    lost its connection it stops when it is back, but not before.
    """
    from evals.chain import load_chain
    from runs import query
    from runs.team import lease

    ws, member = _member(context)
    _pull(ws, member)
    if of_chain:
        chain = load_chain(run_name, ws.evals / "chains")
        lease.take(member, lease.of_chain(chain.name), force=True)
        output.say(f"The chain {chain.name} is this machine's. Go on with: workbench chain {chain.name}")
        return
    run_id = query.find_run(ws, run_name)
    lease.take(member, run_id, force=True)
    output.say(f"The run {run_id} is this machine's. Go on with: workbench run --resume {run_id}")


def _member(context: click.Context) -> tuple[Workspace, Member]:
    from runs.team.member import member_of

    ws = workspace(context)
    member = member_of(ws)
    if member is None:
        raise InputError("This workspace is in no team.", hint='Set [team] store = "s3://bucket/folder" in workbench.toml (docs/team.md).')
    return ws, member


def _push(ws: Workspace, member: Member) -> None:
    from runs.team.push import Pusher

    done = Pusher(ws, member).push()
    output.say(f"Shipped {done.plain / 1e6:.2f} MB of journals and {done.media} artifacts.")
    for name, reason in done.refused.items():
        output.say(f"Not shipped: {name}, {reason}. `workbench log verify` looks at all of them.")


def _pull(ws: Workspace, member: Member) -> None:
    from runs.log import catch_up
    from runs.team import ledger
    from runs.team.pull import pull as fetch

    done = fetch(ws, member)
    for name, size in sorted(done.plain.items()):
        output.say(f"Fetched {size / 1e6:.2f} MB of journals of {name}.")
    if not done.plain:
        output.say("Nothing new from the others.")
    if done.refused:
        output.say(f"{done.refused} pieces were refused: `workbench log errors` says why.")
    if done.gaps:
        output.say(f"{len(done.gaps)} journals have a stretch missing on the store, and wait for it.")
    if lines := ledger.catch_up(ws, member):
        output.say(f"Fetched {lines} lines of the ledger.")
    catch_up(ws)
