"""Serve the app: `workbench ui`, and the routes that hand out stored media."""

from __future__ import annotations

import contextlib
import os
import threading
import tomllib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prompts.errors import InputError, WorkbenchError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from runs.settings import Ui

ROUTER = Path(__file__).with_name("router.py")
CONFIG = Path(__file__).with_name("config.toml")

OWN_NAMES = ("127.0.0.1", "localhost", "::1")
"""What this machine calls itself."""
SAFE = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
"""What a model or a stranger made is shown, never run."""


LIBRARIES = ("pandas", "duckdb", "altair", "evals.compare", "runs.compare", "runs.margins")
LEAST_SECRET = 32
"""Characters of the secret that signs who somebody is."""


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Default: the port in workbench.toml.")
@click.option("--address", default="127.0.0.1", show_default=True, help="Another one opens the app to a network; then people sign in.")
@click.option("--no-login", is_flag=True, help="With --address: everybody who reaches it may do everything, in your name.")
@click.pass_context
def ui(context: click.Context, port: int | None, address: str, no_login: bool) -> None:
    """Open the app on this machine; Ctrl-C stops it. Runs go on without it."""
    from streamlit.starlette import App

    from runs.cli.context import workspace
    from runs.settings import load
    from runs.workspace import VARIABLE

    found = workspace(context)
    chosen = load(found.root, {"ui.port": port}).ui
    opened = options(found.root, chosen, address, no_login=no_login)
    os.environ[VARIABLE] = str(found.root)
    App(ROUTER, routes=routes(), lifespan=warmed).run(config=settings() | opened)


def options(root: Path, ui: Ui, address: str, *, no_login: bool = False) -> dict[str, Any]:
    """Return what `workbench ui` tells Streamlit beyond `config.toml`: where it listens, who is let in, under which names.

    Raises:
        InputError: A network could reach the app and nobody would have to sign in, or signing in is not set up.
    """
    from runs.people import has_login

    secrets = root / ".streamlit" / "secrets.toml"
    if has_login(ui):
        _login_is_set_up(secrets)
    elif address not in OWN_NAMES and not no_login:
        raise InputError(
            f"{address} can be reached by others, and nobody would have to sign in.",
            hint="List people under [ui] in workbench.toml (docs/app.md), or say --no-login.",
        )
    names = [*OWN_NAMES, *ui.hosts, *([] if address in ("0.0.0.0", "::") else [address])]  # noqa: S104  compared, not bound
    return {
        "server.port": ui.port,
        "server.address": address,
        # Without a list of people anybody may come who was let into the network; with one, under names that are known.
        "server.allowedHosts": ["*"] if no_login and not ui.hosts and address not in OWN_NAMES else list(dict.fromkeys(names)),
        "secrets.files": [str(secrets)],
    }


def _login_is_set_up(secrets: Path) -> None:
    from importlib.util import find_spec

    try:
        auth = tomllib.loads(secrets.read_text("utf-8")).get("auth")
    except (OSError, ValueError):
        auth = None
    wanted = ("redirect_uri", "cookie_secret")
    if not isinstance(auth, dict) or any(not auth.get(name) for name in wanted):
        raise InputError(
            "People are listed in workbench.toml, but the log-in is not set up.",
            hint=f"It takes [auth] with {', '.join(wanted)} and a provider in {secrets} (docs/app.md).",
        )
    if len(str(auth["cookie_secret"])) < LEAST_SECRET:
        raise InputError(
            "The cookie_secret of the log-in is too short: whoever guesses it is anybody.",
            hint='python -c "import secrets; print(secrets.token_urlsafe(32))" makes one.',
        )
    if find_spec("authlib") is None:
        raise InputError("A log-in needs Authlib, which is not installed.", hint="pip install 'microdrama-workbench[team]'")


@contextlib.asynccontextmanager
async def warmed(_app: object) -> AsyncIterator[None]:
    """Import what pages stand on while nobody waits for it, so that the first visit does not; then keep up with the team."""
    over = threading.Event()
    threading.Thread(target=_beside_pages, args=(over,), name="beside-pages", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _beside_pages(over: threading.Event) -> None:
    for name in LIBRARIES:
        import_module(name)
    from pages.ui.shell import workspace
    from runs.team.following import follow

    follow(workspace, over=over)


def settings() -> dict[str, Any]:
    """Return the options of `config.toml` under dotted names, as Streamlit takes them."""

    def flatten(prefix: str, table: dict[str, Any]) -> dict[str, Any]:
        flat: dict[str, Any] = {}
        for name, value in table.items():
            flat |= flatten(f"{prefix}{name}.", value) if isinstance(value, dict) else {f"{prefix}{name}": value}
        return flat

    return flatten("", tomllib.loads(CONFIG.read_text("utf-8")))


def routes() -> list[BaseRoute]:
    """Return our own routes: media by hash, for ever the same and so cached for ever, small pictures of them, and the HTML of each page."""
    from starlette.routing import Route

    from pages import front, posters

    methods = ["GET", "HEAD"]
    return [
        Route("/blob/{name}", blob, methods=methods),
        Route("/poster/{name}", posters.answer, methods=methods),
        *(Route(f"/{path}", front.answer, methods=methods) for path in front.PATHS),
    ]


def stored(sha256: str) -> Path:
    """Return the file of an artifact. Its name is its hash, so nothing outside the store can be named.

    Raises:
        WorkbenchError: There is none.
    """
    from pages.ui.shell import workspace
    from runs.media import MediaStore

    return MediaStore(workspace()).path(sha256)


async def blob(request: Request) -> Response:
    """Answer with one stored artifact, or with the part of it that a player asks for."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import FileResponse, PlainTextResponse

    from pages.guard import admits
    from runs.media import media_type_of

    try:
        if not admits(request):
            return PlainTextResponse("Sign in first.", status_code=403)
        # Off the event loop: what a team's other machine has made is fetched now.
        path = await run_in_threadpool(stored, request.path_params["name"])
    except WorkbenchError:
        return PlainTextResponse("There is no such artifact.", status_code=404)
    return FileResponse(path, media_type=media_type_of(path), headers=SAFE)
