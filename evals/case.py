"""Cases: the inputs that versions are compared on, kept one file a series in `evals/cases/<series>.yaml`.

A file holds the series' bible, cast, places, props, facts and episodes once, and a list of cases that point into them.
`resolve` joins the two into the plain mapping that a template renders and a scorer judges against.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field

from evals.document import Document, read_yaml, shown
from evals.profile import beat_profile
from prompts.errors import InputError
from prompts.story import Character, Cue, Episode, Fact, Id, Location, Look, Model, Prop, Series, Shot, Visible

PICTURES = (".webp", ".png", ".jpg", ".jpeg")
MAX_PICTURE_BYTES = 20_000_000
T = TypeVar("T", Character, Look, Location, Episode)
CaseStage = Literal["outline", "script", "character", "shot", "clip", "music"]


class CaseSpec(Model):
    """One case as written. Which of `episode`, `character`, `shot`, `cue` is needed follows from the stage."""

    id: Id
    stage: CaseStage
    episode: Id | None = None
    character: Id | None = None
    look: Id | None = None
    shot: Shot | None = None
    cue: Cue | None = None
    notes: str = ""


class SeriesFile(Model):
    """One file of `evals/cases/`."""

    series: Series
    characters: list[Character] = Field(min_length=1)
    locations: list[Location] = Field(default_factory=list)
    props: list[Prop] = Field(default_factory=list)
    facts: list[Fact] = Field(default_factory=list)
    episodes: list[Episode] = Field(default_factory=list)
    cases: list[CaseSpec] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Case:
    """A resolved case. `inputs` is what templates see; `references` are the pictures of each character shown, absolute paths.

    `hash` is SHA-256 over canonical JSON of stage, inputs and the references' content hashes (frozen upstream).
    """

    id: str
    series: str
    stage: str
    inputs: Mapping[str, Any]
    references: Mapping[str, tuple[Path, ...]]
    hash: str


def load_series(path: Path) -> SeriesFile:
    """Read and check one series file: its shape, and that every id in it names something.

    Raises:
        InputError: In one line, with file and line.
    """
    return _load(path)[1]


def load_cases(folder: Path) -> list[Case]:
    """Read all series files of `evals/cases` and resolve their cases, in the order of file names and of the files.

    Reference pictures are looked up below the folder's parent (`evals/`).

    Raises:
        InputError: A file is malformed, two cases or series share an id, or a reference picture is missing, outside
            `evals/` or too large.
    """
    if not folder.is_dir():
        raise InputError(f"{shown(folder)}: There is no such folder of cases.")
    cases: list[Case] = []
    homes: dict[str, Path] = {}
    for path in sorted(p for p in folder.iterdir() if p.suffix in (".yaml", ".yml") and not p.name.startswith(".")):
        document, file = _load(path)
        _claim(homes, document, f"series {file.series.id}", ("series", "id"))
        pictures = _pictures(document, file, folder.parent)
        for index, spec in enumerate(file.cases):
            _claim(homes, document, f"case {spec.id}", ("cases", index, "id"))
            cases.append(_resolve(file, spec, pictures))
    return cases


def resolve(series_file: SeriesFile, spec: CaseSpec, root: Path) -> Case:
    """Join a case with its series: inputs for templates, pictures for scorers, and the hash of both.

    Args:
        series_file: A checked file, as `load_series` returns it.
        spec: One of its cases.
        root: The folder that reference pictures are relative to, and may not leave (`evals/`).

    Raises:
        InputError: A reference picture is missing, outside `root` or too large.
    """
    pictures = {c.id: tuple(_picture(root, name) for name in c.reference_images) for c in series_file.characters}
    return _resolve(series_file, spec, pictures)


@dataclass(frozen=True, slots=True)
class _Picture:
    path: Path
    sha256: str


def _load(path: Path) -> tuple[Document, SeriesFile]:
    from evals.dangling import check  # imports this module for its models

    document = read_yaml(path)
    file = document.parse(SeriesFile)
    check(document, file)
    return document, file


def _claim(homes: dict[str, Path], document: Document, name: str, loc: tuple[str | int, ...]) -> None:
    other = homes.setdefault(name, document.path)
    if other is not document.path:
        document.fail(loc, f"The id of {name} is taken by {other.name}.")


def _pictures(document: Document, file: SeriesFile, root: Path) -> dict[str, tuple[_Picture, ...]]:
    found: dict[str, tuple[_Picture, ...]] = {}
    for index, character in enumerate(file.characters):
        pictures = []
        for number, name in enumerate(character.reference_images):
            try:
                pictures.append(_picture(root, name))
            except InputError as error:
                document.fail(("characters", index, "reference_images", number), error.message)
        found[character.id] = tuple(pictures)
    return found


def _picture(root: Path, name: str) -> _Picture:
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise InputError(f"The reference picture {name!r} lies outside the evals folder.")
    if path.suffix.lower() not in PICTURES:
        raise InputError(f"The reference picture {name!r} is none of {', '.join(PICTURES)}.")
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_PICTURE_BYTES + 1)
    except OSError as error:
        raise InputError(f"The reference picture {name!r} cannot be read: {error.strerror}.") from None
    if len(data) > MAX_PICTURE_BYTES:
        raise InputError(f"The reference picture {name!r} is larger than {MAX_PICTURE_BYTES:,} bytes.")
    return _Picture(path, hashlib.sha256(data).hexdigest())


def _resolve(file: SeriesFile, spec: CaseSpec, pictures: Mapping[str, tuple[_Picture, ...]]) -> Case:
    inputs = _shared(file) | _own(file, spec)
    seen = _seen(spec)
    frozen = {who: [p.sha256 for p in pictures[who]] for who in seen}
    text = json.dumps({"stage": spec.stage, "inputs": inputs, "references": frozen}, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return Case(
        id=spec.id,
        series=file.series.id,
        stage=spec.stage,
        inputs=inputs,
        references={who: tuple(p.path for p in pictures[who]) for who in seen},
        hash=hashlib.sha256(text.encode()).hexdigest(),
    )


def _shared(file: SeriesFile) -> dict[str, Any]:
    return {
        "series": file.series.model_dump(mode="json"),
        "language": file.series.language,
        "characters": [c.model_dump(mode="json") for c in file.characters],
        "locations": [x.model_dump(mode="json") for x in file.locations],
        "props": [p.model_dump(mode="json") for p in file.props],
        "facts": [f.model_dump(mode="json") for f in file.facts],
    }


def _own(file: SeriesFile, spec: CaseSpec) -> dict[str, Any]:
    """Return the inputs that only this stage has. Ids are known to name something: `evals.dangling` has checked them."""
    if spec.stage == "character":
        character = _by_id(file.characters, spec.character)
        return {"character": character.model_dump(mode="json"), "look": _look(character, spec.look)}
    if spec.shot is not None:
        people = [_person(file, v) for v in sorted(spec.shot.visible, key=lambda v: v.x)]
        place = _by_id(file.locations, spec.shot.location).model_dump(mode="json")
        return {"shot": spec.shot.model_dump(mode="json"), "location": place, "people": people, "aspect": file.series.aspect}
    episode = _by_id(file.episodes, spec.episode)
    whole = episode.model_dump(mode="json")
    if spec.cue is not None:
        return {"episode": whole, "cue": spec.cue.model_dump(mode="json")}
    profile = beat_profile(episode, file.series.language)
    if spec.stage == "outline":
        # The outline is what is asked for: a template that saw it would only copy it.
        must = list(episode.outline.must_include) if episode.outline else []
        return {"episode": whole | {"outline": None}, "must_include": must, "profile": profile}
    return {"episode": whole, "profile": profile}


def _person(file: SeriesFile, visible: Visible) -> dict[str, Any]:
    character = _by_id(file.characters, visible.who)
    acting = visible.model_dump(mode="json", exclude={"who", "look"})
    return {"character": character.model_dump(mode="json"), "look": _look(character, visible.look), **acting}


def _look(character: Character, asked: str | None) -> dict[str, Any] | None:
    """Return the look asked for, else the default one, else the first, else None."""
    name = asked or character.default_look or next((x.id for x in character.looks), None)
    return _by_id(character.looks, name).model_dump(mode="json") if name else None


def _seen(spec: CaseSpec) -> list[str]:
    if spec.shot is not None:
        return sorted({v.who for v in spec.shot.visible})
    return [spec.character] if spec.character else []


def _by_id(items: Iterable[T], name: str | None) -> T:
    return next(x for x in items if x.id == name)
