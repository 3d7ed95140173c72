"""On consistent worlds the checks are silent; every careless edit of one is found; and nothing depends on what should not matter."""

from __future__ import annotations

import random
from collections import Counter
from copy import deepcopy
from typing import Any

import clean_worlds
import mutators
import pytest
import rests_on
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from mutators.common import Mutator

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


ALL = [(check, mutate) for check, found in mutators.MUTATORS.items() for mutate in found]
EDIT = st.sampled_from(ALL)


@pytest.mark.slow
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.integers(0, 2000), st.lists(EDIT, min_size=1, max_size=4), EDIT)
def test_a_fault_hides_no_finding_of_another_kind(seed: int, first: list[tuple[str, Mutator]], last: tuple[str, Mutator]) -> None:
    """In clean worlds that were edited carelessly once or more often, any other careless edit; see `rests_on` for what may go."""
    world, rng = clean_worlds.make(seed), random.Random(seed)
    for _, mutate in first:
        mutate(rng, world.inputs, world.board)
    before, after = (world.inputs, world.board), (deepcopy(world.inputs), deepcopy(world.board))
    assume(last[1](rng, *after) is not None)
    edit = rests_on.touched(before, after)
    left = {(f.check, _place(f)) for f in findings(*after)}
    must_stay = [f for f in findings(*before) if f.check != last[0] and not rests_on.hidden_by_right(f, edit, before, after)]
    assert [f for f in must_stay if (f.check, _place(f)) not in left] == []


def _place(finding: Finding) -> tuple[str, ...]:
    """Return the innermost id, of a prompt with its shot."""
    return finding.where[-2:] if finding.where[-1].endswith("_prompt") else finding.where[-1:]


def test_what_may_hide_a_finding_is_what_it_rests_on_and_nothing_else() -> None:
    """The rule of the test above is no way out: of what was edited elsewhere nothing may go."""
    world = clean_worlds.make(5)
    before = (world.inputs, world.board)
    shots, one = world.board["shots"], world.board["shots"][2]
    finding = Finding("S07", "1", "warn", (one["scene"], one["id"], "first_frame_prompt"), "", "The prompt says so.", "S07:size:wide")
    for edited in shots:
        after = (world.inputs, deepcopy(world.board))
        next(s for s in after[1]["shots"] if s["id"] == edited["id"])["size"] = "insert"
        edit = rests_on.touched(before, after)
        assert set(edit) == {edited["id"]}
        assert rests_on.hidden_by_right(finding, edit, before, after) == (edited is one)
