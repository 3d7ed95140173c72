"""Read the YAML pairs of `tests/evals/lint`: a prompt that keeps a rule, and one that breaks it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plain

from evals.checks.prompt import Prompt
from evals.checks.targets import target

FOLDER = Path(__file__).parent.parent / "evals" / "lint"
Json = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    check: str
    rule: str
    good: Prompt
    bad: Prompt
    hint: str


def pairs() -> Iterator[Pair]:
    """Yield every pair of every file, in order."""
    for path in sorted(FOLDER.glob("[A-Z]*.yaml")):
        for entry in plain.load(path):
            unknown = entry.keys() - {"rule", "stage", "see", "shot", "props", "target", "good", "bad", "hint"}
            assert not unknown, f"{path.name}: {entry['rule']}: unknown keys {sorted(unknown)}"
            yield Pair(path.stem, entry["rule"], prompt(entry, entry["good"]), prompt(entry, entry["bad"]), entry.get("hint", ""))


def prompt(entry: Json, text: str) -> Prompt:
    """Make the prompt of a pair: `see` names who is visible (both by default), `shot` changes the shot."""
    world = plain.load(FOLDER / "_world.yaml")
    stage = entry.get("stage", "shot")
    seen = entry.get("see", ["mei", "zhao"])
    people = [{"character": c, "look": c["looks"][0]} for c in world["characters"] if c["id"] in seen]
    if stage == "character":
        inputs: Json = {"character": people[0]["character"], "look": people[0]["look"]}
    else:
        shot = {"id": "x1", "location": "hall", "daypart": "night", "size": "medium", "action": "They wait.", **entry.get("shot", {})}
        inputs = {"shot": {**shot, "props": entry.get("props", [])}, "people": people, "location": world["locations"][0]}
        inputs["props"] = world["props"]
    found = target(entry["target"]) if "target" in entry else None
    return Prompt.of_case(text, stage, {"language": "en", **inputs}, found)
