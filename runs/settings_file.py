"""Reading `workbench.toml`, and saying what is wrong in it: the line, the key, the nearest name that exists."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeGuard, get_args

from pydantic import BaseModel, ValidationError

from prompts.errors import WorkspaceError
from runs.secrets import is_secret_field, looks_like_key, redact

MAX_BYTES = 1_000_000
ADVICE = (
    "Keys stand in the environment or in .env; write only the variable's name here: "
    'api_key_env = "OPENAI_API_KEY". If the file was shared, revoke the key.'
)
_BARE = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_TABLE = re.compile(r"^\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


@dataclass(frozen=True)
class Layer:
    """One source of settings: its data as nested mappings, and the words for where a dotted key of it stands."""

    data: Mapping[str, Any]
    describe: Callable[[str], str]

    def place(self, key: str) -> str | None:
        """Say where a dotted key is set; None if this layer does not set it."""
        found: Any = self.data
        for part in key.split("."):
            if isinstance(found, Mapping) and part in found:
                found = found[part]
            elif (
                isinstance(found, Sequence)
                and not isinstance(found, str)
                and part.isdecimal()
                and len(part) < 10
                and int(part) < len(found)
            ):
                found = found[int(part)]
            else:
                # A model that already stands in a table (prices) or an unhashable leaf: not ours to look into.
                return None
        return self.describe(key)


def read_toml(path: Path) -> Layer:
    """Read a settings file into a layer whose places are `workbench.toml:LINE`.

    Raises:
        WorkspaceError: it cannot be read or parsed, or holds what looks like a key.
    """
    try:
        raw = b""
        if path.is_file():
            with path.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise WorkspaceError(f"Cannot read {path}: {error.strerror}.") from None
    if len(raw) > MAX_BYTES:
        raise WorkspaceError(
            f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB.", hint="Settings are a few lines; is this the right file?"
        )
    try:
        text = raw.decode("utf-8-sig")
        data = tomllib.loads(text)
    except UnicodeDecodeError:
        raise WorkspaceError(f"{path.name} is not UTF-8 text.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise WorkspaceError(
            f"{path.name}: {error or 'tables nested too deep'}.", hint="The file is TOML: key = value, and [tables]."
        ) from None
    except ValueError:  # Python reads no number of more than 4,300 digits, and says so in its own way
        raise WorkspaceError(f"{path.name}: a number has too many digits.") from None
    layer = Layer(data, lambda key: f"{path.name}:{line_of(text, key.split('.')) or 1}")
    _refuse_keys(data, layer)
    return layer


def line_of(text: str, key: Sequence[str]) -> int | None:
    """Find the line (from 1) on which a key stands, or else the nearest table or key around it."""
    table: tuple[str, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE.match(line):
            table = _parts(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table += (str(counts[table]),)
            here = table
        elif assignment := _BARE.match(line):
            here = table + _parts(assignment[1])
        else:
            continue
        if tuple(key[: len(here)]) == here and (best is None or len(here) > best[0]):
            best = (len(here), number)
    return best[1] if best else None


def explain(error: ValidationError, layers: Sequence[Layer], model: type[BaseModel]) -> WorkspaceError:
    """Turn pydantic's first complaint into one line that names the place, the key and the nearest known one."""
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    # An unknown key is the likeliest cause of the others.
    first = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    key = ".".join(str(part) for part in first["loc"])
    place = next((p for layer in layers if (p := layer.place(key)) is not None), None)
    place = place or next((p for layer in layers if (p := layer.place(key.rpartition(".")[0])) is not None), "workbench.toml")
    more = f" ({len(problems) - 1} more like it)" if len(problems) > 1 else ""
    if first["type"] != "extra_forbidden":
        said = first["msg"].removeprefix("Value error, ")
        return WorkspaceError(redact(f"{place}: {key}: {said[0].lower()}{said[1:]}{more}."))
    return WorkspaceError(redact(f"{place}: unknown key {key!r}{more}."), hint=redact(_advice(first["loc"], model)))


def _advice(loc: Sequence[str | int], model: type[BaseModel]) -> str:
    name = str(loc[-1])
    if is_secret_field(name):
        return ADVICE
    known = list(_model_at(model, loc[:-1]).model_fields)
    if near := get_close_matches(name, known, n=1, cutoff=0.6):
        return f"Did you mean {near[0]!r}?"
    if len(loc) > 1 and name in model.model_fields:
        return f"{name!r} belongs at the top of the file, above the first [table]."
    return f"Known here: {', '.join(known)}."


def _model_at(model: type[BaseModel], loc: Sequence[str | int]) -> type[BaseModel]:
    """Return the model that describes a place, following tables of models and lists of them."""
    kind: Any = model
    for part in loc:
        kind = kind.model_fields[str(part)].annotation if _is_model(kind) else get_args(kind)[-1]
    return kind if _is_model(kind) else model


def _is_model(kind: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _refuse_keys(data: Mapping[str, Any], layer: Layer) -> None:
    for key, value in _strings(data, ()):
        where = ".".join(key)
        if looks_like_key(value) or (is_secret_field(key[-1]) and value):
            # The value is not repeated: this message ends up on screens and in tickets.
            raise WorkspaceError(redact(f"{layer.describe(where)}: the value of {where!r} looks like a key."), hint=ADVICE)


def _strings(value: Any, key: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for k, v in value.items():
            yield from _strings(v, (*key, str(k)))
    elif isinstance(value, Sequence):
        for n, v in enumerate(value):
            yield from _strings(v, (*key, str(n)))


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(p.strip("\"'") for p in _PART.findall(dotted))
