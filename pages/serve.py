"""Serve the app: `workbench ui`, and the routes that hand out stored media."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prompts.errors import WorkbenchError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

ROUTER = Path(__file__).with_name("router.py")
CONFIG = Path(__file__).with_name("config.toml")
WORKSPACE_VARIABLE = "WORKBENCH_WORKSPACE"
"""Names the workspace to the app: a server process has no command line of ours."""

SAFE = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
"""What a model or a stranger made is shown, never run."""


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Default: the port in workbench.toml.")
@click.option("--address", default="127.0.0.1", show_default=True, help="The app has no log-in: another address opens it to the network.")
@click.pass_context
def ui(context: click.Context, port: int | None, address: str) -> None:
    """Open the app on this machine; Ctrl-C stops it. Runs go on without it."""
    from streamlit.starlette import App

    from runs.cli.context import workspace
    from runs.settings import load

    found = workspace(context)
    chosen = load(found.root, {"ui.port": port}).ui.port
    os.environ[WORKSPACE_VARIABLE] = str(found.root)
    App(ROUTER, routes=routes()).run(config=settings() | {"server.port": chosen, "server.address": address})


def settings() -> dict[str, Any]:
    """Return the options of `config.toml` under dotted names, as Streamlit takes them."""

    def flatten(prefix: str, table: dict[str, Any]) -> dict[str, Any]:
        flat: dict[str, Any] = {}
        for name, value in table.items():
            flat |= flatten(f"{prefix}{name}.", value) if isinstance(value, dict) else {f"{prefix}{name}": value}
        return flat

    return flatten("", tomllib.loads(CONFIG.read_text("utf-8")))


def routes() -> list[BaseRoute]:
    """Return our own routes: media by hash, for ever the same and so cached for ever, and small pictures of them."""
    from starlette.routing import Route

    from pages import posters

    return [Route("/blob/{name}", blob, methods=["GET", "HEAD"]), Route("/poster/{name}", posters.answer, methods=["GET", "HEAD"])]


def stored(sha256: str) -> Path:
    """Return the file of an artifact. Its name is its hash, so nothing outside the store can be named.

    Raises:
        WorkbenchError: There is none.
    """
    from pages.ui.shell import workspace
    from runs.media import MediaStore

    return MediaStore(workspace()).path(sha256)


async def blob(request: Request) -> Response:
    """Answer with one stored artifact."""
    from starlette.responses import FileResponse, PlainTextResponse

    from runs.media import media_type_of

    try:
        path = stored(request.path_params["name"])
    except WorkbenchError:
        return PlainTextResponse("There is no such artifact.", status_code=404)
    return FileResponse(path, media_type=media_type_of(path), headers=SAFE)
