"""The embedded studio as a provider: needs no key, no network and no money; obeys the rendered prompt and says what it did.

| stage | gives | parameters that it heeds |
|---|---|---|
| `outline`, `script` | JSON, with faults where the prompt states no rule against them | |
| `character` | a sheet of three views, WebP | `width`, `height` |
| `shot` | a still, WebP | `width`, `height` |
| `clip` | a film, MP4 | `width`, `height`, `seconds`, `fps` |
| `music` | a plain synthetic cue, WAV | |

It judges nothing. Everything is logged as `offline-studio`, marked simulated, at a cost of 0. What it
knows of its own output (`truth`) goes into the log and never to a scorer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from prompts.text import estimate_tokens
from runs import pool
from runs.provider import Asset, Failure, Kind, Outcome, Request, Usage
from runs.settings import ProviderSettings

NAME = "offline-studio"
MODEL = "studio-1"
"""Raised when the studio would draw or write something else for the same prompt and seed."""
CALL_LIMIT_S = 600.0
_PICTURE_STAGES = frozenset({"character", "shot", "clip"})
_TEXT_STAGES = frozenset({"outline", "script"})
_ROLES = {"character": 0, "frame": 1}
_INTEGERS = ("width", "height", "fps")
_USER_ERRORS = ("SizeError", "ClipError")


class StudioProvider:
    """The studio; pictures are drawn in the pool of worker processes that scoring shares."""

    name = NAME
    simulated = True
    kinds: frozenset[Kind] = frozenset({"text", "image", "video", "audio"})
    base_url = ""

    def __init__(self, _name: str = "studio", config: ProviderSettings | None = None) -> None:
        self.config = config or ProviderSettings(type="studio", concurrency=2)
        # More would only wait for the two processes.
        self.concurrency = min(max(self.config.concurrency, 2), 4)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Leave the pool to whoever made it: scoring may still need it."""

    async def generate(self, request: Request) -> Outcome:
        """Write or draw what the prompt asks for; the same prompt and seed give the same bytes."""
        given = {**self.config.parameters, **request.parameters}
        sent = {
            "stage": request.stage, "prompt": request.prompt, "seed": request.seed or 0, "parameters": given,
            "references": [{"name": r.name, "sha256": r.sha256} for r in request.references],
        }  # fmt: skip
        if request.stage in _TEXT_STAGES:
            data, truth = await asyncio.to_thread(write, request.stage, request.prompt, request.seed or 0)
            return _outcome(request, sent, data, truth, "text", "application/json" if _is_json(data) else "text/plain")
        if request.stage == "music":
            data, truth = await asyncio.to_thread(play, request.prompt, request.seed or 0)
            return _outcome(request, sent, data, truth, "audio", "audio/wav")
        if request.stage not in _PICTURE_STAGES:
            why = f"the studio makes no {request.kind} for the stage {request.stage}"
            return Outcome(failure=Failure("invalid_request", why), wire_request=sent)
        options = _options(given)
        if isinstance(options, Failure):
            return Outcome(failure=options, wire_request=sent)
        # A first frame has no name: it shows whoever no other picture stands for.
        ordered = sorted(request.references, key=lambda r: _ROLES[r.role])
        references = tuple(("" if r.role == "frame" else r.name, str(r.path)) for r in ordered)
        try:
            data, truth = await pool.shared().call(
                draw, request.stage, request.prompt, request.seed or 0, references, options, limit_s=CALL_LIMIT_S
            )
        except pool.TaskFailed as error:
            wrong = error.message.startswith(_USER_ERRORS)
            return Outcome(failure=Failure("invalid_request" if wrong else "internal", error.message), wire_request=sent)
        except pool.WorkerDied as error:
            return Outcome(failure=Failure("internal", error.message), wire_request=sent)
        kind: Kind = "video" if request.stage == "clip" else "image"
        return _outcome(request, sent, data, truth, kind, "video/mp4" if kind == "video" else "image/webp")


def write(stage: str, prompt: str, seed: int) -> tuple[bytes, dict[str, Any]]:
    """Write a script or an outline."""
    from runs.studio import script

    text, truth = (script.outline if stage == "outline" else script.write)(prompt, seed=seed)
    return text.encode(), truth


def play(prompt: str, seed: int) -> tuple[bytes, dict[str, Any]]:
    """Play a cue."""
    from runs.studio import music

    return music.music(prompt, seed=seed)


def draw(
    stage: str, prompt: str, seed: int, references: tuple[tuple[str, str], ...], options: Mapping[str, Any]
) -> tuple[bytes, dict[str, Any]]:
    """Draw a sheet, a still or a clip; called in a worker process. References are (name, path)."""
    from runs.studio import clip, sheet, still
    from runs.studio.reference import reference_from_bytes

    known = [reference_from_bytes(Path(path).read_bytes(), name) for name, path in references]
    identities = [identity for identity in known if identity is not None]
    if stage == "clip":
        return clip.clip(prompt, seed=seed, references=identities, **options)
    still_options = {key: value for key, value in options.items() if key == "size"}
    if stage == "character":
        return sheet.sheet(prompt, seed=seed, references=identities, **still_options)
    return still.still(prompt, seed=seed, references=identities, **still_options)


def _options(given: Mapping[str, Any]) -> dict[str, Any] | Failure:
    """Return the arguments for the drawing functions from the parameters of a call."""
    for name in (*_INTEGERS, "seconds"):
        kinds = int if name in _INTEGERS else (int, float)
        if name in given and (not isinstance(given[name], kinds) or isinstance(given[name], bool)):
            return Failure("invalid_request", f"the parameter {name} is a number, not {given[name]!r}")
    if ("width" in given) != ("height" in given):
        return Failure("invalid_request", "width and height go together")
    options: dict[str, Any] = {name: given[name] for name in ("seconds", "fps") if name in given}
    if "width" in given:
        options["size"] = (given["width"], given["height"])
    return options


def _outcome(request: Request, sent: Mapping[str, Any], data: bytes, truth: Mapping[str, Any], kind: Kind, media_type: str) -> Outcome:
    usage = Usage(
        input_tokens=estimate_tokens(request.prompt),
        output_tokens=estimate_tokens(data.decode()) if kind == "text" else None,
        images=1 if kind == "image" else None,
        seconds=float(truth["seconds"]) if kind in ("video", "audio") else None,
    )
    return Outcome(
        assets=(Asset(kind, media_type, data),), usage=usage, cost_usd=0.0, model_resolved=MODEL, wire_request=sent,
        wire_response={"media_type": media_type, "bytes": len(data)}, truth=truth,
    )  # fmt: skip


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True
