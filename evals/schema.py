"""Does the output parse: JSON of the schema that the stage asks for.

Example: a script in whose second beat the model wrote `"emotion": "tense"`

    Score(metric="schema", value=0.0, status="ok", reason="scenes[0].beats[1].emotion: Input should be a valid integer …",
          evidence={"errors": [{"path": "scenes[0].beats[1].emotion", "message": "…"}], "how": "plain", "repaired": False})

The text is judged as it came: JSON in a code fence or with prose around it is read, and the reason says so; nothing is repaired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from evals.errors import ScorerError
from evals.parse import Parsed, parse_json
from evals.score import Json, Metric, Sample, Score
from prompts.story import SCHEMAS, Model

MAX_ERRORS = 20
WRAPPED = {"plain": "", "fenced": "in a code fence", "prose": "with text around it"}


@dataclass(frozen=True, slots=True)
class Reading:
    """A text read against a schema: the model instance, or what is wrong, value by value."""

    model: Model | None
    how: str
    errors: tuple[dict[str, str], ...] = ()
    total: int = 0

    def reason(self) -> str:
        """Return in one line what is wrong, or how the JSON was wrapped."""
        if self.model is not None:
            return f"valid, {WRAPPED[self.how]}" if WRAPPED[self.how] else "valid"
        first, more = self.errors[0], self.total - 1
        place = f"{first['path']}: " if first["path"] else ""
        return f"{place}{first['message']}{f' (and {more} more)' if more else ''}"


def read(text: str, schema: str) -> Reading:
    """Read a model's text as one of `prompts.story.SCHEMAS`. Never raises for what the text holds.

    A script that brings its shots along is read as a storyboard.
    """
    parsed: Parsed = parse_json(text)
    if not parsed.ok:
        return Reading(None, parsed.how, ({"path": "", "message": parsed.error},), 1)
    if schema == "script" and isinstance(parsed.value, dict) and "shots" in parsed.value:
        schema = "storyboard"
    try:
        # Strict: "7" is no number and 1 is no truth value; a lenient reader would hide what other readers choke on.
        return Reading(SCHEMAS[schema].model_validate(parsed.value, strict=True), parsed.how)
    except ValidationError as error:
        # Only the first are turned into text: a hostile answer can hold a million.
        listed = [{"path": path(e["loc"]), "message": e["msg"]} for e in error.errors(include_url=False, include_input=False)[:MAX_ERRORS]]
        return Reading(None, parsed.how, tuple(listed), error.error_count())


def path(loc: Sequence[str | int]) -> str:
    """Return the place of a value as `scenes[0].beats[1].emotion`; keys of hostile length are cut."""
    out = ""
    for step in loc:
        out += f"[{step}]" if isinstance(step, int) else f".{step[:60]}" if out else step[:60]
    return out


class Schema:
    """Score 1 where the text is JSON of the stage's schema, else 0."""

    name = "schema"
    version = "1"
    scope: Literal["generation", "series"] = "generation"
    stages = frozenset({"outline", "script"})
    metrics: tuple[Metric, ...] = (Metric("schema", "up", "valid", worst=0.0, description="the output parses as what was asked for"),)
    cpu_bound = False

    def __init__(self, schema: str = "") -> None:
        """Judge against a schema by name; by default that of each sample's stage.

        Raises:
            ScorerError: There is no schema of that name.
        """
        if schema and schema not in SCHEMAS:
            raise ScorerError(f"There is no schema {schema!r}.", hint=f"Known: {', '.join(SCHEMAS)}.")
        self.schema = schema

    def score(self, group: Sequence[Sample]) -> list[list[Score]]:
        """Return one score a sample."""
        return [[self._one(sample)] for sample in group]

    def _one(self, sample: Sample) -> Score:
        if sample.status != "ok":
            return Score("schema", self.name, self.version, None, "failed", f"there is no output: {sample.status}")
        schema = self.schema or sample.stage
        if schema not in SCHEMAS:
            return Score("schema", self.name, self.version, None, "not_applicable", f"stage {sample.stage} has no schema")
        found = read(sample.text(), schema)
        evidence: dict[str, Json] = {
            "schema": schema,
            "how": found.how,
            "errors": list(found.errors),
            "total": found.total,
            "repaired": False,
        }
        return Score("schema", self.name, self.version, float(found.model is not None), "ok", found.reason(), evidence)
