"""The words that a pattern is looked for by stand in everything that it matches, so that looking for them loses nothing."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import must_hold
import pytest

from evals import checks
from evals.checks.sought import Sought


def _patterns() -> Iterator[tuple[str, Sought]]:
    for module in pkgutil.iter_modules(checks.__path__):
        for name, value in vars(importlib.import_module(f"evals.checks.{module.name}")).items():
            yield from ((f"{module.name}.{name}{key}", found) for key, found in _within(value))


def _within(value: Any) -> Iterator[tuple[str, Sought]]:
    if isinstance(value, Sought):
        yield "", value
    elif isinstance(value, dict):
        yield from ((f".{key}", found) for key, found in value.items() if isinstance(found, Sought))


PATTERNS = dict(_patterns())


def test_the_prover_knows_what_a_match_can_do_without() -> None:
    some = re.compile(r"close[- ]?ups?\b|(?:wide|full)+ shot|特写|[\u4e00-\u9fff]x")
    assert must_hold.can_do_without(some, ("close", "wide", "full"), signs=True) == set()
    assert must_hold.can_do_without(some, ("wide", "full", "特写"), signs=False) == {"closeup", "close-up", "close up"} | {
        "closeups", "close-ups", "close ups", "一x",
    }  # fmt: skip
    assert must_hold.can_do_without(some, ("close", "full"), signs=True) == {"wide\0 shot"}


@pytest.mark.parametrize("name", PATTERNS)
def test_no_match_goes_without_a_word_that_is_looked_for_first(name: str) -> None:
    found = PATTERNS[name]
    assert must_hold.can_do_without(found.pattern, found.words, signs=found.signs) == set()


def test_a_pattern_is_found_as_without_its_words() -> None:
    low = PATTERNS["camera_words.ANGLES.low"]
    text = "a low-angle shot, then 仰拍, then a low angle"
    assert [m.span() for m in low.finditer(text)] == [m.span() for m in low.pattern.finditer(text)]
    assert low.sub("x", text) == low.pattern.sub("x", text) == "a x shot, then x, then a x"
    assert low.search("a close-up") is None
    assert low.sub("x", "a close-up") == "a close-up"
