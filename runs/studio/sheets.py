"""Draw the reference sheets that series files name: `python -m runs.studio.sheets EVALS_FOLDER`.

For each character of `cases/*.yaml` with a reference picture, the embedded studio draws one sheet (three-quarter left,
front, three-quarter right, neutral) from the character's static descriptors, and writes it to the named path. Equal
descriptors give an equal picture on any day; a picture made elsewhere is left alone, unless `--force` is given.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from evals.case import load_series
from prompts.errors import InputError, WorkbenchError
from prompts.story import Character
from runs.studio.marks import read_truth
from runs.studio.sheet import sheet

SIZE = (672, 400)


def sheet_prompt(character: Character) -> str:
    """Return what a sheet is drawn from: the descriptors and nothing else, so that every look has the same face."""
    return f"Person 1 ({character.id}):\nAppearance: {'; '.join(character.static_descriptors)}\nExpression: neutral, mouth closed"


def sheet_seed(series: str, character: Character) -> int:
    """Return the seed of a character's sheet, from the ids alone."""
    return int.from_bytes(hashlib.sha256(f"{series}/{character.id}".encode()).digest()[:4], "big")


def draw_sheets(evals: Path, *, force: bool = False) -> Iterator[Path]:
    """Draw what the series files below `evals/cases` name, and yield each path as it is written.

    Raises:
        InputError: A series file is malformed, or names a picture outside `evals`.
    """
    root = evals.resolve()
    for file in sorted((evals / "cases").glob("*.yaml")):
        loaded = load_series(file)
        for character in loaded.characters:
            for name in character.reference_images:
                path = (root / name).resolve()
                if not path.is_relative_to(root):
                    raise InputError(f"{file}: The reference picture {name!r} lies outside {evals}.")
                if not force and _is_foreign(path):
                    continue
                data, _ = sheet(sheet_prompt(character), seed=sheet_seed(loaded.series.id, character), size=SIZE)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                yield path


def _is_foreign(path: Path) -> bool:
    """Tell whether a file is there that the studio did not draw."""
    return path.is_file() and read_truth(path.read_bytes())[1] is None


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m runs.studio.sheets", description="Draw the reference sheets that series files name.")
    parser.add_argument("folder", type=Path, help="the evals folder, which holds cases/ and references/")
    parser.add_argument("--force", action="store_true", help="replace pictures that the studio did not draw, too")
    given = parser.parse_args(arguments)
    try:
        for path in draw_sheets(given.folder, force=given.force):
            sys.stdout.write(f"{path}\n")
    except WorkbenchError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
