"""Target models of prompts, as data: `evals/data/targets.toml` says what each takes, where that stands, and when it was read.

Example: `target("kling").max_characters` is 2500; `usual("clip")` is the target of a clip whose model is not known.
"""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from prompts.errors import UnknownName

FILE = Path(__file__).parents[1] / "data" / "targets.toml"
USUAL = {"shot": "generic-image", "character": "generic-image", "clip": "generic-video", "music": "generic-music"}


class Target(BaseModel):
    """What one model takes; None where no limit is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    stages: tuple[str, ...]
    negative: Literal["field", "--no", "none"]
    text: bool
    source: str
    read: date
    max_characters: int | None = None
    max_seconds: float | None = None
    moves: tuple[str, ...] = ()


@cache
def targets() -> dict[str, Target]:
    """Return all targets by name."""
    tables = tomllib.loads(FILE.read_text("utf-8"))
    return {name: Target.model_validate({"name": name, **table}) for name, table in tables.items()}


def target(name: str) -> Target:
    """Return a target by name.

    Raises:
        UnknownName: There is none.
    """
    if name not in targets():
        raise UnknownName("target model", name, targets())
    return targets()[name]


def usual(stage: str) -> Target | None:
    """Return the target of a stage whose model is not known; None for stages that chat models do."""
    return targets()[USUAL[stage]] if stage in USUAL else None
