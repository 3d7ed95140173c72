"""What a template consists of: itself and all that it includes, imports and extends, found without running it.

Names in `{% include %}`, `{% import %}`, `{% from %}` and `{% extends %}` must be written out: only then is it known
before rendering which text can reach a prompt, and only then can a version be a hash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from jinja2 import TemplateSyntaxError as JinjaSyntaxError
from jinja2 import nodes

from prompts import errors
from prompts.environment import ROLES, PromptEnvironment
from prompts.frontmatter import has_front_matter, split
from prompts.near import meant

MAX_FILES = 200
MAX_CHARACTERS = 4 << 20

Read = Callable[[str], str | None]
"""Gives the source (NFC, LF) of a path below the template folder, or None where there is no such file."""

# Pieces that Jinja renders into a buffer: role marks would be lost in them.
_BUFFERED = (nodes.Macro, nodes.CallBlock, nodes.FilterBlock, nodes.AssignBlock)
_NO_FILTER = re.compile(r"No (filter|test) named '(\w+)'")
_SEGMENT = re.compile(r"[^/\\:\x00-\x1f]+")


@dataclass(frozen=True, slots=True)
class Part:
    """The Jinja half of a file: `offset` is added to Jinja's line numbers to give those of the file."""

    path: str
    body: str
    offset: int


@dataclass(frozen=True, slots=True)
class Reference:
    """One include: the first of `names` that exists is taken; with `optional` none need to."""

    names: tuple[str, ...]
    line: int
    optional: bool


def is_partial(path: str) -> bool:
    """Tell whether a path is a partial: its name or a folder begins with `_`."""
    return any(part.startswith("_") for part in path.split("/"))


def part(path: str, source: str) -> Part:
    """Return the Jinja half of a file.

    Raises:
        FrontMatterError: A template has no front matter, or a partial has.
    """
    if is_partial(path):
        if has_front_matter(source):
            raise errors.FrontMatterError("a partial has no front matter.", path=path, line=1, hint="Move it to the template that uses it.")
        return Part(path, source, 0)
    parts = split(source, path)
    return Part(path, parts.body, parts.body_line - 1)


def collect(entry: str, read: Read) -> dict[str, str]:
    """Return the sources of a template and of everything that it reaches, by path, the entry first.

    Raises:
        IncludeError: A reference that is missing, dynamic, circular, outside the folder, or one too many.
        TemplateSyntaxError: Jinja cannot parse one of the files.
        FrontMatterError: See `part`.
    """
    source = read(entry)
    if source is None:
        raise errors.IncludeError("there is no such template.", path=entry)
    found = {entry: source}
    _walk(entry, read, found, (entry,), set())
    return found


def _walk(path: str, read: Read, found: dict[str, str], chain: tuple[str, ...], done: set[str]) -> None:
    for reference in references(part(path, found[path])):
        target = _target(path, reference, read, found)
        if target is None:
            continue
        if target in chain:
            way = " -> ".join((*chain[chain.index(target) :], target))
            raise errors.IncludeError(f"circular include: {way}.", path=path, line=reference.line, hint="Break the circle.")
        size = sum(len(text) for text in found.values())
        if len(found) > MAX_FILES or size > MAX_CHARACTERS:
            raise errors.IncludeError("the template reaches too many or too large files.", path=path, line=reference.line)
        if target not in done:  # each file once: partials that include partials twice over would double the work each time
            _walk(target, read, found, (*chain, target), done)
    done.add(path)


def _target(path: str, reference: Reference, read: Read, found: dict[str, str]) -> str | None:
    """Return the first name that exists, after reading it into `found`."""
    for name in reference.names:
        _check_name(name, path, reference.line)
        if name not in found:
            source = read(name)
            if source is None:
                continue
            found[name] = source
        return name
    if reference.optional:
        return None
    wanted = " or ".join(repr(name) for name in reference.names)
    raise errors.IncludeError(
        f"there is no {wanted} to include.", path=path, line=reference.line, hint="Names count from the folder prompts/."
    )


def _check_name(name: str, path: str, line: int) -> None:
    pieces = name.split("/")
    inside = all(_SEGMENT.fullmatch(piece) and piece not in {".", ".."} and not piece.startswith(".") for piece in pieces)
    if not inside or not name.endswith(".j2"):
        hint = "Write a path below prompts/, such as _partials/style.j2."
        raise errors.IncludeError(f"{name!r} is no template inside the workspace.", path=path, line=line, hint=hint)


def references(piece: Part) -> list[Reference]:
    """Return what a file refers to, in order.

    Raises:
        TemplateSyntaxError: Jinja cannot parse it, it nests too deeply, or a role block stands where it cannot be a message.
        IncludeError: A name is computed.
    """
    kinds = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
    try:
        tree = _environment().parse(piece.body, name=piece.path)
        _check_roles(tree, piece)
        return [_reference(node, piece) for node in _in_order(tree) if isinstance(node, kinds)]
    except JinjaSyntaxError as error:
        line = piece.offset + error.lineno
        message = (error.message or "syntax error").rstrip(".")
        raise errors.TemplateSyntaxError(f"{message}.", path=piece.path, line=line, hint=hint_of(message)) from None
    except (RecursionError, MemoryError):
        raise errors.TemplateSyntaxError("nested too deeply.", path=piece.path, line=piece.offset + 1) from None
    except ValueError:  # Jinja leaves numbers to Python, which reads none of more than 4,300 digits
        raise errors.TemplateSyntaxError("a number with too many digits.", path=piece.path, line=piece.offset + 1) from None


def hint_of(message: str) -> str:
    """Return what to do about Jinja's message: of an unknown filter or test the nearest one, else nothing."""
    found = _NO_FILTER.fullmatch(message)
    if found is None:
        return ""
    hint = meant(found[2], _environment().filters if found[1] == "filter" else _environment().tests)
    return hint if hint.startswith("Did") else f"docs/templates.md lists the {found[1]}s."


@cache
def _environment() -> PromptEnvironment:
    return PromptEnvironment()


def _in_order(tree: nodes.Node) -> Iterator[nodes.Node]:
    for node in tree.iter_child_nodes():
        yield node
        yield from _in_order(node)


def _reference(node: nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends, piece: Part) -> Reference:
    line = piece.offset + node.lineno
    optional = isinstance(node, nodes.Include) and node.ignore_missing
    constants = node.template.items if isinstance(node.template, (nodes.List, nodes.Tuple)) else [node.template]
    names = tuple(item.value for item in constants if isinstance(item, nodes.Const) and isinstance(item.value, str))
    if len(names) != len(constants) or not names:
        hint = "Write the name out in quotes: what a template includes is part of its version."
        raise errors.IncludeError("the name of what is included is computed.", path=piece.path, line=line, hint=hint)
    return Reference(names, line, optional)


def _check_roles(node: nodes.Node, piece: Part, inside: str = "") -> None:
    for child in node.iter_child_nodes():
        within = inside
        if isinstance(child, nodes.Block) and child.name in ROLES:
            if inside:
                message = f"block {child.name} stands inside {inside}, where it cannot be a message of its own."
                raise errors.TemplateSyntaxError(message, path=piece.path, line=piece.offset + child.lineno)
            within = f"block {child.name}"
        elif isinstance(child, _BUFFERED):
            within = "a macro, call, filter or set block"
        elif isinstance(child, nodes.For) and child.recursive:
            within = "a recursive loop"
        _check_roles(child, piece, within)
