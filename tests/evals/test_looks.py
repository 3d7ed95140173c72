"""Looks at part of the evidence are as seldom wrong as is promised, and stop where the end is foreseen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import multivariate_normal

from evals.looks import FRACTIONS, conditional_power, obf_levels


def test_the_levels_are_the_published_ones() -> None:
    """Lan and DeMets' spending in O'Brien and Fleming's form, three equal looks at 0.025 one-sided: 3.7103, 2.5114 and 1.9930."""
    assert -ndtri(obf_levels(0.025)) == pytest.approx([3.7103, 2.5114, 1.9930], abs=5e-4)


@pytest.mark.parametrize(("alpha", "fractions"), [(0.05, FRACTIONS), (0.02, FRACTIONS), (0.05, (0.8, 0.9, 1.0)), (0.05, (1.0,))])
def test_all_looks_together_are_wrong_as_often_as_is_promised(alpha: float, fractions: tuple[float, ...]) -> None:
    """The scores of the looks are jointly normal, with the correlation that shared evidence gives: none is over its limit in 1 - alpha."""
    at = np.array(fractions)
    correlation = np.sqrt(np.minimum.outer(at, at) / np.maximum.outer(at, at))
    below = multivariate_normal.cdf(-ndtri(obf_levels(alpha, fractions)), cov=correlation, abseps=1e-6, rng=np.random.default_rng(1))
    assert 1 - below == pytest.approx(alpha, abs=2e-4)


@pytest.mark.parametrize("fractions", [(0.5,), (0.5, 0.4, 1.0), (0.0, 1.0), (0.5, 0.5, 1.0)])
def test_what_is_no_plan_of_looks_is_refused(fractions: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="no plan of looks"):
        obf_levels(0.05, fractions)


@pytest.mark.parametrize("alpha", [0.0, 0.5, -0.1])
def test_what_is_no_level_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="no plan of looks"):
        obf_levels(alpha)


@pytest.mark.parametrize(("mean", "n"), [(0.2, 20), (0.1, 40), (-0.1, 20), (0.3, 50)])
def test_the_chance_of_a_gain_at_the_end_is_that_of_a_simulated_end(mean: float, n: int) -> None:
    """The other units are drawn around the mean that was seen, spread as those seen."""
    planned, sd, level = 60, 0.8, 0.045
    rng = np.random.default_rng(7)
    total = mean * n + rng.normal(mean * (planned - n), sd * np.sqrt(planned - n), 200_000)
    ends = total / (sd * np.sqrt(planned)) > -ndtri(level)
    assert conditional_power(mean, sd, n, planned, level) == pytest.approx(ends.mean(), abs=0.005)


def test_where_nothing_is_left_to_chance_it_is_told_at_once() -> None:
    """All units are there, or all of them are alike."""
    assert [conditional_power(mean, 0.8, 60, 60, 0.05) for mean in (0.1, 0.0, -0.1)] == [1.0, 0.0, 0.0]
    assert [conditional_power(mean, 0.0, 20, 60, 0.05) for mean in (0.1, 0.0, -0.1)] == [1.0, 0.0, 0.0]
