"""The line of a plan, taken apart without making all of its jobs at once: of 100,000 they would take ten times the line's length.

event, jobs = taken_apart(line)             # its JSON without the jobs; jobs() gives them one by one, as often as it is asked
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
_CASES = b'"cases":['
_MARK = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+([{}\[\]])', re.DOTALL)
_SOME = re.compile(rb"(?:,?+\{[^{}\[\]]*+\})*+")
_LONGEST = 64 << 10
"""Bytes of a job that is read in pieces: our own have two hundred."""
PIECE = 256 << 10
"""Bytes of a long plan that are read at once."""
_SUM = re.compile(rb'\{"crc":"([0-9a-f]{8})","type":"run",')
_HEAD = PREFIX + len(b'"type":"run",')
_TEXTS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_WHOLE = re.compile(rb'(?:[^"]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)


def taken_apart(line: bytes) -> tuple[bytes | bytearray, Jobs | None]:
    """Return a plan's JSON without its jobs, and what gives them; None instead where they are no list.

    The rest of it stays the text that it is: cases take several times their length once they are parsed.

    Raises:
        ValueError: the line is no JSON.
    """
    for found in _LISTS.finditer(line):
        if _is_own(line[: found.start()]):
            rest = line[found.end() :]
            before = line[: found.start()] if rest.startswith(b",") else line[: found.start()].removesuffix(b",")
            return before + rest.removeprefix(b","), partial(_each, line, *found.span(1))
    event = orjson.loads(line)
    jobs = event.pop("jobs", None) or []
    return orjson.dumps(event), (lambda: iter(jobs)) if isinstance(jobs, list) else None


def cases_apart(event: bytes | bytearray) -> tuple[list[bytes | memoryview], Iterator[bytes | memoryview]]:
    """Return the pieces of a plan's JSON without its cases, and the JSON of each case; `event` is such as `taken_apart` gives.

    Raises:
        ValueError: it is no JSON.
    """
    view, found = memoryview(event), event.find(_CASES)
    while found >= 0:
        if _is_own(event[:found]):
            spans = list(_spans(event, found + len(_CASES)))
            end = spans.pop()[1]
            return [view[: found + len(_CASES)], view[end:]], (view[start:stop] for start, stop in spans)
        found = event.find(_CASES, found + 1)
    parsed = orjson.loads(event)
    cases = parsed.pop("cases", None) or []
    return [orjson.dumps(parsed)], (orjson.dumps(case) for case in (cases if isinstance(cases, list) else [cases]))


def _spans(text: bytes | bytearray, place: int) -> Iterator[tuple[int, int]]:
    """Yield where each object or list within a list stands that begins at a place, and last where that ends."""
    depth = begun = 0
    for mark in _MARK.finditer(text, place):
        at = mark.start(1)
        if text[at] in b"{[":
            begun = begun if depth else at
            depth += 1
        elif depth:
            depth -= 1
            if not depth:
                yield begun, at + 1
        else:
            yield at, at
            return
    raise ValueError("a list without an end")


def _is_own(before: bytes | bytearray) -> bool:
    """Tell whether the next name in an event's JSON is one of its own: a case may have an input that is called `jobs` too."""
    place = braces = brackets = 0
    while place < len(before):
        some = _WHOLE.match(before, place, place + _LONGEST)
        if some is None or some.end() == place:
            some = _TEXTS.match(before, place)  # longer than what is looked at, or without an end: then those words are in it
            if some is None:
                return False
        marks = _TEXTS.sub(b"", before[place : some.end()])
        braces += marks.count(b"{") - marks.count(b"}")
        brackets += marks.count(b"[") - marks.count(b"]")
        place = some.end()
    return braces == 1 and brackets == 0


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

    def taken_apart(self) -> tuple[bytes | bytearray, Jobs] | None:
        """Return what the function does, or None where the line has to be read whole for that. Errors as `open_journal`."""
        with open_journal(self.path) as file:
            file.seek(self.offset)
            head = bytearray()
            while len(head) < self.length and (piece := file.read(min(PIECE, self.length - len(head)))):
                looked = max(0, len(head) - len(_BEGIN) + 1)
                head += piece
                while (looked := head.find(_BEGIN, looked)) >= 0:
                    place, looked = looked, looked + len(_BEGIN)
                    if _is_own(head[:place]):
                        jobs = partial(self._each, self.offset + looked)
                        del head[place - head[:place].endswith(b",") :]
                        head += b"}"
                        return (head, jobs) if self._are_flat(jobs) else None
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
