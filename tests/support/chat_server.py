"""A small chat server on loopback that answers what a test tells it to, and remembers what it was sent."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from loopback import served

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Seen:
    """One request as the server saw it."""

    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class ChatServer:
    """A running server: `reply` may be changed at any time."""

    base_url: str = ""
    seen: list[Seen] = field(default_factory=list)
    reply: Reply | None = None

    def answer(self, body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Answer everything with this JSON, text or bytes from now on."""

        async def reply(request: web.Request) -> web.StreamResponse:
            if isinstance(body, (str, bytes)):
                return web.Response(body=body, status=status, headers={"Content-Type": "text/html", **(headers or {})})
            return web.json_response(body, status=status, headers=headers)

        self.reply = reply

    def say(self, text: str | None, reason: str = "stop", headers: Mapping[str, str] | None = None, **message: Any) -> None:
        """Answer with a completion."""
        choice = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text, **message}}
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 3}}
        self.answer({"id": "c1", "object": "chat.completion", "model": "m-1", "choices": [choice], "usage": usage}, headers=headers)


@contextmanager
def serve() -> Iterator[ChatServer]:
    """Run a server in a thread for the time of the block."""
    server = ChatServer()

    async def handle(request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        server.seen.append(Seen(request.path, request.headers.copy(), json.loads(raw) if raw else None))
        assert server.reply
        return await server.reply(request)

    with served(handle) as address:
        server.base_url = f"{address}/v1"
        yield server
