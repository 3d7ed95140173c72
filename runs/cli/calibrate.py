"""`workbench calibrate`: how far the scorers agree with labels, and a judge with people."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runs.cli import output
from runs.cli.context import quiet

if TYPE_CHECKING:
    from collections.abc import Callable

    from evals.calibrate.folder import Labelled


@click.command()
@click.argument("sources", nargs=-1, metavar="[FOLDER... | RUN RATINGS]")
@click.option("--studio", type=click.IntRange(2, 1000), metavar="PEOPLE", help="Also measure on so many people drawn by the studio.")
@click.option("--seed", type=click.IntRange(0, 10_000), default=1, show_default=True, help="Which people the studio draws.")
@click.option("--judge", "judge_name", metavar="NAME", help="Calibrate a judge, by its scorer name, such as judge/screenplay@gpt-x.")
@output.format_option
@click.pass_context
def calibrate(context: click.Context, sources: tuple[str, ...], studio: int | None, seed: int, judge_name: str | None, fmt: str) -> None:
    """Measure on labelled FOLDERs, and on the studio's own truth, how far the scorers are right.

    A FOLDER holds any of people/PERSON/ with pictures (are people told apart?), clips.csv with clips/ (is motion seen?), series.csv with
    series/ (is the odd shot found?), emotions.csv, faults.csv for the faults of clips, and scripts.csv for the findings of the logic
    checks; docs/calibration.md describes the columns. Prints areas under the curve, error rates and rank correlations with 95 %
    bootstrap intervals.

    With --judge, compares a judge instead with what people said of the scripts of RUN, and writes down whether it may be believed.
    RATINGS is a CSV file with the columns job_id (its beginning does), criterion, rater and answer (yes, partly, no).
    """
    if judge_name is not None:
        _judge(context, sources, judge_name, fmt)
        return
    if not sources and studio is None:
        raise click.UsageError("Name a FOLDER of labelled material, or give --studio PEOPLE.")
    _faces(tuple(Path(source) for source in sources), studio, seed, quiet(context), fmt)


def _judge(context: click.Context, sources: tuple[str, ...], judge_name: str, fmt: str) -> None:
    from runs.cli.judge import calibrate_judge

    if len(sources) != 2:
        raise click.UsageError("With --judge, give a RUN and a file of RATINGS.")
    if not Path(sources[1]).is_file():
        raise click.UsageError(f"There is no file {sources[1]}.")
    calibrate_judge(context, sources[0], Path(sources[1]), judge_name, fmt)


def _faces(folders: tuple[Path, ...], studio: int | None, seed: int, silent: bool, fmt: str) -> None:
    import pandas as pd

    from evals.calibrate.folder import read
    from evals.calibrate.report import report

    results = []
    with tempfile.TemporaryDirectory(prefix="calibrate-") as scratch:
        labelled = [read(folder) for folder in folders]
        if studio is not None:
            labelled.append(_drawn(Path(scratch), studio, seed, silent))
        for item in labelled:
            results += [(item.name, table) for table in report(item, _ticker(item, silent))]
    if fmt == "json":
        output.emit_json({"tables": [{"set": name, "title": table.title, "rows": table.rows} for name, table in results]})
        return
    for index, (name, table) in enumerate(results):
        if fmt != "csv" or index:
            click.echo("" if not index else "\n", nl=index > 0 and fmt != "csv")
        click.echo(f"{'### ' if fmt == 'md' else ''}{name}: {table.title}" + "\n" * (fmt != "csv"))
        output.emit(pd.DataFrame(table.rows).fillna(""), fmt)


def _drawn(folder: Path, people: int, seed: int, silent: bool) -> Labelled:
    from dataclasses import replace

    from evals.calibrate.folder import read
    from runs.studio.labelled import write

    output.say(f"Drawing {people} people.", quiet=silent)
    write(folder, people, seed)
    return replace(read(folder), name=f"studio, {people} people")


def _ticker(labelled: Labelled, silent: bool) -> Callable[[], None]:
    """Return a function that says from time to time how far the measuring is."""
    total = len(labelled.files)
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if done % 25 == 0 or done == total:
            output.say(f"{labelled.name}: {done} of {total}", quiet=silent)

    return tick
