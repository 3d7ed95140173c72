r"""Filters for prompt writers, beside Jinja's own. All are pure: the same values give the same text on any day and machine.

| filter | example | gives |
|---|---|---|
| `join_natural` | `["Mei", "Lan", "Bo"] \| join_natural` | `Mei, Lan and Bo`; in Chinese `梅、兰和博` |
| `bullets` | `["a", "b"] \| bullets` | `- a` and `- b`, a line each |
| `numbered` | `["a", "b"] \| numbered` | `1. a` and `2. b`, a line each |
| `quote` | `"走吧" \| quote` | `“走吧”`, quotation marks inside turned to single ones |
| `one_line` | `"a\n  b" \| one_line` | `a b`: data that cannot break the prompt's lines |
| `fenced` | `script \| fenced("script")` | the text between two tags that it cannot contain |
| `tojson` | `series \| tojson(2)` | JSON with sorted keys; Chinese stays readable |
| `speech_seconds` | `line.text \| speech_seconds` | seconds to say it, see `prompts.text` |
| `speech_budget` | `shot.duration \| speech_budget` | signs (zh) or words (en) that fit |

Where the language matters it is the case's (variable `language`), or the filter's argument.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from prompts import text as measure


def _language(context: Context, language: str) -> str:
    found = language or context.get("language", "")
    return found if isinstance(found, str) and found else "en"


@pass_context
def join_natural(context: Context, items: Iterable[Any], language: str = "", last: str = "") -> str:
    """Join items as a sentence does; `last` replaces the word before the last one (`or`, `或`)."""
    words = [str(item) for item in items]
    chinese = measure.is_chinese(_language(context, language))
    comma = "、" if chinese else ", "
    link = (last or "和") if chinese else f" {last or 'and'} "
    return link.join([comma.join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def bullets(items: Iterable[Any], mark: str = "- ") -> str:
    """Put each item on a line of its own; further lines of an item are indented under its first."""
    return "\n".join(mark + str(item).strip().replace("\n", "\n" + " " * len(mark)) for item in items)


def numbered(items: Iterable[Any], start: int = 1) -> str:
    """Put each item on a line of its own, with a number."""
    return "\n".join(f"{number}. {one_line(item)}" for number, item in enumerate(items, start=start))


def quote(value: Any) -> str:
    """Put a text in double quotation marks, and turn those inside it to single ones."""
    inner = str(value).replace("“", "‘").replace("”", "’").replace('"', "'")
    return f"“{inner}”"


def one_line(value: Any) -> str:
    """Fold all white space, line breaks among it, to single blanks."""
    return " ".join(str(value).split())


def fenced(value: Any, name: str = "data") -> str:
    """Put a text between two tags which carry a digest of it, so that nothing inside can close them."""
    inner = str(value)
    tag = f"{name}-{hashlib.sha256(inner.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
    return f"<{tag}>\n{inner}\n</{tag}>"


def tojson(value: Any, indent: int | None = None) -> str:
    """Write a value as JSON with sorted keys; characters of any script stay as they are."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=indent, allow_nan=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")


@pass_context
def speech_seconds(context: Context, value: Any, language: str = "", rate: float | None = None) -> float:
    """Return the seconds that a text takes to say, to a tenth."""
    return round(measure.speech_seconds(str(value), _language(context, language), rate), 1)


@pass_context
def speech_budget(context: Context, seconds: float, language: str = "", rate: float | None = None, pad: float = 2.0) -> int:
    """Return how many signs (zh) or words (en) fit into so many seconds."""
    return measure.speech_budget(float(seconds), _language(context, language), rate, pad)


FILTERS: dict[str, Callable[..., Any]] = {
    "bullets": bullets,
    "fenced": fenced,
    "join_natural": join_natural,
    "numbered": numbered,
    "one_line": one_line,
    "quote": quote,
    "speech_budget": speech_budget,
    "speech_seconds": speech_seconds,
    "tojson": tojson,
}
