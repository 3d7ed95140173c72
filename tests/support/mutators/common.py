"""What mutators share: how to find their way in a storyboard."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from evals.checks.ledger import Moment, build
from evals.checks.world import World as Judged
from prompts.story import Storyboard

Json = dict[str, Any]
Mutator = Callable[[random.Random, Json, Json], str | None]


def moments(inputs: Json, board: Json) -> tuple[Moment, ...]:
    """Return the ledger's moments."""
    return build(Storyboard.model_validate(board), Judged.of_case(inputs)).moments


def beats(board: Json) -> dict[str, Json]:
    """Return all beats by their ids."""
    return {b["id"]: b for s in board["scenes"] for b in s["beats"]}


def lines(board: Json, kind: str = "dialogue") -> list[Json]:
    """Return the lines of a kind that somebody speaks."""
    return [x for b in beats(board).values() for x in b["lines"] if x["kind"] == kind and x["speaker"]]


def cast(inputs: Json) -> list[str]:
    """Return the ids of the cast."""
    return [c["id"] for c in inputs["characters"]]


def pick(rng: random.Random, options: list[Any]) -> Any:
    """Return one of the options, or None where there is none."""
    return rng.choice(options) if options else None
