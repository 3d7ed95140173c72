"""The statistics of paired differences, against independent implementations and against simulated experiments."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.power import TTestPower

from evals.stats import assess, bootstrap_t, paired_units, seed_of, sign_flip_midp, units_needed

FINITE = st.floats(-1e3, 1e3, allow_nan=False, width=32)
MANY = st.lists(FINITE, min_size=1, max_size=30)
FEW = st.lists(st.integers(-4, 4), min_size=1, max_size=9)


class TestSignFlips:
    """The sign-flip test with mid-p."""

    @given(FEW)
    @settings(deadline=None)
    def test_it_counts_all_signs_exactly(self, x: list[int]) -> None:
        """For few units it is the share of sign patterns with a larger sum, and half of those with the same."""
        sums = [sum(s * v for s, v in zip(signs, x, strict=True)) for signs in itertools.product((1, -1), repeat=len(x))]
        above = Fraction(sum(s > sum(x) for s in sums) * 2 + sum(s == sum(x) for s in sums), 2 * len(sums))
        assert sign_flip_midp(x) == pytest.approx((float(above), float(1 - above)))

    @pytest.mark.parametrize("size", [10, 30])
    def test_it_agrees_with_scipys_permutation_test(self, size: int) -> None:
        """Exactly where all signs are tried, closely where they are sampled."""
        x = np.random.default_rng(5).normal(0.3, 1, size)
        oracle = scipy.stats.permutation_test(
            (x,), np.sum, permutation_type="samples", alternative="greater", n_resamples=20_000, rng=np.random.default_rng(1)
        )
        exact = oracle.pvalue - (0.5 / 2**size if size <= 13 else 0)
        assert sign_flip_midp(x)[0] == pytest.approx(exact, abs=1e-12 if size <= 13 else 0.01)

    @pytest.mark.parametrize(("better", "worse", "same"), [(9, 2, 1), (5, 5, 2), (0, 6, 0), (7, 0, 3)])
    def test_on_pass_and_fail_it_is_mcnemars_exact_test(self, better: int, worse: int, same: int) -> None:
        """The two-sided exact p of statsmodels is twice the tail; mid-p takes off half of the observed pattern."""
        x = [1.0] * better + [-1.0] * worse + [0.0] * same
        two_sided = mcnemar([[0, better], [worse, 0]], exact=True).pvalue
        smaller_tail = min(sign_flip_midp(x)) + scipy.stats.binom.pmf(better, better + worse, 0.5) / 2
        assert min(1.0, 2 * smaller_tail) == pytest.approx(two_sided)

    def test_equal_sums_are_ties_whatever_rounding_says(self) -> None:
        """0.1 + 0.2 - 0.3 is zero here, though not in floating point."""
        assert sign_flip_midp([0.1, 0.2, -0.3]) == sign_flip_midp([1, 2, -3])

    def test_without_any_difference_it_says_one_half(self) -> None:
        """Nothing differs, nothing is known."""
        assert sign_flip_midp([0.0] * 8) == (0.5, 0.5)
        assert sign_flip_midp([0.0] * 40) == (0.5, 0.5)

    @pytest.mark.parametrize("x", [[], [math.nan], [1.0, math.inf]])
    def test_what_is_no_number_is_refused(self, x: list[float]) -> None:
        """A missing value must have been dealt with before."""
        with pytest.raises(ValueError, match="finite"):
            sign_flip_midp(x)


class TestBootstrap:
    """The studentised bootstrap."""

    @pytest.mark.parametrize("seed", range(4))
    def test_on_well_behaved_data_it_is_near_the_t_test(self, seed: int) -> None:
        """p and interval agree with Student's within what 60 normal differences allow."""
        x = np.random.default_rng(seed).normal(0.2, 1, 60)
        t = scipy.stats.ttest_1samp(x, 0, alternative="greater")
        low, high = scipy.stats.ttest_1samp(x, 0).confidence_interval(0.90)
        ours = bootstrap_t(x, seed=1)
        assert ours.p_above == pytest.approx(t.pvalue, abs=0.02)
        assert (ours.lo, ours.hi) == pytest.approx((low, high), abs=0.03)

    @given(
        st.lists(st.floats(-1, 1, width=16), min_size=2, max_size=20).filter(lambda x: np.ptp(x) > 1e-3), st.sampled_from([0.01, 0.05, 0.1])
    )
    @settings(deadline=None)
    def test_interval_and_p_say_the_same(self, x: list[float], alpha: float) -> None:
        """The lower end is above zero just where p is below alpha, but for the one sample that p adds."""
        ours = bootstrap_t(x, alpha=alpha, resamples=999)
        if abs(ours.p_above - alpha) > 0.003 and abs(ours.lo) > 1e-9:
            assert (ours.lo > 0) == (ours.p_above < alpha)

    @given(st.lists(st.floats(-1, 1, width=16), min_size=2, max_size=20).filter(lambda x: np.ptp(x) > 1e-3))
    @settings(deadline=None)
    def test_the_interval_is_an_interval_around_something_sensible(self, x: list[float]) -> None:
        """Its ends are in order, never NaN."""
        ours = bootstrap_t(x, resamples=499)
        assert ours.lo <= ours.hi

    def test_skew_moves_the_interval_to_the_long_side(self) -> None:
        """A few large losses pull the lower end further away than the upper end, which the t interval cannot do."""
        x = np.array([0.05] * 27 + [-0.6, -0.7, -0.65])
        ours = bootstrap_t(x)
        mean = x.mean()
        assert mean - ours.lo > 1.3 * (ours.hi - mean)

    def test_where_samples_have_no_variance_there_is_no_bound(self) -> None:
        """One change in eight units says little about the largest possible gain."""
        ours = bootstrap_t([0, 0, 0, 0, 0, 0, 0, 1])
        assert ours.hi == math.inf
        assert ours.lo < 0

    def test_without_variance_it_is_refused(self) -> None:
        """There is nothing to resample."""
        with pytest.raises(ValueError, match="do not vary"):
            bootstrap_t([1.0, 1.0, 1.0])


class TestAssess:
    """Both tests together."""

    @given(MANY, st.randoms(use_true_random=False))
    @settings(deadline=None)
    def test_the_order_of_units_does_not_matter(self, x: list[float], random: object) -> None:
        """Shuffled units give the same answer to the last bit."""
        shuffled = list(x)
        random.shuffle(shuffled)  # type: ignore[attr-defined]
        assert assess(shuffled, resamples=499) == assess(x, resamples=499)

    @given(MANY)
    @settings(deadline=None)
    def test_turned_signs_mirror_the_answer(self, x: list[float]) -> None:
        """What is good for B is bad for A."""
        one, other = assess(x, resamples=499), assess([-v for v in x], resamples=499)
        assert (one.p_above, one.p_below) == (other.p_below, other.p_above)
        assert (one.lo, one.hi) == (-other.hi, -other.lo)

    @given(st.lists(st.integers(-100, 100), min_size=1, max_size=25), st.sampled_from([1000.0, 1 / 3, 0.0254, 1e-6]))
    @settings(deadline=None)
    def test_the_unit_of_measurement_does_not_matter(self, x: list[int], factor: float) -> None:
        """Millimetres or inches: the same p, and the interval in its unit."""
        one, other = assess(x, resamples=499), assess([v * factor for v in x], resamples=499)
        assert (other.p_above, other.p_below) == pytest.approx((one.p_above, one.p_below), abs=1e-12)
        if math.isfinite(one.lo) and math.isfinite(one.hi):
            assert (other.lo, other.hi) == pytest.approx((one.lo * factor, one.hi * factor), rel=1e-6, abs=1e-9 * factor)

    @given(st.lists(st.floats(0.125, 1, width=16), min_size=5, max_size=13))
    @settings(deadline=None)
    def test_one_worse_unit_never_helps(self, x: list[float]) -> None:
        """The exact sign-flip p cannot fall when one difference falls."""
        assert sign_flip_midp([x[0] - 0.5, *x[1:]])[0] >= sign_flip_midp(x)[0] - 1e-12

    def test_the_larger_p_decides(self) -> None:
        """Both tests must reject."""
        x = np.random.default_rng(3).normal(0.5, 1, 20)
        found = assess(x, seed=9)
        signs = sign_flip_midp(x, seed=seed_of(9, "signs"))
        boot = bootstrap_t(x, seed=seed_of(9, "bootstrap"))
        assert found.p_above == max(signs[0], boot.p_above)

    def test_a_margin_asks_for_not_worse_by_so_much(self) -> None:
        """With a margin of 0.5 a loss of 0.1 is not a harm; the interval stays that of the differences."""
        x = np.random.default_rng(3).normal(-0.1, 0.2, 30)
        plain, margin = assess(x), assess(x, margin=0.5)
        assert plain.p_above > 0.5
        assert margin.p_above < 0.001
        assert (margin.lo, margin.hi) == (plain.lo, plain.hi)

    def test_without_variance_signs_alone_decide(self) -> None:
        """Eight equal gains are a result, two are not."""
        assert assess([0.2] * 8).p_above == pytest.approx(0.5 / 256)
        assert assess([0.2] * 2).p_above > 0.05
        assert (assess([0.2] * 8).lo, assess([0.2] * 8).hi) == pytest.approx((0.2, 0.2))

    def test_the_seed_is_the_experiments(self) -> None:
        """The same name gives the same numbers, another name others, and no data is in it."""
        x = np.random.default_rng(0).normal(0, 1, 30)
        assert assess(x, seed=seed_of("run", "face")) == assess(x, seed=seed_of("run", "face"))
        assert assess(x, seed=seed_of("run", "face")) != assess(x, seed=seed_of("run", "logic"))


def test_units_are_means_of_their_cases() -> None:
    """Three cases of one drama are one difference."""
    assert paired_units([("s1", 1.0), ("s2", 5.0), ("s1", 2.0), ("s1", 3.0)]) == {"s1": 2.0, "s2": 5.0}


@pytest.mark.parametrize(("effect", "units"), [(0.2, 156), (0.3, 71), (0.5, 27), (0.8, 12)])
def test_sample_sizes_are_those_of_the_t_test(effect: float, units: int) -> None:
    """For 80 % power, one-sided 5 %; statsmodels solves the t test's power within a unit or two."""
    assert units_needed(effect, 1.0) == units
    assert units == pytest.approx(TTestPower().solve_power(effect, power=0.8, alpha=0.05, alternative="larger"), abs=2)


def test_no_number_of_units_settles_nothing() -> None:
    """A change of zero has no sample size."""
    assert units_needed(0.0, 1.0) is None


def _scores(rng: np.random.Generator, latent: np.ndarray) -> np.ndarray:
    """Turn normal numbers to bounded, skewed scores as real metrics have them."""
    return np.asarray(scipy.stats.beta.ppf(scipy.stats.norm.cdf(latent), 4, 1.5))


@pytest.mark.slow
def test_templates_that_do_not_differ_are_promoted_at_the_promised_rate() -> None:
    """A/A with 20 units: about 5 % "better" (measured before: 3.7-5.3 %), and as many "worse"."""
    rng = np.random.default_rng(2024)
    n, experiments = 20, 1_500
    above = below = 0
    for number in range(experiments):
        case = rng.normal(size=n) * math.sqrt(0.5)
        a, b = (_scores(rng, case + rng.normal(size=n) * math.sqrt(0.5)) for _ in range(2))
        found = assess(b - a, seed=number, resamples=999)
        above += found.p_above < 0.05
        below += found.p_below < 0.05
    limit = scipy.stats.binom.ppf(0.999, experiments, 0.05)
    floor = scipy.stats.binom.ppf(0.001, experiments, 0.03)
    assert floor <= above <= limit
    assert floor <= below <= limit


@pytest.mark.slow
def test_effects_that_vary_by_series_do_not_fool_it() -> None:
    """Ten series of five cases, an effect that varies by series around zero: on series 5 %, on cases two to four times as much."""
    rng = np.random.default_rng(7)
    by_series = by_case = 0
    experiments = 800
    for number in range(experiments):
        effect = rng.normal(0, 0.5, (10, 1))
        x = effect + rng.normal(0, 0.7, (10, 5))
        by_series += assess(x.mean(axis=1), seed=number, resamples=999).p_above < 0.05
        by_case += assess(x.ravel(), seed=number, resamples=999).p_above < 0.05
    assert by_series <= scipy.stats.binom.ppf(0.999, experiments, 0.05)
    assert by_case >= 0.09 * experiments


@pytest.mark.slow
def test_a_template_that_breaks_a_tenth_is_not_promoted_as_often_as_by_ranks() -> None:
    """Most cases gain a little, one in ten breaks, the mean stays: Wilcoxon promotes it often, this far less."""
    rng = np.random.default_rng(11)
    ours = ranks = 0
    experiments, n = 400, 40
    for number in range(experiments):
        breaks = rng.random(n) < 0.1
        x = np.where(breaks, -0.45, 0.05) + rng.normal(0, 0.08, n)
        ours += assess(x, seed=number, resamples=999).p_above < 0.05
        ranks += scipy.stats.wilcoxon(x, alternative="greater").pvalue < 0.05
    assert ours < 0.12 * experiments
    assert ranks > 0.25 * experiments


@pytest.mark.slow
def test_a_real_gain_is_found() -> None:
    """A gain of half a standard deviation on 40 units is found nine times in ten."""
    rng = np.random.default_rng(5)
    found = sum(assess(rng.normal(0.5, 1, 40), seed=number, resamples=999).p_above < 0.05 for number in range(300))
    assert found >= 0.85 * 300


class TestBoundedMetrics:
    """What a metric's scale allows bounds the mean where the bootstrap has nothing to say."""

    NEARLY_ALL = (1.0, 0.99, 1.0, 0.995, 1.0, 1.0, 0.99, 1.0, 1.0, 0.0)

    def test_a_gain_in_nearly_all_units_that_is_nearly_the_same_is_a_gain(self) -> None:
        assert assess(self.NEARLY_ALL).p_above > 0.05, "without the scale the bootstrap cannot tell"
        found = assess(self.NEARLY_ALL, reach=1.0)
        assert found.p_above < 0.05
        assert found.lo > 0

    def test_so_is_a_loss(self) -> None:
        found = assess([-v for v in self.NEARLY_ALL], reach=1.0)
        assert found.p_below < 0.05
        assert found.hi < 0

    def test_the_bound_is_hoeffdings(self) -> None:
        found = assess(self.NEARLY_ALL, reach=1.0, alpha=0.05)
        mean = sum(self.NEARLY_ALL) / 10
        assert found.lo == pytest.approx(mean - 2 * np.sqrt(np.log(1 / 0.05) / 20))

    def test_the_scale_of_measurement_does_not_matter(self) -> None:
        one, other = assess(self.NEARLY_ALL, reach=1.0), assess([100 * v for v in self.NEARLY_ALL], reach=100.0)
        assert (one.p_above, one.p_below) == pytest.approx((other.p_above, other.p_below))
        assert 100 * one.lo == pytest.approx(other.lo)

    @pytest.mark.slow
    @pytest.mark.parametrize("n", [8, 20])
    def test_it_never_promotes_what_the_other_tests_hold_back_without_a_gain(self, n: int) -> None:
        """One in ten breaks wholly, nine gain a ninth of that, the mean stays: with the bound as without it."""
        rng = np.random.default_rng(3)
        for number in range(200):
            x = np.where(rng.random(n) < 0.1, -0.9, 0.1) + rng.normal(0, 0.01, n)
            plain, bounded = (assess(x, seed=number, resamples=499, reach=reach).p_above < 0.05 for reach in (None, 1.0))
            assert plain == bounded


def test_no_number_of_units_settles_a_gain_that_is_only_rounding() -> None:
    assert units_needed(1e-17, 0.3) is None
    assert units_needed(0.0, 0.0) is None
    assert units_needed(0.1, 0.3) is not None
