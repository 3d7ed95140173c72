"""What of a text or picture has been there before, and where: the findings of originality.

Example: a new script beside one of last year's series

    Reuse(kind="text", relation="other series", entry=<old/ep01.txt>, share=0.31, passages=(<9 words …>, …))

Own tellings of one tale share a phrase now and then; a copy shares passages. So a text is a reuse of another when passages of
it hold at least `SHARE` of it, or one of them is longer than anybody writes again by accident.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from evals.originality.catalogue import Catalogue, Entry
from evals.originality.passages import Passage, covered, passages
from evals.originality.pictures import Look, Nearest, nearest
from evals.originality.units import Units, units_of

SHARE = 0.08
"""Share of a text in passages from which it repeats another."""
LONG_WORDS = 16
LONG_SIGNS = 24
"""Shared units of one passage from which a text repeats another, however long the rest of it is."""
CANDIDATES = 20
"""Texts that are aligned with a new one: those that hold most of its grams."""
Relation = Literal["other work", "other series", "other episode", "same case"]


@dataclass(frozen=True, slots=True)
class Reuse:
    """One earlier text or picture that is repeated; `share` is how much of the new one lies in passages (1 for a picture)."""

    entry: Entry
    relation: Relation
    share: float
    passages: tuple[Passage, ...] = ()
    units: Units | None = None
    other: Units | None = None
    nearest: Nearest | None = None

    @property
    def kind(self) -> str:
        """Return `text` or `picture`."""
        return self.entry.kind

    def shown(self, most: int = 20) -> dict[str, Any]:
        """Return the finding as plain JSON, with both sides of each passage or the views of both pictures."""
        facts = {"name": self.entry.name, "series": self.entry.series, "case": self.entry.case_id, "version": self.entry.version}
        facts |= {"run": self.entry.run_id, "job": self.entry.job_id, "sha256": self.entry.sha256}
        told: dict[str, Any] = {"kind": self.entry.kind, "relation": self.relation, "source": facts, "share": round(self.share, 3)}
        if self.nearest is not None:
            seen = self.nearest
            told |= {"distance": round(seen.distance, 3), "likeness": round(seen.likeness, 3)}
            return told | {"view": seen.view, "other_view": seen.other_view}
        longest = sorted(self.passages, key=lambda p: -p.shared)[:most]
        return told | {"passages": [self._side_by_side(p) for p in longest], "total": len(self.passages)}

    def _side_by_side(self, p: Passage) -> dict[str, Any]:
        if self.units is None or self.other is None:
            raise ValueError("a passage without its texts")
        here, there = self.units.places[p.start][0], self.other.places[p.other_start][0]
        quotes = {"mine": self.units.quote(p.start, p.end), "theirs": self.other.quote(p.other_start, p.other_end)}
        return quotes | {"at": here, "other_at": there, "shared": p.shared, "similarity": p.similarity}


def relation(entry: Entry, facts: Mapping[str, str]) -> Relation:
    """Say how an entry stands to a new text or picture of which `series` and `case_id` are known."""
    if not entry.series:
        return "other work"
    if entry.series != facts.get("series"):
        return "other series"
    return "same case" if entry.case_id and entry.case_id == facts.get("case_id") else "other episode"


def text_reuse(
    text: str, catalogue: Catalogue, *, facts: Mapping[str, str] | None = None, skip: Callable[[Entry], bool] = lambda _: False
) -> list[Reuse]:
    """Return what a text repeats of a catalogue, the largest share first.

    Args:
        text: Prose, see `evals.originality.reading`.
        catalogue: What to look in.
        facts: What is known of the text, see `relation`.
        skip: Entries that do not count, such as the text itself.
    """
    mine = units_of(text)
    found = []
    stock = catalogue.stock(mine.grams())
    near = [entry for entry in catalogue.texts_like(mine) if not skip(entry)]
    for entry in near[:CANDIDATES]:
        other = units_of(entry.text)
        shared = passages(mine, other, stock=stock)
        share = covered(shared) / len(mine) if len(mine) else 0.0
        if shared and is_reuse(mine, shared):
            found.append(Reuse(entry, relation(entry, facts or {}), share, tuple(shared), mine, other))
    return sorted(found, key=lambda r: -r.share)


def is_reuse(mine: Units, shared: Iterable[Passage]) -> bool:
    """Tell whether passages are more than two people write by accident."""
    found = list(shared)
    longest = max((p.shared for p in found), default=0)
    return longest >= (LONG_SIGNS if mine.chinese else LONG_WORDS) or (len(mine) > 0 and covered(found) / len(mine) >= SHARE)


def picture_reuse(
    mine: Look, catalogue: Catalogue, *, facts: Mapping[str, str] | None = None, skip: Callable[[Entry], bool] = lambda _: False
) -> list[Reuse]:
    """Return the catalogue's pictures that a picture is, or is cut from; `mine` is looked at with mirrored views."""
    found = []
    for entry in (e for e in catalogue.pictures_like(mine) if not skip(e)):
        seen = nearest(mine, entry.look) if entry.look is not None else None
        if seen is not None and seen.same:
            found.append(Reuse(entry, relation(entry, facts or {}), 1.0, nearest=seen))
    return sorted(found, key=lambda r: r.nearest.distance if r.nearest else 1.0)
