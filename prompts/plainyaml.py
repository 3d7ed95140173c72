r"""Read YAML that people write: plain data, and the line of every value.

Example: `load("stage: shot\nmodel: {temperature: 0.4}")` gives `{"stage": "shot", "model": {"temperature": 0.4}}`
with `lines[("model", "temperature")] == 2`.

What makes YAML surprising or dangerous is refused with its line: anchors and aliases (a kilobyte of them unfolds to
gigabytes), tags, duplicate keys, keys that are no text, several documents, deep nesting. Words are read as in JSON: only
`true`, `false` and `null` are special, so that a language `no` stays a language and a date stays the text it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

MAX_CHARACTERS = 1 << 20
MAX_DEPTH = 24
Place = tuple[str | int, ...]

_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C where PyYAML was built with it: eight times as fast, the same events."""
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")


class YamlProblem(Exception):
    """Something in the text that is not plain YAML; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class Plain:
    """What was read: `data` is JSON-compatible, `lines` gives the line of each key and item by its place."""

    data: Any
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, place: Place) -> int:
        """Return the line of a place, or of the nearest one around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def load(text: str, *, first_line: int = 1, max_characters: int = MAX_CHARACTERS) -> Plain:
    """Read one document; `first_line` is the number of the text's first line in its file.

    Raises:
        YamlProblem: The text is too long, malformed, or uses more of YAML than plain data.
    """
    if len(text) > max_characters:
        raise YamlProblem(f"the YAML is {len(text)} characters long, the most allowed is {max_characters}", first_line)
    try:
        return _Builder(first_line, _FAST).build(text)
    except YamlProblem:
        return _Builder(first_line, yaml.SafeLoader).build(text)  # what is wrong, in the words of the one that says it best


class _Builder:
    """Builds data from parser events, which arrive one by one: nothing is unfolded before it is seen."""

    def __init__(self, first_line: int, loader: Any) -> None:
        self.first_line = first_line
        self.loader = loader
        self.lines: dict[Place, int] = {}

    def build(self, text: str) -> Plain:
        """Return the one document of the text."""
        try:
            events = self._checked(yaml.parse(text, Loader=self.loader))
            first = next(events, None)
            if first is None:
                return Plain(None, {(): self.first_line})
            self.lines[()] = self._line(first)
            data = self._value(first, events, ())
            extra = next(events, None)
        except yaml.MarkedYAMLError as error:
            line = self.first_line + (error.problem_mark.line if error.problem_mark else 0)
            raise YamlProblem(f"malformed YAML: {error.problem or error.context or 'unreadable'}", line) from None
        except yaml.YAMLError as error:
            raise YamlProblem(f"malformed YAML: {str(error).splitlines()[0]}", self.first_line) from None
        if extra is not None:
            raise YamlProblem("there is a second YAML document; write one", self._line(extra))
        return Plain(data, self.lines)

    def _line(self, event: yaml.Event) -> int:
        return self.first_line + (event.start_mark.line if event.start_mark else 0)

    def _checked(self, events: Iterator[yaml.Event]) -> Iterator[yaml.Event]:
        skip = (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent)
        depth = 0
        for event in events:
            if isinstance(event, skip):
                continue
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise YamlProblem(
                    "anchors and aliases (& and *) are not allowed; write the value out, or quote the text", self._line(event)
                )
            if tag := getattr(event, "tag", None):
                raise YamlProblem(f"tags such as {tag} are not allowed", self._line(event))
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH:
                raise YamlProblem(f"nested more than {MAX_DEPTH} deep", self._line(event))
            yield event

    def _value(self, event: yaml.Event, events: Iterator[yaml.Event], place: Place) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event.value) if not event.style else self._text(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, place)
        return self._mapping(events, place)

    def _text(self, event: yaml.ScalarEvent) -> str:
        r"""Return a scalar's text, with the two halves of a character that JSON writes as `\ud83c\udfac` put together."""
        try:
            return event.value.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise YamlProblem("half a character (a lone surrogate) is no text", self._line(event)) from None

    def _sequence(self, events: Iterator[yaml.Event], place: Place) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            here = (*place, len(items))
            self.lines[here] = self._line(event)
            items.append(self._value(event, events, here))
        return items

    def _mapping(self, events: Iterator[yaml.Event], place: Place) -> dict[str, Any]:
        items: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise YamlProblem("a key must be a word, not a list or mapping; quote text that begins with [ or {", self._line(event))
            key = self._text(event)
            if key in items:
                raise YamlProblem(f"the key {key!r} is there twice", self._line(event))
            here = (*place, key)
            self.lines[here] = self._line(event)
            items[key] = self._value(next(events), events, here)
        return items


def _scalar(word: str) -> Any:
    """Return what an unquoted word means."""
    if word in _WORDS:
        return _WORDS[word]
    if _INTEGER.fullmatch(word):
        return int(word)
    return float(word) if _NUMBER.fullmatch(word) else word
