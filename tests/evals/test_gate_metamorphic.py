"""What must not change a verdict, and what must never help: checked on experiments near the border, where a trifle could."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.gate import Policy, Verdict, decide
from evals.stats import assess
from tests.support.gate_material import POLICY, experiment, fail, policy

BORDER = [experiment(seed, gain=0.25, harm=0.1) for seed in range(12)]
"""Some of them are promoted, some held."""
FRAMES = st.sampled_from(BORDER)
QUICK = settings(deadline=None, max_examples=25)


def facts(verdict: Verdict) -> Any:
    """Return all that must be equal."""
    numbers = [(c.passed, c.enough, c.units, c.cases, c.by_unit, c.by_case, c.failed) for c in verdict.checks]
    return verdict.decision, len(verdict.reasons), numbers, verdict.hard, len(verdict.fallen)


def p_values(verdict: Verdict) -> list[float | None]:
    return [p for c in verdict.checks for p in (c.p_signs, c.p_bootstrap)]


def test_the_experiments_are_near_the_border() -> None:
    decisions = [decide(frame, policy()).decision for frame in BORDER]
    assert {"promote", "hold"} == set(decisions)


class TestWhatDoesNotMatter:
    @given(FRAMES, st.integers(0, 99))
    @QUICK
    def test_the_order_of_rows(self, frame: pd.DataFrame, seed: int) -> None:
        """To the last digit."""
        assert decide(frame.sample(frac=1, random_state=seed), policy()) == decide(frame, policy())

    @given(FRAMES, st.integers(0, 99))
    @QUICK
    def test_the_names_of_series_and_cases(self, frame: pd.DataFrame, seed: int) -> None:
        rng = np.random.default_rng(seed)
        renamed = frame.copy()
        for column in ("series", "case"):
            old = sorted(frame[column].unique())
            renamed[column] = frame[column].map(dict(zip(old, rng.permutation([f"x{i}" for i in range(len(old))]), strict=True)))
        one, other = decide(frame, policy()), decide(renamed, policy())
        assert facts(one) == facts(other)
        assert p_values(one) == p_values(other)

    @given(FRAMES, st.sampled_from([1000.0, 100.0, 0.0254, 1 / 3, 1e-6]))
    @QUICK
    def test_the_unit_of_a_metric(self, frame: pd.DataFrame, factor: float) -> None:
        other = frame.assign(face=frame["face"] * factor, stiffness=frame["stiffness"] * factor, cost_usd=frame["cost_usd"] * factor)
        assert facts(decide(frame, policy())) == facts(decide(other, scaled(factor)))

    @given(FRAMES)
    @QUICK
    def test_the_direction_in_which_it_is_counted(self, frame: pd.DataFrame) -> None:
        """A share of good faces, or of bad ones."""
        turned = policy(primary={"face": {"direction": "down", "worst": 1.0, "min_effect": 0.005}})
        one, other = decide(frame, policy()), decide(frame.assign(face=1 - frame["face"]), turned)
        assert facts(one) == facts(other)

    @given(FRAMES, st.integers(2, 4), st.booleans())
    @QUICK
    def test_an_export_that_was_made_twice(self, frame: pd.DataFrame, copies: int, numbered: bool) -> None:
        given = frame if numbered else frame.drop(columns="repeat")
        twice = pd.concat([given] * copies, ignore_index=True)
        assert facts(decide(twice, policy())) == facts(decide(given, policy()))

    @given(FRAMES, st.integers(0, 99))
    @QUICK
    def test_a_part_of_it_that_was_exported_twice(self, frame: pd.DataFrame, seed: int) -> None:
        again = pd.concat([frame, frame.sample(frac=0.3, random_state=seed)])
        assert facts(decide(again, policy())) == facts(decide(frame, policy()))

    @given(FRAMES)
    @QUICK
    def test_columns_that_the_policy_does_not_name(self, frame: pd.DataFrame) -> None:
        more = frame.assign(beauty=np.arange(len(frame)), exported_at=[object() for _ in range(len(frame))], note=None)
        assert decide(more, policy()) == decide(frame, policy())

    @given(FRAMES)
    @QUICK
    def test_the_index_and_the_types_of_the_frame(self, frame: pd.DataFrame) -> None:
        other = frame.set_index(np.zeros(len(frame), dtype=int)).astype({"arm": "category", "series": "category", "status": "string"})
        other = other.assign(face=other["face"].astype("Float64"), unsafe=other["unsafe"].astype(bool))
        assert facts(decide(other, policy())) == facts(decide(frame, policy()))


class TestWhatNeverHelps:
    @given(FRAMES, st.data())
    @settings(deadline=None, max_examples=60)
    def test_more_failures(self, frame: pd.DataFrame, data: st.DataObject) -> None:
        mine = frame.index[frame["arm"] == "challenger"].tolist()
        failed = fail(frame, data.draw(st.lists(st.sampled_from(mine), min_size=1, max_size=12, unique=True)))
        if decide(frame, policy()).decision != "promote":
            assert decide(failed, policy()).decision != "promote"

    @given(FRAMES, st.data(), st.floats(0.01, 1))
    @settings(deadline=None, max_examples=60)
    def test_one_worse_case(self, frame: pd.DataFrame, data: st.DataObject, loss: float) -> None:
        case = data.draw(st.sampled_from(sorted(frame["case"].unique())))
        worse = frame.copy()
        rows = (frame["case"] == case) & (frame["arm"] == "challenger")
        worse.loc[rows, "face"] = (worse.loc[rows, "face"] - loss).clip(lower=0)
        if decide(frame, policy()).decision != "promote":
            assert decide(worse, policy()).decision != "promote"

    @given(FRAMES, st.integers(1, 40))
    @QUICK
    def test_another_attempt(self, frame: pd.DataFrame, attempt: int) -> None:
        if decide(frame, policy()).decision != "promote":
            assert decide(frame, policy(), attempt=attempt).decision != "promote"

    @given(FRAMES, st.floats(0.01, 0.5))
    @QUICK
    def test_a_wider_margin_for_the_primary(self, frame: pd.DataFrame, floor: float) -> None:
        demanding = policy(primary={"face": {**POLICY["primary"]["face"], "min_effect": floor}})
        if decide(frame, policy()).decision != "promote":
            assert decide(frame, demanding).decision != "promote"

    @pytest.mark.slow
    def test_losing_an_extreme_gain(self) -> None:
        """A test that divides by the spread could be helped by it. That of t is; this one, which knows of the skew, was not once."""
        rng = np.random.default_rng(0)
        tried = helped = 0
        while tried < 2_000:
            gains = rng.normal(0.25, 1, 20)
            gains[0] += rng.exponential(4)
            if not 0.05 <= assess(gains).p_above < 0.12:
                continue
            for unit in range(20):
                for loss in (0.1, 0.5, 1, 2, 5):
                    tried += 1
                    helped += assess(np.where(np.arange(20) == unit, gains - loss, gains)).p_above < 0.05
        assert helped == 0


def scaled(factor: float) -> Policy:
    """Return the policy for metrics that are measured in another unit."""
    return policy(
        primary={"face": {"direction": "up", "worst": 0.0, "min_effect": 0.005 * factor}},
        guardrails={
            "stiffness": {"direction": "down", "worst": 1.0 * factor, "margin": 0.08 * factor},
            "cost_usd": {"direction": "down", "margin_ratio": 1.15},
        },
    )


@pytest.mark.slow
def test_the_verdict_of_many_experiments_does_not_depend_on_names() -> None:
    for seed in range(60):
        frame = experiment(seed + 500, gain=0.2)
        renamed = frame.assign(series=frame["series"].str[::-1], case=frame["case"].str[::-1])
        assert p_values(decide(frame, policy())) == p_values(decide(renamed, policy()))
