"""Before the money is spent: how many series a gate needs, what they cost, what can be seen with less, and what cannot be afforded.

The difference of a series varies with how much the effect differs by series (omega^2), by case (tau^2), and by chance
(sigma^2 a generation); with c cases of R repeats in both arms

    sd^2 = omega^2 + tau^2 / c + 2 sigma^2 / (c R)
    n    = ceil((z(1 - alpha) + z(power))^2 sd^2 / d^2 + z(1 - alpha)^2 / 2)

Example: with an intra-class correlation of .5 (sigma^2 half of the variance), one case, one repeat and no other variation,
a gain of 0.3 standard deviations takes 71 series at 80 % power.

A guardrail that does not move at all needs the n of d = its margin, at a power of 1 - 0.2 / (guardrails + 1), so that all pass
together 80 % of the time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

import numpy as np

from evals.evidence import differences, read_rows
from evals.looks import obf_levels
from evals.policy import Guardrail, Policy, Primary

if TYPE_CHECKING:
    import pandas as pd

ALL_PASS = 0.8
DEFAULT_SD = 0.15
"""Of one output, as a share of the metric's scale; of spending, of its logarithm."""
DEFAULT_ICC = 0.5
DEFAULT_OMEGA = 0.3
"""How much effects differ by series, in standard deviations of one output. All three are guesses: a pilot replaces them."""
MOST = 10**6


@dataclass(frozen=True, slots=True)
class Spread:
    """The variances that decide how much one series says. `series` is how many of a pilot they come from; 0: guessed."""

    omega2: float
    tau2: float
    sigma2: float
    series: int = 0

    def sd(self, cases: float, repeats: float) -> float:
        """Return the standard deviation of the differences of series with so many cases of so many repeats."""
        return math.sqrt(self.omega2 + self.tau2 / cases + 2 * self.sigma2 / (cases * repeats))


@dataclass(frozen=True, slots=True)
class Need:
    """What one metric needs.

    Attributes:
        metric: Its name.
        role: `primary`, `guardrail` or `hard`.
        effect: What is to be seen: a gain, or the margin (for spending the difference of logarithms; for `hard` the limit).
        power: Chance to see it.
        sd: Standard deviation of a series' difference; None for `hard`.
        series: How many series it takes.
        generations: How many generations of both arms that is.
        usd: What they cost; None where the cost of a generation is not known.
        affordable: Whether the series that there are, and the money, are enough.
        detectable: The smallest effect that they show with this power; None where they show none.
    """

    metric: str
    role: Literal["primary", "guardrail", "hard"]
    effect: float
    power: float
    sd: float | None
    series: int
    generations: int
    usd: float | None
    affordable: bool
    detectable: float | None


@dataclass(frozen=True, slots=True)
class Means:
    """What there is: series and cases of the gate split, repeats, what a generation costs, and how much money."""

    series: int
    cases: float
    repeats: int
    usd: float | None = None
    budget_usd: float | None = None

    @property
    def reach(self) -> int:
        """Return how many series the split and the money allow."""
        if self.budget_usd is None or not self.usd:
            return self.series
        return min(self.series, int(self.budget_usd / (self.usd * self.generations(1)) + 1e-9))

    def generations(self, series: int) -> int:
        """Return how many generations of both arms so many series take."""
        return math.ceil(2 * series * self.cases * self.repeats - 1e-9)


def guessed(policy: Policy, metric: str) -> Spread:
    """Return the spread of a metric of which nothing is known."""
    measure = {**policy.primary, **policy.guardrails}[metric]
    ratio = policy.is_ratio(metric)
    scale = 1.0 if ratio or measure.best is None or measure.worst is None else abs(measure.best - measure.worst)
    variance = (DEFAULT_SD * scale) ** 2
    return Spread(DEFAULT_OMEGA**2 * variance, 0.0, (1 - DEFAULT_ICC) * variance)


def measured(frame: pd.DataFrame, policy: Policy) -> dict[str, Spread]:
    """Return the spread of each metric in a pilot; metrics with fewer than three series are left out.

    Without repeats the noise cannot be told from how effects differ by case, and counts as that: repeats then seem to help
    nothing, which errs on the side of more cases.

    Raises:
        InputError: The frame is no evidence; see `evals.evidence`.
    """
    rows = read_rows(frame, policy)
    found: dict[str, Spread] = {}
    for name, measure in {**policy.primary, **policy.guardrails}.items():
        got = differences(rows, name, measure, ratio=policy.is_ratio(name))
        n = len(got.units)
        if n < 3:
            continue
        unit_of = rows.unit_of_case[got.case_ids]
        place = np.searchsorted(got.unit_ids, unit_of)
        per_unit = np.bincount(place, minlength=n)
        spare = len(got.cases) - n
        within = float(((got.cases - got.units[place]) ** 2).sum()) / spare if spare else 0.0
        chance = 2 * (got.noise or 0.0) / got.repeats
        between = float(got.units.var(ddof=1))
        # With one case a series all that varies between cases is seen between series.
        case_part = within if spare else between
        tau2 = max(0.0, case_part - chance)
        omega2 = max(0.0, between - float((case_part / per_unit).mean())) if spare else 0.0
        found[name] = Spread(omega2, tau2, got.noise or 0.0, n)
    return found


def needs(policy: Policy, spreads: Mapping[str, Spread], means: Means, *, effect: float | None = None, attempt: int = 1) -> list[Need]:
    """Return what each metric of a policy needs, primary metrics first.

    Args:
        policy: The policy.
        spreads: What a pilot showed; metrics that are not in it are guessed.
        means: What there is.
        effect: The wanted gain of the primary metrics; by default half a standard deviation of one output, or their
            `min_effect` where that is more: the floor of what counts is not what one plans to find.
        attempt: Which attempt on the suite it will be.
    """
    level = _level(policy, attempt)
    found: list[Need] = []
    measures: dict[str, Primary | Guardrail] = {**policy.primary, **policy.guardrails}
    for name, measure in measures.items():
        spread = spreads.get(name) or guessed(policy, name)
        primary = isinstance(measure, Primary)
        power = ALL_PASS if primary else 1 - (1 - ALL_PASS) / (len(policy.guardrails) + 1)
        wanted = _wanted(measure, spread, effect)
        found.append(_need(name, "primary" if primary else "guardrail", wanted, power, spread.sd(means.cases, means.repeats), level, means))
    return [*found, *(_rare(name, rule.upper_limit, means) for name, rule in policy.hard.items())]


def series_needed(effect: float, sd: float, level: float, power: float) -> int:
    """Return how many series show an effect with the given power: the normal formula with Guenther's correction."""
    if effect <= 0 or level <= 0:
        return MOST
    z_alpha, z_power = NormalDist().inv_cdf(1 - level), NormalDist().inv_cdf(power)
    return min(MOST, math.ceil((z_alpha + z_power) ** 2 * (sd / effect) ** 2 + z_alpha**2 / 2))


def detectable(series: int, sd: float, level: float, power: float) -> float | None:
    """Return the smallest effect that so many series show; None where there are too few for any."""
    if level <= 0:
        return None
    z_alpha, z_power = NormalDist().inv_cdf(1 - level), NormalDist().inv_cdf(power)
    rest = series - z_alpha**2 / 2
    return (z_alpha + z_power) * sd / math.sqrt(rest) if rest > 0 else None


def _level(policy: Policy, attempt: int) -> float:
    alpha = policy.attempts.level(policy.alpha, attempt)
    return obf_levels(alpha)[-1] if policy.looks.plan == "obf3" and alpha > 0 else alpha


def _wanted(measure: Primary | Guardrail, spread: Spread, effect: float | None) -> float:
    if isinstance(measure, Guardrail):
        return measure.room
    half = math.sqrt((spread.sigma2 or (spread.tau2 + spread.omega2) / 2) / (1 - DEFAULT_ICC)) / 2
    return effect if effect is not None else max(measure.min_effect, half)


def _need(name: str, role: Literal["primary", "guardrail"], effect: float, power: float, sd: float, level: float, means: Means) -> Need:
    series = series_needed(effect, sd, level, power)
    seen = detectable(means.reach, sd, level, power)
    return Need(name, role, effect, power, sd, series, means.generations(series), _usd(series, means), series <= means.reach, seen)


def _rare(name: str, limit: float, means: Means) -> Need:
    """Return what a hard guardrail needs: so many outputs of the challenger without a failure."""
    outputs = math.ceil(math.log(0.05) / math.log(1 - limit))
    series = math.ceil(outputs / (means.cases * means.repeats))
    return Need(
        name, "hard", limit, 0.95, None, series, means.generations(series), _usd(series, means), series <= means.reach,
        1 - 0.05 ** (1 / max(1.0, means.reach * means.cases * means.repeats)),
    )  # fmt: skip


def _usd(series: int, means: Means) -> float | None:
    return None if means.usd is None else means.usd * means.generations(series)
