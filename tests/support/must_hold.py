"""What every match of a regular expression must hold: its alternatives, expanded as far as they are plain letters.

Example: `can_do_without(re.compile("close[- ]?up|特写"), ("close",), signs=True)` is empty: each match holds "close" or a sign;
with `signs=False` it is {"特写"}.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from re import _parser  # type: ignore[attr-defined]  # the only place that knows how a pattern is built
from typing import Any

ANYTHING = "\0"
FOUND = "\1"


def can_do_without(pattern: re.Pattern[str], words: tuple[str, ...], *, signs: bool) -> set[str]:
    """Return texts that the pattern may match and that hold none of the words; what is not plain letters is a NUL."""

    def known(text: str) -> str:
        return FOUND if FOUND in text or any(w in text for w in words) or (signs and not text.isascii()) else text

    def join(parts: Iterable[set[str]]) -> set[str]:
        whole = {""}
        for part in parts:
            whole = {known(a + b) for a, b in itertools.product(whole, part)}
        return whole

    def each(items: Any) -> set[str]:
        return join(expand(str(op), value) for op, value in items)

    def expand(op: str, value: Any) -> set[str]:
        match op:
            case "LITERAL":
                return {chr(value).lower()}
            case "IN":
                return set().union(*(_one_of(str(kind), what) for kind, what in value))
            case "BRANCH":
                return set().union(*(each(branch) for branch in value[1]))
            case "SUBPATTERN":
                return each(value[3])
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, inner = value
                once = each(inner)
                return ({""} if least == 0 else set()) | (once if most == 1 else {known(x + ANYTHING) for x in once})
            case "AT" | "ASSERT" | "ASSERT_NOT":
                return {""}
        return {ANYTHING}

    return each(_parser.parse(pattern.pattern, pattern.flags)) - {FOUND}


def _one_of(kind: str, what: Any) -> set[str]:
    if kind == "LITERAL":
        return {chr(what).lower()}
    if kind == "RANGE" and what[0] > 127:
        return {chr(what[0])}  # one for all: each is a sign
    return {ANYTHING}
