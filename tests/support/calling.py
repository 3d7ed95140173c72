"""Calling one adapter in a test: a request, a provider by its type and settings, and a task driven as the harness drives it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from runs import tasks
from runs.provider import Failure, Kind, Message, Outcome, Reference, Request, TaskState
from runs.providers import BUILT_IN, _factory
from runs.settings import ProviderSettings

T = TypeVar("T")


def provider(kind: str, base_url: str, *, name: str = "", **settings: Any) -> Any:
    """Make a provider of a type; its polls come quickly."""
    assert kind in BUILT_IN
    options = {"poll_s": 0.005, **settings.pop("options", {})}
    if kind == "elevenlabs":
        options.pop("poll_s")
    return _factory(kind)(name or kind, ProviderSettings(type=kind, base_url=base_url, options=options, **settings))


def request(
    prompt: str = "a nurse at a window", kind: Kind = "image", *, key: str = "job-1", model: str = "", stage: str = "shot", **more: Any
) -> Request:
    return Request(key=key, stage=stage, kind=kind, messages=(Message("user", prompt),), model=model, **more)


def reference(folder: Path, name: str = "Mei", data: bytes = b"", suffix: str = "png") -> Reference:
    """Write a picture into a folder and refer to it."""
    from samples import picture

    data = data or picture(name, (80, 80))
    digest = hashlib.sha256(data).hexdigest()
    path = folder / f"{digest}.{suffix}"
    path.write_bytes(data)
    return Reference(name, digest, f"image/{suffix}", path)


def within(made: Any, do: Callable[[Any], Awaitable[T]]) -> T:
    """Open a provider, do something with it, and close it."""

    async def run() -> T:
        async with made as opened:
            return await do(opened)

    return asyncio.run(run())


def submitted(made: Any, asked: Request) -> str | Failure:
    return within(made, lambda p: p.submit(asked))


def polled(made: Any, asked: Request, task_id: str = "task-1") -> TaskState:
    return within(made, lambda p: p.poll(task_id, asked))


def found(made: Any, asked: Request) -> str | None:
    return within(made, lambda p: p.find(asked))


def driven(made: Any, asked: Request, **given: Any) -> tuple[tasks.Answer, list[str]]:
    """Drive one task as the harness does; return how it ended, and the task ids that were written down."""
    handed: list[str] = []

    async def hand(task: str) -> None:
        handed.append(task)

    async def handing() -> None:
        return None

    return within(made, lambda p: tasks.drive(p, asked, handing=handing, handed=hand, **given)), handed


def everything(outcome: Any) -> str:
    """Return all that a journal or a page could show of an outcome."""
    texts = [repr(outcome)]
    if isinstance(outcome, Outcome):
        texts += [json.dumps(dict(outcome.wire_request)), json.dumps(dict(outcome.wire_response))]
    return "\n".join(texts)


def failure_of(answer: Any) -> Failure:
    """Return the failure inside whatever a call gave."""
    if isinstance(answer, tasks.Answer):
        answer = answer.outcome
    if isinstance(answer, TaskState):
        answer = answer.outcome
    found = answer if isinstance(answer, Failure) else answer.failure
    assert isinstance(found, Failure), answer
    return found


def ids(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return readable ids for rows of a table."""
    return ["-".join(str(cell)[:30] for cell in row[:2]) for row in rows]
