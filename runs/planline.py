"""The line of a plan, taken apart without making all of its jobs at once: of 100,000 they would take ten times the line's length.

event, jobs = taken_apart(line)      # the event without its jobs; jobs() gives them one by one, as often as it is asked
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import orjson

Jobs = Callable[[], Iterator[Any]]

# Jobs are flat, and a quotation mark inside a text has a backslash before it: this finds lists of flat objects under that name.
_LISTS = re.compile(rb'"jobs":\[((?:\{[^{}\[\]]*+\},?+)*+)\]')
_FLAT = re.compile(rb"\{[^{}\[\]]*+\}")
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
