"""What a script is checked against: the cast, places, props and facts of its case, and the episode's budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evals.checks.profiles import Profile, profile_of
from prompts.story import Character, Fact, Location, Prop

TOLERANCE = 0.15
LINE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """The declared world of one case. An empty mapping means that the case declares none, so nothing can be dangling.

    `target_seconds` is None where the case sets no length; `line_seconds` is the longest line, in seconds of speech;
    `must_include` are the ids that the outline wants to see.
    """

    language: str = "en"
    characters: Mapping[str, Character] = field(default_factory=dict)
    locations: Mapping[str, Location] = field(default_factory=dict)
    props: Mapping[str, Prop] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)
    target_seconds: float | None = None
    tolerance: float = TOLERANCE
    line_seconds: float = LINE_SECONDS
    must_include: tuple[str, ...] = ()
    profile: Profile = field(default_factory=lambda: profile_of(None))

    @classmethod
    def of_case(cls, inputs: Mapping[str, Any]) -> World:
        """Build the world from a case's resolved inputs; what the case leaves out stays empty.

        Raises:
            pydantic.ValidationError: An entry is not what the story model says.
        """
        profile = inputs.get("profile") or {}
        episode = inputs.get("episode") or {}
        rate = profile.get("speech_rate")
        limit = profile.get("line_limit")
        return cls(
            language=inputs.get("language") or (inputs.get("series") or {}).get("language") or "en",
            characters={c.id: c for c in map(Character.model_validate, inputs.get("characters") or [])},
            locations={x.id: x for x in map(Location.model_validate, inputs.get("locations") or [])},
            props={p.id: p for p in map(Prop.model_validate, inputs.get("props") or [])},
            facts={f.id: f for f in map(Fact.model_validate, inputs.get("facts") or [])},
            target_seconds=profile.get("target_seconds", episode.get("target_seconds")),
            tolerance=profile.get("tolerance", episode.get("tolerance", TOLERANCE)),
            line_seconds=limit / rate if limit and rate else LINE_SECONDS,
            must_include=tuple((episode.get("outline") or {}).get("must_include") or inputs.get("must_include") or ()),
            profile=profile_of(profile.get("target_seconds", episode.get("target_seconds"))).told(profile),
        )

    def names(self, name: str) -> tuple[str, ...]:
        """Return, in lower case, the words by which a text may mention the thing or person that an id stands for."""
        person = self.characters.get(name)
        thing = person or self.locations.get(name) or self.props.get(name)
        if thing is None:
            return ()
        spoken = [thing.name, *(person.aliases if person else ())]
        return tuple(dict.fromkeys(word for text in spoken for word in _mentions(text)))

    def rate(self, who: str | None) -> float | None:
        """Return a person's own speech rate (characters or words a second), or None for the language's usual one."""
        person = self.characters.get(who or "")
        return person.speech_rate if person else None

    def immortal(self, who: str) -> bool:
        """Tell whether someone cannot die (a ghost, a god)."""
        return who in self.characters and self.characters[who].immune_to_death


def _mentions(name: str) -> list[str]:
    """Return a name whole, and without its article: `the old well` is mentioned by "old well"."""
    text = name.casefold().strip()
    bare = text
    for article in ("the ", "a ", "an "):
        bare = bare.removeprefix(article)
    return [x for x in dict.fromkeys((text, bare)) if x]
