"""`workbench lint`: what is wrong with prompts, before anything is paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runs.cli import complete, output
from runs.cli.context import workspace

if TYPE_CHECKING:
    from evals.case import Case
    from prompts.version import Version
    from runs.workspace import Workspace

GRAVER = {"block": ("block",), "warn": ("block", "warn"), "never": ()}
NOT_PASSED = 3


@click.command()
@click.argument("what", metavar="TEMPLATE|SUITE")
@click.option(
    "--version",
    "versions",
    multiple=True,
    metavar="REF",
    help="With SUITE: only this version; may be given again.",
    shell_complete=complete.versions,
)
@click.option("--suite", help="With TEMPLATE: only the cases of this suite.", shell_complete=complete.suites)
@click.option("--case", "cases", multiple=True, help="Only this case; may be given again.", shell_complete=complete.cases)
@click.option("--target", metavar="MODEL", help="The model that the prompts are for, such as kling; see docs/checks.md.")
@click.option("--fail-on", type=click.Choice(tuple(GRAVER)), default="block", show_default=True, help="Exit 3 from this severity on.")
@click.option("--all", "each", is_flag=True, help="Print every finding, not one line a check.")
@output.format_option
@click.pass_context
def lint(
    context: click.Context, what: str, versions: tuple[str, ...], suite: str | None, cases: tuple[str, ...], target: str | None,
    fail_on: str, each: bool, fmt: str,
) -> None:  # fmt: skip
    """Check the rendered prompts of TEMPLATE (a version), or of all versions of a SUITE's stage; nothing is called.

    Exit 3 where a finding is as grave as --fail-on says, so that it can stand in a build.
    """
    import pandas as pd

    from evals.checks.targets import target as target_of
    from runs.linting import lint_versions

    ws = workspace(context)
    found = _versions(ws, what, versions)
    of = _cases(ws, suite or (None if "/" in what else what), cases)
    lints = lint_versions(found, of, target_of(target) if target else None)
    rows = lints.rows() if each else lints.summary()
    heads = ["version", "check", "severity", "case", "quote", "message"] if each else SUMMARY
    counts = lints.counts()
    output.emit(pd.DataFrame(rows, columns=heads), fmt, key="lints", counts=counts, prompts=len(lints.prompts), clean=lints.clean())
    output.say(f"{len(lints.prompts)} prompts, {lints.clean()} without findings; {counts['block']} block, {counts['warn']} warn.")
    if any(counts[severity] for severity in GRAVER[fail_on]):
        raise click.exceptions.Exit(NOT_PASSED)


SUMMARY = ["version", "check", "severity", "prompts", "of", "for_example", "message"]


def _versions(ws: Workspace, what: str, asked: tuple[str, ...]) -> list[Version]:
    """Return the version that was named, or those of a suite's stage: the ones asked for, else all in the workspace."""
    from evals.suite import load_suite
    from runs.prepare import find_version, registry

    if "/" in what:
        if asked:
            raise click.UsageError("--version goes with a suite; a template is named once.")
        return [find_version(ws, what)]
    stage = load_suite(what, ws.evals / "suites").stage
    if asked:
        return [find_version(ws, ref) for ref in asked]
    known = registry(ws)
    return [known.load(entry) for entry in known.entries(stage)]


def _cases(ws: Workspace, suite: str | None, asked: tuple[str, ...]) -> list[Case]:
    from evals.case import load_cases
    from evals.suite import load_suite
    from prompts.errors import UnknownName

    found = load_cases(ws.evals / "cases")
    if suite:
        found = load_suite(suite, ws.evals / "suites").cases(found)
    known = {case.id: case for case in found}
    for name in asked:
        if name not in known:
            raise UnknownName("case", name, known)
    return [known[name] for name in asked] if asked else found
