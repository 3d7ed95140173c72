"""What the people of the embedded studio say and do: the sentence patterns of `phrases.yaml`, checked as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from prompts import text as measure

Bank = Mapping[str, tuple[str, ...]]
EMOTION: Mapping[str, int] = {"hook": 7, "setup": 3, "escalation": 6, "turn": 7, "reveal": 8, "payoff": 5, "cliffhanger": 9}
"""How strongly a beat of each function is felt, 0-10, before chance moves it by one."""


class Phrases(BaseModel):
    """All patterns of one language; `ramble` is what turns a line into one that no shot can hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lines: Bank
    actions: Bank
    outline: Bank
    manners: tuple[str, ...]
    ramble: str
    thing: str
    events: tuple[str, ...]


@lru_cache(maxsize=1)
def _all() -> dict[str, Phrases]:
    text = Path(__file__).with_name("phrases.yaml").read_text("utf-8")
    return {language: Phrases.model_validate(bank) for language, bank in yaml.load(text, yaml.CSafeLoader).items()}  # safe


def phrases(language: str) -> Phrases:
    """Return the patterns of `zh` or `en`."""
    return _all()[language]


@lru_cache(maxsize=4096)
def seconds(text: str, language: str) -> float:
    """Return a line's seconds of speech at the language's usual rate; writers weigh the same few lines over and over."""
    return measure.speech_seconds(text, language)


@lru_cache(maxsize=4096)
def length(text: str, language: str) -> int:
    """Return a line's length in characters (zh) or words (en)."""
    return measure.length(text, language)
