"""Passages that two texts share, aligned: the evidence of text reuse.

Example: a script that says "I counted every coin you left on my table tonight", beside one that says "I counted every coin
that you left on my table"

    Passage(start=0, end=9, other_start=0, other_end=10, shared=9, similarity=0.95)

Shared grams are seeds. Seeds that follow each other in both texts, with small gaps, are one passage; how much of it is the
same is then measured unit by unit. A passage that is short or only loosely similar is how people speak, and is dropped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from evals.originality.units import Units

GAP_WORDS = 6
GAP_SIGNS = 10
"""Units between two seeds of one passage: an edit of so much may stand in its middle."""
MIN_WORDS = 7
MIN_SIGNS = 11
"""Units that a passage must share to be evidence."""
MIN_SIMILARITY = 0.6
PLACES_A_GRAM = 16
"""A gram that one text holds oftener than this is its refrain, and begins no passage."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Units `start` to `end` of a text, which are nearly units `other_start` to `other_end` of another; ends are exclusive."""

    start: int
    end: int
    other_start: int
    other_end: int
    shared: int
    similarity: float


@dataclass(slots=True)
class _Chain:
    start: int
    end: int
    other_start: int
    other_end: int
    last: int
    other_last: int

    def takes(self, place: int, other: int, gap: int) -> bool:
        """Tell whether a seed goes on with this chain in both texts."""
        return 0 <= other - self.other_last <= gap and place - self.last <= gap


def passages(mine: Units, other: Units, *, stock: frozenset[int] = frozenset()) -> list[Passage]:
    """Return the passages that two texts share, in the order of the first, none inside another.

    Args:
        mine: The text that is looked at.
        other: The text that it may repeat; a text in another language shares nothing.
        stock: Hashes of grams that everybody uses; they begin no passage.
    """
    if (mine.chinese, mine.size) != (other.chinese, other.size):
        return []
    gap = GAP_SIGNS if mine.chinese else GAP_WORDS
    chains = _chains(_seeds(mine, other, stock), mine.size, gap)
    found = [p for p in (_passage(mine, other, c) for c in chains) if p is not None]
    return list(_outermost(found))


def covered(found: Iterable[Passage]) -> int:
    """Return how many units of the first text lie in passages; one that lies in two counts once."""
    return len({unit for p in found for unit in range(p.start, p.end)})


def _seeds(mine: Units, other: Units, stock: frozenset[int]) -> Iterator[tuple[int, int]]:
    places: dict[int, list[int]] = defaultdict(list)
    for place, gram in enumerate(other.grams().tolist()):
        places[gram].append(place)
    for place, gram in enumerate(mine.grams().tolist()):
        there = places.get(gram, ())
        if gram not in stock and len(there) <= PLACES_A_GRAM:
            for other_place in there:
                yield place, other_place


def _chains(seeds: Iterable[tuple[int, int]], size: int, gap: int) -> list[_Chain]:
    """Join seeds (in the order of the first text) to chains."""
    done: list[_Chain] = []
    open_: list[_Chain] = []
    for place, other in seeds:
        still = [c for c in open_ if place - c.last <= gap + size]
        done += [c for c in open_ if place - c.last > gap + size]
        near = [c for c in still if c.takes(place, other, gap + size)]
        if near:
            chain = min(near, key=lambda c: other - c.other_last)
            chain.last, chain.other_last = place, other
            chain.end, chain.other_end = max(chain.end, place + size), max(chain.other_end, other + size)
        else:
            still.append(_Chain(place, place + size, other, other + size, place, other))
        open_ = still
    return done + open_


def _passage(mine: Units, other: Units, chain: _Chain) -> Passage | None:
    from rapidfuzz.distance import Indel, LCSseq

    a, b = mine.words[chain.start : chain.end], other.words[chain.other_start : chain.other_end]
    shared = LCSseq.similarity(a, b)
    similarity = Indel.normalized_similarity(a, b)
    if shared < (MIN_SIGNS if mine.chinese else MIN_WORDS) or similarity < MIN_SIMILARITY:
        return None
    return Passage(chain.start, chain.end, chain.other_start, chain.other_end, int(shared), round(float(similarity), 3))


def _outermost(found: Sequence[Passage]) -> Iterator[Passage]:
    """Yield passages that lie in no longer one of the first text."""
    taken: list[Passage] = []
    for p in sorted(found, key=lambda p: (p.start - p.end, p.start, p.other_start)):
        if not any(t.start <= p.start and p.end <= t.end for t in taken):
            taken.append(p)
    yield from sorted(taken, key=lambda p: p.start)
