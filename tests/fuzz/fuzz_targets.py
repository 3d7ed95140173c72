"""All targets, by module and by name."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fuzzkit import Target

MODULES = ("of_files", "of_words", "of_journals", "of_answers", "of_places", "of_media", "of_servers")


def of_module(name: str) -> tuple[Target, ...]:
    """Return the targets of one module, which is loaded for it: what they need takes its time."""
    found: tuple[Target, ...] = importlib.import_module(name).TARGETS
    return found


def all_targets() -> dict[str, Target]:
    """Return every target by its name."""
    return {target.name: target for module in MODULES for target in of_module(module)}
