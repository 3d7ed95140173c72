"""A vendor's server on loopback for contract stubs: a real socket, requests remembered, faults scripted by path.

class Kling(Vendor):                      # a stub subclasses it, and answers with what providers.md says
    def answer(self, seen): ...

with serve(Kling()) as kling:
    kling.fault("POST /v1/videos/text2video", Fault(status=429, body={"code": 1303}))    # once, then as usual
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web
from loopback import served


@dataclass
class Seen:
    """One request as the server saw it."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    parts: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Of a form: name, file name, bytes."""


@dataclass
class Fault:
    """What is answered instead of the usual.

    `drop` closes the socket before an answer, `after` closes it only once the request has been taken as usual; `cut` declares
    more bytes than are sent; `delay` waits first; `declare` claims another Content-Length.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    after: bool = False
    cut: bool = False
    delay: float = 0.0
    declare: int | None = None


@dataclass
class File:
    """Bytes to be answered under their content type."""

    data: bytes
    media_type: str


class Vendor:
    """Answers requests; a stub overrides `answer`."""

    def __init__(self) -> None:
        self.base_url = ""
        self.seen: list[Seen] = []
        self.files: dict[str, File] = {}
        self._faults: dict[str, list[Fault]] = {}

    def answer(self, seen: Seen) -> Any:
        """Return JSON, a `File` or a `Fault` for a request."""
        return Fault(404, {"message": f"no route {seen.path}"})

    def fault(self, where: str, *faults: Fault) -> None:
        """Answer the next requests to `METHOD PATH` (or to any path that begins so) with these, one each."""
        self._faults.setdefault(where, []).extend(faults)

    def host(self, name: str, data: bytes, media_type: str) -> str:
        """Keep a file and return its URL."""
        self.files[f"/files/{name}"] = File(data, media_type)
        return f"{self.base_url}/files/{name}"

    def calls(self, method: str, path: str = "/") -> list[Seen]:
        """Return the requests of a method to paths that begin so."""
        return [s for s in self.seen if s.method == method and s.path.startswith(path)]

    def respond(self, seen: Seen) -> Any:
        """Return the scripted fault for a request, else the file, else the usual answer."""
        place = f"{seen.method} {seen.path}"
        scripted = next((f for where, f in self._faults.items() if f and place.startswith(where)), None)
        if scripted:
            fault = scripted.pop(0)
            if fault.after:
                self._usual(seen)
            return fault
        return self._usual(seen)

    def _usual(self, seen: Seen) -> Any:
        return self.files.get(seen.path) if seen.path.startswith("/files/") and seen.path in self.files else self.answer(seen)


V = TypeVar("V", bound=Vendor)


async def _seen(request: web.Request) -> Seen:
    parts: list[tuple[str, str, bytes]] = []
    body: Any = None
    if request.content_type == "multipart/form-data":
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            parts.append((part.name or "", part.filename or "", bytes(await part.read())))  # type: ignore[union-attr]
    else:
        raw = await request.read()
        with contextlib.suppress(ValueError):
            body = json.loads(raw) if raw else None
    return Seen(request.method, request.path, dict(request.query), request.headers.copy(), body, parts)


async def _reply(request: web.Request, said: Any) -> web.StreamResponse:
    if isinstance(said, File):
        return web.Response(body=said.data, content_type=said.media_type)
    if not isinstance(said, Fault):
        return web.json_response(said)
    if said.delay:
        await asyncio.sleep(said.delay)
    if said.drop or said.after:
        assert request.transport
        request.transport.close()
        return web.Response()
    if said.cut or said.declare is not None:
        return await _short(request, said)
    if isinstance(said.body, (bytes, str)):
        return web.Response(body=said.body, status=said.status, headers={"Content-Type": "text/html", **said.headers})
    return web.json_response(said.body, status=said.status, headers=said.headers)


async def _short(request: web.Request, said: Fault) -> web.StreamResponse:
    """Send fewer bytes than are declared."""
    data = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
    sent = data[: len(data) // 2] if said.cut else data
    head = f"HTTP/1.1 {said.status} OK\r\nContent-Length: {said.declare or len(data)}\r\n"
    head += "".join(f"{k}: {v}\r\n" for k, v in {"Content-Type": "application/octet-stream", **said.headers}.items())
    assert request.transport
    request.transport.write(head.encode() + b"\r\n" + sent)  # type: ignore[attr-defined]
    await asyncio.sleep(0.02)
    request.transport.close()
    return web.Response()


@contextmanager
def serve(vendor: V) -> Iterator[V]:
    """Run a vendor's server in a thread for the time of the block."""

    async def handle(request: web.Request) -> web.StreamResponse:
        seen = await _seen(request)
        vendor.seen.append(seen)
        return await _reply(request, vendor.respond(seen))

    with served(handle, max_bytes=64 << 20) as vendor.base_url:
        yield vendor
