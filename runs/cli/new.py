"""`workbench new`: a series or a template of one's own, to be edited."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from runs.cli import output
from runs.cli.context import quiet, workspace

Command = TypeVar("Command", bound=Callable[..., Any])
LANGUAGES = ("en", "zh")


def series_options(command: Command) -> Command:
    """Add what a new series is told: title, language, cast."""
    for option in (
        click.option("--cast", default="lead", show_default=True, metavar="ID,ID…", help="The ids of its characters."),
        click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Of story, names and lines."),
        click.option("--title", default="", help="What viewers read; default: the id in words."),
    ):
        command = option(command)
    return command


def cast_of(text: str) -> tuple[str, ...]:
    """Return the ids of `mei,he`."""
    return tuple(one.strip() for one in text.split(",") if one.strip())


@click.group()
def new() -> None:
    """Make a series or a template of your own, valid from the first line on, to be edited."""


@new.command("series")
@click.argument("series", metavar="ID")
@series_options
@click.option("--split", type=click.Choice(("explore", "gate")), default="explore", show_default=True, help="The split of the suites.")
@click.pass_context
def new_series(
    context: click.Context, series: str, title: str, language: Literal["en", "zh"], cast: str, split: Literal["explore", "gate"]
) -> None:
    """Make evals/cases/ID.yaml with a case of each stage, and add the series to the suites that have a stage's name.

    Pictures in evals/references/ID that are named like a character are its reference pictures.
    """
    from evals.newseries import add_series

    ws = workspace(context)
    made = add_series(ws.evals, series, title=title, language=language, cast=cast_of(cast), split=split)
    click.echo(made.file)
    next_steps(made.suites, made.pictures, series, silent=quiet(context))


@new.command("template")
@click.argument("ref", metavar="NAME")
@click.option("--from", "source", metavar="VERSION", help="Whose text, also of a version that only the log keeps; default: a plain prompt.")
@click.pass_context
def new_template(context: click.Context, ref: str, source: str | None) -> None:
    """Make a template NAME, such as shot/poster; or keep a version under a label: NAME shot/keyframe@night, --from shot/keyframe.

    Partials are not copied: a version whose partials have changed since reads the new ones.
    """
    from prompts.newtemplate import add_template
    from runs.prepare import find_version
    from runs.starting import plain_template

    ws = workspace(context)
    version = find_version(ws, source) if source else plain_template(ref.partition("/")[0])
    path = add_template(ws.prompts, ref, version)
    click.echo(path)
    now = find_version(ws, ref)
    if source and now.id != version.id and now.stage == version.stage:
        output.say(f"Its partials have changed since: {version.shown} was asked for, {now.shown} it is.")
    same = f"; until you edit it, it is the same version as {version.ref}" if source and now.id == version.id else ""
    output.say(f"Next: edit it, then workbench try {ref}{same}", quiet=quiet(context))


def next_steps(suites: tuple[str, ...], pictures: Path, series: str, *, silent: bool) -> None:
    """Say what a new series is in, and how to see it."""
    output.say(
        f"Suites that try it now: {', '.join(suites) or 'none; name it in evals/suites'}. Pictures go into {pictures}.", quiet=silent
    )
    output.say(f"Next: workbench try script/episode --case {series}-script-1", quiet=silent)
