"""Budgets of episodes of 30, 60 and 90 seconds: guides disagree in seconds, so they are data that a case may override.

Example: `profile_of(45)` is the profile of 60 s episodes, the shortest one that is not shorter.

A case's own `profile` (see `evals.profile`) goes before these where it has the same key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Profile:
    """What an episode of about `seconds` holds. Shares are of the episode's length.

    `min_beats`, `max_beats` and `max_scenes` are None where only the case may say; `reading` is the fastest subtitle, in
    characters a second, by language: public guides give 15 to 20 for Latin scripts and about 9 for Chinese.
    """

    seconds: int
    hook_seconds: float
    monologue_seconds: float
    speech_share: float
    min_beats: int | None = None
    max_beats: int | None = None
    max_scenes: int | None = None
    reading: Mapping[str, float] | None = None

    def told(self, case: Mapping[str, Any]) -> Profile:
        """Return the profile with what a case says instead."""
        keys = ("hook_seconds", "min_beats", "max_beats", "max_scenes", "monologue_seconds")
        return replace(self, **{key: case[key] for key in keys if isinstance(case.get(key), int | float)})

    def characters_per_second(self, language: str) -> float:
        """Return the fastest that a subtitle of a language may pass."""
        reading = self.reading or READING
        return reading.get(language.lower()[:2], reading["en"])


READING: Mapping[str, float] = {"zh": 9.0, "en": 20.0}
PROFILES: tuple[Profile, ...] = (
    Profile(30, hook_seconds=3, monologue_seconds=12, speech_share=0.95),
    Profile(60, hook_seconds=3, monologue_seconds=15, speech_share=0.92),
    Profile(90, hook_seconds=4, monologue_seconds=20, speech_share=0.90),
)


def profile_of(seconds: float | None) -> Profile:
    """Return the shortest profile that an episode of so many seconds fits into; that of 60 s where no length is set."""
    return next((p for p in PROFILES if seconds is not None and seconds <= p.seconds), PROFILES[-1] if seconds else PROFILES[1])
