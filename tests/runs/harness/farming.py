"""Two providers over the farm's HTTP: one call with the result in its answer, and submit/poll/download."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
from patience import HANGS_S

from runs.provider import Asset, ErrorClass, Failure, Kind, Outcome, Request, TaskState, Usage

CLASSES: Mapping[int, ErrorClass] = {
    400: "invalid_request", 401: "auth", 402: "quota", 404: "lost", 409: "concurrency", 429: "rate_limit", 451: "content_refused",
    500: "server",
}  # fmt: skip


MANY = 1_000_000


@contextmanager
def farm(delay_s: float = 0.02, *, lets: int = MANY) -> Iterator[int]:
    """Start a farm and give its port; it ends with the block. Calls and tasks beyond some number are not answered until they are `let`."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("farm.py"))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "FARM_DELAY_S": str(delay_s), "FARM_LETS": str(lets)},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def let(port: int, calls: int = MANY) -> None:
    """Let the farm answer so many calls in all."""
    urllib.request.urlopen(f"http://127.0.0.1:{port}/let?calls={calls}").close()


def asked(port: int, space: str = "run") -> dict[str, int]:
    """Return how often the farm was asked for each key."""
    calls: dict[str, int] = _counts(port, space)["calls"]
    return calls


def most_at_once(port: int, space: str = "") -> int:
    """Return how many calls were under way at the same time: of one space, or of all."""
    return int(_counts(port, space)["most"])


def times(port: int, space: str, key: str) -> list[float]:
    """Return when the farm was asked for a key, in seconds."""
    return [at for name, at in _counts(port, space)["log"] if name == f"{space}/{key}"]


def _counts(port: int, space: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/counts?space={urllib.parse.quote(space)}") as answer:
        counts: dict[str, Any] = json.load(answer)
        return counts


class _Farming:
    simulated = False
    base_url = "http://farm"  # not the port: it decides job ids
    kinds: frozenset[Kind] = frozenset({"text", "image"})

    def __init__(self, port: int, *, space: str = "run", concurrency: int = 4, name: str = "farm") -> None:
        self.name = name
        self.concurrency = concurrency
        self._url = f"http://127.0.0.1:{port}"
        self._space = space
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(2 * HANGS_S))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._http is not None
        await self._http.close()

    def _order(self, request: Request) -> dict[str, Any]:
        return {"space": self._space, "key": request.job_id or request.key, "prompt": request.prompt, "kind": request.kind}

    async def _ask(self, method: str, path: str, **given: Any) -> dict[str, Any] | Failure:
        assert self._http is not None
        try:
            async with self._http.request(method, self._url + path, **given) as answer:
                body: dict[str, Any] = await answer.json()
                if answer.status == 200:
                    return body
                after = answer.headers.get("Retry-After")
                return Failure(CLASSES[answer.status], str(body), str(answer.status), float(after) if after else None)
        except aiohttp.ClientConnectorError as error:
            return Failure("server", str(error))
        except (aiohttp.ClientError, TimeoutError) as error:
            return Failure("timeout", f"connection lost: {error}")

    def _outcome(self, body: dict[str, Any], request: Request) -> Outcome:
        data = base64.b64decode(body["data"])
        media_type = "image/png" if request.kind == "image" else "application/json"
        return Outcome(
            assets=(Asset(request.kind, media_type, data),),
            usage=Usage(input_tokens=10, output_tokens=5, images=1),
            model_resolved="farm-1",
            wire_request=self._order(request),
        )


class FarmDirect(_Farming):
    """One call, result in the answer."""

    async def generate(self, request: Request) -> Outcome:
        body = await self._ask("POST", "/generate", json=self._order(request))
        return Outcome(failure=body) if isinstance(body, Failure) else self._outcome(body, request)


class FarmTasks(_Farming):
    """Submit, poll, download; `look_up` is whether a lost submit can be looked up."""

    look_up = True

    async def submit(self, request: Request) -> str | Failure:
        body = await self._ask("POST", "/submit", json=self._order(request))
        return body if isinstance(body, Failure) else str(body["id"])

    async def poll(self, task_id: str, request: Request) -> TaskState:
        body = await self._ask("GET", f"/tasks/{task_id}")
        if isinstance(body, Failure):
            return TaskState("lost") if body.error == "lost" else TaskState("running", Outcome(failure=body), poll_after_s=0.01)
        if body["state"] == "failed":
            return TaskState("failed", Outcome(failure=Failure("content_refused", "the picture was refused")))
        return TaskState("succeeded", self._outcome(body, request)) if body["state"] == "done" else TaskState("running", poll_after_s=0.01)

    async def find(self, request: Request) -> str | None:
        if not self.look_up:
            return None
        body = await self._ask("GET", "/find", params={"space": self._space, "key": request.job_id or request.key})
        return None if isinstance(body, Failure) else body["id"]
