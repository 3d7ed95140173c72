"""`workbench export` and `serve-prompts`: how promoted prompts reach production."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from runs.cli import output
from runs.cli.context import quiet, workspace

if TYPE_CHECKING:
    from runs.settings import Settings

CHANNEL = click.Choice(("dev", "staging", "production"))


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--channel", type=click.Choice(("dev", "staging", "production")), default="production", show_default=True, help="What to export."
)
@click.pass_context
def export(context: click.Context, target: Path, channel: str) -> None:
    """Write what a channel means to TARGET, a link that is swapped in one step; `prompts.store.PromptStore` plays it."""
    from prompts.export import export as write

    done = write(workspace(context).prompts, channel, target)
    output.say(f"Exported {done.versions} version{'s' if done.versions != 1 else ''} of {channel} to {done.folder}.", quiet=quiet(context))
    click.echo(done.manifest)


@click.command("serve-prompts")
@click.option("--port", type=click.IntRange(0, 65535), help="Default: the port under [serve] in workbench.toml; 0 takes a free one.")
@click.option("--address", default="127.0.0.1", show_default=True, help="Put a proxy with TLS in front before you open it to a network.")
@click.pass_context
def serve_prompts(context: click.Context, port: int | None, address: str) -> None:
    """Serve promoted prompts over HTTP, read-only, to whoever brings a token; Ctrl-C stops it."""
    import socket

    import uvicorn

    from prompts.serving import application
    from runs.settings import load

    ws = workspace(context)
    settings = load(ws.root)
    app = application(ws.prompts, tokens(settings))
    with socket.create_server((address, settings.serve.port if port is None else port)) as listening:
        host, chosen = listening.getsockname()[:2]
        output.say(f"Serving prompts on http://{host}:{chosen}/v1/prompts", quiet=quiet(context))
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, lifespan="off")
        uvicorn.Server(config).run(sockets=[listening])


def tokens(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Return what each token may read.

    Raises:
        WorkspaceError: none is configured, a variable is not set, or a token is too short to be one.
    """
    from prompts.errors import WorkspaceError
    from runs import secrets

    found: dict[str, tuple[str, ...]] = {}
    for name, of in settings.serve.tokens.items():
        value = secrets.secret(name)
        if value is None:
            raise WorkspaceError(f"The environment variable {name} is not set, and [serve.tokens] names it.")
        if len(value) < 16:
            raise WorkspaceError(f"The token in {name} is shorter than 16 characters.", hint="Make one with `openssl rand -hex 32`.")
        found[value] = tuple(of)
    if not found:
        raise WorkspaceError(
            "Nobody may read prompts yet.",
            hint='Write [serve.tokens] PROMPTS_TOKEN = ["production"] into workbench.toml, and set PROMPTS_TOKEN.',
        )
    return found
