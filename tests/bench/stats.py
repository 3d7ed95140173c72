"""Print how often comparisons are wrong, and how often they find a gain: ours beside the usual ones.

    python tests/bench/stats.py [comparisons]

A simulated suite: so many series with so many cases, two outputs of each case in both arms. A score is a bounded, skewed
number made of the case, of chance, and of an effect that may differ by series. "nothing" cells are comparisons in which the
mean effect is zero: what is called better there is false. "gain" cells have a mean gain of so many standard deviations of one output.
Rules: the higher mean; the paired t test on cases; on series; Wilcoxon's on series; and `evals.stats.assess`, which compares use.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 (found through the line above)
import scipy.stats  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from evals.stats import assess  # noqa: E402

ALPHA = 0.05
REPEATS = 2
Floats = NDArray[np.float64]
Rule = Callable[[Floats], bool]


@dataclass(frozen=True)
class World:
    """What is simulated. `by_series` and `breaks` shape the effect: its spread over series, the share of series that it breaks."""

    name: str
    series: int
    cases: int
    gain: float = 0.0
    by_series: float = 0.0
    breaks: float = 0.0


WORLDS = (
    World("nothing: A/A, 20 x 2", 20, 2),
    World("nothing: effect differs by series, 20 x 3", 20, 3, by_series=0.5),
    World("nothing: effect differs by series, 8 x 8", 8, 8, by_series=0.5),
    World("nothing: 9 of 10 series gain, 1 breaks, 20 x 2", 20, 2, breaks=0.1),
    World("gain 0.3, 20 x 2", 20, 2, gain=0.3),
    World("gain 0.5, 20 x 2", 20, 2, gain=0.5),
    World("gain 0.5, differs by series, 20 x 2", 20, 2, gain=0.5, by_series=0.5),
    World("gain 0.5, differs by series, 8 x 5", 8, 5, gain=0.5, by_series=0.5),
)


def differences(world: World, rng: np.random.Generator) -> Floats:
    """Return B minus A of every case, shape (series, cases)."""
    shape = (world.series, world.cases)
    shared = np.sqrt(0.5) * rng.normal(size=(*shape, 1))
    effect = world.gain + world.by_series * rng.normal(size=(world.series, 1, 1))
    if world.breaks:
        # The mean over many series is zero: a small gain for most, a large loss for few.
        broken = rng.random((world.series, 1, 1)) < world.breaks
        effect = effect + np.where(broken, -0.3 * (1 - world.breaks) / world.breaks, 0.3)
    arms = [shared + np.sqrt(0.5) * rng.normal(size=(*shape, REPEATS)) + shift for shift in (0.0, effect)]
    if world.gain == 0 and (world.by_series or world.breaks):
        # The null is a mean of zero on the scale that is tested: no bending, which would move it.
        a, b = arms
    else:
        a, b = (scipy.stats.norm.cdf(arm / 1.5 + 0.7) for arm in arms)
    return np.asarray(b.mean(axis=2) - a.mean(axis=2), dtype=np.float64)


def _t(x: Floats) -> bool:
    return bool(scipy.stats.ttest_1samp(x, 0, alternative="greater").pvalue < ALPHA)


def _wilcoxon(x: Floats) -> bool:
    return bool(scipy.stats.wilcoxon(x, alternative="greater").pvalue < ALPHA)


RULES: dict[str, Rule] = {
    "higher mean": lambda d: bool(d.mean() > 0),
    "t on cases": lambda d: _t(d.ravel()),
    "t on series": lambda d: _t(d.mean(axis=1)),
    "Wilcoxon": lambda d: _wilcoxon(d.mean(axis=1)),
    "ours": lambda d: assess(d.mean(axis=1), alpha=ALPHA, seed=1, resamples=999).p_above < ALPHA,
}


def rates(world: World, comparisons: int) -> list[float]:
    """Return the share of comparisons in which each rule calls B better."""
    rng = np.random.default_rng(20)
    suites = [differences(world, rng) for _ in range(comparisons)]
    return [float(np.mean([rule(suite) for suite in suites])) for rule in RULES.values()]


def main(comparisons: int = 2000) -> None:
    """Print the table as Markdown."""
    print("| B called better (alpha 0.05) | " + " | ".join(RULES) + " |")
    print("|---|" + "---:|" * len(RULES))
    for world in WORLDS:
        print(f"| {world.name} | " + " | ".join(f"{rate:.3f}" for rate in rates(world, comparisons)) + " |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
