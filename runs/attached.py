"""Reading the log cheaply: one DuckDB instance a process and log, to which the file is attached only while somebody reads it.

Starting an instance takes some 15 ms, attaching a file 1 ms, and a page asks a dozen questions. The instance itself holds no file
and no data. Readers of several threads share one attachment: were there two, closing one file would drop the locks of both, for
locks belong to a process. The last one to leave lets the file go, so that whoever waits to write has its turn (`runs.turnstile`).
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from runs.schema import CONFIG

if TYPE_CHECKING:
    import duckdb

NAME = "run_log"
MOST = 4
"""Instances kept; each is a few megabytes and the threads that it computes with."""


class _Instance:
    """A DuckDB without data, and for how many readers the log is attached to it."""

    def __init__(self, log: Path) -> None:
        import duckdb

        self._path = log
        self._con = duckdb.connect(config={**CONFIG, "temp_directory": f"{log}.tmp"})
        self.readers = 0

    def enter(self) -> duckdb.DuckDBPyConnection:
        if not self.readers:
            path = str(self._path).replace("'", "''")
            self._con.execute(f"attach '{path}' as {NAME} (read_only)")
        self.readers += 1
        cursor = self._con.cursor()
        try:
            cursor.execute(f"use {NAME}")
        except BaseException:
            self.leave(cursor)
            raise
        return cursor

    def leave(self, cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.close()
        self.readers -= 1
        if not self.readers:
            try:
                self._con.execute(f"detach {NAME}")
            except Exception:
                # It would hold the file, and keep writers out: without the instance it is closed.
                _KEPT.pop(self._path, None)
                self._con.close()
                raise


_KEPT: dict[Path, _Instance] = {}
_LOCK = threading.Lock()


@contextlib.contextmanager
def attached(log: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection whose tables are those of the log, to read only.

    Raises:
        duckdb.Error: the file is missing, no database, or held by a program that writes.
    """
    import duckdb

    with _LOCK:
        instance = _KEPT.pop(log, None) or _Instance(log)
        _KEPT[log] = instance
        idle = [path for path, kept in _KEPT.items() if not kept.readers and path != log]
        for path in idle[: max(0, len(_KEPT) - MOST)]:
            del _KEPT[path]
        cursor = instance.enter()
    try:
        yield cursor
    except (duckdb.FatalException, duckdb.InternalException):
        # DuckDB answers nothing any more after these; the next reader starts anew.
        with _LOCK:
            _KEPT.pop(log, None)
        raise
    finally:
        with _LOCK:
            instance.leave(cursor)


def _forget_in_child() -> None:
    # The threads of an instance do not live on in a forked child; leaving it alone is all that can be done there.
    global _LOCK  # noqa: PLW0603
    _LOCK = threading.Lock()
    _ABANDONED.extend(_KEPT.values())
    _KEPT.clear()


_ABANDONED: list[_Instance] = []
os.register_at_fork(after_in_child=_forget_in_child)
