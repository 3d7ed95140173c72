"""Promoted prompts over HTTP, read-only: for production code that has neither the workspace nor an export on its disk.

| request | answer |
|---|---|
| `GET /v1/prompts?channel=production` | the templates of a channel and their versions |
| `GET /v1/prompts/shot/keyframe?series=paper-wife` | the version that a series gets: sources, front matter, hash of each |
| `GET /healthz` | whether ledger and pointers agree |

The body of a prompt follows from its version alone, so its `ETag` is the version and a client that has it gets 304. Every
request but the last brings a bearer token; a token is for certain channels, so that production can never read `dev`. While
ledger or pointers are in doubt nothing is served: clients go on with what they have.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prompts import channels
from prompts.channels import State
from prompts.errors import WorkbenchError
from prompts.export import described
from prompts.identity import canonical_json
from prompts.kept import kept
from prompts.ledger import head

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

MAX_AGE_S = 60
SERIES_CHARACTERS = 200

Tokens = Mapping[str, Sequence[str]]
"""What each bearer token may read: token -> channels."""


class Denied(Exception):
    """A request without the right to what it asks for, or for what is not there."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Shelf:
    """The state of a template folder, read again when ledger or pointers change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stamp: tuple[Any, ...] | None = None
        self._state = State()
        self._head: Mapping[str, Any] = {}

    def state(self) -> tuple[State, Mapping[str, Any]]:
        """Return the proved state and the ledger's head.

        Raises:
            WorkbenchError: ledger or pointers were changed.
        """
        stamp = tuple(self._of(name) for name in ("ledger.jsonl", channels.FILE))
        if stamp != self._stamp:
            state, entries = channels.load(self.folder)
            self._state, self._head, self._stamp = state, head(entries), stamp
        return self._state, self._head

    def _of(self, name: str) -> tuple[int, int, int] | None:
        try:
            found = (self.folder / name).stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns


def application(folder: Path, tokens: Tokens) -> Starlette:
    """Return the web application over a template folder.

    Args:
        folder: the workspace's `prompts/`.
        tokens: who may read which channels; at least one.

    Raises:
        ValueError: no token, or a short one.
    """
    from starlette.applications import Starlette
    from starlette.routing import Route

    if not tokens or any(len(token) < 16 for token in tokens):
        raise ValueError("serving needs tokens of at least 16 characters")
    shelf = Shelf(folder)

    def answering(answer: Callable[[Request, Shelf, Tokens], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return _guarded(answer, request, shelf, tokens)

        return endpoint

    return Starlette(
        routes=[
            Route("/healthz", answering(_health), methods=["GET"]),
            Route("/v1/prompts", answering(_list), methods=["GET"]),
            Route("/v1/prompts/{stage}/{name}", answering(_prompt), methods=["GET"]),
        ]
    )


def _guarded(answer: Callable[[Request, Shelf, Tokens], Response], request: Request, shelf: Shelf, tokens: Tokens) -> Response:
    from starlette.responses import JSONResponse

    headers = {"Cache-Control": "no-store"}
    try:
        return answer(request, shelf, tokens)
    except Denied as denied:
        extra = {"WWW-Authenticate": "Bearer"} if denied.status == 401 else {}
        return JSONResponse({"error": denied.reason}, denied.status, headers={**headers, **extra})
    except WorkbenchError as error:
        return JSONResponse({"error": f"nothing is served: {error.message}"}, 503, headers=headers)


def _health(_: Request, shelf: Shelf, __: Tokens) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse({"ledger": shelf.state()[1]}, headers={"Cache-Control": "no-store"})


def _list(request: Request, shelf: Shelf, tokens: Tokens) -> Response:
    from starlette.responses import JSONResponse

    channel = _allowed(request, tokens)
    state, at = shelf.state()
    found = {template: pointer.version for (template, of), pointer in sorted(state.pointers.items()) if of == channel}
    return JSONResponse({"channel": channel, "templates": found, "ledger": at}, headers=_cached())


def _prompt(request: Request, shelf: Shelf, tokens: Tokens) -> Response:
    from starlette.responses import Response

    channel = _allowed(request, tokens)
    template = f"{request.path_params['stage']}/{request.path_params['name']}"
    series = request.query_params.get("series", "")
    if len(series) > SERIES_CHARACTERS:
        raise Denied(400, "the series' name is too long")
    state, at = shelf.state()
    resolved = channels.resolve(state, template, channel, series)
    if resolved is None:
        raise Denied(404, f"{channel} has no template of that name")
    tag = f'"{resolved.version}"'
    headers = {**_cached(), "ETag": tag, "X-Workbench-Why": resolved.why, "X-Workbench-Ledger": f"{at['seq']}:{at['hash']}"}
    if tag in [given.strip().removeprefix("W/") for given in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    version = kept(shelf.folder, template, resolved.version)
    body = canonical_json({"version": version.id, "about": described(version), "sources": dict(version.closure)})
    return Response(body, media_type="application/json", headers=headers)


def _allowed(request: Request, tokens: Tokens) -> str:
    """Return the channel that is asked for, if the token may read it."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    # Every token is compared, whole: how long it takes tells nothing.
    fitting = [of for token, of in tokens.items() if hmac.compare_digest(token.encode(), given.strip().encode("utf-8", "replace"))]
    if scheme.lower() != "bearer" or not fitting:
        raise Denied(401, "a bearer token is needed")
    channel = request.query_params.get("channel", "production")
    if channel not in channels.CHANNELS:
        raise Denied(404, "there is no such channel")
    if channel not in fitting[0]:
        raise Denied(403, "this token may not read that channel")
    return channel


def _cached() -> dict[str, str]:
    return {"Cache-Control": f"private, max-age={MAX_AGE_S}, stale-while-revalidate={MAX_AGE_S}", "X-Content-Type-Options": "nosniff"}
