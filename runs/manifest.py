"""Manifests: which file is what, for imports whose file names do not say it. CSV, YAML or JSON.

    file,case,version,model,cost_usd,character,emotion,speaking,references
    a.png,well-01,detailed,mj-v7,0.04,mei;lin,fear;anger,true;false,mei=ref/mei.png;lin=ref/lin.png

In YAML and JSON the same keys stand in a list of mappings (or under `files`), and people may be spelled out:

    - {file: a.png, case: well-01, people: [{character: mei, emotion: fear, speaking: true, references: [ref/mei.png]}]}

`repeat` counts from 1. An empty cell is the same as none.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from evals.document import read_yaml
from prompts.errors import InputError
from prompts.story import EMOTIONS, Id

MAX_BYTES = 10_000_000
PEOPLE = ("character", "emotion", "intensity", "speaking", "x", "references")
YES, NO = frozenset({"true", "yes", "1", "y"}), frozenset({"false", "no", "0", "n"})
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Person(BaseModel):
    """Somebody who is seen. `x` from 0 left to 1 right; `intensity` of the emotion 0-1; references are picture files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    character: Id
    emotion: str = "neutral"
    intensity: float = Field(default=0.5, ge=0, le=1)
    speaking: bool = False
    x: float | None = Field(default=None, ge=0, le=1)
    references: list[str] = []


class Entry(BaseModel):
    """One line: a file, whose output it is, and what is known of its making."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    job: str = ""
    case: str = ""
    series: str = ""
    version: str = ""
    model: str = ""
    repeat: int | None = Field(default=None, ge=1, le=1000)
    cost_usd: Amount | None = None
    latency_s: Amount | None = None
    prompt: str = ""
    people: list[Person] = []


@dataclass(frozen=True, slots=True)
class Line:
    """An entry and where it stands, such as `shots.csv:3`."""

    entry: Entry
    place: str


def read(path: Path) -> list[Line]:
    """Read a manifest; the format follows from the extension.

    Raises:
        InputError: it cannot be read, or a line is wrong; with file, line and key.
    """
    if path.suffix.lower() in (".yaml", ".yml"):
        document = read_yaml(path, MAX_BYTES)
        rows = [(f"{path.name}:{document.plain.line(place)}", row) for place, row in _listed(document.plain.data, path)]
    elif path.suffix.lower() == ".json":
        rows = [(f"{path.name}, item {int(place[-1]) + 1}", row) for place, row in _listed(_json(path), path)]
    elif path.suffix.lower() == ".csv":
        rows = list(_csv(path))
    else:
        raise InputError(f"{path.name}: a manifest is a .csv, .yaml or .json file.")
    lines = [Line(_entry(row, place), place) for place, row in rows]
    if not lines:
        raise InputError(f"{path.name} names no file.")
    return lines


def _entry(row: Mapping[str, Any], place: str) -> Entry:
    given = {k: v for k, v in row.items() if v not in (None, "")}
    if any(k in given for k in PEOPLE):
        if "people" in given:
            raise InputError(f"{place}: give either people, or character and the like, not both.")
        given = {k: v for k, v in given.items() if k not in PEOPLE} | {"people": _people(given, place)}
    try:
        entry = Entry.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        key = ".".join(str(p) for p in first["loc"])
        if first["type"] == "extra_forbidden":
            raise InputError(f"{place}: unknown key {key!r}.", hint=_near(str(first["loc"][-1]))) from None
        raise InputError(f"{place}: {key}: {first['msg'][0].lower()}{first['msg'][1:]}.") from None
    for person in entry.people:
        if person.emotion not in EMOTIONS:
            raise InputError(f"{place}: unknown emotion {person.emotion!r}.", hint=f"Known: {', '.join(EMOTIONS)}.")
    if len({p.character for p in entry.people}) < len(entry.people):
        raise InputError(f"{place}: a character is named twice.")
    return entry


def _people(row: Mapping[str, Any], place: str) -> list[dict[str, Any]]:
    """Return people from flat cells, in which several are separated by semicolons."""
    names = _cells(row.get("character"))
    if not names:
        raise InputError(f"{place}: emotion, speaking and references need a character.")
    people: list[dict[str, Any]] = [{"character": name} for name in names]
    for key in ("emotion", "intensity", "speaking", "x"):
        values = _cells(row.get(key))
        if values and len(values) not in (1, len(names)):
            raise InputError(f"{place}: {len(names)} characters, but {len(values)} values of {key}.")
        for person, value in zip(people, values * (len(names) if len(values) == 1 else 1), strict=False):
            person[key] = _yes(value, place) if key == "speaking" else value
    for picture in _cells(row.get("references")):
        if not isinstance(picture, str):
            raise InputError(f"{place}: {str(picture)[:80]!r} is no name of a reference picture.")
        who, mark, file = picture.partition("=")
        owner = next((p for p in people if p["character"] == who.strip()), None) if mark else people[0] if len(people) == 1 else None
        if owner is None:
            raise InputError(f"{place}: whose reference is {picture!r}?", hint="Write character=picture, with a character of this line.")
        owner.setdefault("references", []).append((file if mark else picture).strip())
    return people


def _cells(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        return [part.strip() for part in value.split(";") if part.strip()]
    return [] if value is None else [value]


def _yes(value: Any, place: str) -> bool:
    text = str(value).strip().lower()
    if text not in YES | NO:
        raise InputError(f"{place}: speaking is yes or no, not {value!r}.")
    return text in YES


def _listed(data: Any, path: Path) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    inside = isinstance(data, Mapping) and set(data) == {"files"}
    rows = data["files"] if inside else data
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise InputError(f"{path.name}: a manifest is a list of files, or has one under the key files.")
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise InputError(f"{path.name}: item {number + 1} is no mapping.")
        yield (("files", number) if inside else (number,)), row


def _csv(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    text = _text(path)
    head = text.split("\n", 1)[0]
    # Spreadsheets of half the world write semicolons; those inside a cell then stand in quotes.
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [cell.strip().lower() for cell in next(reader, [])]
        if "file" not in names:
            raise InputError(f"{path.name}:1: there is no column 'file'.", hint=f"Columns: {', '.join(names) or 'none'}.")
        for unknown in [n for n in names if n and n not in Entry.model_fields and n not in PEOPLE]:
            raise InputError(f"{path.name}:1: unknown column {unknown!r}.", hint=_near(unknown))
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield f"{path.name}:{reader.line_num}", {n: c.strip() for n, c in zip(names, cells, strict=False) if n}
    except csv.Error as error:
        raise InputError(f"{path.name}:{reader.line_num}: {error}.") from None


def _json(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path.name}: is no JSON: {error}.") from None


def _text(path: Path) -> str:
    try:
        data = path.open("rb").read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"Cannot read the manifest {path.name}: {error.strerror}.") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path.name} is not UTF-8 text.", hint='Save it as "CSV UTF-8".') from None


def _near(name: str) -> str:
    known = [*Entry.model_fields, *PEOPLE]
    near = get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
