"""The planner: sample sizes against an independent one, spreads that a pilot gives back, and what cannot be afforded."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.power import TTestPower

from evals.gate import decide
from evals.planner import DEFAULT_SD, MOST, Means, Spread, detectable, guessed, measured, needs, series_needed
from tests.support.gate_material import POLICY, experiment, policy

HALF = Spread(0.0, 0.0, 0.5)
"""An intra-class correlation of .5, in units of one generation's variance."""


class TestSampleSizes:
    @pytest.mark.parametrize(
        ("spread", "repeats", "effect", "series"),
        [
            (HALF, 1, 0.2, 156), (HALF, 1, 0.3, 71), (HALF, 1, 0.5, 27), (HALF, 1, 0.8, 12),
            (HALF, 2, 0.2, 79), (HALF, 2, 0.3, 36), (HALF, 2, 0.5, 14),
            (Spread(0.25, 0.0, 0.5), 1, 0.3, 88), (Spread(0.25, 0.0, 0.5), 2, 0.5, 20),
            (Spread(0.0, 0.0, 0.7), 1, 0.3, 98), (Spread(0.0, 0.0, 0.3), 1, 0.3, 43),
        ],
    )  # fmt: skip
    def test_the_table_of_the_design(self, spread: Spread, repeats: int, effect: float, series: int) -> None:
        assert series_needed(effect, spread.sd(1, repeats), 0.05, 0.8) == pytest.approx(series, abs=1)

    @pytest.mark.parametrize("effect", [0.25, 0.4, 0.7])
    @pytest.mark.parametrize("power", [0.8, 0.96])
    @pytest.mark.parametrize("level", [0.05, 0.012])
    def test_they_are_those_of_the_t_test(self, effect: float, power: float, level: float) -> None:
        oracle = TTestPower().solve_power(effect, power=power, alpha=level, alternative="larger")
        assert series_needed(effect, 1.0, level, power) == pytest.approx(oracle, abs=2.5)

    @pytest.mark.parametrize("guardrails", [(1, 49), (4, 66)])
    def test_a_guardrail_needs_the_power_that_all_pass_together(self, guardrails: tuple[int, int]) -> None:
        number, series = guardrails
        rails = {f"g{i}": {"direction": "up", "worst": 0.0, "margin": 0.3} for i in range(number)}
        rule = policy(guardrails=rails, hard={}, attempts={"schedule": "none"})
        found = needs(rule, dict.fromkeys(rails, HALF), Means(100, 1, 2))
        assert [need.series for need in found[1:]] == pytest.approx([series] * number, abs=1)

    @pytest.mark.parametrize("series", [12, 20, 60])
    def test_the_detectable_effect_is_the_other_way_round(self, series: int) -> None:
        effect = detectable(series, 0.7, 0.05, 0.8)
        assert effect
        assert series_needed(effect * 1.0001, 0.7, 0.05, 0.8) == series

    def test_too_few_show_nothing(self) -> None:
        assert detectable(1, 1.0, 0.05, 0.8) is None

    def test_what_cannot_be_seen_takes_more_than_there_are(self) -> None:
        """No effect, or no level left to see it at."""
        assert series_needed(0.0, 1.0, 0.05, 0.8) == series_needed(0.3, 1.0, 0.0, 0.8) == MOST
        assert detectable(20, 1.0, 0.0, 0.8) is None

    @pytest.mark.parametrize(
        ("spread", "effect"),
        [(None, DEFAULT_SD / 2), (Spread(0.1, 0.1, 0.02), 0.1), (Spread(0.02, 0.03, 0.0), math.sqrt(0.05) / 2)],
        ids=["guessed", "noise of a pilot", "a pilot without repeats"],
    )
    def test_unless_said_otherwise_half_a_standard_deviation_of_one_output_is_to_be_seen(
        self, spread: Spread | None, effect: float
    ) -> None:
        rule = policy(guardrails={}, hard={}, primary={"face": {"direction": "up", "worst": 0.0, "best": 1.0, "min_effect": 0.01}})
        (need,) = needs(rule, {"face": spread} if spread else {}, Means(20, 2, 2))
        assert need.effect == pytest.approx(effect)

    def test_a_later_attempt_needs_more(self) -> None:
        first, third = (needs(policy(), {}, Means(20, 2, 2), attempt=j)[0].series for j in (1, 3))
        assert third > 1.5 * first

    def test_a_hard_guardrail_needs_outputs(self) -> None:
        """0 of 59 allows 4.95 %, 0 of 58 allows 5.03 %."""
        need = next(n for n in needs(policy(), {}, Means(20, 1, 1)) if n.role == "hard")
        assert need.series == 59
        assert need.affordable is False


class TestMoney:
    def test_dollars_are_generations_times_cost(self) -> None:
        need = needs(policy(), {}, Means(20, 2, 2, usd=0.5))[0]
        assert need.generations == 2 * need.series * 2 * 2
        assert need.usd == pytest.approx(need.generations * 0.5)

    def test_without_a_cost_there_are_none(self) -> None:
        assert needs(policy(), {}, Means(20, 2, 2))[0].usd is None

    def test_little_money_makes_a_guardrail_too_dear(self) -> None:
        rich, poor = (needs(policy(), {}, Means(40, 2, 2, usd=1.0, budget_usd=money)) for money in (1000, 40))
        assert [n.metric for n in rich if not n.affordable] == []
        assert "stiffness" in [n.metric for n in poor if not n.affordable]
        assert Means(40, 2, 2, usd=1.0, budget_usd=40).reach == 5

    def test_cases_beat_repeats(self) -> None:
        """For the same generations more series show more, as soon as effects vary."""
        spread = Spread(0.25, 0.0, 0.5)
        assert spread.sd(1, 4) / math.sqrt(15) > spread.sd(1, 1) / math.sqrt(60)


class TestPilot:
    def test_a_pilot_gives_its_spread_back(self) -> None:
        """Many series, so that the estimates are close: effects that vary by series and by case, and noise."""
        rng = np.random.default_rng(3)
        n, cases, repeats, omega, tau, sigma = 3000, 2, 3, 0.3, 0.2, 0.4
        shape = (n, cases, repeats, 2)
        index = [part.ravel() for part in np.meshgrid(*map(np.arange, shape), indexing="ij")]
        value = 5 + sigma * rng.normal(size=shape)
        value[..., 1] += omega * rng.normal(size=(n, 1, 1)) + tau * rng.normal(size=(n, cases, 1))
        frame = pd.DataFrame(
            {"arm": np.where(index[3] == 1, "challenger", "champion"), "series": index[0], "case": index[1], "repeat": index[2],
             "status": "ok", "face": value.ravel()}
        )  # fmt: skip
        rule = policy(guardrails={}, hard={})
        spread = measured(frame, rule)["face"]
        assert math.sqrt(spread.omega2) == pytest.approx(omega, rel=0.1)
        assert math.sqrt(spread.tau2) == pytest.approx(tau, rel=0.2)
        assert math.sqrt(spread.sigma2) == pytest.approx(sigma, rel=0.05)
        assert spread.series == n

    @pytest.mark.parametrize(("cases", "repeats"), [(1, 1), (1, 3), (2, 1), (3, 2)])
    def test_the_standard_deviation_that_it_predicts_is_the_one_there(self, cases: int, repeats: int) -> None:
        frame = experiment(4, series=400, cases=cases, repeats=repeats, by_series=0.5)
        spread = measured(frame, policy())["face"]
        gains = decide(frame, policy()).primary.unit_gains
        assert spread.sd(cases, repeats) == pytest.approx(float(np.std(list(gains.values()), ddof=1)), rel=0.08)

    def test_too_few_series_say_nothing(self) -> None:
        assert measured(experiment(1, series=2), policy()) == {}

    def test_a_guess_is_on_the_metrics_scale(self) -> None:
        wide = policy(primary={"face": {"direction": "up", "worst": 0.0, "best": 100.0}})
        assert guessed(wide, "face").sd(2, 2) == pytest.approx(100 * guessed(policy(), "face").sd(2, 2))
        assert guessed(policy(), "cost_usd") == guessed(policy(), "face")


@pytest.mark.slow
def test_the_planned_number_of_series_has_the_planned_power() -> None:
    """A pilot of 20 series, a plan, then gates of the planned size: about 80 % find the gain."""
    rule = policy(guardrails={}, hard={}, attempts={"schedule": "none"}, primary={"face": {"direction": "up", "worst": 0.0}})
    pilot = measured(experiment(50, series=60), rule)
    gain = float(np.mean([decide(experiment(s, series=40, gain=0.4), rule).primary.gain for s in range(900, 930)]))
    (need,) = needs(rule, pilot, Means(200, 2, 2), effect=gain)
    found = sum(decide(experiment(s, series=need.series, gain=0.4), rule).decision == "promote" for s in range(1000, 1200))
    assert 0.66 * 200 < found < 0.92 * 200
    assert POLICY["alpha"] == 0.05
