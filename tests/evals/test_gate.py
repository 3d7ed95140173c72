"""The gate: what it promotes, what it holds, and what it does not judge."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from evals.gate import clopper_pearson_upper, decide
from prompts.errors import InputError
from tests.support.gate_material import POLICY, experiment, fail, policy

GAIN = experiment(1, gain=1.0)
NULL = experiment(2)
CHALLENGER = GAIN.index[GAIN["arm"] == "challenger"]


class TestDecisions:
    def test_a_clear_gain_without_harm_is_promoted(self) -> None:
        verdict = decide(GAIN, policy())
        assert verdict.decision == "promote"
        lo, hi = verdict.intervals["face"]
        assert 0 < lo < verdict.primary.gain < hi  # type: ignore[operator]
        assert verdict.units == 20
        assert verdict.cases == 40
        assert verdict.counts.better + verdict.counts.worse + verdict.counts.same == 20
        assert verdict.counts.better > 15

    def test_no_gain_is_held(self) -> None:
        verdict = decide(NULL, policy())
        assert verdict.decision == "hold"
        assert verdict.reasons[0].startswith("face")

    def test_a_loss_is_held(self) -> None:
        verdict = decide(experiment(3, gain=-1.0), policy())
        assert verdict.decision == "hold"
        assert "did not gain" in verdict.reasons[0]

    def test_a_harm_outweighs_any_gain(self) -> None:
        verdict = decide(experiment(4, gain=1.5, harm=0.8), policy())
        assert verdict.decision == "hold"
        assert verdict.reasons[0].startswith("stiffness may be worse by more than the margin of 0.08")

    def test_a_guardrail_without_evidence_holds_too(self) -> None:
        """Not shown to be harmful is not shown to be harmless."""
        frame = experiment(5, gain=1.5, series=10, cases=2, repeats=2)
        frame["stiffness"] = np.random.default_rng(5).random(len(frame))
        assert decide(frame, policy()).check("stiffness").passed is False

    def test_a_gain_too_small_to_matter_is_held(self) -> None:
        demanding = policy(primary={"face": {**POLICY["primary"]["face"], "min_effect": 0.5}})
        verdict = decide(GAIN, demanding)
        assert verdict.decision == "hold"
        assert "less than the 0.5" in verdict.reasons[0]

    def test_twenty_per_cent_dearer_is_held(self) -> None:
        dearer = GAIN.assign(cost_usd=np.where(GAIN["arm"] == "challenger", 1.2, 1.0))
        verdict = decide(dearer, policy())
        assert verdict.decision == "hold"
        assert "cost_usd may be worse by more than the margin of 15.0%: the loss is up to 20.0%" in verdict.reasons[0]

    def test_an_unsafe_output_is_held_however_little_there_is(self) -> None:
        frame = GAIN.copy()
        frame.loc[CHALLENGER[0], "unsafe"] = 1.0
        assert decide(frame, policy()).decision == "hold"
        few = frame[frame["series"].isin(["s00", "s01"])]
        assert decide(few, policy()).decision == "hold"

    def test_few_safe_outputs_do_not_show_safety(self) -> None:
        """0 of 20 still allows 14 %."""
        frame = experiment(6, gain=2.0, series=20, cases=1, repeats=1)
        verdict = decide(frame, policy())
        assert verdict.decision == "insufficient"
        assert "still allows 13.9%" in verdict.reasons[0]

    def test_outputs_that_nobody_judged_may_be_unsafe(self) -> None:
        frame = GAIN.copy()
        frame.loc[CHALLENGER[:3], "unsafe"] = np.nan
        verdict = decide(frame, policy())
        assert (verdict.hard[0].unknown, verdict.decision) == (3, "insufficient")

    @pytest.mark.parametrize("failures", [0, 1, 4, 40])
    def test_the_limit_is_clopper_and_pearsons(self, failures: int) -> None:
        assert clopper_pearson_upper(failures, 40) == pytest.approx(proportion_confint(failures, 40, alpha=0.1, method="beta")[1])


class TestEvidence:
    @pytest.mark.parametrize(
        ("frame", "words"),
        [
            (GAIN[GAIN["series"] == "s01"], "Only 1 series"),
            (GAIN[GAIN["series"] < "s07"], "Only 7 series"),
            (GAIN[(GAIN["series"] < "s10") & GAIN["case"].str.endswith("c0")], "Only 10 cases"),
            (GAIN[GAIN["arm"] == "champion"], "no generation of the challenger"),
            (GAIN.iloc[:0], "no generation of the champion"),
            (GAIN.drop(CHALLENGER[:20]), "were generated in one arm only"),
            (GAIN.assign(face=np.nan), "Only 0 series"),
            (GAIN.assign(cost_usd=np.nan), "cost_usd: only 0 series have a value"),
            (GAIN.assign(model_resolved=np.where(GAIN["arm"] == "champion", "m1", "m2")), "do not share one model"),
            (GAIN.assign(provider_snapshot=np.where(GAIN["repeat"] == 0, "monday", "tuesday")), "do not share one model"),
        ],
    )  # fmt: skip
    def test_too_little_of_it_is_insufficient(self, frame: pd.DataFrame, words: str) -> None:
        verdict = decide(frame, policy())
        assert verdict.decision == "insufficient"
        assert any(words in reason for reason in verdict.reasons), verdict.reasons

    def test_some_missing_pairs_are_left_out_and_said(self) -> None:
        verdict = decide(GAIN.drop(CHALLENGER[:4]), policy())
        assert verdict.decision == "promote"
        assert (verdict.cases, verdict.unpaired) == (38, 2)
        assert "face: 2 cases have a value in one arm only" in verdict.notes[0]

    def test_a_failure_is_the_worst_value_and_never_a_gap(self) -> None:
        verdict = decide(fail(GAIN, CHALLENGER), policy())
        assert verdict.decision == "hold"
        assert verdict.primary.challenger == 0.0
        assert verdict.primary.failed == (0, 80)

    def test_where_both_arms_always_fail_nothing_gains(self) -> None:
        verdict = decide(fail(GAIN, GAIN.index), policy())
        assert verdict.decision == "hold"
        assert verdict.primary.gain == 0

    def test_bad_outputs_that_fail_do_not_help(self) -> None:
        """Survivor bias: without its worst 15 % the challenger's mean is higher."""
        frame = experiment(7, fails=0.15)
        alive = frame[frame["status"] == "ok"].groupby("arm")["face"].mean()
        assert alive["challenger"] > alive["champion"]
        assert decide(frame, policy()).decision == "hold"

    def test_bad_outputs_that_cannot_be_scored_do_not_help(self) -> None:
        frame = experiment(7)
        mine = frame[frame["arm"] == "challenger"]["face"]
        frame.loc[mine.nsmallest(12).index, "face"] = np.nan
        verdict = decide(frame, policy())
        assert verdict.decision == "insufficient"
        assert verdict.primary.incomplete == (0, 12)

    def test_a_metric_that_does_not_apply_to_a_case_is_no_gap(self) -> None:
        frame = GAIN.copy()
        frame.loc[frame["case"].isin(["s00c0", "s01c0", "s02c0", "s03c0", "s04c0"]), "stiffness"] = np.nan
        verdict = decide(frame, policy())
        assert verdict.decision != "insufficient"
        assert (verdict.check("stiffness").cases, verdict.check("stiffness").unpaired) == (35, ())

    def test_values_beyond_the_worst_count_as_the_worst(self) -> None:
        """Else failing would be better than being that bad."""
        frame = GAIN.copy()
        frame.loc[CHALLENGER[0], "face"] = -5.0
        assert decide(frame, policy()).primary.gain == decide(fail(GAIN, CHALLENGER[:1]), policy()).primary.gain

    def test_a_failed_output_costs_what_it_cost(self) -> None:
        dear = GAIN.assign(cost_usd=1.0)
        dear.loc[CHALLENGER[:40], "cost_usd"] = 1.5
        assert decide(fail(dear, CHALLENGER[:40]), policy()).check("cost_usd").challenger == pytest.approx(1.25)

    def test_what_costs_nothing_is_not_dearer(self) -> None:
        assert decide(GAIN.assign(cost_usd=0.0), policy()).decision == "promote"

    def test_without_repeats_and_with_one_each(self) -> None:
        assert decide(GAIN.drop(columns="repeat"), policy()).decision == "promote"
        single = experiment(8, series=60, cases=1, repeats=1, gain=1.0).drop(columns="repeat")
        assert decide(single, policy()).decision == "promote"

    def test_equal_gains_are_a_result_and_equal_outputs_are_none(self) -> None:
        frame = GAIN.assign(face=np.where(GAIN["arm"] == "challenger", 0.9, 0.8))
        assert decide(frame, policy()).decision == "promote"
        assert decide(frame.assign(face=0.8), policy()).decision == "hold"

    def test_a_loss_of_just_the_margin_is_not_less_than_it(self) -> None:
        frame = GAIN.assign(stiffness=np.where(GAIN["arm"] == "challenger", 0.38, 0.30))
        assert decide(frame, policy()).check("stiffness").passed is False
        smaller = frame.assign(stiffness=np.where(GAIN["arm"] == "challenger", 0.37, 0.30))
        assert decide(smaller, policy()).check("stiffness").passed is True

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda f: f.drop(columns="face"), "no column face"),
            (lambda f: f.assign(arm="a"), "column arm of the evidence holds 'a'"),
            (lambda f: f.assign(status="unknown"), "column status of the evidence holds 'unknown'"),
            (lambda f: f.assign(series=None), "without a series"),
            (lambda f: f.assign(face="good"), "something else than numbers"),
            (lambda f: f.assign(repeat=0), "two different results of one generation"),
        ],
    )
    def test_what_is_no_evidence_is_refused(self, change: Any, words: str) -> None:
        with pytest.raises(InputError, match=words):
            decide(change(GAIN), policy())

    def test_a_judge_that_nobody_checked_may_not_decide(self) -> None:
        verdict = decide(GAIN, policy(), refused={"face": "its judge was checked on 3 of 20 units."})
        assert verdict.decision == "insufficient"
        assert "checked on 3 of 20" in verdict.reasons[0]


class TestFallenCases:
    def test_a_case_that_breaks_is_listed(self) -> None:
        frame = GAIN.copy()
        rows = (frame["case"] == "s07c1") & (frame["arm"] == "challenger")
        frame.loc[rows, "face"] = 0.01
        fallen = decide(frame, policy()).fallen
        assert (fallen[0].case, fallen[0].series, fallen[0].failures) == ("s07c1", "s07", 0)
        failed = decide(fail(GAIN, GAIN.index[rows]), policy()).fallen
        assert (failed[0].case, failed[0].failures) == ("s07c1", 2)

    def test_noise_is_not_listed_much(self) -> None:
        """Two standard errors: about one case in fifty of an A/A."""
        assert sum(len(decide(experiment(seed), policy()).fallen) for seed in range(20)) / 800 < 0.06

    def test_without_repeats_it_still_lists(self) -> None:
        frame = experiment(9, series=40, cases=1, repeats=1, gain=0.5)
        frame.loc[(frame["case"] == "s07c0") & (frame["arm"] == "challenger"), "face"] = 0.0
        assert "s07c0" in {f.case for f in decide(frame, policy()).fallen}


class TestSeveralPrimaries:
    TWO = policy(primary={"face": {"direction": "up", "worst": 0.0}, "acting": {"direction": "up", "worst": 0.0}}, hard={}, guardrails={})

    def frame(self, seed: int, gains: tuple[float, float]) -> pd.DataFrame:
        acting = experiment(seed + 100, gain=gains[1])["face"]
        return experiment(seed, gain=gains[0]).assign(acting=acting)

    def test_one_gain_is_enough(self) -> None:
        assert decide(self.frame(1, (1.0, 0.0)), self.TWO).decision == "promote"

    def test_holms_method_adjusts_them(self) -> None:
        verdict = decide(self.frame(3, (0.2, 0.3)), self.TWO)
        raw = [max(check.p_signs or 0, check.p_bootstrap or 0) for check in verdict.checks]
        assert [check.p for check in verdict.checks] == pytest.approx(list(multipletests(raw, method="holm")[1]))

    def test_a_gain_in_one_does_not_pay_for_a_loss_in_the_other(self) -> None:
        verdict = decide(self.frame(2, (1.0, -1.0)), self.TWO)
        assert verdict.decision == "hold"
        assert "acting is worse" in verdict.reasons[0]


class TestAttempts:
    def test_each_attempt_must_show_more(self) -> None:
        levels = [decide(NULL, policy(), attempt=j).level for j in (1, 2, 3)]
        assert levels == pytest.approx([0.0486, 0.01216, 0.0054], abs=1e-4)

    def test_all_attempts_together_stay_below_the_total(self) -> None:
        spent = [policy().attempts.level(0.05, j) for j in range(1, 10_000)]
        assert sum(spent) <= 0.08

    def test_a_declared_number_of_attempts_shares_alpha(self) -> None:
        four = policy(attempts={"schedule": "fixed", "planned": 4})
        assert decide(GAIN, four, attempt=4).level == pytest.approx(0.0125)
        verdict = decide(GAIN, four, attempt=5)
        assert verdict.decision == "hold"
        assert "All 4 planned attempts" in verdict.reasons[0]

    def test_there_is_no_attempt_before_the_first(self) -> None:
        with pytest.raises(InputError, match="no attempt 0"):
            decide(NULL, policy(), attempt=0)


class TestLooks:
    THREE = policy(looks={"plan": "obf3", "futility_cp": 0.05}, hard={}, guardrails={})

    def part(self, frame: pd.DataFrame, share: float) -> pd.DataFrame:
        names = sorted(frame["series"].unique())
        return frame[frame["series"].isin(names[: round(share * len(names))])]

    def test_an_early_look_goes_on_until_it_is_clear(self) -> None:
        frame = experiment(1, series=60, cases=1, repeats=1, gain=0.45)
        verdict = decide(self.part(frame, 1 / 3), self.THREE, look=1, planned_units=60)
        assert (verdict.decision, verdict.stop) == ("insufficient", False)
        assert "Go on" in verdict.reasons[0]
        assert decide(frame, self.THREE, look=3).decision == "promote"

    def test_a_large_gain_ends_early(self) -> None:
        frame = experiment(2, series=60, cases=1, repeats=1, gain=3.0)
        verdict = decide(self.part(frame, 1 / 3), self.THREE, look=1, planned_units=60)
        assert (verdict.decision, verdict.stop) == ("promote", True)

    def test_a_hopeless_one_ends_early(self) -> None:
        frame = experiment(3, series=60, cases=1, repeats=1, gain=-0.5)
        verdict = decide(self.part(frame, 1 / 3), self.THREE, look=1, planned_units=60)
        assert (verdict.decision, verdict.stop) == ("hold", True)
        assert "Stopped at look 1" in verdict.reasons[0]

    def test_how_many_there_will_be_follows_from_the_look_where_nobody_says_it(self) -> None:
        part = self.part(experiment(1, series=60, cases=1, repeats=1, gain=0.45), 1 / 3)
        told, guessed = (decide(part, self.THREE, look=1, planned_units=planned) for planned in (60, None))
        assert told.conditional_power == guessed.conditional_power
        assert 0 < (guessed.conditional_power or 0) < 1

    def test_the_last_look_always_ends(self) -> None:
        verdict = decide(NULL, self.THREE, look=3)
        assert (verdict.decision, verdict.stop) == ("hold", True)

    def test_who_does_not_say_which_look_gets_the_last_ones_level(self) -> None:
        assert decide(NULL, self.THREE).level == decide(NULL, self.THREE, look=3).level < 0.0486

    @pytest.mark.parametrize("look", [0, 4])
    def test_there_are_three(self, look: int) -> None:
        with pytest.raises(InputError, match=f"no look {look}"):
            decide(NULL, self.THREE, look=look)

    def test_a_look_that_was_not_planned_is_refused(self) -> None:
        with pytest.raises(InputError, match="plans no looks"):
            decide(NULL, policy(), look=1)


class TestScale:
    """Both ends of a scale bound what chance can do where the bootstrap is blind."""

    def frame(self) -> pd.DataFrame:
        """The champion never passes, the challenger passes always but in one series."""
        frame = experiment(1, series=20, cases=1, repeats=1)
        return frame.assign(face=((frame["arm"] == "challenger") & (frame["series"] != "s03")).astype(float))

    def test_from_never_to_nearly_always_is_a_gain(self) -> None:
        simple = {"hard": {}, "guardrails": {}}
        assert decide(self.frame(), policy(**simple)).decision == "hold", "a third of the bootstrap samples lack the one series"
        known = policy(primary={"face": {"direction": "up", "worst": 0.0, "best": 1.0}}, **simple)
        assert decide(self.frame(), known).decision == "promote"

    def test_a_scale_that_values_leave_bounds_nothing(self) -> None:
        known = policy(primary={"face": {"direction": "up", "worst": 0.0, "best": 1.0}}, hard={}, guardrails={})
        assert decide(self.frame().assign(face=lambda f: 2 * f["face"]), known).decision == "hold"


def test_the_frame_is_left_as_it_was() -> None:
    before = GAIN.copy()
    decide(GAIN, policy())
    pd.testing.assert_frame_equal(GAIN, before)


def test_a_verdict_is_json() -> None:
    import json

    assert json.loads(json.dumps(decide(GAIN, policy()).to_dict(), allow_nan=False))["decision"] == "promote"


def test_thousands_can_be_judged() -> None:
    """As a ratio to reading the frame's numbers once, in processor time, so that neither a slow machine nor a busy one fails it."""
    decide(GAIN, policy())
    began = time.process_time()
    decide(GAIN, policy())
    judged = time.process_time() - began
    began = time.process_time()
    for _ in range(100):
        GAIN.groupby(["arm", "case"])["face"].mean()
    assert judged < time.process_time() - began
