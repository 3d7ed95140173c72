"""`workbench channels`, `promote`, `rollback`, `freeze`, `pin`, `canary`, `ledger`: what production uses, and how it came to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runs.cli import complete, output
from runs.cli.context import quiet, workspace

if TYPE_CHECKING:
    from prompts.ledger import Entry
    from prompts.promotion import Board
    from runs.settings import Settings
    from runs.workspace import Workspace

CHANNEL = click.Choice(("dev", "staging", "production"))
reason_option = click.option("--reason", default="", help="Why, in words; others read it in the ledger.")


@click.command()
@click.argument("template", required=False, shell_complete=complete.versions)
@output.format_option
@click.pass_context
def channels(context: click.Context, template: str | None, fmt: str) -> None:
    """List what dev, staging and production mean now, of one TEMPLATE or of all."""
    import pandas as pd

    from prompts.channels import CHANNELS, load

    state, _ = load(workspace(context).prompts)
    rows = []
    for (name, channel), pointer in sorted(state.pointers.items(), key=lambda item: (item[0][0], CHANNELS.index(item[0][1]))):
        if template in (None, name):
            rows.append({
                "template": name, "channel": channel, "version": f"{name}@{pointer.version[3:9]}", "previous": pointer.previous[3:9],
                "since": pointer.time, "by": pointer.actor, "frozen": state.is_frozen(name, channel),
                "unproven": state.is_unproven(name, pointer.version),
                "pins": sum(t == name for t, _ in state.pins) if channel == "production" else 0,
                "canary": _canary(state.canaries.get(name)) if channel == "production" else "",
            })  # fmt: skip
    output.emit(pd.DataFrame(rows, columns=list(rows[0]) if rows else ["template", "channel", "version"]), fmt, key="channels")


@click.command()
@click.argument("version", shell_complete=complete.versions)
@click.option("--to", "channel", type=CHANNEL, required=True, help="Which channel shall mean VERSION.")
@click.option("--report", type=click.Path(path_type=Path), help="The gate's report (.json); default: the newest one about VERSION.")
@click.option("--seen", metavar="VERSION", help="Refuse if the channel does not mean this version (its digits) any more.")
@click.option("--override", is_flag=True, help="Past the gate, to production: needs a reason and two people, one call each.")
@reason_option
@click.pass_context
def promote(context: click.Context, version: str, channel: str, report: Path | None, seen: str | None, override: bool, reason: str) -> None:
    """Let a channel mean VERSION (a reference such as shot/keyframe or shot/keyframe@3fa9c1).

    Production wants the report of a passed gate and the approvals that its policy asks for. Exit 3: refused.
    """
    from runs import promotions
    from runs.prepare import find_version

    ws, settings, board = _board(context)
    found = find_version(ws, version)
    if override:
        _only_production(channel)
        entry = board.override(found, reason=reason)
        if entry.action == "override":
            output.say(f"Asked for by {board.actor}. A second person completes it with the same command.", quiet=quiet(context))
    else:
        problem = promotions.untested(ws, found) if channel == "staging" else ""
        if problem:
            output.say(problem)
        path = (report or promotions.newest_report(ws, found)) if channel == "production" else None
        entry = board.promote(
            found,
            channel,
            promotions.evidence(ws, path) if path else None,
            reason=reason,
            tested=channel == "staging" and not problem,
            allow_simulated=settings.demo,
            seen=_seen(ws, found.template, seen),
        )
    _written(context, ws, settings, entry)


@click.command()
@click.argument("report", type=click.Path(path_type=Path))
@reason_option
@click.pass_context
def approve(context: click.Context, report: Path, reason: str) -> None:
    """Approve the challenger of REPORT (the gate's .json file): for this version, this report and this policy only."""
    from runs import promotions

    ws, settings, board = _board(context)
    _written(context, ws, settings, board.approve(promotions.evidence(ws, report), reason=reason))


@click.command()
@click.argument("template", shell_complete=complete.versions)
@click.option("--channel", type=CHANNEL, default="production", show_default=True, help="Which channel.")
@click.option("--to", metavar="VERSION", default="", help="Digits of a former version; default: the one before.")
@reason_option
@click.pass_context
def rollback(context: click.Context, template: str, channel: str, to: str, reason: str) -> None:
    """Go back to a former version of TEMPLATE: no gate, but a reason."""
    ws, settings, board = _board(context)
    _written(context, ws, settings, board.rollback(template, channel, reason=reason, to=to.rpartition("@")[2]))


@click.command()
@click.argument("channel", type=CHANNEL)
@click.argument("template", default="", shell_complete=complete.versions)
@reason_option
@click.pass_context
def freeze(context: click.Context, channel: str, template: str, reason: str) -> None:
    """Let nothing move in CHANNEL, of one TEMPLATE or of all."""
    ws, settings, board = _board(context)
    _written(context, ws, settings, board.freeze(channel, template, reason=reason))


@click.command()
@click.argument("channel", type=CHANNEL)
@click.argument("template", default="", shell_complete=complete.versions)
@reason_option
@click.pass_context
def thaw(context: click.Context, channel: str, template: str, reason: str) -> None:
    """Let things move in CHANNEL again."""
    ws, settings, board = _board(context)
    _written(context, ws, settings, board.thaw(channel, template, reason=reason))


@click.command()
@click.argument("template", shell_complete=complete.versions)
@click.argument("series")
@click.option("--version", default="", help="Digits of a version that was in production; default: the one that SERIES gets now.")
@reason_option
@click.pass_context
def pin(context: click.Context, template: str, series: str, version: str, reason: str) -> None:
    """Let SERIES keep its version of TEMPLATE, whatever production does: a look must not change inside a drama."""
    ws, settings, board = _board(context)
    _written(context, ws, settings, board.pin(template, series, version.rpartition("@")[2], reason=reason))


@click.command()
@click.argument("template", shell_complete=complete.versions)
@click.argument("series")
@reason_option
@click.pass_context
def unpin(context: click.Context, template: str, series: str, reason: str) -> None:
    """Let SERIES follow production again."""
    ws, settings, board = _board(context)
    _written(context, ws, settings, board.unpin(template, series, reason=reason))


@click.command()
@click.argument("version", shell_complete=complete.versions)
@click.argument("share", type=float)
@reason_option
@click.pass_context
def canary(context: click.Context, version: str, share: float, reason: str) -> None:
    """Give a SHARE of the series (0 to 0.5) VERSION instead of production's; 0 ends it."""
    from runs.prepare import find_version

    ws, settings, board = _board(context)
    _written(context, ws, settings, board.canary(find_version(ws, version), share, reason=reason))


@click.group()
def ledger() -> None:
    """Read and prove the ledger of promotions."""


@ledger.command()
@click.argument("template", required=False, shell_complete=complete.versions)
@output.format_option
@click.pass_context
def show(context: click.Context, template: str | None, fmt: str) -> None:
    """List every move, newest first, of one TEMPLATE or of all."""
    import pandas as pd

    from prompts.ledger import Ledger

    columns = ["seq", "time", "actor", "action", "template", "channel", "from", "to", "series", "reason", "report", "details"]
    entries = [entry.as_json() for entry in reversed(Ledger(workspace(context).prompts).entries()) if template in (None, entry.template)]
    frame = pd.DataFrame(entries, columns=columns)
    if fmt in ("table", "md"):
        for name in ("from", "to"):
            frame[name] = frame[name].str.removeprefix("v1:").str[:6]
        frame = frame.drop(columns=["report", "details"])
    output.emit(frame, fmt, key="ledger")


@ledger.command()
@click.option("--head", metavar="SEQ:HASH", help="A head that was written down earlier: the ledger must have passed through it.")
@click.pass_context
def verify(context: click.Context, head: str | None) -> None:
    """Prove the ledger, the pointers and the kept versions; exit 1 and say what is wrong where they were changed."""
    from prompts.ledger import Ledger
    from runs import promotions

    ws = workspace(context)
    problems = promotions.verify(ws)
    if not problems and head:
        seq, _, digest = head.partition(":")
        passed = {str(entry.seq): entry.hash for entry in Ledger(ws.prompts).entries()}
        problems = [] if passed.get(seq) == digest else [f"The ledger has not passed through {head[:24]}…"]
    for problem in problems:
        output.say(problem)
    if problems:
        raise click.exceptions.Exit(1)
    click.echo(promotions.ledger_head(ws))


@ledger.command()
@click.pass_context
def notify(context: click.Context) -> None:
    """Tell the webhooks what they have not been told yet; exit 1 if one cannot be reached."""
    from runs.settings import load

    ws = workspace(context)
    if _tell(ws, load(ws.root)):
        raise click.exceptions.Exit(1)


def _board(context: click.Context) -> tuple[Workspace, Settings, Board]:
    from runs.promotions import board
    from runs.settings import load

    ws = workspace(context)
    settings = load(ws.root)
    return ws, settings, board(ws, settings)


def _written(context: click.Context, ws: Workspace, settings: Settings, entry: Entry) -> None:
    """Say what was written, and tell those who want to know."""
    output.say(_sentence(entry), quiet=quiet(context))
    _tell(ws, settings)
    click.echo(f"{entry.seq}:{entry.hash}")


def _tell(ws: Workspace, settings: Settings) -> bool:
    from runs.promotions import tell

    troubled = [delivery for delivery in tell(ws, settings) if delivery.problem]
    for delivery in troubled:
        output.say(f"Webhook {delivery.url}: {delivery.problem}. {delivery.waiting} waiting; `workbench ledger notify` tries again.")
    return bool(troubled)


def _sentence(entry: Entry) -> str:
    what = entry.template or "all templates"
    to, before = entry.to.removeprefix("v1:")[:6], entry.from_.removeprefix("v1:")[:6]
    match entry.action:
        case "promote" | "rollback":
            return f"{entry.channel} of {what}: {before or 'nothing'} -> {to}."
        case "pin":
            return f"{entry.series} keeps {what}@{to}."
        case "unpin":
            return f"{entry.series} follows production of {what} again."
        case "canary":
            return f"{entry.details['basis_points'] / 100:g} % of the series get {what}@{to}."
        case "freeze" | "thaw":
            return f"{entry.channel} of {what}: {'frozen' if entry.action == 'freeze' else 'open'}."
        case _:
            return f"{entry.action}: {what}@{to}."


def _canary(found: Any) -> str:
    return f"{found.version[3:9]} {found.basis_points / 100:g} %" if found else ""


def _seen(ws: Workspace, template: str, ref: str | None) -> str | None:
    """Return the id that somebody believes to be in a channel, by a reference or the digits that `channels` shows; "" for nothing."""
    from runs.prepare import find_version

    if not ref:
        return ref
    return find_version(ws, ref if "/" in ref else f"{template}@{ref}").id


def _only_production(channel: str) -> None:
    if channel != "production":
        raise click.UsageError("--override is for production; the other channels have no gate.")
