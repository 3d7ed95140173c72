"""What a check yields, and the helpers that all checks share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from evals.checks.ledger import Ledger, Moment
from evals.checks.world import World
from prompts.story import Line
from prompts.text import speech_seconds

QUOTE_LENGTH = 200
NEAR = 55.0
"""From this similarity (0-100) on, a wrong id is taken for a misspelling of a right one."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a rule is broken. Hits of one script with the same `cause` have one root and count once.

    `where` are ids from the outside in (scene, beat, line). `severity` is set only where a hit weighs less than its check does.
    """

    where: tuple[str, ...]
    quote: str
    message: str
    cause: str
    severity: Literal["block", "warn", "info"] | None = None


def quote(text: str) -> str:
    """Return a text as evidence shows it: one line, cut where it is long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= QUOTE_LENGTH else flat[: QUOTE_LENGTH - 1] + "…"


def at(moment: Moment, line: Line | None = None) -> tuple[str, ...]:
    """Return the ids that lead to a beat, or to a line of it."""
    ids = (moment.scene.id, moment.beat.id)
    return (*ids, line.id) if line else ids


def lines(ledger: Ledger) -> Iterator[tuple[Moment, Line]]:
    """Walk over all lines of a script."""
    return ((moment, line) for moment in ledger.moments for line in moment.beat.lines)


def takes(line: Line, world: World) -> float:
    """Return how long a line takes to say at its speaker's pace, in seconds."""
    return _takes(line.text, world.language, world.rate(line.speaker))


# Five checks ask for the seconds of each line.
_takes = lru_cache(maxsize=512)(speech_seconds)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that a wrong one most looks like, or None where none does."""
    # Imported here: a clean script never asks.
    from rapidfuzz import fuzz, process

    best = process.extractOne(word, sorted(known), scorer=fuzz.WRatio, score_cutoff=NEAR)
    return str(best[0]) if best else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return the sentence that helps with a wrong word: the nearest right one, or the list of all."""
    words = sorted(known)
    near = nearest(word, words)
    return f"Did you mean {near!r}?" if near else f"Known: {', '.join(words[:12])}."
