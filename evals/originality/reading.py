"""What of an artifact can be copied: its prose. The keys, ids and closed words of structured output are everybody's.

Example: of `{"id": "b4", "function": "turn", "action": "She locks the door.", "lines": [{"id": "l9", "text": "Stay."}]}`

    She locks the door.
    Stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evals.parse import parse_json

PROSE = frozenset({
    "action", "acting", "cliffhanger", "content", "core_conflict", "dialogue", "hook", "key_events", "line", "logline", "lyrics", "mood",
    "opening_hook", "summary", "text", "title",
})  # fmt: skip
"""Keys under which structured output holds prose."""
TEXT_FILES = (".txt", ".md", ".fountain", ".json", ".srt", ".vtt")


def prose(text: str) -> str:
    """Return the prose of a text: of JSON what stands under keys of prose, one value a line; of anything else the text itself."""
    if not text.lstrip().startswith(("{", "[", "`")) and '"' not in text[:400]:
        return text
    parsed = parse_json(text)
    if not parsed.ok or not isinstance(parsed.value, dict | list):
        return text
    return "\n".join(_values(parsed.value, ""))


def _values(value: Any, key: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _values(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner, key)
    elif isinstance(value, str) and key in PROSE and value.strip():
        yield value.strip()
