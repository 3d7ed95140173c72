"""Labels of what is not about who somebody is: the emotion of a picture, the fault of a clip, the findings of a script.

    emotions.csv    file,person,emotion,neutral     neutral: yes for a person's calm view that others are compared with
    faults.csv      file,fault                      cuts, frozen, flicker, warping, blank; empty: a clip without a fault
    scripts.csv     file,case,checks                script and case as JSON; the checks that must find something (C02 C11), or none

Files are named from the folder on. Every table may be missing.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evals.checks.registry import CHECKS
from evals.faces.emotion import EMOTIONS

FAULTS = ("cuts", "frozen", "flicker", "warping", "blank")


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of a person and the emotion that it shows; `neutral` ones are what the others are compared with."""

    path: Path
    person: str
    emotion: str
    neutral: bool


@dataclass(frozen=True, slots=True)
class Faulty:
    """A clip and the scorer that must find something in it; empty where none must."""

    path: Path
    fault: str


@dataclass(frozen=True, slots=True)
class Written:
    """A script, the case that it was written for, and the checks that must find something in it."""

    path: Path
    case: Path
    checks: frozenset[str]


def shown(folder: Path) -> Iterator[Shown]:
    """Yield the rows of emotions.csv.

    Raises:
        ValueError: An emotion is none of the seven.
    """
    for row in rows(folder / "emotions.csv"):
        yield Shown(folder / row["file"], row["person"], _one_of(row["emotion"], EMOTIONS, "emotions.csv"), row.get("neutral") == "yes")


def faulty(folder: Path) -> Iterator[Faulty]:
    """Yield the rows of faults.csv.

    Raises:
        ValueError: A fault is none that a scorer finds.
    """
    for row in rows(folder / "faults.csv"):
        yield Faulty(folder / row["file"], _one_of(row.get("fault") or "", ("", *FAULTS), "faults.csv"))


def written(folder: Path) -> Iterator[Written]:
    """Yield the rows of scripts.csv.

    Raises:
        ValueError: There is no check of that name.
    """
    known = tuple(check.id for check in CHECKS)
    for row in rows(folder / "scripts.csv"):
        checks = frozenset(_one_of(name, known, "scripts.csv") for name in (row.get("checks") or "").split())
        yield Written(folder / row["file"], folder / row["case"], checks)


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table; none where there is no file."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def _one_of(word: str, words: tuple[str, ...], where: str) -> str:
    if word not in words:
        raise ValueError(f"{where}: {word!r} is none of {', '.join(w for w in words if w)}")
    return word
