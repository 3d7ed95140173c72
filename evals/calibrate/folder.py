"""The labels of a folder: which pictures show whom, how a clip was made, which shots of a series are the odd ones.

    people/PERSON/*.jpg            pictures of one person a folder;   people.csv (optional): person,group
    clips/*.mp4 + clips.csv        file,person,variant,amplitude,blinks,speaking    the others are compared with variant `lively`
    series/NAME/* + series.csv     series,file,person,same                 same: yes or no
    emotions.csv, faults.csv, scripts.csv                                  see `labels`

Every part may be missing. `amplitude` (0 to 1) and `blinks` (seconds, separated by spaces) may be empty, `speaking` is yes or no
(empty: yes). Instead of `people/` and `clips.csv` the label files `stills.json` and `clips.json` are read where they lie.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.calibrate import labels
from evals.calibrate.labels import rows as _rows
from evals.errors import ScorerError

HOW = "It takes people/PERSON/, clips.csv, series.csv, emotions.csv, faults.csv or scripts.csv: see docs/calibration.md."
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif"})


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of known people, from left to right, and the subgroup that they are counted in."""

    path: Path
    people: tuple[str, ...]
    group: str


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip of one person, how it was made, and the truth about it where it is known."""

    path: Path
    person: str
    variant: str
    amplitude: float | None
    blinks: tuple[float, ...] | None
    speaking: bool = True


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of a series that should show a person, and whether it does."""

    series: str
    path: Path
    person: str
    same: bool


@dataclass(frozen=True, slots=True)
class Labelled:
    """Everything that a folder has labels for."""

    name: str
    pictures: tuple[Picture, ...]
    clips: tuple[Clip, ...]
    shots: tuple[Shot, ...]
    emotions: tuple[labels.Shown, ...] = ()
    faults: tuple[labels.Faulty, ...] = ()
    scripts: tuple[labels.Written, ...] = ()

    @property
    def files(self) -> list[Path]:
        """Return everything that has a label, in the order in which it is measured; a file may have several."""
        parts = (self.pictures, self.clips, self.shots, self.emotions, self.faults, self.scripts)
        return [item.path for part in parts for item in part]


def read(folder: Path) -> Labelled:
    """Return the labelled material of a folder.

    Raises:
        ScorerError: It is no folder, holds nothing that is labelled, or a label file is wrong.
    """
    if not folder.is_dir():
        raise ScorerError(f"{folder} is not a folder.")
    try:
        found = Labelled(
            folder.name,
            tuple(_pictures(folder)),
            tuple(_clips(folder)),
            tuple(_shots(folder)),
            tuple(labels.shown(folder)),
            tuple(labels.faulty(folder)),
            tuple(labels.written(folder)),
        )
        missing = [path for path in (*found.files, *(s.case for s in found.scripts)) if not path.is_file()]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, csv.Error) as error:
        raise ScorerError(f"The labels in {folder.name} cannot be read: {type(error).__name__}: {str(error)[:300]}") from None
    if missing:
        raise ScorerError(f"{missing[0].name} has a label and is not there ({len(missing)} such files in {folder.name}).")
    if not found.files:
        raise ScorerError(f"{folder.name} holds nothing labelled.", hint=HOW)
    return found


def _pictures(folder: Path) -> Iterator[Picture]:
    groups = {row["person"]: row.get("group") or "" for row in _rows(folder / "people.csv")}
    if (folder / "people").is_dir():
        for place in sorted(p for p in (folder / "people").iterdir() if p.is_dir()):
            for path in sorted(p for p in place.iterdir() if p.suffix.lower() in PICTURES):
                yield Picture(path, (place.name,), groups.get(place.name, ""))
    for label in _json(folder / "stills.json"):
        people = tuple(str(who) for who in label["people"])
        yield Picture(folder / label["file"], people, _kind(people))


def _kind(people: tuple[str, ...]) -> str:
    first = people[0].split("_")[0] if people else ""
    return {"art": "painted", "ai": "AI photograph"}.get(first, "photograph")


def _clips(folder: Path) -> Iterator[Clip]:
    for row in _rows(folder / "clips.csv"):
        blinks = row.get("blinks")
        times = None if blinks is None else tuple(float(v) for v in blinks.split())
        truth = float(row["amplitude"]) if row.get("amplitude") else None
        yield Clip(folder / "clips" / row["file"], row["person"], row["variant"], truth, times, row.get("speaking") != "no")
    for label in _json(folder / "clips.json"):
        amplitude = float(label["mouth_amp"]) if label["variant"] in ("lively", "half", "quarter", "frozen") else None
        yield Clip(folder / label["clip"], label["identity"], label["variant"], amplitude, tuple(label["blink_times_s"]))


def _shots(folder: Path) -> Iterator[Shot]:
    for row in _rows(folder / "series.csv"):
        if row["same"] not in ("yes", "no"):
            raise ValueError(f"series.csv: same is yes or no, not {row['same']!r}")
        yield Shot(row["series"], folder / "series" / row["series"] / row["file"], row["person"], row["same"] == "yes")


def _json(path: Path) -> list[Mapping[str, Any]]:
    return json.loads(path.read_text("utf-8")) if path.is_file() else []
