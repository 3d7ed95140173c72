"""The child's side of `runs.pool`: take a call from the socket, make it, send the answer, until the parent goes away.

A call is `(function, arguments)`, an answer `(True, result)` or `(False, text, traceback)`; both are pickles framed by
`multiprocessing.connection`. Nothing heavy is imported here: a worker costs what its first call needs, and no more.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from typing import Any


def main(descriptor: int) -> None:
    """Serve calls from the socket with this file descriptor; return when its other end is closed."""
    _leave_with_parent()
    connection = Connection(descriptor)
    while True:
        try:
            answer = _answer(connection.recv())
        except EOFError:
            return
        except Exception as error:  # noqa: BLE001 - a call that cannot be read is answered like one that fails
            answer = _failure(error)
        try:
            _send(connection, answer)
        except BrokenPipeError:
            return


def _answer(call: tuple[Any, tuple[Any, ...]]) -> tuple[Any, ...]:
    function, arguments = call
    try:
        return True, function(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever the call raises belongs to its caller, in the other process
        return _failure(error)


def _failure(error: BaseException) -> tuple[Any, ...]:
    return False, f"{type(error).__name__}: {error}", traceback.format_exc()


def _send(connection: Connection, answer: tuple[Any, ...]) -> None:
    try:
        connection.send(answer)
    except (TypeError, ValueError, AttributeError) as error:  # the result cannot be pickled
        connection.send(_failure(error))


def _leave_with_parent() -> None:
    """Die when the parent does, even in the middle of a call: standard input ends when its only writer is gone."""

    def watch() -> None:
        sys.stdin.buffer.read()
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
