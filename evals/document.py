"""YAML files that people write: read within bounds, with the line of every value, so that an error can name its place.

Example: a case asks for `emotion: jealousy`

    evals/cases/foxlight.yaml:88: cases[4].shot.visible[0].emotion: Unknown emotion 'jealousy'. Did you mean joy?

What of YAML is allowed, and why no more, is said in `prompts.plainyaml`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from prompts.errors import InputError
from prompts.near import meant
from prompts.plainyaml import Place, Plain, YamlProblem, load
from prompts.story import ID_PATTERN, ID_RULE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic_core import ErrorDetails

MAX_BYTES = 1_000_000
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file: `plain` holds the data, and the line of each value by its place."""

    path: Path
    plain: Plain

    def fail(self, place: Place, message: str) -> NoReturn:
        """Raise an error that names the file, the line and the value.

        Raises:
            InputError: Always.
        """
        raise InputError(f"{shown(self.path)}:{self.plain.line(place)}: {_dotted(place)}{message}")

    def parse(self, model: type[M]) -> M:
        """Check the data against a model.

        Raises:
            InputError: For the first value that does not fit, with how many more there are.
        """
        try:
            return model.model_validate(self.plain.data)
        except ValidationError as error:
            problems = error.errors(include_url=False)
            first = weightiest(problems)
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            self.fail(first["loc"], f"{said(first, model)}{more}")


def read_yaml(path: Path, max_bytes: int = MAX_BYTES) -> Document:
    """Read one YAML document.

    Raises:
        InputError: The file is missing, too large, not UTF-8, empty or not plain YAML.
    """
    text = _text(path, max_bytes)
    try:
        plain = load(text)
    except YamlProblem as problem:
        raise InputError(f"{shown(path)}:{problem.line}: {problem.message[:1].upper()}{problem.message[1:]}.") from None
    if plain.data is None:
        raise InputError(f"{shown(path)}: The file is empty.")
    return Document(path, plain)


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


def _dotted(place: Place) -> str:
    out = ""
    for step in place:
        out += f"[{step}]" if isinstance(step, int) else f".{step}" if out else step
    return f"{out}: " if out else ""


def weightiest(problems: Sequence[ErrorDetails]) -> ErrorDetails:
    """Return the problem to tell first: an unknown key is the likeliest cause of the others, for a misspelt one is also missing."""
    return next((problem for problem in problems if problem["type"] == "extra_forbidden"), problems[0])


def said(problem: ErrorDetails, model: type[BaseModel]) -> str:
    """Return what pydantic found wrong with a file of a model, in words that say what to write."""
    kind, message = problem["type"], problem["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        *above, name = problem["loc"]
        known = _keys_at(model, above)
        return f"Unknown key. {meant(str(name), known)}" if known else "Unknown key; check the spelling."
    if kind == "missing":
        return "Required, and not there."
    if kind == "string_pattern_mismatch" and problem.get("ctx", {}).get("pattern") == ID_PATTERN:
        return f"{problem['input']!r} is no id. {ID_RULE}"
    message = message[:1].upper() + message[1:]
    return message if message.endswith(".") else f"{message}."


def _keys_at(model: type[BaseModel], place: Sequence[str | int]) -> set[str]:
    """Return the keys that may stand at a place of a file, following lists, tables and models."""
    kinds = [model]
    for step in place:
        if any(step in kind.model_fields for kind in kinds):
            kinds = [inner for kind in kinds if step in kind.model_fields for inner in _models(kind.model_fields[str(step)].annotation)]
    return {name for kind in kinds for name in kind.model_fields}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
