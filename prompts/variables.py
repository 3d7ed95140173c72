"""From a case's inputs to what a template sees: checked against the front matter, canonical, with the contracts beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prompts.errors import InputError, UndefinedVariable
from prompts.frontmatter import Input
from prompts.identity import canonical_json
from prompts.plainyaml import YamlProblem, load
from prompts.version import Version

MAX_BYTES = 8 << 20

_KINDS: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "list": (list, tuple),
    "mapping": (Mapping,),
    "any": (object,),
}


def prepare(version: Version, inputs: Mapping[str, Any]) -> bytes:
    """Return the variables of a rendering as JSON with sorted keys: equal inputs are equal texts.

    A declared input that is not required and not given is null, so that a template may test it.

    Raises:
        UndefinedVariable: A required input is missing.
        InputError: An input has another type than declared, is no JSON value, is named `contracts`, or is too large.
    """
    values = dict(inputs)
    for name, declared in version.front_matter.inputs.items():
        if name not in values:
            if declared.required:
                raise _missing(version, name, inputs)
            values[name] = None
        _check(version, name, declared, values[name])
    if "contracts" in values:
        raise InputError("An input is named `contracts`, which is the name of the template's own rules.", hint="Rename it.")
    language = values.get("language")
    values["contracts"] = version.front_matter.contracts.variable(language if isinstance(language, str) else "en")
    return _canonical(values)


def _canonical(values: Mapping[str, Any]) -> bytes:
    try:
        data = canonical_json(values)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"The inputs are no JSON values: {error}.") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"The inputs are {len(data)} bytes long, the most allowed is {MAX_BYTES}.")
    return data


def _check(version: Version, name: str, declared: Input, value: Any) -> None:
    if value is None and (declared.type == "any" or not declared.required):
        return
    fits = isinstance(value, _KINDS[declared.type])
    if isinstance(value, bool) and declared.type in {"number", "integer"}:
        fits = False
    if not fits:
        place = f"{version.entry}:{_line(version, name)}"
        raise InputError(f"{place}: the input {name!r} is declared {declared.type}, the case gives {_kind(value)}.")


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return next((kind for kind, types in _KINDS.items() if isinstance(value, types)), type(value).__name__)


def _missing(version: Version, name: str, inputs: Mapping[str, Any]) -> UndefinedVariable:
    given = ", ".join(sorted(inputs)) or "nothing"
    message = f"the case does not give the input {name!r}."
    return UndefinedVariable(message, path=version.entry, line=_line(version, name), hint=f"It gives {given}.")


def _line(version: Version, name: str) -> int | None:
    """Return the line where the front matter declares an input."""
    from prompts.frontmatter import split

    try:
        return load(split(version.closure[version.entry], version.entry).meta, first_line=2).line(("inputs", name))
    except YamlProblem:  # it was readable when the version was made
        return None
