"""Ctrl-C: the first asks a run to stop, the second leaves at once.

Both SIGINT and SIGTERM count. Worker processes do not see them: they have a session of their own.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
EXIT_CODE = 130
_SHOW_CURSOR = "\x1b[?25h"


@contextmanager
def on_stop(asked: Callable[[], None]) -> Iterator[None]:
    """Call `asked` in the event loop at the first signal; end the process at the second.

    Outside the main thread, where signals cannot be received, nothing is installed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    count = 0

    def received() -> None:
        nonlocal count
        count += 1
        if count == 1:
            asked()
        else:
            leave()

    for number in _SIGNALS:
        loop.add_signal_handler(number, received)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


def leave() -> None:
    """End the process now. Nothing is lost: what counts is on disk, and workers end with their parent."""
    if sys.stderr.isatty():
        sys.stderr.write(_SHOW_CURSOR)  # progress bars hide it
        sys.stderr.flush()
    os._exit(EXIT_CODE)
