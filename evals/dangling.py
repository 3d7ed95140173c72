"""What a series file must hold beyond its shape: no id twice, no id that names nothing, each stage its own fields.

Example: a shot shows `mei` in the look `bridal`, and her looks are `maid` and `ghost`

    evals/cases/foxlight.yaml:91: cases[5].shot.visible[0].look: Unknown look of mei 'bridal'. Known: ghost, maid.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from evals.document import Document
from prompts.errors import UnknownName
from prompts.plainyaml import Place
from prompts.story import ANGLES, DAYPARTS, EMOTIONS, FACINGS, MOVES, SIZES, Shot, Visible

if TYPE_CHECKING:
    from evals.case import CaseSpec, SeriesFile

NEEDS: dict[str, tuple[str, ...]] = {
    "outline": ("episode",), "script": ("episode",), "character": ("character",), "shot": ("shot",), "clip": ("shot",),
    "music": ("episode", "cue"),
}  # fmt: skip
MAY: dict[str, tuple[str, ...]] = {"character": ("look",), "shot": ("episode",), "clip": ("episode",)}


class _Named(Protocol):
    id: str


def check(document: Document, file: SeriesFile) -> None:
    """Check all ids of a series file.

    Raises:
        InputError: For the first that is wrong, with file and line.
    """
    Check(document, file).run()


class Check:
    """The known ids of one file, and the walk over all that refer to them."""

    def __init__(self, document: Document, file: SeriesFile) -> None:
        self.document = document
        self.file = file
        self.cast = {c.id: {look.id for look in c.looks} for c in file.characters}
        self.places = {x.id for x in file.locations}
        self.props = {p.id for p in file.props}
        self.facts = {f.id for f in file.facts}
        self.episodes = {e.id: e for e in file.episodes}

    def run(self) -> None:
        """Check definitions first, then what refers to them."""
        groups: dict[str, Sequence[_Named]] = {
            "characters": self.file.characters, "locations": self.file.locations, "props": self.file.props,
            "facts": self.file.facts, "episodes": self.file.episodes, "cases": self.file.cases,
        }  # fmt: skip
        for name, items in groups.items():
            self.unique(items, (name,))
        self.world()
        for index, case in enumerate(self.file.cases):
            self.case(case, ("cases", index))

    def world(self) -> None:
        """Check what cast, props, facts and episodes say of each other."""
        for i, character in enumerate(self.file.characters):
            self.unique(character.looks, ("characters", i, "looks"))
            self.known(f"look of {character.id}", character.default_look, self.cast[character.id], ("characters", i, "default_look"))
        for i, prop in enumerate(self.file.props):
            self.known("character", prop.first_holder, self.cast, ("props", i, "first_holder"))
        for i, fact in enumerate(self.file.facts):
            self.all_known("character", fact.known_by, self.cast, ("facts", i, "known_by"))
        everything = {*self.cast, *self.places, *self.props, *self.facts}
        for i, episode in enumerate(self.file.episodes):
            if episode.outline:
                loc: Place = ("episodes", i, "outline", "must_include")
                self.all_known("id", episode.outline.must_include, everything, loc)

    def case(self, case: CaseSpec, loc: Place) -> None:
        """Check one case: it has what its stage needs, nothing else, and what it names is there."""
        for field in ("episode", "character", "look", "shot", "cue"):
            given = getattr(case, field) is not None
            if field in NEEDS[case.stage] and not given:
                self.document.fail(loc, f"A case of stage {case.stage} needs {field!r}.")
            if given and field not in (*NEEDS[case.stage], *MAY.get(case.stage, ())):
                self.document.fail((*loc, field), f"A case of stage {case.stage} has no {field!r}.")
        self.known("episode", case.episode, self.episodes, (*loc, "episode"))
        if case.stage == "script" and case.episode and self.episodes[case.episode].outline is None:
            self.document.fail((*loc, "episode"), f"A script is written from an outline, and {case.episode} has none.")
        self.known("character", case.character, self.cast, (*loc, "character"))
        if case.character:
            self.known(f"look of {case.character}", case.look, self.cast[case.character], (*loc, "look"))
        if case.cue and case.cue.end <= case.cue.start:
            self.document.fail((*loc, "cue", "end"), "A cue ends after it starts.")
        if case.shot:
            self.shot(case.shot, (*loc, "shot"))

    def shot(self, shot: Shot, loc: Place) -> None:
        """Check a shot's vocabulary, place, props, people and lines."""
        self.known("location", shot.location, self.places, (*loc, "location"))
        for field, words in (("daypart", DAYPARTS), ("size", SIZES), ("angle", ANGLES), ("move", MOVES)):
            self.known(field, getattr(shot, field), words, (*loc, field))
        self.all_known("prop", shot.props, self.props, (*loc, "props"))
        seen: set[str] = set()
        for i, person in enumerate(shot.visible):
            self.person(person, (*loc, "visible", i))
            if person.who in seen:
                self.document.fail((*loc, "visible", i, "who"), f"{person.who} is in this shot twice.")
            seen.add(person.who)
        self.unique(shot.lines, (*loc, "lines"))
        for i, line in enumerate(shot.lines):
            self.known("character", line.speaker, self.cast, (*loc, "lines", i, "speaker"))
            self.all_known("fact", line.asserts, self.facts, (*loc, "lines", i, "asserts"))

    def person(self, person: Visible, loc: Place) -> None:
        """Check one visible person."""
        self.known("character", person.who, self.cast, (*loc, "who"))
        self.known(f"look of {person.who}", person.look, self.cast[person.who], (*loc, "look"))
        self.known("facing", person.facing, FACINGS, (*loc, "facing"))
        self.known("emotion", person.emotion, EMOTIONS, (*loc, "emotion"))

    def known(self, kind: str, name: str | None, names: Iterable[str], loc: Place) -> None:
        """Fail unless a name is left open or known."""
        if name is not None and name not in set(names):
            self.document.fail(loc, str(UnknownName(kind, name, names)))

    def all_known(self, kind: str, given: Sequence[str], names: Iterable[str], loc: Place) -> None:
        """Fail unless every name of a list is known."""
        for i, name in enumerate(given):
            self.known(kind, name, names, (*loc, i))

    def unique(self, items: Sequence[_Named], loc: Place) -> None:
        """Fail where two items of a list share an id."""
        seen: set[str] = set()
        for i, item in enumerate(items):
            if item.id in seen:
                self.document.fail((*loc, i, "id"), f"The id {item.id!r} stands here a second time.")
            seen.add(item.id)
