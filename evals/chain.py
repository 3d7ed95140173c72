"""Chains: a whole production from outline to music, each stage with one fixed version. One file each in `evals/chains/<name>.yaml`.

An example:

    name: pilot
    episodes: [appeal-below/e03]       # series/episode, as in evals/cases
    shots: 4                           # at most so many shots an episode
    stages:
      outline: {version: outline/episode, provider: qwen}
      script: {version: script/episode, provider: openai, model: gpt-5.4-mini}
      character: {version: character/sheet}
      shot: {version: shot/keyframe}
      clip: {version: clip/motion, parameters: {resolution: 720P}}
      music: {version: music/cue}

A chain need not have all stages, but what it has must begin where the cases begin: a stage whose upstream is left out takes
what the series file says (an episode's own outline, a character's reference pictures), and has no cases without it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from evals.case import CaseStage
from evals.document import read_yaml, shown
from prompts.errors import InputError, UnknownName
from prompts.story import Id, Model

ORDER: tuple[CaseStage, ...] = ("outline", "script", "character", "shot", "clip", "music")
"""The stages in the order in which a chain runs them."""


class ChainStage(Model):
    """How one stage is made. An empty provider is the workspace's, an empty model the provider's; `scorers` default to the suite's."""

    version: str = Field(min_length=1)
    provider: str = ""
    model: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)
    scorers: list[str] | None = None


class Chain(Model):
    """One file of `evals/chains/`. `budget_usd` bounds all stages together; `shots` is the most of each episode."""

    name: Id
    description: str = ""
    episodes: list[Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.\-]*/[a-z0-9][a-z0-9_.\-]*$")]] = Field(min_length=1)
    shots: int = Field(default=6, ge=1, le=100)
    seed: int = Field(default=7, ge=0, le=2**31 - 1)
    budget_usd: float | None = Field(default=None, ge=0)
    stages: dict[CaseStage, ChainStage] = Field(min_length=1)

    @property
    def hash(self) -> str:
        """Return the SHA-256 of everything in the chain but its description."""
        text = json.dumps(self.model_dump(mode="json", exclude={"description"}), sort_keys=True, ensure_ascii=False, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def order(self) -> list[CaseStage]:
        """Return the chain's stages in the order in which they run."""
        return [stage for stage in ORDER if stage in self.stages]


def load_chain(name: str, folder: Path) -> Chain:
    """Read a chain by its name in `folder` (`evals/chains`), or by the path of its file.

    Raises:
        UnknownName: No chain has that name.
        InputError: The file is malformed, or names an episode twice; with file and line.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else folder / f"{name}.yaml"
    if not path.is_file():
        known = sorted(p.stem for p in folder.glob("*.yaml")) if folder.is_dir() else []
        if not known:
            raise InputError(f"There is no chain {name}.", hint=f"Write {shown(folder)}/{name}.yaml; docs/chains.md shows how.")
        raise UnknownName("chain", name, known)
    document = read_yaml(path)
    chain = document.parse(Chain)
    if path.stem != chain.name:
        document.fail(("name",), f"The file of the chain {chain.name} is {chain.name}.yaml.")
    for index, episode in enumerate(chain.episodes):
        if episode in chain.episodes[:index]:
            document.fail(("episodes", index), f"{episode} stands there twice.")
    return chain
