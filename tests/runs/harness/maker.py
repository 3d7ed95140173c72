"""Providers for chains: each call goes to the farm, which counts it; what comes back fits the stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import farm as pictures
from farming import FarmDirect, FarmTasks
from films import film, song

from evals.chain import ChainStage
from runs.chain import Driver
from runs.harness import Options
from runs.pricing import Pricing
from runs.progress import Progress, Silent
from runs.provider import Asset, Kind, Outcome, Request, Usage
from runs.providers.studio import write
from runs.workspace import Workspace

STAGES = ("outline", "script", "character", "shot", "clip", "music")
KINDS: frozenset[Kind] = frozenset({"text", "image", "video", "audio"})
CHAIN = """name: pilot
episodes: [appeal-below/e03, painted-skin/e01]
shots: 2
stages:
  outline: {version: outline/episode, scorers: []}
  script: {version: script/episode, scorers: []}
  character: {version: character/sheet, scorers: []}
  shot: {version: shot/keyframe, scorers: []}
  clip: {version: clip/motion, scorers: []}
  music: {version: music/cue, scorers: []}
"""


def made(request: Request) -> Asset:
    """Return what fits a request: texts of the studio's writer, small pictures, films and sounds."""
    if request.kind == "text":
        return Asset("text", "application/json", write(request.stage, request.prompt, request.seed or 0)[0])
    if request.kind == "image":
        return Asset("image", "image/png", pictures.picture(f"{request.prompt} {[r.sha256 for r in request.references]}"))
    return Asset(request.kind, "video/mp4", film()) if request.kind == "video" else Asset("audio", "audio/mpeg", song())


class _Making:
    """Sends orders without their prompt, which might hold the farm's own words; fits what comes back to the stage."""

    kinds = KINDS
    _space: str

    def _order(self, request: Request) -> dict[str, Any]:
        return {"space": self._space, "key": request.job_id or request.key, "prompt": "", "kind": "text"}

    def _outcome(self, _body: Mapping[str, Any], request: Request) -> Outcome:
        return Outcome(assets=(made(request),), usage=Usage(images=1))


class Tasks(_Making, FarmTasks):
    """Everything but texts."""


class Calls(_Making, FarmDirect):
    """Texts."""


class Seen:
    """Makes drivers for a chain and keeps the requests that its providers got."""

    def __init__(self, port: int, space: str, progress: Progress | None = None, options: Mapping[str, Any] | None = None) -> None:
        self.port, self.space = port, space
        self.options = {"pricing": Pricing(free=True), "progress": progress or Silent(), "scoring": False, **(options or {})}

    def __call__(self, stage: ChainStage) -> Driver:
        """Texts by calls, everything else as tasks, as the real systems have it."""
        shape = Calls if stage.version.startswith(("outline", "script")) else Tasks
        return Driver(shape(self.port, space=self.space, name=shape.__name__.lower()), "farm-1", stage.parameters, Options(**self.options))


def with_sheets_by(provider: Tasks, drivers: Seen) -> Callable[[ChainStage], Driver]:
    """Return drivers of which those of character sheets have another provider."""

    def driver(stage: ChainStage) -> Driver:
        made = drivers(stage)
        return replace(made, provider=provider) if stage.version.startswith("character") else made

    return driver


def workspace(folder: Path, chain: str = CHAIN) -> Workspace:
    from runs.starting import initialise

    ws = initialise(folder)
    (ws.evals / "chains" / "pilot.yaml").write_text(chain, "utf-8")
    return ws
