"""YAML files that people write: read within bounds, with the line of every value, so that an error can name its place.

Example: a case asks for `emotion: jealousy`

    evals/cases/foxlight.yaml:88: cases[4].shot.visible[0].emotion: Unknown emotion 'jealousy'. Did you mean joy?

What of YAML is allowed, and why no more, is said in `prompts.plainyaml`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from prompts.errors import InputError
from prompts.plainyaml import Place, Plain, YamlProblem, load

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
            first, *rest = error.errors(include_url=False, include_context=False)
            more = f" (and {len(rest)} more)" if rest else ""
            self.fail(first["loc"], f"{_said(first['type'], first['msg'])}{more}")


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


def _said(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "Unknown key; check the spelling."
    if kind == "missing":
        return "Required, and not there."
    return message if message.endswith(".") else f"{message}."
