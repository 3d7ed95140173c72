"""A script written by hand after a public-domain tale is clean, and every careless edit of it is found."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import plain
import pytest

from evals.checks.budget import seconds
from evals.checks.ledger import build
from evals.checks.registry import run
from evals.checks.world import World
from prompts.story import Script

TALE = plain.load(Path(__file__).parent / "tales" / "painted-skin.yaml")
WORLD = World.of_case(TALE["world"])
Json = dict[str, Any]


def findings(script: Json) -> list[tuple[str, str]]:
    return [(f.check, f.where[-1]) for f in run(Script.model_validate(script), WORLD)]


def test_a_tale_with_a_ghost_a_death_a_revival_a_flashback_and_a_voice_over_is_clean() -> None:
    assert run(Script.model_validate(TALE["script"]), WORLD) == []


def test_its_ledger_follows_people_props_and_knowledge() -> None:
    book = build(Script.model_validate(TALE["script"]), WORLD)
    end = book.ends["s8"]
    assert book.ends["s4"].dead == {"wang-sheng": "b7"}
    assert end.dead == {}
    assert end.holder == {"skin": "dao-shi", "whisk": "nv-zi", "sword": "dao-shi"}
    assert {who for who, facts in end.knows.items() if "is-demon" in facts} == {"nv-zi", "wang-sheng", "chen-shi"}
    low, high = seconds(book, WORLD)
    assert low < 80 < high


def beat(script: Json, name: str) -> Json:
    return next(b for s in script["scenes"] for b in s["beats"] if b["id"] == name)


def _speak_when_dead(script: Json) -> None:
    beat(script, "b9")["lines"].append({"id": "x", "speaker": "wang-sheng", "kind": "os", "text": "救我。"})


def _speak_when_gone(script: Json) -> None:
    beat(script, "b8")["lines"] = [{"id": "x", "speaker": "nv-zi", "text": "下一个就是你。"}]


def _use_what_another_holds(script: Json) -> None:
    beat(script, "b12")["props"] = ["sword"]


def _run_time_backwards(script: Json) -> None:
    script["scenes"][6]["story_day"] = 2


def _forget_the_revival(script: Json) -> None:
    beat(script, "b12")["changes"] = []


def _say_what_one_cannot_know(script: Json) -> None:
    beat(script, "b11")["lines"][0]["asserts"] = ["is-demon"]


def _misspell(script: Json) -> None:
    beat(script, "b11")["lines"][0]["speaker"] = "feng-gai"


def _leave_a_placeholder(script: Json) -> None:
    beat(script, "b10")["action"] = "【此处填写动作】"


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (_speak_when_dead, [("C03", "x")]),
        (_speak_when_gone, [("C02", "x")]),
        (_use_what_another_holds, [("C11", "b12")]),
        (_run_time_backwards, [("C16", "s7")]),
        (_forget_the_revival, [("C03", "l20"), ("C03", "b13")]),
        (_say_what_one_cannot_know, [("C13", "l17")]),
        (_misspell, [("C01", "l17")]),
        (_leave_a_placeholder, [("S15", "b10")]),
    ],
)
def test_a_careless_edit_is_found_where_it_was_made_and_nowhere_else(edit: Callable[[Json], None], found: list[tuple[str, str]]) -> None:
    script = copy.deepcopy(TALE["script"])
    edit(script)
    assert findings(script) == found
