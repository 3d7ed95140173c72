"""`workbench originality`: whether texts and pictures have been there before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from runs.cli import output
from runs.cli.context import quiet, workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from runs.originality import Finding


@click.group()
def originality() -> None:
    """Find text and pictures that repeat an earlier work: the studio's own, or any folder that you add."""


@originality.command("add")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--series", default="", help="The series that the files belong to; a run knows its own.")
@click.pass_context
def add(context: click.Context, sources: tuple[str, ...], series: str) -> None:
    """Add works to the catalogue: a file, a folder of texts and pictures, or the outputs of a RUN."""
    from runs.originality import add as add_to

    done = add_to(workspace(context), sources, series)
    for name, reason in done.skipped:
        output.say(f"  {name}: left out, {reason}", quiet=quiet(context))
    output.say(f"Added {done.new}; {done.known} were there already.")


@originality.command("check")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--series", default="", help="The series that the files belong to; a run knows its own.")
@click.option("--same-case", is_flag=True, help="Also compare generations of one case, which share their outline.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Also write the pairs side by side to this page.")
@click.option("--strict", is_flag=True, help="Exit with 1 if anything is found.")
@output.format_option
@click.pass_context
def check(
    context: click.Context, sources: tuple[str, ...], series: str, same_case: bool, html: Path | None, strict: bool, fmt: str
) -> None:
    """Look works up in the catalogue and in each other; a SOURCE is a file, a folder or a RUN.

    Each finding shows both sides: the two passages, or the two pictures and how the one was cut from the other.
    """
    from runs.originality import check as check_in

    ws = workspace(context)
    found, skipped = check_in(ws, sources, same_case=same_case, series=series)
    for name, reason in skipped:
        output.say(f"  {name}: not checked, {reason}", quiet=quiet(context))
    if html is not None:
        from runs.originality_page import page

        html.write_text(page(ws, found), "utf-8")
        output.say(f"Wrote {html}.", quiet=quiet(context))
    if fmt == "json":
        output.emit_json({"findings": [finding.row() for finding in found], "checked_not": [list(pair) for pair in skipped]})
    else:
        output.emit(_frame(ws.root, found, fmt), fmt, key="findings")
    if strict and found:
        raise click.exceptions.Exit(1)


@originality.command("list")
@output.format_option
@click.pass_context
def list_(context: click.Context, fmt: str) -> None:
    """List what the catalogue holds."""
    import pandas as pd

    from evals.originality.catalogue import Catalogue

    entries = Catalogue.load(workspace(context).evals).entries.values()
    rows = [(e.kind, e.name, e.series, e.case_id, len(e.grams) if e.grams is not None else None) for e in entries]
    output.emit(pd.DataFrame(rows, columns=["kind", "name", "series", "case_id", "grams"]), fmt, key="entries")


@originality.command("remove")
@click.argument("prefix")
@click.pass_context
def remove(context: click.Context, prefix: str) -> None:
    """Remove from the catalogue all works whose name begins with PREFIX."""
    from evals.originality.catalogue import editing

    with editing(workspace(context).evals) as catalogue:
        gone = catalogue.remove(prefix)
    output.say(f"Removed {gone}.")


def _frame(root: Path, found: Sequence[Finding], fmt: str) -> pd.DataFrame:
    """Return one row a passage or pair of pictures, both sides in it."""
    import pandas as pd

    rows = []
    for finding in found:
        told = finding.row()
        head = (finding.work.name, told["relation"], told["source"]["name"], told["share"])
        if finding.reuse.nearest is not None:
            mine, theirs = _pictures(root, finding, fmt)
            rows.append((*head, f"{told['likeness']:.2f}", mine, theirs))
        rows += [(*head, str(p["shared"]), p["mine"], p["theirs"]) for p in told.get("passages", ())]
    return pd.DataFrame(rows, columns=["name", "relation", "source", "share", "shared", "mine", "theirs"])


def _pictures(root: Path, finding: Finding, fmt: str) -> tuple[str, str]:
    seen = finding.reuse.nearest
    if seen is None:
        raise ValueError("a picture without a pair")
    if fmt == "md":  # Markdown shows the pictures themselves where they are files
        other = root / finding.reuse.entry.name
        shown = f"![{seen.other_view}]({other})" if other.is_file() else f"{finding.reuse.entry.name}: {seen.other_view}"
        return f"![{seen.view}]({finding.work.path})", shown
    return seen.view, seen.other_view
