"""What the tests of adapters share: pictures, requests, and a task driven as the harness drives it."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from films import film
from PIL import Image

from runs.provider import Direct, Failure, Message, Outcome, Reference, Request, Tasks, TaskState
from runs.providers import get
from runs.settings import load
from runs.tasks import Answer, drive

KEY = "planted-key-0123456789abcdef"
FILM = film()


def png(colour: str = "red", size: tuple[int, int] = (8, 8)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def reference(folder: Path, name: str = "mei", data: bytes = b"", media_type: str = "image/png") -> Reference:
    data = data or png("blue")
    path = folder / f"{name}.bin"
    path.write_bytes(data)
    return Reference(name, hashlib.sha256(data).hexdigest(), media_type, path)


def request(kind: Any, prompt: str = "rain on tin", **given: Any) -> Request:
    stage = {"image": "shot", "video": "clip", "audio": "music", "text": "script"}[kind]
    return Request(**{"key": "job-1", "stage": stage, "kind": kind, "messages": (Message("user", prompt),), "model": "", **given})


def provider(folder: Path, name: str, base_url: str, **table: Any) -> Any:
    """Make a provider from its shipped preset, as a workspace would."""
    settings = load(folder, {f"providers.{name}.{key}": value for key, value in {"base_url": base_url, **table}.items()})
    return get(name, settings)


def opened(made: Any, call: Callable[[Any], Any]) -> Any:
    """Open a provider, await what `call` makes of it, close it."""

    async def run() -> Any:
        async with made as it:
            return await call(it)

    return asyncio.run(run())


def generate(made: Any, wanted: Request) -> Outcome:
    assert isinstance(made, Direct)
    outcome: Outcome = opened(made, lambda p: p.generate(wanted))
    return outcome


def submit(made: Any, wanted: Request) -> str | Failure:
    assert isinstance(made, Tasks)
    submitted: str | Failure = opened(made, lambda p: p.submit(wanted))
    return submitted


def poll(made: Any, task_id: str, wanted: Request) -> TaskState:
    state: TaskState = opened(made, lambda p: p.poll(task_id, wanted))
    return state


def run_task(made: Any, wanted: Request, *, deadline_s: float = 10.0, **given: Any) -> tuple[Answer, list[str]]:
    """Drive a task to its end; return the answer and the ids that went into the journal."""
    journal: list[str] = []

    async def handing() -> None:
        return None

    async def handed(task_id: str) -> None:
        journal.append(task_id)

    if "handing" in inspect.signature(drive).parameters:
        given["handing"] = handing
    answer: Answer = opened(made, lambda p: drive(p, wanted, handed=handed, deadline_s=deadline_s, **given))
    return answer, journal


def error_of(said: Any) -> tuple[str, str]:
    """Return class and code of the failure that an outcome, answer or submit is."""
    failure = said if isinstance(said, Failure) else said.outcome.failure if isinstance(said, (Answer, TaskState)) else said.failure
    assert failure is not None, said
    return failure.error, failure.code
