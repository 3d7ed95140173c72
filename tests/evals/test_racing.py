"""Racing: who goes on, and how little the winner's lead may be believed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evals.racing import Standing, rounds, standings, survivors
from tests.support.gate_material import experiment, fail, policy

RULE = policy()


def raced(gains: dict[str, float], seed: int = 0, *, series: int = 12) -> pd.DataFrame:
    """A frame of a champion and variants with these true gains, on the same cases."""
    parts = []
    for number, (name, gain) in enumerate(gains.items()):
        frame = experiment(seed * 1000, series=series, cases=1, repeats=1)
        if number == 0:
            parts.append(frame[frame["arm"] == "champion"])
        mine = frame[frame["arm"] == "challenger"].assign(arm=name)
        noise = np.random.default_rng(seed * 1000 + number).normal(0, 0.1, len(mine))
        parts.append(mine.assign(face=(mine["face"] + gain + noise).clip(0, 1)))
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(("variants", "expected"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (9, 4)])
def test_rounds_until_one_is_left(variants: int, expected: int) -> None:
    left = [Standing(str(i), 0.0, 0.0, 1, 1, None) for i in range(variants)]
    assert rounds(variants) == expected
    for _ in range(expected):
        left = left[: len(survivors(left))]
    assert len(left) == 1


def test_the_better_half_goes_on() -> None:
    ranked = standings(raced({"a": -0.3, "b": 0.2, "c": -0.2, "d": 0.1}, 1), RULE)
    assert set(survivors(ranked)) == {"b", "d"}
    assert ranked[0].arm == "b"


def test_of_equals_the_cheaper_one_is_first() -> None:
    frame = raced({"a": 0.0, "b": 0.0}, 2)
    frame.loc[frame["arm"] == "b", "face"] = frame.loc[frame["arm"] == "a", "face"].to_numpy()
    frame["cost_usd"] = frame["arm"].map({"champion": 1.0, "a": 2.0, "b": 1.0})
    assert [s.arm for s in standings(frame, RULE)] == ["b", "a"]


def test_a_variant_that_fails_is_not_carried_by_what_is_left() -> None:
    frame = raced({"a": 0.3, "b": 0.1}, 3)
    failed = fail(frame, frame.index[frame["arm"] == "a"][:8])
    assert standings(failed, RULE)[0].arm == "b"


def test_what_was_not_measured_is_last() -> None:
    frame = raced({"a": -0.5, "b": 0.1}, 4)
    frame.loc[frame["arm"] == "b", "face"] = np.nan
    ranked = standings(frame, RULE)
    assert [s.arm for s in ranked] == ["a", "b"]
    assert ranked[1].gain is None


def test_a_lead_by_chance_is_shrunk_and_a_real_one_is_kept() -> None:
    """Eight variants without any gain: the winner's lead is mostly luck. With true gains far apart most of it is real."""
    lucky, real = [], []
    for seed in range(30):
        best = standings(raced(dict.fromkeys("abcdefgh", 0.0), seed + 10), RULE)[0]
        lucky.append((best.gain, best.shrunk))
        best = standings(raced({"a": 0.3, "b": -0.3, "c": -0.2, "d": 0.2}, seed + 10), RULE)[0]
        real.append((best.gain, best.shrunk))
    gains, shrunk = np.mean(lucky, axis=0)
    assert gains > 0.02
    assert shrunk < 0.75 * gains
    gains, shrunk = np.mean(real, axis=0)
    assert shrunk > 0.8 * gains


def test_the_order_of_rows_does_not_matter() -> None:
    frame = raced({"a": 0.1, "b": 0.05, "c": 0.0}, 7)
    assert standings(frame.sample(frac=1, random_state=3), RULE) == standings(frame, RULE)
