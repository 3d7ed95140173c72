"""The line of a plan, taken apart without making all of its jobs at once: of 100,000 they would take ten times the line's length.

event, jobs = taken_apart(line)             # the event without its jobs; jobs() gives them one by one, as often as it is asked
long = plan_at(path, offset, 2 << 20, end)  # a plan longer than this, which is never read whole
event, jobs = long.taken_apart()            # the same, from the file, a piece after the other
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

import orjson

from runs.lines import MAX_LINE, PREFIX
from runs.sealed import open_journal

Jobs = Callable[[], Iterator[Any]]

# Jobs are flat, and a quotation mark inside a text has a backslash before it: this finds lists of flat objects under that name.
_LISTS = re.compile(rb'"jobs":\[((?:\{[^{}\[\]]*+\},?+)*+)\]')
_FLAT = re.compile(rb"\{[^{}\[\]]*+\}")
_BEGIN = b'"jobs":['
_SOME = re.compile(rb"(?:,?+\{[^{}\[\]]*+\})*+")
_LONGEST = 64 << 10
"""Bytes of a job that is read in pieces: our own have two hundred."""
PIECE = 256 << 10
"""Bytes of a long plan that are read at once."""
_SUM = re.compile(rb'\{"crc":"([0-9a-f]{8})","type":"run",')
_HEAD = PREFIX + len(b'"type":"run",')
_HERE = "\0 the jobs stood here"


def taken_apart(line: bytes) -> tuple[dict[str, Any], Jobs | None]:
    """Return a plan's event without its jobs, and what gives them; None instead where they are no list.

    Raises:
        ValueError: the line is no JSON.
    """
    for found in _LISTS.finditer(line):
        # A case may have an input of that name: only where the event itself lacks its jobs now was it them that were cut out.
        event = orjson.loads(b"".join((line[: found.start(1) - 1], orjson.dumps(_HERE), line[found.end() :])))
        if event.get("jobs") == _HERE:
            del event["jobs"]
            return event, partial(_each, line, *found.span(1))
    event = orjson.loads(line)
    jobs = event.pop("jobs", None) or []
    return event, (lambda: iter(jobs)) if isinstance(jobs, list) else None


def _each(line: bytes, start: int, end: int) -> Iterator[Any]:
    return (orjson.loads(job[0]) for job in _FLAT.finditer(line, start, end))


class NotFlatError(ValueError):
    """The jobs of a long plan do not stand there as this program writes them: it has to be read whole."""


@dataclass(frozen=True, slots=True)
class LongPlan:
    """A plan in a journal: where its line begins, how long it is without its newline, and what is wrong with it, if anything."""

    path: Path
    offset: int
    length: int
    fault: str

    def taken_apart(self) -> tuple[dict[str, Any], Jobs] | None:
        """Return what the function does, or None where the line has to be read whole for that. Errors as `open_journal`."""
        with open_journal(self.path) as file:
            file.seek(self.offset)
            head = bytearray()
            while len(head) < self.length and (piece := file.read(min(PIECE, self.length - len(head)))):
                looked = max(0, len(head) - len(_BEGIN) + 1)
                head += piece
                while (looked := head.find(_BEGIN, looked)) >= 0:
                    event = _closed(head[:looked])
                    looked += len(_BEGIN)
                    if event is not None:
                        jobs = partial(self._each, self.offset + looked)
                        return (event, jobs) if self._are_flat(jobs) else None
        return None

    def _are_flat(self, jobs: Jobs) -> bool:
        try:
            for _ in jobs():
                pass
        except NotFlatError:
            return False
        except ValueError:
            return True  # no JSON, whoever reads it
        return True

    def _each(self, place: int) -> Iterator[Any]:
        """Yield the jobs from the first one's place on; after the last one the line must end as this program ends it."""
        left, rest = self.offset + self.length - place, b""
        with open_journal(self.path) as file:
            file.seek(place)
            while left and (piece := file.read(min(PIECE, left))):
                left -= len(piece)
                rest += piece
                some = _SOME.match(rest)
                end = some.end() if some else 0
                yield from (orjson.loads(job[0]) for job in _FLAT.finditer(rest, 0, end))
                rest = rest[end:]
                if len(rest) > _LONGEST:
                    raise NotFlatError
        if rest != b"]}":
            raise NotFlatError


def plan_at(path: Path, offset: int, at_once: int, end: int) -> LongPlan | None:
    """Return the plan whose line begins at an offset and does not fit into so many bytes; None for any other line, and for a torn one.

    Raises:
        OSError: the journal cannot be read.
    """
    with open_journal(path) as file:
        file.seek(offset)
        head = file.read(_HEAD)
        sum_of = _SUM.match(head)
        if end - offset <= at_once or sum_of is None:
            return None
        length, crc = _measured(file, head, end - offset)
    if length is None or length <= at_once:
        return None
    return LongPlan(path, offset, length, "" if int(sum_of[1], 16) == crc else "checksum does not match")


def _measured(file: BinaryIO, head: bytes, most: int) -> tuple[int | None, int]:
    """Return a line's length and checksum, read a piece after the other; None as length where it has no end, or is none of ours."""
    length, crc = len(head), crc32(head[PREFIX:])
    while length < min(most, MAX_LINE) and (piece := file.read(min(PIECE, most - length))):
        ends = piece.find(b"\n")
        crc = crc32(piece[:ends] if ends >= 0 else piece, crc)
        length += ends if ends >= 0 else len(piece)
        if ends >= 0:
            return length, crc
    return None, crc


def _closed(head: bytearray) -> dict[str, Any] | None:
    """Return the event that begins so, without its jobs; None where its own jobs do not come next, but something else of that name."""
    try:
        event = orjson.loads(head + _BEGIN[:-1] + b"null}")
    except ValueError:
        return None
    del event["jobs"]
    return dict(event)
