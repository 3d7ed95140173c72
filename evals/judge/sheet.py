"""A text as a judge reads it: every line with an id that a quote can be checked against.

Example: a script of one beat becomes

    [s1] pier, night: mei, zhao
    [b1] Mei throws the ring into the harbour.
    [l1] MEI: Then we are enemies.

JSON is half keys and brackets; the judge gets what a reader would, and the ids of the script itself. A text that is no script is
numbered line by line. What a line says is never changed, so that a quote can be found in it character by character.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evals.schema import read
from prompts.story import Script


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the judge reads, and the text of each id."""

    text: str
    units: Mapping[str, str]


def sheet_of(text: str) -> Sheet:
    """Lay out a script, or number the lines of any other text."""
    model = read(text, "script").model
    rows = _script(model) if isinstance(model, Script) else _lines(text)
    # A script with one id twice keeps the first under it: what cannot be told apart cannot be quoted apart.
    units: dict[str, str] = {}
    for name, _, said in rows:
        units[name] = f"{units[name]}\n{said}" if name in units else said
    return Sheet("\n".join(f"[{name}] {head}{said}" for name, head, said in rows), units)


def _lines(text: str) -> list[tuple[str, str, str]]:
    kept = [line.strip() for line in text.splitlines() if line.strip()]
    return [(f"n{number}", "", line) for number, line in enumerate(kept, 1)]


def _script(script: Script) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    for scene in script.scenes:
        rows.append((scene.id, "", f"{scene.location}, {scene.daypart}: {', '.join(scene.present)}"))
        for beat in scene.beats:
            rows.append((beat.id, "", _one_line(beat.action)))
            for line in beat.lines:
                how = f" ({line.manner})" if line.manner else ""
                rows.append((line.id, f"{(line.speaker or line.kind).upper()}{how}: ", _one_line(line.text)))
    return rows


def _one_line(text: str) -> str:
    return " ".join(text.split())
