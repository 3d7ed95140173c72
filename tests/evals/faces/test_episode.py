"""Over all shots of a person: too few blinks, and one face in every still."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from evals.faces import episode
from evals.faces.verdict import Verdict

SHAPE = np.random.default_rng(3).normal(0, 25, (468, 3))
SHAPE[33], SHAPE[263], SHAPE[10], SHAPE[152] = (-30, -10, 0), (30, -10, 0), (0, -70, 10), (0, 60, 0)


def clip(seconds: float, blinks: int, *, speaking: bool = True, who: str = "mei") -> Verdict:
    return Verdict(who, "", seconds=seconds, blinks=blinks, speaking=speaking)


def still(smile: float, emotion: str) -> Verdict:
    shape = SHAPE.copy()
    shape[[61, 291], 1] -= 60 * smile
    return Verdict("mei", "", shape=shape, emotion=emotion)


@pytest.mark.parametrize(("count", "expected"), [(0, 0.9), (3, 5.25), (12, 6.0), (2, 40.0)])
def test_the_chance_of_few_blinks_is_poissons(count: int, expected: float) -> None:
    assert episode.at_most(count, expected) == pytest.approx(poisson.cdf(count, expected))


def test_one_shot_without_a_blink_says_nothing_and_eight_of_them_do() -> None:
    """At the lower end of what people do, a shot of 5 s has no blink in four cases of ten."""
    one = episode.overview([[clip(5, 0)]])["mei"]["blinks"]
    assert (round(one["p"], 2), one["few"]) == (0.42, False)
    many = episode.overview([[clip(5, 0)] for _ in range(8)])["mei"]["blinks"]
    assert (many["seconds"], many["few"]) == (40.0, True)
    assert not episode.overview([[clip(5, 1)] for _ in range(8)])["mei"]["blinks"]["few"]


def test_people_at_rest_may_blink_less() -> None:
    speaking, silent = (episode.overview([[clip(20, 0, speaking=s)]])["mei"]["blinks"]["p"] for s in (True, False))
    assert speaking < 0.05 < silent


def test_people_are_counted_apart_and_shots_with_a_problem_are_not() -> None:
    shots = [[clip(30, 9), clip(30, 0, who="lan")], [Verdict("mei", "", problem="too small", seconds=9)]]
    found = episode.overview(shots)
    assert (found["mei"]["blinks"]["few"], found["lan"]["blinks"]["few"]) == (False, True)
    assert found["mei"]["blinks"]["seconds"] == 30.0


def test_one_face_in_stills_that_ask_for_several_is_told() -> None:
    asked = ("joy", "anger", "sadness", "joy")
    same = episode.overview([[still(0.01 * i, e)] for i, e in enumerate(asked)])["mei"]["variety"]
    changing = episode.overview([[still(0.2 * i, e)] for i, e in enumerate(asked)])["mei"]["variety"]
    assert (same["same_face"], changing["same_face"]) == (True, False)
    assert same["asked"] == ["anger", "joy", "sadness"]
    assert "variety" not in episode.overview([[still(0, "joy")], [still(1, "joy")]])["mei"]


def test_turning_the_head_is_no_change_of_face() -> None:
    turn = np.deg2rad(25)
    rotation = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    assert episode.variety([SHAPE, SHAPE @ rotation.T * 1.4 + 30, SHAPE @ rotation]) < 0.02
