"""`workbench import-script`: a screenplay of another tool as a script of the story model."""

from __future__ import annotations

from pathlib import Path

import click

from runs.cli import output
from runs.cli.context import quiet, workspace


@click.command("import-script")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--mapping", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="For JSON of other tools: where things stand."
)
@click.option("--series", help="Take ids of people and places from this series of evals/cases.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the script here; default: stdout.")
@click.pass_context
def import_script(context: click.Context, file: Path, mapping: Path | None, series: str | None, out: Path | None) -> None:
    """Turn FILE (Fountain, FDX, or JSON with a mapping) into a script of the story model, and say what was inferred.

    A folder of scripts is then judged with `workbench import --new --suite script --manifest CSV FOLDER`;
    the CSV has the columns file and case.
    """
    from prompts.errors import InputError, UnknownName
    from runs.screenplay.bring import bring

    known = None
    if series:
        folder = workspace(context).evals / "cases"
        known = folder / f"{series}.yaml"
        if not known.is_file():
            raise UnknownName("series", series, (p.stem for p in folder.glob("*.yaml")))
    built = bring(file, mapping=mapping, series=known)
    text = built.script.model_dump_json(indent=2, exclude_defaults=True) + "\n"
    for remark in built.inferred:
        output.say(f"  {output.printable(remark)}", quiet=quiet(context))
    lines = sum(len(b.lines) for s in built.script.scenes for b in s.beats)
    output.say(f"{file.name}: {len(built.script.scenes)} scenes, {lines} lines, {len(built.inferred)} things inferred.")
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}.") from None
