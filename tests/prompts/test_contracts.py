"""A rule is declared once: the prompt states it, in the language of the series, from the same numbers that are checked."""

from __future__ import annotations

from prompts.contracts import Contracts

DECLARED = Contracts.model_validate(
    {
        "speech": {"chars_per_second": 4, "words_per_second": 2.5, "pad_seconds": 1},
        "cast": ["mei", "lan"],
        "shots": {"min_count": 3, "max_count": 6, "max_seconds": 7.5},
        "forbidden": ["suddenly"],
    }
)


def test_rules_in_english() -> None:
    """One sentence a rule, with the declared numbers."""
    assert DECLARED.rules("en") == [
        "Every line must be speakable in its shot: at most 2.5 words a second, with 1 seconds to spare.",
        "Use these characters only: mei, lan.",
        "At least 3 shots.",
        "At most 6 shots.",
        "No shot longer than 7.5 seconds.",
        "Never use these words: suddenly.",
    ]


def test_rules_in_chinese() -> None:
    """The Chinese sentence uses the Chinese rate."""
    rules = DECLARED.rules("zh")
    assert len(rules) == 6
    assert "每秒不超过 4 个字" in rules[0]
    assert "mei、lan" in rules[1]


def test_nothing_declared_is_nothing_said() -> None:
    """An empty contract has no rules, and its parts are null, so that a template may test them."""
    assert Contracts().variable("en") == {
        "speech": None, "cast": None, "shots": None, "beats": None, "scenes": None, "forbidden": [], "required": [], "rules": [],
    }  # fmt: skip
