"""Rubrics: what a judge model is asked, one file each in `evals/rubrics/<name>.yaml`.

A file reads:

    name: screenplay
    stage: script
    criteria:
      - {id: hook, definition: the first beat raises a question, yes: her photograph on a missing poster, no: she walks to work}

A criterion has two answers or three, a definition, and one example on each side: scales of ten are read differently by every
model and by the same model twice. The hash of rubric and template version is the judge's version.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from evals.document import read_yaml
from prompts.errors import UnknownName
from prompts.story import Id, Model

ANSWERS: dict[int, dict[str, float]] = {2: {"no": 0.0, "yes": 1.0}, 3: {"no": 0.0, "partly": 0.5, "yes": 1.0}}
"""The answers of a criterion with so many levels, and their values."""
Text = Annotated[str, Field(min_length=3)]


class Criterion(Model):
    """One question with two or three answers, and an example of yes and of no."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_\-]{0,39}$")]  # no full stop: it parts rubric and criterion in metric names
    definition: Text
    yes: Text
    no: Text
    levels: Literal[2, 3] = 2

    @property
    def answers(self) -> dict[str, float]:
        """Return the possible answers with their values."""
        return ANSWERS[self.levels]


class Rubric(Model):
    """The criteria of one judge. `stage` is the stage that it judges."""

    name: Id
    description: str = ""
    stage: Literal["outline", "script"] = "script"
    criteria: list[Criterion] = Field(min_length=1, max_length=24)

    def shown(self) -> list[dict[str, Any]]:
        """Return the criteria as a template gets them."""
        return [c.model_dump(mode="json") for c in self.criteria]

    def hash(self, template_version: str) -> str:
        """Return the SHA-256 of everything that makes this judge: the criteria and the version of the template that asks them."""
        told = json.dumps([template_version, self.model_dump(mode="json", exclude={"description"})], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(told.encode()).hexdigest()


def load_rubric(name: str, folder: Path) -> Rubric:
    """Read a rubric by its name in `evals/rubrics`.

    Raises:
        UnknownName: no rubric has that name.
        InputError: the file is malformed or names a criterion twice; with file and line.
    """
    names = sorted(p.stem for p in folder.glob("*.yaml"))
    if name not in names:
        raise UnknownName("rubric", name, names)
    document = read_yaml(folder / f"{name}.yaml")
    rubric = document.parse(Rubric)
    seen: set[str] = set()
    for number, criterion in enumerate(rubric.criteria):
        if criterion.id in seen:
            document.fail(("criteria", number, "id"), f"The criterion {criterion.id!r} is there twice.")
        seen.add(criterion.id)
    return rubric
