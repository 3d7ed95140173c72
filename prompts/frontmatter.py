"""The block between the `---` lines at the head of a template: what it is for, what it needs and what it gives.

Example:

    ---
    stage: script
    description: One episode, beat by beat
    inputs:
      series: mapping
      episode: {type: mapping, description: with its outline}
      profile: {type: mapping, required: false}
    output: script
    model: {temperature: 0.8}
    contracts:
      cast: case
    ---
    {% block system %}You write vertical microdramas.{% endblock %}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError

from prompts.contracts import Contracts
from prompts.errors import FrontMatterError
from prompts.near import meant
from prompts.plainyaml import Plain, YamlProblem, load
from prompts.story import SCHEMAS

STAGES = ("outline", "script", "character", "shot", "clip", "music", "judge")
MAX_CHARACTERS = 64 * 1024
RESERVED = frozenset(
    {"contracts", "self", "super", "loop", "caller", "varargs", "kwargs", "true", "false", "none", "not", "and", "or", "in", "is"}
)

Stage = Literal["outline", "script", "character", "shot", "clip", "music", "judge"]
InputType = Literal["text", "number", "integer", "boolean", "list", "mapping", "any"]

_FENCE = re.compile(r"---[ \t]*\n")


class Input(BaseModel):
    """One variable that the template is given. `type` is checked before rendering; null passes only where it is not required."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: InputType = "any"
    required: bool = True
    description: str = ""


def _spelled_out(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


def _variable_name(name: str) -> str:
    if not name.isidentifier() or name in RESERVED or name.startswith("_"):
        raise ValueError(f"{name!r} cannot be the name of an input")
    return name


def _known_schema(name: str) -> str:
    if name not in SCHEMAS:
        raise ValueError(f"there is no output schema {name!r}; known: {', '.join(SCHEMAS)}")
    return name


class FrontMatter(BaseModel):
    """What a template declares. `output` names a schema of `prompts.story.SCHEMAS`; `model` holds defaults such as temperature.

    `references` asks for the characters' reference pictures to be sent along with the prompt.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    stage: Stage
    description: str = ""
    inputs: dict[Annotated[str, AfterValidator(_variable_name)], Annotated[Input, BeforeValidator(_spelled_out)]] = {}
    output: Annotated[str, AfterValidator(_known_schema), Field(json_schema_extra={"enum": list(SCHEMAS)})] | None = None
    model: dict[str, JsonValue] = {}
    references: bool = False
    contracts: Contracts = Contracts()

    def as_json(self) -> dict[str, Any]:
        """Return what was written, as JSON-compatible data. Defaults are left out, so that a later default changes no hash."""
        return self.model_dump(mode="json", exclude_unset=True)


@dataclass(frozen=True, slots=True)
class Parts:
    """A template's source in two: `body_line` is the number of the body's first line in the file."""

    meta: str
    body: str
    body_line: int


def split(source: str, path: str) -> Parts:
    """Cut a template's source (with LF line ends) at its `---` lines.

    Raises:
        FrontMatterError: The block is missing, not closed or too long.
    """
    if not has_front_matter(source):
        hint = "Begin the file with a line ---, then `stage: …`, then another line ---."
        raise FrontMatterError("there is no front matter.", path=path, line=1, hint=hint)
    lines = source.split("\n")
    end = next((number for number, line in enumerate(lines[1:], start=1) if line.rstrip() == "---"), None)
    if end is None:
        raise FrontMatterError("the front matter is not closed.", path=path, line=1, hint="Add a line --- after it.")
    meta = "\n".join(lines[1:end])
    if len(meta) > MAX_CHARACTERS:
        raise FrontMatterError(f"the front matter is longer than {MAX_CHARACTERS} characters.", path=path, line=1)
    return Parts(meta, "\n".join(lines[end + 1 :]), end + 2)


def has_front_matter(source: str) -> bool:
    """Tell whether a source begins with a `---` line."""
    return source == "---" or _FENCE.match(source) is not None


def parse(source: str, path: str) -> tuple[FrontMatter, Parts]:
    """Return a template's front matter and its parts; `path` is used in messages.

    Raises:
        FrontMatterError: The block is missing, malformed, or holds an unknown key or a wrong value; with its line.
    """
    parts = split(source, path)
    try:
        plain = load(parts.meta, first_line=2, max_characters=MAX_CHARACTERS)
    except YamlProblem as problem:
        raise FrontMatterError(f"{problem.message}.", path=path, line=problem.line) from None
    if not isinstance(plain.data, Mapping):
        raise FrontMatterError("the front matter is no mapping.", path=path, line=2, hint="Write lines such as `stage: shot`.")
    try:
        return FrontMatter.model_validate(plain.data), parts
    except ValidationError as error:
        raise _located(error, plain, path) from None


def _located(error: ValidationError, plain: Plain, path: str) -> FrontMatterError:
    """Turn the first problem that pydantic found into one sentence with its line."""
    first = error.errors(include_url=False)[0]
    place = tuple(part for part in first["loc"] if part != "[key]")
    name = ".".join(str(part) for part in place)
    line = plain.line(place)
    if first["type"] == "extra_forbidden":
        return FrontMatterError(f"unknown key {name!r}.", path=path, line=line, hint=_near_keys(place))
    if first["type"] == "missing":
        return FrontMatterError(f"{name!r} is missing.", path=path, line=line, hint=f"Add a line `{place[-1]}: …`.")
    message = first["msg"].removeprefix("Value error, ")
    return FrontMatterError(f"{name}: {message[:1].lower()}{message[1:]}.", path=path, line=line)


def _near_keys(place: tuple[str | int, ...]) -> str:
    known = list(FrontMatter.model_fields) if len(place) == 1 else [*Input.model_fields, *Contracts.model_fields]
    hint = meant(str(place[-1]), known)
    return hint if hint.startswith("Did") or len(place) == 1 else ""
