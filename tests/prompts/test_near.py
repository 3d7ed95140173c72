"""What a mistyped name is told: the names that were likely meant, and no long list where there is one."""

from __future__ import annotations

import pytest

from prompts.errors import UnknownName
from prompts.near import listed, meant, nearest

SCORERS = ("cost", "cuts", "expression", "face_consistency", "flicker", "format", "frozen", "latency", "logic")
TEMPLATES = ("shot/keyframe", "shot/keyframe@plain", "clip/motion", "script/episode")


@pytest.mark.parametrize(
    ("word", "names", "near"),
    [
        ("face", SCORERS, "face_consistency"),  # begun with, though flicker is spelt more like it
        ("face_consistancy", SCORERS, "face_consistency"),
        ("keyframe", TEMPLATES, "shot/keyframe"),
        ("keyfrane", TEMPLATES, "shot/keyframe"),  # the stage is missing and a letter is wrong
        ("shot/keyfrane", TEMPLATES, "shot/keyframe"),
        ("clip/keyframe", TEMPLATES, "shot/keyframe"),
        ("特写镜头", ("特写", "全景"), "特写"),
    ],
)
def test_the_likeliest_name_comes_first(word: str, names: tuple[str, ...], near: str) -> None:
    assert nearest(word, names)[0] == near
    assert meant(word, names).startswith(f"Did you mean {near}")


@pytest.mark.parametrize("word", ["", "zzz", "/", "@"])
def test_what_is_like_nothing_is_told_what_there_is(word: str) -> None:
    assert nearest(word, SCORERS) == []
    assert "Known: cost, cuts" in str(UnknownName("scorer", word, SCORERS))
    assert meant(word, SCORERS, listing="`workbench scorers`") == "`workbench scorers` lists them."
    assert meant(word, SCORERS[:3], listing="`workbench scorers`") == "Known: cost, cuts, expression."


def test_a_long_list_says_how_much_of_it_is_left_out() -> None:
    assert listed(f"n{i:02}" for i in range(15)).endswith("n11 and 3 more")
    assert listed(()) == "none"
