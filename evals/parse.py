"""Untrusted model text to JSON: the one place that reads it, within bounds and strictly.

Example: the text

    Sure! Here is the script:
    ```json
    {"title": "Night", "scenes": []}
    ```

is read as `{"title": "Night", "scenes": []}` with `how="fenced"`: the JSON was fine, its wrapping was not asked for.

Strict means: no NaN or Infinity, no number that overflows to it, no key twice in one object (of which the first would be lost),
no half of a surrogate pair, no raw control character in a string, no nesting beyond `MAX_DEPTH`. Nothing is repaired.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

MAX_CHARS = 1_000_000
"""A long script is 40,000 characters; what is far beyond is no script."""
MAX_DEPTH = 32
MAX_STARTS = 40
"""How many opening brackets in prose are tried as the beginning of the JSON."""

_FENCE = re.compile(r"^[ \t]*(?:```|~~~)(?P<tag>[^\n`~]*)$", re.MULTILINE)
_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)
_LONE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was read. `how` tells where the JSON stood; `error` is empty exactly if there is a `value` to use."""

    value: Any = None
    how: Literal["plain", "fenced", "prose"] = "plain"
    error: str = ""

    @property
    def ok(self) -> bool:
        """Tell whether there is a value."""
        return not self.error


class _Refused(ValueError):
    """JSON that Python would read, and that we do not."""


def parse_json(text: str) -> Parsed:
    """Read the one JSON value of a model's answer: bare, in a code fence, or with prose around it.

    Never raises; linear in the text, but for at most `MAX_STARTS` attempts where prose holds brackets.
    """
    if len(text) > MAX_CHARS:
        return Parsed(error=f"The text has {len(text):,} characters; more than {MAX_CHARS:,} are not read.")
    text = _THOUGHT.sub("", text.removeprefix("\ufeff"), count=1).strip()
    if not text:
        return Parsed(error="The text is empty.")
    fenced = _fenced(text) if text[0] not in "{[" else None
    if fenced is not None:
        return _read(fenced, "fenced")
    if text[0] in '{["' or text[:4] in ("null", "true") or text[0].isdigit():
        whole = _read(text, "plain")
        # A complete value with words behind it is prose; anything else is the model's own broken JSON.
        return whole if whole.ok or not whole.error.startswith("Extra data") else _search(text, whole.error)
    return _search(text, "There is no JSON in the text.")


def _read(text: str, how: Literal["plain", "fenced", "prose"]) -> Parsed:
    """Read a text that should be one JSON value and nothing else."""
    try:
        _bound(text)
        value = _DECODER.decode(text)
        _whole(text)
    except json.JSONDecodeError as error:
        return Parsed(how=how, error=f"{error.msg} (line {error.lineno}, column {error.colno}).")
    except (_Refused, RecursionError) as error:
        return Parsed(how=how, error=str(error) or "Nested too deep.")
    except ValueError:  # an integer of thousands of digits
        return Parsed(how=how, error="A number has too many digits.")
    return Parsed(value, how)


def _fenced(text: str) -> str | None:
    """Return what stands in the first code fence, up to its end or, where it was cut off, the text's; None without a fence."""
    marks = _FENCE.finditer(text)
    first = next(marks, None)
    if first is None:
        return None
    last = next((mark for mark in marks if not mark["tag"].strip()), None)
    return text[first.end() : last.start() if last else None].strip()


def _search(text: str, otherwise: str) -> Parsed:
    """Find the first JSON object or list in prose; what is only a bracketed word or two is passed over."""
    best = Parsed(how="prose", error=otherwise)
    for count, start in enumerate(m.start() for m in re.finditer(r"[{\[]", text)):
        if count == MAX_STARTS:
            break
        end = _close(text, start)
        if end is None:
            continue
        read = _read(text[start:end], "prose")
        if read.ok and read.value:
            return read
        if "{" in text[start:end] and best.error == otherwise:
            best = read if not read.ok else best
    return best


def _close(text: str, start: int) -> int | None:
    """Return where the bracket at `start` is closed, or None."""
    depth = 0
    for match in _BRACKETS.finditer(text, start):
        if match.group() in ("{", "["):
            depth += 1
        elif match.group() in ("}", "]"):
            depth -= 1
            if depth == 0:
                return match.end()
    return None


def _bound(text: str) -> None:
    """Refuse deep nesting before the decoder recurses into it."""
    depth = 0
    for match in _BRACKETS.finditer(text):
        first = match.group()[0]
        depth += (first in "{[") - (first in "}]")
        if depth > MAX_DEPTH:
            raise _Refused(f"Nested more than {MAX_DEPTH} deep.")


def _whole(text: str) -> None:
    """Refuse half surrogate pairs, raw or escaped: they are no characters and cannot be stored."""
    if _LONE.search(text) or ("\\u" in text and _LONE.search(_unescaped(text))):
        raise _Refused("The text holds half a surrogate pair, which is no character.")


def _unescaped(text: str) -> str:
    r"""Join the \\uXXXX escapes of a text as JSON joins them: pairs become one character, halves stay."""
    found = re.findall(r"\\\\|((?:\\u[0-9a-fA-F]{4})+)", text)
    return "".join(json.loads(f'"{run}"') for run in found if run)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        seen: set[str] = set()
        double = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _Refused(f"The key {double[:60]!r} stands twice in one object.")
    return out


def _constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is no JSON number.")


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Refused(f"The number {text[:30]} is too large.")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant, parse_float=_number, strict=True)
