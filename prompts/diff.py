"""What changed between two versions: in the source, and in what the cases make of it.

`source_diff` compares all files that two versions consist of; `rendered_diff` renders both for a list of cases. Both give
data for a page to draw; `format_source` and `format_rendered` make plain text of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any, Literal

from prompts.errors import WorkbenchError
from prompts.render import Rendered, render
from prompts.version import Version

CONTEXT = 3
ALIKE = 0.4
"""Lines that have less than this share of their words in common are two lines, not one that was changed."""

Sign = Literal[" ", "+", "-"]
# Words of alphabetic scripts stay whole; a Chinese sign stands for itself.
_WORD = re.compile(r"[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff]+|\s+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line; `changed` is what a page marks within it."""

    text: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a diff: its sign, its numbers in A and B (None where it is not there), and its pieces."""

    sign: Sign
    a: int | None
    b: int | None
    spans: tuple[Span, ...]

    @property
    def text(self) -> str:
        """Return the whole line."""
        return "".join(span.text for span in self.spans)


@dataclass(frozen=True, slots=True)
class FileDiff:
    """The changes in one file: `path` as B has it, hunks of lines with `CONTEXT` lines around each change."""

    path: str
    status: Literal["changed", "added", "removed"]
    hunks: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True, slots=True)
class CaseDiff:
    """What a case makes of two versions. `error_a` and `error_b` say why one of them does not render."""

    case_id: str
    changed: bool
    characters: int
    tokens: int
    lines: tuple[tuple[Line, ...], ...] = ()
    error_a: str = ""
    error_b: str = ""


@dataclass(frozen=True, slots=True)
class RenderedDiff:
    """The rendered difference over a list of cases; differences count B minus A, tokens are estimates."""

    cases: tuple[CaseDiff, ...]

    @property
    def changed(self) -> tuple[CaseDiff, ...]:
        """Return the cases whose prompt changes."""
        return tuple(case for case in self.cases if case.changed)

    @property
    def characters(self) -> int:
        """Return by how many characters all prompts grow together."""
        return sum(case.characters for case in self.cases)

    @property
    def tokens(self) -> int:
        """Return by how many estimated tokens all prompts grow together."""
        return sum(case.tokens for case in self.cases)


def source_diff(a: Version, b: Version) -> list[FileDiff]:
    """Return the files that differ between two versions, the templates' own first, the others by path."""
    pairs: list[tuple[str, str | None, str | None]] = [(b.entry, a.closure[a.entry], b.closure[b.entry])]
    others = sorted((a.closure.keys() - {a.entry}) | (b.closure.keys() - {b.entry}))
    pairs += [(path, _other(a, path), _other(b, path)) for path in others]
    return [_file_diff(path, old, new) for path, old, new in pairs if old != new]


def rendered_diff(
    a: Version,
    b: Version,
    cases: Iterable[tuple[str, Mapping[str, Any]]],
    *,
    renderer: Callable[[Version, Mapping[str, Any]], Rendered] = render,
) -> RenderedDiff:
    """Render two versions for each (case id, inputs) and compare; a case that does not render says why and counts as changed."""
    return RenderedDiff(tuple(_case_diff(case_id, a, b, inputs, renderer) for case_id, inputs in cases))


def text_diff(old: str, new: str, *, context: int = CONTEXT) -> tuple[tuple[Line, ...], ...]:
    """Return the hunks between two texts, with the changed words of each replaced line marked."""
    before, after = old.splitlines(), new.splitlines()
    matcher = SequenceMatcher(a=before, b=after, autojunk=False)
    return tuple(tuple(_hunk(group, before, after)) for group in matcher.get_grouped_opcodes(context))


def format_source(files: Sequence[FileDiff]) -> str:
    """Return a source diff as unified text; empty where nothing differs."""
    return "\n".join(_format_file(file) for file in files)


def format_rendered(diff: RenderedDiff) -> str:
    """Return a rendered diff as text: a line a case, then what it adds up to."""
    rows = [f"{case.case_id:<32} {_format_case(case)}" for case in diff.cases]
    total = f"{len(diff.changed)} of {len(diff.cases)} cases change, {diff.characters:+d} characters, about {diff.tokens:+d} tokens"
    return "\n".join([*rows, total])


def _other(version: Version, path: str) -> str | None:
    return None if path == version.entry else version.closure.get(path)


def _file_diff(path: str, old: str | None, new: str | None) -> FileDiff:
    status: Literal["changed", "added", "removed"] = "added" if old is None else "removed" if new is None else "changed"
    return FileDiff(path, status, text_diff(old or "", new or ""))


def _case_diff(
    case_id: str, a: Version, b: Version, inputs: Mapping[str, Any], renderer: Callable[[Version, Mapping[str, Any]], Rendered]
) -> CaseDiff:
    old, error_a = _try(renderer, a, inputs)
    new, error_b = _try(renderer, b, inputs)
    if old is None or new is None:
        return CaseDiff(case_id, error_a != error_b, 0, 0, error_a=error_a, error_b=error_b)
    if old.sha256 == new.sha256:
        return CaseDiff(case_id, changed=False, characters=0, tokens=0)
    lines = text_diff(_spoken(old), _spoken(new))
    return CaseDiff(case_id, True, new.characters - old.characters, new.tokens - old.tokens, lines)


def _try(
    renderer: Callable[[Version, Mapping[str, Any]], Rendered], version: Version, inputs: Mapping[str, Any]
) -> tuple[Rendered | None, str]:
    try:
        return renderer(version, inputs), ""
    except WorkbenchError as error:
        return None, str(error)


def _spoken(rendered: Rendered) -> str:
    return "\n".join(f"[{message.role}]\n{message.content}" for message in rendered.messages)


def _hunk(group: Iterable[tuple[str, int, int, int, int]], before: list[str], after: list[str]) -> Iterator[Line]:
    for kind, a1, a2, b1, b2 in group:
        if kind == "equal":
            for a, b in zip(range(a1, a2), range(b1, b2), strict=True):
                yield Line(" ", a + 1, b + 1, (Span(before[a], False),))
            continue
        # Lines of a replaced block are matched one to one for marking words; what is left over is changed as a whole.
        marked = [_word_spans(old, new) for old, new in zip(before[a1:a2], after[b1:b2], strict=False)]
        for number, text in enumerate(before[a1:a2]):
            spans = marked[number][0] if number < len(marked) else (Span(text, True),)
            yield Line("-", a1 + number + 1, None, spans)
        for number, text in enumerate(after[b1:b2]):
            spans = marked[number][1] if number < len(marked) else (Span(text, True),)
            yield Line("+", None, b1 + number + 1, spans)


def _word_spans(old: str, new: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    before, after = _WORD.findall(old), _WORD.findall(new)
    matcher = SequenceMatcher(a=before, b=after, autojunk=False)
    if _alike(before, after) < ALIKE:  # two lines with little in common: marking scattered words would only confuse
        return (Span(old, True),), (Span(new, True),)
    left: list[Span] = []
    right: list[Span] = []
    for kind, a1, a2, b1, b2 in matcher.get_opcodes():
        left.append(Span("".join(before[a1:a2]), kind != "equal"))
        right.append(Span("".join(after[b1:b2]), kind != "equal"))
    return _joined(left), _joined(right)


def _alike(before: list[str], after: list[str]) -> float:
    """Return what share of the words two lines have in common, in their order; spaces are in every line."""
    a, b = ([word for word in words if not word.isspace()] for words in (before, after))
    return SequenceMatcher(a=a, b=b, autojunk=False).ratio()


def _joined(spans: list[Span]) -> tuple[Span, ...]:
    groups = groupby((span for span in spans if span.text), key=lambda span: span.changed)
    return tuple(Span("".join(span.text for span in group), changed) for changed, group in groups)


def _format_file(file: FileDiff) -> str:
    old = "/dev/null" if file.status == "added" else f"a/{file.path}"
    new = "/dev/null" if file.status == "removed" else f"b/{file.path}"
    rows = [f"--- {old}", f"+++ {new}"]
    for hunk in file.hunks:
        rows.append(f"@@ {_range(hunk, '-')} {_range(hunk, '+')} @@")
        rows += [line.sign + line.text for line in hunk]
    return "\n".join(rows)


def _range(hunk: Sequence[Line], sign: Literal["-", "+"]) -> str:
    numbers = [number for line in hunk if (number := line.a if sign == "-" else line.b) is not None]
    return f"{sign}{numbers[0]},{len(numbers)}" if numbers else f"{sign}0,0"


def _format_case(case: CaseDiff) -> str:
    errors = [f"{arm} does not render: {error}" for arm, error in (("A", case.error_a), ("B", case.error_b)) if error]
    if errors:
        return "; ".join(errors)
    return f"{case.characters:+d} characters, about {case.tokens:+d} tokens" if case.changed else "same"
