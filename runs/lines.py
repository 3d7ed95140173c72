"""The line format of journals: one JSON object a line, its checksum first.

    {"crc":"5f0c0a7e","type":"claim","run_id":"…","at":"2026-11-24T01:57:00.123456Z","job_id":"9c1e…"}

`crc` is CRC-32 (zlib) over every byte after its own comma, so a line is plain JSON for DuckDB, jq or a notebook, and is
verified without parsing. `type` comes next, so that a reader can tell lines apart without parsing either. The first line
of a file is its header, of type `journal`.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson

from runs.errors import JournalError
from runs.events import Event
from runs.joblist import JobList
from runs.sealed import open_journal

SCHEMA = 1
"""Version of the journal format. Readers refuse files of a newer one."""
MAX_LINE = 64 << 20
"""Longest line in bytes. A longer one would stall every reader; payloads belong in the media store."""
READ_BYTES = 8 << 20
MAX_DEPTH = 96
"""Deepest nesting that is kept where a value has to be cleaned; DuckDB reads JSON to a depth of 128."""
REFUSED = b'{"refused":'
"""Begins a line that says why something else was not taken in (see `runs.team.pull`)."""
PREFIX = len(b'{"crc":"00000000",')
PIECE = 2000
"""Jobs that are encoded at once."""
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class BadLine:
    """Bytes that are not a line as it was written, and where they are."""

    offset: int
    length: int
    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """An event as it was read, and where its line begins."""

    offset: int
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tail:
    """What `read` found: `offset` is where to go on; an unfinished last line is left for the next time."""

    records: list[Record]
    bad: list[BadLine]
    offset: int


def encode(event: Event | Mapping[str, Any]) -> bytes:
    """Return an event's line, newline included.

    Raises:
        JournalError: the line would be longer than `MAX_LINE`.
        TypeError: the event holds something that JSON cannot.
    """
    line = bytearray()
    encode_into(line, event)
    return bytes(line)


def encode_into(lines: bytearray, event: Event | Mapping[str, Any]) -> None:
    """Append an event's line to others; errors as `encode`, which leave what was there."""
    data = event.to_dict() if isinstance(event, Event) else event
    if next(iter(data), "") != "type":
        data = {"type": data["type"], **data}
    start = len(lines)
    body = start + PREFIX
    lines += b'{"crc":"00000000",'
    try:
        try:
            _append(lines, data)
        except TypeError:
            # Output of a model may hold half a surrogate pair or a number of 200 digits: rare, so cleaned only when it happens.
            lines[body:] = memoryview(orjson.dumps(clean(data), option=_OPTIONS))[1:]
    except TypeError:
        del lines[start:]
        raise
    size = len(lines) - start
    if size >= MAX_LINE:
        del lines[start:]
        raise JournalError(
            f"An event of type {data.get('type')!r} is {size >> 20} MB, more than a journal line may hold ({MAX_LINE >> 20} MB).",
            hint="Plan a smaller run, or keep large outputs as artifacts.",
        )
    lines[start + 8 : start + 16] = b"%08x" % crc32(memoryview(lines)[body:])
    lines += b"\n"


def _append(lines: bytearray, data: Mapping[str, Any]) -> None:
    """Append an event's JSON, less its first brace; the jobs of a plan in pieces: as one text they would be in memory twice."""
    jobs = data.get("jobs")
    if not isinstance(jobs, JobList) and (not isinstance(jobs, (list, tuple)) or len(jobs) <= PIECE):
        lines += memoryview(orjson.dumps(data, option=_OPTIONS))[1:]
        return
    lines += memoryview(orjson.dumps({name: value for name, value in data.items() if name != "jobs"}, option=_OPTIONS))[1:-1]
    lines += b',"jobs":['
    for start in range(0, len(jobs), PIECE):
        lines += memoryview(orjson.dumps(jobs[start : start + PIECE], option=_OPTIONS))[1:-1]
        lines += b","
    lines[-1 if jobs else len(lines) :] = b"]}"


def clean(value: Any, depth: int = 0) -> Any:
    """Return the value with strings that are not UTF-8 repaired, huge integers and deep nests as strings, and keys as strings."""
    if depth > MAX_DEPTH and isinstance(value, Mapping | list | tuple):
        return "(nested too deeply)"
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {clean(str(k)): clean(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple | JobList):
        return [clean(v, depth + 1) for v in value]
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
        return str(value)
    return value


def fault(line: bytes) -> str:
    """Return what is wrong with a line (without its newline), or an empty string."""
    if line.startswith(REFUSED):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return str(orjson.loads(line)["refused"])[:300]
    if line.startswith(b'{"crc":"') and line[16:PREFIX] == b'",':
        try:
            expected = int(line[8:16], 16)
        except ValueError:
            return "unreadable checksum"
        return "" if crc32(memoryview(line)[PREFIX:]) == expected else "checksum does not match"
    if not line.strip(b"\0"):
        return "zero bytes (the machine lost power while writing)"
    return "not a journal line"


def decode(line: bytes) -> dict[str, Any]:
    """Return the event of a line.

    Raises:
        ValueError: the line is not as it was written; the message says why.
    """
    if reason := fault(line):
        raise ValueError(reason)
    event = orjson.loads(line)
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise ValueError("an event without a type")
    del event["crc"]
    return event


def read(path: Path, offset: int = 0, max_bytes: int = READ_BYTES) -> Tail:
    """Read the complete lines of a journal from an offset on.

    Args:
        path: the journal.
        offset: where to begin: 0, or the `offset` of an earlier `Tail`.
        max_bytes: how much to read at once; call again until the offset stays where it is.

    Raises:
        JournalError: the file cannot be read.
    """
    chunk = read_lines(path, offset, max_bytes)
    records: list[Record] = []
    bad: list[BadLine] = []
    place = offset
    for line in chunk.split(b"\n")[:-1]:
        try:
            records.append(Record(place, decode(line)))
        except ValueError as error:
            bad.append(BadLine(place, len(line), str(error)))
        place += len(line) + 1
    return Tail(records, bad, place)


def read_lines(path: Path, offset: int, max_bytes: int, end: int = sys.maxsize) -> bytes:
    """Return whole lines from an offset on: at most `max_bytes`, but at least one line where there is one; none beyond `end`."""
    try:
        with open_journal(path) as file:
            file.seek(offset)
            chunk = file.read(min(max_bytes, end - offset))
            # One line may be longer than what was asked for.
            while (
                b"\n" not in chunk[-max_bytes:]
                and len(chunk) >= max_bytes
                and (more := file.read(min(max_bytes, end - offset - len(chunk))))
            ):
                chunk += more
                if len(chunk) > MAX_LINE + max_bytes:
                    return chunk[:-1] + b"\n"  # No line of ours: let it be reported as a bad one.
    except OSError as error:
        raise JournalError(
            f"Cannot read the journal {path.name}: {os.strerror(error.errno or 0)}.", hint=f"Look at the permissions of {path}."
        ) from error
    return chunk[: chunk.rfind(b"\n") + 1]


def read_at(path: Path, offset: int) -> dict[str, Any]:
    """Return the event whose line begins at an offset.

    Raises:
        JournalError: there is no sound line there.
    """
    try:
        with open_journal(path) as file:
            file.seek(offset)
            return decode(file.readline().removesuffix(b"\n"))
    except (OSError, ValueError) as error:
        raise JournalError(f"The journal {path.name} has no event at byte {offset}: {error}.") from error


def header(path: Path) -> dict[str, Any] | None:
    """Return a journal's header; None while its writer has not finished writing it, or where it is unreadable."""
    try:
        with open_journal(path) as file:
            line = file.readline(MAX_LINE)
        if not line.endswith(b"\n"):
            return None
        event = decode(line[:-1])
    except (OSError, ValueError):
        return None
    return event if event["type"] == "journal" else None
