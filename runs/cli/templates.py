"""`workbench templates`, `render`, `diff`: look at what templates say, without calling anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runs.cli import complete, output
from runs.cli.context import workspace
from runs.cli.show import known_stage

if TYPE_CHECKING:
    from evals.case import Case
    from runs.workspace import Workspace


@click.command()
@click.argument("stage", required=False)
@output.format_option
@click.pass_context
def templates(context: click.Context, stage: str | None, fmt: str) -> None:
    """List templates and their versions, of one STAGE or of all."""
    import pandas as pd

    from prompts.errors import TemplateError
    from runs.prepare import registry

    known_stage(stage)
    found = registry(workspace(context))
    rows = []
    for entry in found.entries(stage):
        try:
            version = found.load(entry)
            rows.append((entry.ref, version.shown, version.front_matter.description, ""))
        except TemplateError as error:
            rows.append((entry.ref, "", "", str(error)))
    why = "Its name can be none: letters, digits, - and _ before @, a label behind it (docs/templates.md)."
    rows += [(path, "", "", why) for path in found.misnamed() if stage in (None, path.partition("/")[0])]
    frame = pd.DataFrame(rows, columns=["reference", "version", "description", "error"])
    output.emit(frame if frame["error"].any() else frame.drop(columns="error"), fmt, key="templates")


@click.command()
@click.argument("template", shell_complete=complete.versions)
@click.option(
    "--case",
    "case_id",
    help="The case to render, such as painted-skin-shot-1; default: the first that the stage's suite explores.",
    shell_complete=complete.cases,
)
@click.option("--format", "fmt", type=click.Choice(("text", "json")), default="text", show_default=True, help="How to print the result.")
@click.pass_context
def render(context: click.Context, template: str, case_id: str | None, fmt: str) -> None:
    """Print the prompt that TEMPLATE (a reference to a version) makes of a case; nothing is called.

    The prompt goes to stdout; version, hash and size go to stderr.
    """
    from prompts.render import render as rendered_of
    from runs.prepare import find_version
    from runs.trying import pick_case

    ws = workspace(context)
    version = find_version(ws, template)
    case = pick_case(ws, version.stage, case_id)
    rendered = rendered_of(version, case.inputs)
    facts = {"version": version.id, "shown": version.shown, "case": case.id, "sha256": rendered.sha256, "tokens": rendered.tokens}
    if fmt == "json":
        messages = [{"role": m.role, "content": m.content} for m in rendered.messages]
        output.emit_json({"render": {**facts, "characters": rendered.characters, "messages": messages}})
        return
    for message in rendered.messages:
        if len(rendered.messages) > 1:
            click.echo(f"[{message.role}]")
        click.echo(output.printable_lines(message.content))
    output.say(
        f"{version.shown}  {case.id}  {rendered.characters} characters, about {rendered.tokens} tokens  sha256 {rendered.sha256[:12]}"
    )


@click.command()
@click.argument("a", shell_complete=complete.versions)
@click.argument("b", required=False, shell_complete=complete.versions)
@click.option("--suite", help="Also show how the rendered prompts of this suite's cases change.", shell_complete=complete.suites)
@click.option("--case", "case_id", help="Show the rendered prompts of one case line by line.", shell_complete=complete.cases)
@click.pass_context
def diff(context: click.Context, a: str, b: str | None, suite: str | None, case_id: str | None) -> None:
    """Show what changed between two versions A and B, in source and as rendered.

    With A alone: what changed in it since it was last run.
    """
    from prompts.diff import format_rendered, format_source, rendered_diff, source_diff
    from runs.prepare import find_version
    from runs.trying import pick_case

    ws = workspace(context)
    new = find_version(ws, b or a)
    old = find_version(ws, a if b else _last_run(ws, new.template))
    of_suite = _suite_cases(ws, suite) if suite else []
    if case_id:
        case = pick_case(ws, new.stage, case_id)
        (of_case,) = rendered_diff(old, new, [(case.id, case.inputs)]).cases
        for error in filter(None, (of_case.error_a, of_case.error_b)):
            output.say(error)
        lines = [line.sign + line.text for hunk in of_case.lines for line in hunk]
    else:
        lines = format_source(source_diff(old, new)).splitlines()
    for line in lines or [f"{old.shown} and {new.shown} say the same."]:
        click.echo(_coloured(output.printable(line)))
    if suite:
        click.echo()
        click.echo(format_rendered(rendered_diff(old, new, [(c.id, c.inputs) for c in of_suite])))


def _last_run(ws: Workspace, template: str) -> str:
    """Return a reference to the version of a template that a run has used last."""
    from prompts.errors import InputError
    from runs import query

    used = query.versions(ws)
    used = used[used["template"] == template].sort_values("last_used", kind="stable")
    if used.empty:
        raise InputError(f"No run has used {template} yet.", hint="Name two versions.")
    return f"{template}@{str(used.iloc[-1]['version']).removeprefix('v1:')}"


def _suite_cases(ws: Workspace, suite: str) -> list[Case]:
    from evals.case import load_cases
    from evals.suite import load_suite

    return load_suite(suite, ws.evals / "suites").cases(load_cases(ws.evals / "cases"))


def _coloured(line: str) -> str:
    """Colour a diff's line; the sign before it says the same to those who see no colour."""
    colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
    return click.style(line, fg=colour) if colour else line
