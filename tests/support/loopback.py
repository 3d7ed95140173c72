"""A web server on loopback, in a thread of the test's own process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from aiohttp import web
from patience import HANGS_S

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextmanager
def served(handle: Handler, *, max_bytes: int = 1 << 20) -> Iterator[str]:
    """Answer every request for the time of the block, with bodies of so many bytes at most; give the address."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    address: list[str] = []

    async def main() -> web.AppRunner:
        app = web.Application(client_max_size=max_bytes)
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        return runner

    def run() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(main())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        # A handler that dribbles for ever outlives its connection.
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(HANGS_S)
    try:
        yield address[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(HANGS_S)
