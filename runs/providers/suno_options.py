"""What all three ways to Suno have in common: what calls may say, under which names, and words that mean a class of errors.

known({"style": "score", "instrumental": True}, FIELDS, NAMES)      # {"tags": "score", "make_instrumental": True}
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from runs.provider import Failure, Usage
from runs.providers.tables import Words, at, mapping, number

WORDS: Words = (
    (re.compile(r"moderat|sensitive|copyright|prohibited|inappropriate|violat", re.IGNORECASE), "content_refused"),
    (re.compile(r"insufficient credit|out of credit|no credits", re.IGNORECASE), "quota"),
)
NAMES: Mapping[str, str] = {"style": "tags", "instrumental": "make_instrumental", "negativeTags": "negative_tags"}
"""Our names of parameters in the words of those gateways that speak as Suno's own page does."""


def known(given: Mapping[str, Any], fields: Collection[str], names: Mapping[str, str] = NAMES) -> dict[str, Any] | Failure:
    """Return parameters under a gateway's names, or which of them it does not have."""
    named = {names.get(name, name): value for name, value in given.items()}
    if unknown := sorted(named.keys() - {*fields}):
        why = f"Suno has no parameter {unknown[0]!r}; known are {', '.join(fields)}"
        return Failure("invalid_request", why, code="unknown_parameter")
    return named


def are_lyrics(named: Mapping[str, Any]) -> bool:
    """Say whether the prompt is the lyrics: where a style or a title is given; else it describes the song."""
    return "tags" in named or "title" in named


def usage_of(clips: Sequence[Any]) -> Usage:
    """Return the seconds of all songs together; unknown where one does not say how long it is."""
    seconds = [number(mapping(clip).get("duration")) or number(at(clip, "metadata", "duration")) for clip in clips]
    return Usage(seconds=None if None in seconds else sum(s for s in seconds if s is not None))
