"""Reading what was measured or fitted before: the JSON files of `evals/data`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from evals.errors import ScorerError

T = TypeVar("T")


def read(file: Path, what: str, make: Callable[[Any], T]) -> T:
    """Return what is made of a data file's JSON.

    Args:
        file: The file.
        what: What it holds, for the error.
        make: Takes the decoded JSON; whatever it does not find there makes the file malformed.

    Raises:
        ScorerError: The file is missing or malformed.
    """
    try:
        return make(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ScorerError(f"{file.name}: {what} cannot be read: {error}") from None
