"""The first half of a fold: new journal lines, verified and sorted by type, into temporary tables.

Every line's checksum is looked at here; what passes goes, with the place it came from, to one file a type, which DuckDB
reads with all cores. What does not pass becomes a `Fault`. Nothing of the log itself is changed yet.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from runs.event_columns import CASES, COLUMNS, PLANNED, REQUIRED
from runs.growth import pending
from runs.lines import PREFIX, READ_BYTES, SCHEMA, clean, fault, header, read_lines
from runs.planline import Jobs, LongPlan, cases_apart, plan_at, taken_apart
from runs.sealed import open_journal
from runs.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

_KINDS = {b'"type":"%s"' % kind.encode(): kind for kind in COLUMNS}
SLICE = 10_000
"""Jobs of plans that are taken in at once."""
PARTS = 8
"""Pieces in which a fold reads journals and stages events: DuckDB takes four times the memory of a file that it reads at once."""
_LEAST_PART = 256 << 10
NO_JOBS = "a run event that makes no sense: its jobs are none"
_SCRATCH = re.compile(r' in file "[^"]*", in line \d+')


@dataclass(frozen=True, slots=True)
class Fault:
    """A place in a journal that could not be folded."""

    file: str
    offset: int
    length: int
    reason: str


@dataclass(slots=True)
class Source:
    """A journal with news: folded through `offset`, looked at through `seen` bytes."""

    key: int
    file: str
    offset: int
    seen: int
    head: Mapping[str, Any] | None = None
    known: bool = False


@dataclass(slots=True)
class Batch:
    """What one fold takes in. `slices` are questions for the jobs of its plans, so many at a time that they take little memory."""

    sources: list[Source] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    lines: int = 0
    nbytes: int = 0
    more: bool = False
    kinds: set[str] = field(default_factory=set)
    findings: bool = False
    slices: list[str] = field(default_factory=list)


class Stage:
    """Temporary files, one a type of event, and the tables `ev_<type>` made from them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._part = READ_BYTES
        self._files: dict[str, BinaryIO] = {}
        self._parts: dict[str, list[Path]] = {}
        self._left: dict[str, int] = {}
        self._longest: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._planned: BinaryIO | None = None
        self._jobs = 0

    def gather(
        self,
        ws: Workspace,
        known: Mapping[str, tuple[int, int, int]],
        seen: Mapping[str, int],
        max_bytes: int,
        upto: Mapping[str, int] | None = None,
    ) -> Batch:
        """Take in at most about `max_bytes` of new lines, whole ones, journals in order of their names.

        Args:
            ws: the workspace.
            known: key, offset and bytes seen of each journal that the log knows, by file.
            seen: the last of these alone.
            max_bytes: where to stop.
            upto: how far to go in each journal at most; None: to its end.
        """
        batch = Batch()
        self._part = min(READ_BYTES, max(_LEAST_PART, max_bytes // PARTS))
        next_key = max((key for key, _, _ in known.values()), default=0) + 1
        for path, size in pending(ws, seen, upto):
            if batch.nbytes >= max_bytes:
                batch.more = True
                break
            old = known.get(path.name)
            source = Source(old[0], path.name, *old[1:], known=True) if old else Source(next_key, path.name, 0, 0)
            if source.offset == 0:
                source.head = header(path)
                if source.head and source.head.get("schema", 0) > SCHEMA:
                    batch.faults.append(Fault(path.name, 0, 0, "written by a newer workbench: upgrade, then run `workbench log rebuild`"))
                    source.offset = size
            next_key += old is None
            self._names[source.key] = path.name
            self._take(path, source, size, max_bytes, batch)
            batch.sources.append(source)
        for file in self._files.values():
            file.close()
        if self._planned is not None:
            self._planned.close()
        batch.slices = [self._read_json("planned", PLANNED, [self._slice(n)]) for n in range(-(-self._jobs // SLICE))]
        return batch

    def _take(self, path: Path, source: Source, size: int, max_bytes: int, batch: Batch) -> None:
        while source.offset < size and batch.nbytes < max_bytes:
            at_once = min(self._part, max_bytes - batch.nbytes)
            long = plan_at(path, source.offset, at_once, size)
            if long is not None:
                self._take_long(path, source, long, batch)
                continue
            chunk = read_lines(path, source.offset, at_once, size)
            if not chunk:
                self._look_at_rest(path, source, size, batch)
                break
            self._sort(chunk, source, batch)
            source.offset += len(chunk)
            batch.nbytes += len(chunk)
        # Where the byte bound cut in, the rest stays unseen.
        cut = source.offset < size and batch.nbytes >= max_bytes
        batch.more |= cut
        source.seen = source.offset if cut else max(size, source.offset)

    def _look_at_rest(self, path: Path, source: Source, size: int, batch: Batch) -> None:
        """A last line without an end waits for its writer, or for ever; zero bytes are a sign of lost power, and reported."""
        with open_journal(path) as file:
            file.seek(source.offset)
            rest = file.read(size - source.offset)
        if b"\0" in rest:
            batch.faults.append(Fault(path.name, source.offset, len(rest), fault(b"\0")))

    def _sort(self, chunk: bytes, source: Source, batch: Batch) -> None:
        place = source.offset
        while (end := chunk.find(b"\n", place - source.offset)) >= 0:
            line = chunk[place - source.offset : end]
            reason = fault(line)
            if reason:
                batch.faults.append(Fault(source.file, place, len(line), reason))
            else:
                kind = _KINDS.get(line[PREFIX : line.find(b",", PREFIX)])
                if kind:
                    batch.kinds.add(kind)
                    batch.findings = batch.findings or (kind == "scores" and b'"findings":[{' in line)
                    placed = b'{"j":%d,"o":%d,' % (source.key, place)
                    if kind != "run":
                        self._write(kind, placed, memoryview(line)[PREFIX:], b"\n")
                    elif not self._plan(placed, *taken_apart(line)):
                        batch.faults.append(Fault(source.file, place, len(line), NO_JOBS))
                batch.lines += 1
            place += len(line) + 1

    def _take_long(self, path: Path, source: Source, long: LongPlan, batch: Batch) -> None:
        """Take in a plan that is longer than what is read at once: its jobs go from file to file."""
        place, source.offset = source.offset, source.offset + long.length + 1
        batch.nbytes += long.length + 1
        batch.lines += not long.fault
        reason = long.fault
        if not reason:
            batch.kinds.add("run")
            placed = b'{"j":%d,"o":%d,' % (source.key, place)
            parts = long.taken_apart() or taken_apart(read_lines(path, place, READ_BYTES).partition(b"\n")[0])
            reason = "" if self._plan(placed, *parts) else NO_JOBS
        if reason:
            batch.faults.append(Fault(source.file, place, long.length, reason))

    def _plan(self, placed: bytes, event: bytes | bytearray, jobs: Jobs | None) -> bool:
        """Stage a plan, its cases and its jobs one by one; return False where they are no jobs."""
        sound = jobs is not None and _are_jobs(jobs())
        pieces, cases = cases_apart(event)
        self._write("run", *((placed, pieces[0][PREFIX:], *pieces[1:], b"\n") if sound else ()))
        for n, case in enumerate(cases if sound else (), 1):
            self._write("case", placed, b'"n":%d,"c":' % n, case, b"}\n")
        for n, job in enumerate(jobs() if jobs is not None and sound else (), 1):
            fields = {"n": n} | {name: job.get(name) for name in ("job_id", "arm", "case_id", "repeat", "seed")}
            self._write_job(placed + orjson.dumps(fields)[1:] + b"\n")
        return sound

    def _write_job(self, line: bytes) -> None:
        if self._jobs % SLICE == 0:
            if self._planned is not None:
                self._planned.close()
            self._planned = self._slice(self._jobs // SLICE).open("wb")
        assert self._planned is not None  # noqa: S101 - the first job opens it
        self._planned.write(line)
        self._jobs += 1
        self._longest["planned"] = max(self._longest.get("planned", 0), len(line))

    def _slice(self, number: int) -> Path:
        return self._folder / f"planned-{number}.jsonl"

    def _write(self, kind: str, *pieces: bytes | memoryview) -> None:
        if self._left.get(kind, 0) <= 0:
            self._next_part(kind)
        length = sum(map(len, pieces))
        self._files[kind].writelines(pieces)
        self._left[kind] -= length
        self._longest[kind] = max(self._longest.get(kind, 0), length)

    def _next_part(self, kind: str) -> None:
        if kind in self._files:
            self._files[kind].close()
        parts = self._parts.setdefault(kind, [])
        parts.append(self._folder / f"{kind}-{len(parts)}.jsonl")
        self._files[kind] = parts[-1].open("wb")
        self._left[kind] = self._part

    def load(self, con: duckdb.DuckDBPyConnection) -> list[Fault]:
        """Make a table `ev_<type>` for each type that came in; return lines that are sound but make no sense."""
        faults: list[Fault] = []
        for kind, parts in self._parts.items():
            if kind == "case":
                continue
            typed = {"j": "INTEGER", "o": "BIGINT", "run_id": "VARCHAR", "at": "TIMESTAMP", **COLUMNS[kind]}
            faults += self._tabled(con, kind, typed, parts)
            if kind == "run":
                faults += self._load_cases(con)
            needed = " or ".join(f'"{name}" is null' for name in ("run_id", "at", *REQUIRED.get(kind, ())))
            lacking = con.execute(f"delete from ev_{kind} where {needed} returning j, o").fetchall()  # noqa: S608  fixed words
            for key, place in lacking:
                faults.append(Fault(self._names[key], place, 0, f"a {kind} event without run, time or another thing it needs"))
        return faults

    def _load_cases(self, con: duckdb.DuckDBPyConnection) -> list[Fault]:
        """Load the cases of the plans at hand: a plan is one event, right or wrong as a whole."""
        wrong = {}
        for found in self._tabled(con, "case", CASES, self._parts.get("case", [])):
            wrong[found.file, found.offset] = Fault(found.file, found.offset, 0, found.reason.replace("a case event", "a run event", 1))
        keys = {name: key for key, name in self._names.items()}
        for file, offset in wrong:
            con.execute("delete from ev_run where j = ? and o = ?", [keys[file], offset])
        return list(wrong.values())

    def _tabled(self, con: duckdb.DuckDBPyConnection, kind: str, typed: Mapping[str, str], parts: Sequence[Path]) -> list[Fault]:
        shape = ", ".join(f'"{name}" {sql}' for name, sql in typed.items())
        con.execute(f"create or replace temp table ev_{kind}({shape})")
        return self._load(con, kind, typed, parts) if parts else []

    def _load(self, con: duckdb.DuckDBPyConnection, kind: str, typed: Mapping[str, str], paths: Sequence[Path]) -> list[Fault]:
        import duckdb

        try:
            con.execute(f"insert into ev_{kind} {self._read_json(kind, typed, paths)}")
        except duckdb.Error as error:
            if len(paths) > 1:
                return [found for path in paths for found in self._load(con, kind, typed, [path])]
            return self._halve(con, kind, typed, paths[0], error)
        return []

    def _read_json(self, kind: str, typed: Mapping[str, str], paths: Sequence[Path]) -> str:
        shape = ", ".join(f"'{name}': '{sql}'" for name, sql in typed.items())
        size = max(self._longest[kind] + 1024, 1 << 20)
        options = f"format='newline_delimited', maximum_object_size={size}, columns={{{shape}}}"
        quoted = ", ".join(f"'{text}'" for text in (str(path).replace("'", "''") for path in paths))
        return f"select * from read_json([{quoted}], {options})"  # noqa: S608  fixed words, and paths in quotation marks

    def _halve(self, con: duckdb.DuckDBPyConnection, kind: str, typed: Mapping[str, str], path: Path, error: Exception) -> list[Fault]:
        """Find the line that DuckDB cannot read; fold all others."""
        lines = path.read_bytes().splitlines(keepends=True)
        if len(lines) > 1:
            middle = len(lines) // 2
            faults: list[Fault] = []
            for half in (lines[:middle], lines[middle:]):
                part = path.with_name(f"{path.name}.{os.urandom(4).hex()}")
                part.write_bytes(b"".join(half))
                faults += self._load(con, kind, typed, [part])
                part.unlink()
            return faults
        event = orjson.loads(lines[0])
        flat = orjson.dumps(clean(event), option=orjson.OPT_APPEND_NEWLINE)
        if flat != lines[0]:  # nested too deeply for DuckDB: fold it without its depths
            path.write_bytes(flat)
            return self._load(con, kind, typed, [path])
        # Without the scratch file's name: the same line gives the same words, whenever it is folded.
        reason = _SCRATCH.sub("", str(error).partition("\n")[0])[:200]
        return [Fault(self._names[event["j"]], event["o"], len(lines[0]), f"a {kind} event that makes no sense: {reason}")]


def _are_jobs(jobs: Iterator[Any]) -> bool:
    try:
        return all(map(_is_job, jobs))
    except ValueError:  # sound bytes and no JSON: another program's
        return False


def _is_job(job: Any) -> bool:
    """Tell whether DuckDB can read a job: looked at here, for a plan is one event, right or wrong as a whole."""
    return (
        isinstance(job, dict)
        and isinstance(job.get("job_id"), str)
        and isinstance(job.get("arm", ""), str)
        and isinstance(job.get("case_id", ""), str)
        and isinstance(job.get("seed"), int | None)
        and isinstance(repeat := job.get("repeat", 0), int)
        and -(1 << 31) <= repeat < 1 << 31
    )
