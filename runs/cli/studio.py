"""`workbench studio serve`: the embedded studio as a server on loopback."""

from __future__ import annotations

import click

from runs.cli import output
from runs.cli.context import quiet


@click.group()
def studio() -> None:
    """Run the embedded studio as a server, to try real adapters without a key."""


@studio.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8990, show_default=True, help="Port on 127.0.0.1; 0 for any free one.")
@click.pass_context
def serve(context: click.Context, port: int) -> None:
    """Serve chat and image endpoints as OpenAI has them, on this machine only; Ctrl-C stops it.

    Everything is simulated, says so in its headers, and is logged as simulated by whoever calls it.
    """
    import socket

    import uvicorn

    from runs import pool
    from runs.errors import ProviderError
    from runs.studio_http import application

    try:
        listening = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise ProviderError(
            f"Port {port} is not free: {error.strerror}.", hint="Name another one with --port; 0 takes a free one."
        ) from None
    with listening:
        chosen = listening.getsockname()[1]
        output.say(f"The studio (SIMULATED) serves http://127.0.0.1:{chosen}/v1", quiet=quiet(context))
        config = uvicorn.Config(application(), log_level="warning", access_log=False, server_header=False, lifespan="off")
        try:
            uvicorn.Server(config).run(sockets=[listening])
        finally:
            pool.close_shared()
