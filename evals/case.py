"""Cases: the inputs that versions are compared on, kept one file a series in `evals/cases/<series>.yaml`.

A file holds the series' bible, cast, places, props, facts and episodes once, and a list of cases that point into them.
`resolve` joins the two into the plain mapping that a template renders and a scorer judges against.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from prompts.story import Character, Cue, Episode, Fact, Id, Location, Model, Prop, Series, Shot

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
    locations: list[Location] = []
    props: list[Prop] = []
    facts: list[Fact] = []
    episodes: list[Episode] = []
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
