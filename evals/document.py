"""YAML files that people write: read within bounds, with the line of every value, so that an error can name its place.

Example: a case asks for `emotion: jealousy`

    evals/cases/foxlight.yaml:88: cases[4].shot.visible[0].emotion: Unknown emotion 'jealousy'. Known: anger, disgust, …

Anchors, aliases and tags are refused: no file of ours needs them, and a few lines of them can grow to gigabytes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from prompts.errors import InputError

MAX_BYTES = 2_000_000
MAX_DEPTH = 40
Loc = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file: plain data, and the node tree that knows the lines."""

    path: Path
    data: Any
    root: yaml.Node

    def line(self, loc: Loc) -> int:
        """Return the 1-based line of the value at `loc`, or of the nearest enclosing value that exists."""
        node = self.root
        for step in loc:
            inner = _child(node, step)
            if inner is None:
                break
            node = inner
        return int(node.start_mark.line) + 1

    def fail(self, loc: Loc, message: str) -> NoReturn:
        """Raise an error that names the file, the line and the value.

        Raises:
            InputError: Always.
        """
        raise InputError(f"{shown(self.path)}:{self.line(loc)}: {_dotted(loc)}{message}")

    def parse(self, model: type[M]) -> M:
        """Check the data against a model.

        Raises:
            InputError: For the first value that does not fit, with how many more there are.
        """
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            first, *rest = error.errors(include_url=False, include_context=False)
            more = f" (and {len(rest)} more)" if rest else ""
            self.fail(first["loc"], f"{_said(first['type'], first['msg'])}{more}")


def read_yaml(path: Path, max_bytes: int = MAX_BYTES) -> Document:
    """Read one YAML document.

    Raises:
        InputError: The file is missing, too large, not UTF-8, not YAML, empty, nested too deep, or uses an anchor,
            an alias, a tag, a number that is not finite, or one key twice.
    """
    text = _text(path, max_bytes)
    try:
        _scan(path, text)
        loader = yaml.CSafeLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                raise InputError(f"{shown(path)}: The file is empty.")
            _walk(path, node)
            data = loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise InputError(f"{shown(path)}:{line}: Not YAML: {error.problem or error.context}.") from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{shown(path)}: Not YAML: {str(error).splitlines()[0]}.") from None
    return Document(path, data, node)


def shown(path: Path) -> str:
    """Return a path as a message shows it: relative to the current folder where it lies inside, else whole."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        return path.as_posix()


def _text(path: Path, max_bytes: int) -> str:
    try:
        with path.open("rb") as stream:
            raw = stream.read(max_bytes + 1)
    except OSError as error:
        raise InputError(f"{shown(path)}: Cannot be read: {error.strerror}.") from None
    if len(raw) > max_bytes:
        raise InputError(f"{shown(path)}: Larger than {max_bytes:,} bytes; split it into several files.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(f"{shown(path)}:{line}: Not UTF-8 text; save the file as UTF-8.") from None


def _scan(path: Path, text: str) -> None:
    """Refuse, before any object is built, what makes a small file large: anchors, aliases, tags and deep nesting."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = (event.start_mark.line if event.start_mark else 0) + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise InputError(f"{shown(path)}:{line}: Anchors (&) and aliases (*) are not supported; write the value out, or quote it.")
        if getattr(event, "tag", None):
            raise InputError(f"{shown(path)}:{line}: Tags (!) are not supported; write a plain value, or quote it.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise InputError(f"{shown(path)}:{line}: Nested more than {MAX_DEPTH} deep.")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _walk(path: Path, node: yaml.Node) -> None:
    """Refuse double keys, of which YAML would silently keep the last, and numbers that JSON cannot hold."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                raise InputError(f"{shown(path)}:{key.start_mark.line + 1}: The key {name!r} stands here a second time.")
            seen.add(name)
            _walk(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _walk(path, item)
    elif node.tag.endswith(":float") and not _finite(str(node.value)):
        raise InputError(f"{shown(path)}:{node.start_mark.line + 1}: {node.value} is not a finite number.")


def _finite(text: str) -> bool:
    try:
        return math.isfinite(float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan").lower()))
    except ValueError:  # sexagesimal notation such as 1:30.5
        return True


def _child(node: yaml.Node, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]  # type: ignore[no-any-return]  # the stubs leave `value` untyped
    return None


def _dotted(loc: Loc) -> str:
    out = ""
    for step in loc:
        out += f"[{step}]" if isinstance(step, int) else f".{step}" if out else step
    return f"{out}: " if out else ""


def _said(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "Unknown key; check the spelling."
    if kind == "missing":
        return "Required, and not there."
    return message if message.endswith(".") else f"{message}."
