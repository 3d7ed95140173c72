"""On consistent worlds the checks are silent; every careless edit of one is found; and nothing depends on what should not matter."""

from __future__ import annotations

import random
from collections import Counter
from copy import deepcopy
from typing import Any

import clean_worlds
import mutators
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from evals.checks.registry import BY_ID, CHECKS, run
from evals.checks.world import World
from evals.score import Finding
from prompts.story import Storyboard

Json = dict[str, Any]
SEEDS = range(1000, 1040)


def findings(inputs: Json, board: Json) -> list[Finding]:
    return run(Storyboard.model_validate(board), World.of_case(inputs))


def test_worlds_are_of_every_shape() -> None:
    shapes = set().union(*(clean_worlds.make(seed).shape for seed in range(60)))
    wanted = {
        "en",
        "zh",
        "30s",
        "60s",
        "90s",
        "flashback",
        "death",
        "revival",
        "voice-over",
        "off-screen",
        "crowd",
        "time jump",
        "next day",
    }
    assert wanted | {"continuous", "injury", "look", "posture", "give", "reveal", "learn", "enter", "exit"} <= shapes


@pytest.mark.slow
def test_consistent_worlds_are_clean() -> None:
    """More of them, and numbers: tests/bench/checks.py."""
    for seed in SEEDS:
        world = clean_worlds.make(seed)
        assert [f for f in findings(world.inputs, world.board) if f.severity != "info"] == [], seed


@pytest.mark.slow
def test_careless_edits_are_found_where_they_are() -> None:
    made, found = Counter[str](), Counter[str]()
    for seed in list(SEEDS)[:14]:
        world = clean_worlds.make(seed)
        for check, name, inputs, board, place in mutators.mutants(random.Random(seed), world.inputs, world.board):
            places = {x for f in run(Storyboard.model_validate(board), World.of_case(inputs), [BY_ID[check]]) for x in f.where}
            made[check] += 1
            found[check] += place in places
            assert BY_ID[check].tier == "X" or place in places, (check, name, seed)
    assert all(found[c] >= 0.75 * made[c] for c in made), {c: (found[c], made[c]) for c in made if found[c] < made[c]}
    assert set(made) == {c.id for c in CHECKS} - {"R01", "R02"}  # which only rendered prompts can break


def _shuffled(inputs: Json, board: Json, rng: random.Random) -> tuple[Json, Json]:
    """Return the same world with its declarations in another order."""
    inputs, board = deepcopy(inputs), deepcopy(board)
    for name in ("characters", "locations", "props", "facts"):
        rng.shuffle(inputs[name])
    for scene in board["scenes"]:
        rng.shuffle(scene["present"])
    for shot in board["shots"]:
        rng.shuffle(shot["visible"])
    return inputs, board


def _known(found: list[Finding]) -> set[tuple[str, tuple[str, ...], str]]:
    return {(f.check, f.where, f.cause if f.check != "C06" else "") for f in found}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.integers(0, 400), st.sampled_from(sorted(mutators.MUTATORS)), st.randoms(use_true_random=False))
def test_the_order_of_declarations_changes_nothing(seed: int, check: str, rng: random.Random) -> None:
    world = clean_worlds.make(seed)
    assume(mutators.MUTATORS[check][0](random.Random(seed), world.inputs, world.board) is not None)
    before = findings(world.inputs, world.board)
    assert _known(before) == _known(findings(*_shuffled(world.inputs, world.board, rng)))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.integers(0, 400), st.sampled_from(sorted(mutators.MUTATORS)), st.sampled_from(sorted(mutators.MUTATORS)))
def test_another_fault_elsewhere_removes_no_finding_of_another_kind(seed: int, one: str, other: str) -> None:
    """Elsewhere: in another scene, and of nobody's presence or death, for who was never there cannot be found to have left."""
    assume(one != other)
    world = clean_worlds.make(seed)
    scenes = {x["id"]: s["id"] for s in world.board["scenes"] for b in s["beats"] for x in (s, b, *b["lines"])}
    scenes |= {x["id"]: x["scene"] for x in world.board["shots"]}
    place = mutators.MUTATORS[one][0](random.Random(seed), world.inputs, world.board)
    assume(place is not None)
    before = Counter(f.check for f in findings(world.inputs, world.board) if f.check == one)
    elsewhere = mutators.MUTATORS[other][-1](random.Random(seed + 1), world.inputs, world.board)
    assume(elsewhere is not None and scenes.get(elsewhere) != scenes.get(place or "") and elsewhere != "script")
    assume(other not in {"C03", "C05", "C08", "S01", "S09", "S11"})  # these move people, ids or shots that the first one is about
    after = Counter(f.check for f in findings(world.inputs, world.board) if f.check == one)
    assert after >= before
