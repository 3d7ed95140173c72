"""The run log: one DuckDB file that everything reads, made from the journals and kept up with them.

    fold(ws)                        new journal bytes into the file, exactly once
    with read(ws) as con: …         fold what is new, open read-only for one query, let go
    rebuild(ws)                     make the file anew; the journals are the truth

Several runs and the app work at the same time without lock errors: everyone queues at `runs.turnstile` first. Foreign programs do
not; they are waited for, and named when they do not go away. Nobody keeps a connection open.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evals.waiverfile import stamp_of
from runs import schema
from runs.attached import attached
from runs.errors import LogError
from runs.fold import apply
from runs.growth import pending
from runs.pruning import refuse_anew
from runs.rollups import roll_up
from runs.staging import Stage
from runs.turnstile import WAIT_S, turnstile
from runs.waived import bring_up
from runs.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

MAX_BYTES = 64 << 20
"""Most journal bytes that one fold takes in, so that readers never wait long."""
SMALL_BYTES = 3 << 20
"""What a run takes in at once at its end: it is in no hurry, and a fold's memory grows with what it takes in and with its threads."""
_LITTLE_BYTES = 1 << 20
FOREIGN_WAIT_S = 10.0
"""How long to wait for a foreign program (a DuckDB shell, a database browser) that holds the file."""
READ_BUDGET_S = 1.0
"""How long a reader keeps folding before it answers with what there is."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What a fold did. `done` is False where it gave way to somebody, or where more is left than one fold takes in."""

    lines: int = 0
    faults: int = 0
    done: bool = True


def fold(ws: Workspace, *, wait: bool = True, max_bytes: int = MAX_BYTES, later: bool = False, apart: bool = False) -> Folded:
    """Fold new journal bytes into the log: one bounded step, in one transaction.

    Args:
        ws: the workspace.
        wait: wait for others who read or write the log; otherwise give way at once.
        max_bytes: how much to take in.
        later: put roll-ups off until the last step, for who does one after the other.
        apart: leave the rows in the groups that they come in, of a few thousand each, as long as steps are small.

    Raises:
        LogError: the file is corrupt, of a newer schema or held by a foreign program, or the folder cannot be written.
    """
    if _up_to_date(ws):
        return Folded()
    try:
        ws.runs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(ws, error) from error
    with turnstile(ws, exclusive=True, wait_s=WAIT_S if wait else 0) as mine:
        if not mine:
            return Folded(done=False)
        return _fold(ws, ws.log, max_bytes, FOREIGN_WAIT_S if wait else 0, later=later, apart=apart)


def catch_up(ws: Workspace) -> Folded:
    """Fold until nothing is left, in small steps; what a run does at its end. Errors as `fold`."""
    lines = faults = 0
    while True:
        step = fold(ws, max_bytes=SMALL_BYTES, later=True, apart=lines > 0)
        lines, faults = lines + step.lines, faults + step.faults
        if step.done:
            return Folded(lines, faults)


def behind(ws: Workspace) -> int:
    """Return how many journal bytes are not in the log yet, as far as this process knows."""
    seen = _seen(ws) or {}
    return sum(size - seen.get(path.name, 0) for path, size in pending(ws, seen))


@contextlib.contextmanager
def read(ws: Workspace, *, fresh: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the log for one query: fold what is new without waiting, open read-only, close again.

    Inside another `read` of the same thread the open connection is given again.

    Raises:
        LogError: as `fold`, where there is nothing that could be read instead.
    """
    opened: dict[Path, duckdb.DuckDBPyConnection] = _LOCAL.__dict__.setdefault("opened", {})
    if ws.log in opened:
        yield opened[ws.log]
        return
    if fresh:
        freshen(ws)
    with turnstile(ws, exclusive=False), _readable(ws) as con:
        opened[ws.log] = con
        try:
            yield con
        finally:
            del opened[ws.log]


def rebuild(ws: Workspace) -> Folded:
    """Make the log anew from all journals and put it in the place of the old one.

    Raises:
        LogError: the folder cannot be written, the disk is full, or journals were pruned.
    """
    refuse_anew(ws)
    try:
        with turnstile(ws, exclusive=True):
            return _rebuild(ws, ws.log.with_name(".log.duckdb.new"))
    except OSError as error:
        raise _unwritable(ws, error) from error


def _rebuild(ws: Workspace, fresh: Path) -> Folded:
    for leftover in (fresh, _wal(fresh)):
        leftover.unlink(missing_ok=True)
    lines = faults = 0
    while True:
        step = _fold(ws, fresh, 8 * MAX_BYTES, 0, later=True)
        lines, faults = lines + step.lines, faults + step.faults
        if step.done:
            break
    # Without its write-ahead log the old file is older, but sound: should this process die here, the next fold mends it.
    _wal(ws.log).unlink(missing_ok=True)
    fresh.replace(ws.log)
    _SEEN[ws.log], _SAID[ws.log] = _SEEN.pop(fresh), _SAID.pop(fresh)
    return Folded(lines, faults)


def snapshot(ws: Workspace, target: Path) -> dict[str, int]:
    """Copy the log as it is, folded as far as it goes, and return how many bytes of each journal it has seen.

    Raises:
        LogError: as `fold`.
    """
    catch_up(ws)
    with turnstile(ws, exclusive=False):
        with _readable(ws) as con:
            seen = dict(con.execute("select file, seen from journal_offset").fetchall())
        try:
            for source, copy in ((ws.log, target), (_wal(ws.log), _wal(target))):
                if source.exists():
                    shutil.copyfile(source, copy)
        except OSError as error:
            raise _unwritable(ws, error) from error
    return seen


def fold_anew(ws: Workspace, target: Path, upto: Mapping[str, int] | None = None) -> Folded:
    """Fold the first bytes of each journal (all, where `upto` is None) into another file, beside whatever goes on. Errors as `rebuild`."""
    lines = faults = 0
    try:
        _create(target)
        while True:
            with tempfile.TemporaryDirectory(dir=target.parent) as folder, contextlib.closing(_connect(target, 0)) as con:
                step = _step(ws, con, Stage(Path(folder)), 8 * MAX_BYTES, target, upto, later=True)
            lines, faults = lines + step.lines, faults + step.faults
            if step.done:
                return Folded(lines, faults)
    except OSError as error:
        raise _unwritable(ws, error) from error
    finally:
        _SEEN.pop(target, None)
        _SAID.pop(target, None)


_LOCAL = threading.local()
_SEEN: dict[Path, tuple[int, dict[str, int]]] = {}
_SAID: dict[Path, tuple[int, int]] = {}
"""The stamp of the waivers that each log was rolled up with when it was folded last."""


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


def _seen(ws: Workspace) -> dict[str, int] | None:
    """Return how far this process knows each journal to be folded; None where it has not looked, or the file was replaced since."""
    inode, seen = _SEEN.get(ws.log, (0, {}))
    try:
        return seen if ws.log.stat().st_ino == inode else None
    except OSError:
        return None


def _up_to_date(ws: Workspace) -> bool:
    seen = _seen(ws)
    return seen is not None and _SAID.get(ws.log) == stamp_of(ws.evals) and next(pending(ws, seen), None) is None


def freshen(ws: Workspace) -> None:
    """Fold for a reader: bounded in time, and no error as long as there is something to read.

    Raises:
        LogError: as `fold`, where there is no log yet.
    """
    deadline = time.monotonic() + READ_BUDGET_S
    while True:
        try:
            missing = not ws.log.exists()
            step = fold(ws, wait=missing)
        except LogError:
            if not ws.log.exists():
                raise
            return  # The reason stands in the way of reading too, and is told there; or it does not, and old news is better than none.
        if step.done or (not step.lines and not missing) or time.monotonic() > deadline:
            return


def _fold(ws: Workspace, log: Path, max_bytes: int, wait_s: float, *, later: bool, apart: bool = False) -> Folded:
    """Do one step of folding; the turnstile is ours."""
    for leftover in ws.runs.glob(".fold-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        if not log.exists():
            refuse_anew(ws)  # a log that was deleted would come back without the runs that are in an archive
            _create(log)
        with (
            tempfile.TemporaryDirectory(dir=ws.runs, prefix=".fold-") as folder,
            _opened(log, wait_s, write=True, few_rows=max_bytes <= SMALL_BYTES) as con,
        ):
            return _step(ws, con, Stage(Path(folder)), max_bytes, log, later=later, apart=apart)
    except OSError as error:
        raise _unwritable(ws, error) from error


def _create(log: Path) -> None:
    """Make an empty log, whole or not at all: what breaks off half-way on a full disk would look like a corrupt log later."""
    import duckdb

    fresh = log.with_name(f"{log.name}.begun")
    for leftover in (fresh, _wal(fresh)):
        leftover.unlink(missing_ok=True)
    try:
        with contextlib.closing(_connect(fresh, 0)) as con:
            schema.migrate(con)
    except (duckdb.Error, LogError) as error:
        fresh.unlink(missing_ok=True)
        raise (error if isinstance(error, LogError) else _broken(log, error)) from error
    # A write-ahead log without its file belongs to nobody.
    _wal(log).unlink(missing_ok=True)
    fresh.replace(log)


def _step(
    ws: Workspace,
    con: duckdb.DuckDBPyConnection,
    stage: Stage,
    max_bytes: int,
    log: Path,
    upto: Mapping[str, int] | None = None,
    *,
    later: bool,
    apart: bool = False,
) -> Folded:
    import duckdb

    try:
        schema.migrate(con)
        rows = con.execute("select file, journal_key, bytes, seen from journal_offset").fetchall()
        known = {file: (key, offset, seen) for file, key, offset, seen in rows}
        seen = {row[0]: row[3] for row in rows}
        batch = stage.gather(ws, known, seen, max_bytes, upto)
        _tune(con, min(max_bytes, batch.nbytes))
        _put_together(con, min(max_bytes, batch.nbytes), apart=apart or (later and batch.more))
        faults = batch.faults + stage.load(con) if batch.sources else []
        said = bring_up(con, ws.evals)
        if batch.sources:
            apply(con, batch, faults, later=later and batch.more)
        elif con.execute("from unrolled limit 1").fetchone():
            con.execute("begin")
            roll_up(con)
            con.execute("commit")
    except duckdb.Error as error:
        raise _broken(log, error) from error
    _SEEN[log] = (log.stat().st_ino, seen | {source.file: source.seen for source in batch.sources})
    _SAID[log] = said
    return Folded(batch.lines, len(faults), not batch.more)


def _tune(con: duckdb.DuckDBPyConnection, nbytes: int) -> None:
    """Set how a fold of so many bytes computes; the settings stay with the instance, so each is set either way."""
    # Each further thread has buffers of its own and saves no time on so little.
    con.execute("set threads = 1" if nbytes <= SMALL_BYTES else "reset threads")
    for name in ("allocator_flush_threshold", "allocator_bulk_deallocation_flush_threshold") if nbytes > _LITTLE_BYTES else ():
        # What is not used any more is given back at once; of less there is nothing to give back, and this takes a tenth of a fold.
        con.execute(f"set {name} = '1MB'" if nbytes <= SMALL_BYTES else f"reset {name}")


def _put_together(con: duckdb.DuckDBPyConnection, nbytes: int, *, apart: bool) -> None:
    """Set how many groups of few rows are made one when the log is let go.

    Doing so takes the memory of what is in them, and at each small step it would take a fourth of the time of all. So the steps of a long
    run leave theirs `apart`, which have some thousand rows. Who folds little puts a few together, who folds larger pieces all of them.
    """
    con.execute(f"set global max_vacuum_tasks = {0 if apart else 1}" if nbytes <= SMALL_BYTES else "reset global max_vacuum_tasks")


@contextlib.contextmanager
def _readable(ws: Workspace) -> Iterator[duckdb.DuckDBPyConnection]:
    import duckdb

    with _opened(ws.log, FOREIGN_WAIT_S) as con:
        try:
            current = schema.version(con)
        except duckdb.Error as error:
            raise _broken(ws.log, error) from error
        schema.refuse_newer(current)
        if current < schema.VERSION:
            raise LogError("runs/log.duckdb is of an older schema and cannot be brought up to date here.", hint="Is the folder writable?")
        yield con


@contextlib.contextmanager
def _opened(log: Path, wait_s: float, *, write: bool = False, few_rows: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    with contextlib.ExitStack() as stack:
        yield _patiently(log, wait_s, lambda: stack.enter_context(attached(log, write=write, few_rows=few_rows)))


def _connect(path: Path, wait_s: float) -> duckdb.DuckDBPyConnection:
    """Open a file to write."""
    import duckdb

    return _patiently(path, wait_s, lambda: duckdb.connect(str(path), config=schema.CONFIG))


def _patiently(path: Path, wait_s: float, opened: Callable[[], duckdb.DuckDBPyConnection]) -> duckdb.DuckDBPyConnection:
    """Open a file; wait for foreign programs that hold it."""
    import duckdb

    deadline = time.monotonic() + wait_s
    pause = 0.005
    while True:
        try:
            return opened()
        except duckdb.Error as error:
            if "lock" not in str(error).lower():
                raise _broken(path, error) from error
            if time.monotonic() + pause > deadline:
                who = re.search(r"held in (.+?) \(PID (\d+)\)", str(error))
                holder = f"{Path(who[1]).name} (process {who[2]})" if who else "another program"
                raise LogError(
                    f"{path.name} is held by {holder}.", hint="Close it there; runs go on meanwhile, and nothing is lost."
                ) from error
            time.sleep(pause)
            pause = min(pause * 1.6, 0.2)


def _broken(path: Path, error: Exception) -> LogError:
    text = " ".join(str(error).split())
    lowered = text.lower()
    if "no space left" in lowered or "disk quota" in lowered or "file too large" in lowered:
        return LogError(
            f"The disk is full: cannot write {path.name}.", hint="Free some space; the journals hold everything, nothing is lost."
        )
    if "permission denied" in lowered or "read-only file system" in lowered:
        return LogError(f"Not allowed to open {path}.", hint="The file or its folder is read-only or belongs to someone else.")
    if "cannot open file" in lowered or "does not exist" in lowered:
        return LogError(f"Cannot open {path}.", hint="Look at runs/; `workbench log rebuild` makes the file anew from the journals.")
    return LogError(f"{path.name} cannot be used ({text[:160]}).", hint="`workbench log rebuild` makes it anew from the journals.")


def _unwritable(ws: Workspace, error: OSError) -> LogError:
    return LogError(f"Cannot write in {ws.runs}: {os.strerror(error.errno or 0)}.", hint="Free some space or make the folder writable.")
