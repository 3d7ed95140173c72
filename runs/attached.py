"""Opening the log cheaply: DuckDB instances that a process keeps, to which the file is attached only while somebody reads or writes it.

Starting an instance and ending it takes some 25 ms, attaching a file 1 ms, and a page asks a dozen questions. The instance itself holds no
file and no data. Readers of several threads share one attachment: were there two, closing one file would drop the locks of both, for
locks belong to a process. The last one to leave lets the file go, so that whoever waits to write has its turn (`runs.turnstile`). Whoever
writes has an instance of its own, which computes with other settings.
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
READ, WRITE = "read_only", "read_write"
MOST = 4
"""Instances kept; each is a few megabytes and the threads that it computes with."""


FEW_ROWS = 4096
"""Rows that one who folds in small steps has in a group. DuckDB has groups of few rows put together whole and unpacked: of answers of
1.5 KB, 120,000 of them in its usual groups."""
THRIFTY = "dirty_decay_ms:0,muzzy_decay_ms:0"
"""What DuckDB's allocator is told by a process that folds and asks nothing: else it keeps a tenth of what a run takes."""


def be_thrifty() -> None:
    """Have DuckDB give back at once what it does not use any more, in this process; nothing changes where it is loaded already."""
    os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", THRIFTY)


class _Instance:
    """A DuckDB without data, and for how many readers the log is attached to it, or whether for one who writes."""

    def __init__(self, log: Path, mode: str) -> None:
        import duckdb

        self._path, self._mode = log, mode
        self._con = duckdb.connect(config={**CONFIG, "temp_directory": f"{log}.tmp"})
        self.readers = 0

    def enter(self, *, few_rows: bool = False) -> duckdb.DuckDBPyConnection:
        if not self.readers:
            path = str(self._path).replace("'", "''")
            groups = f", row_group_size {FEW_ROWS}" if few_rows else ""
            self._con.execute(f"attach '{path}' as {NAME} ({self._mode}{groups})")
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
                _KEPT.pop((self._path, self._mode), None)
                self._con.close()
                if self._mode == READ:
                    raise
                # On a full disk what was committed stays in the write-ahead log; whoever opens the file next plays it.


_KEPT: dict[tuple[Path, str], _Instance] = {}
_LOCK = threading.Lock()


@contextlib.contextmanager
def attached(log: Path, *, write: bool = False, few_rows: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection whose tables are those of the log, to read only, or to write, for one at a time who has the log for itself.

    Args:
        log: the file.
        write: whether to write.
        few_rows: write in groups of few rows (`FEW_ROWS`), for who has little memory; groups that are larger stay as they are.

    Raises:
        duckdb.Error: the file is missing, no database, or held by a program that writes.
    """
    import duckdb

    key = log, WRITE if write else READ
    with _LOCK:
        instance = _KEPT.pop(key, None) or _Instance(*key)
        _KEPT[key] = instance
        idle = [other for other, kept in _KEPT.items() if not kept.readers and other != key]
        for other in idle[: max(0, len(_KEPT) - MOST)]:
            del _KEPT[other]
        cursor = instance.enter(few_rows=few_rows)
    try:
        yield cursor
    except (duckdb.FatalException, duckdb.InternalException):
        # DuckDB answers nothing any more after these; the next reader starts anew.
        with _LOCK:
            _KEPT.pop(key, None)
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
