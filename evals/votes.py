"""What people's blind votes say: a preference for the gate, and how far the votes can be trusted.

Example: three people on one case, B on the right for two of them

    case  rater  choice  left  value         preference of the case: (1 + 1 - 1) / 3 = 0.33, towards B
    c1    ann    right   a      1
    c1    bo     left    b      1
    c1    li     left    a     -1

A vote is 1 for B, -1 for A, 0 for a tie or both bad. A case's preference is the mean over people; from there on it is a metric
like any other (statistics as in `evals.gate`). Hidden repeats and taken-back votes are no votes of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evals.reliability import alpha as agreed

if TYPE_CHECKING:
    import pandas as pd

ALPHA_FLOOR = 0.67
"""Krippendorff's customary floor: a rubric on which people agree less is no evidence."""
DRAWS = 1000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """A share of `n` with its exact interval (Clopper-Pearson, 95 %); None where n is 0."""

    n: int
    share: float | None
    lo: float | None
    hi: float | None


@dataclass(frozen=True, slots=True)
class Trust:
    """How far votes can be trusted.

    Attributes:
        votes: votes that count.
        raters: people who gave them.
        left: the share of one-sided votes for the left side, and `side_p`, the chance of one so far from a half.
        side_p: two-sided binomial p; None without a one-sided vote.
        self_agreement: the share of hidden repeats that were answered as the first time.
        alpha: Krippendorff's alpha between people, for ordered values; None where nobody shared an item.
        alpha_lo: lower end of its interval over resampled series.
        alpha_hi: upper end.
    """

    votes: int
    raters: int
    left: Share
    side_p: float | None
    self_agreement: Share
    alpha: float | None
    alpha_lo: float | None
    alpha_hi: float | None


def counted(ratings: pd.DataFrame) -> pd.DataFrame:
    """Return the votes that count: judged, and no hidden repeats. Columns as `runs.query.RATINGS`."""
    return ratings[ratings["value"].notna() & (ratings["again"].fillna("") == "")]


def preferences(ratings: pd.DataFrame) -> pd.DataFrame:
    """Return one row a case and repeat: `series`, `case_id`, `repeat`, `preference` (-1 to 1, the mean over people), `votes`."""
    votes = counted(ratings)
    grouped = votes.groupby(["series", "case_id", "repeat"], sort=True, as_index=False)
    return grouped.agg(preference=("value", "mean"), votes=("value", "size"))


def preferred(ratings: pd.DataFrame) -> dict[str, float | int | None]:
    """Return the mean preference over series, its interval, and in how many series B, A and neither are preferred.

    `preference`, `lo` and `hi` are None without a vote.
    """
    from evals.stats import assess

    units = preferences(ratings).groupby("series")["preference"].mean()
    counts = {"prefer_b": int((units > 0).sum()), "prefer_a": int((units < 0).sum()), "neither": int((units == 0).sum())}
    if not len(units):
        return {"preference": None, "lo": None, "hi": None, **counts}
    found = assess(units.to_numpy(), reach=1.0)
    return {"preference": found.mean, "lo": found.lo, "hi": found.hi, **counts}


def gate_rows(ratings: pd.DataFrame) -> pd.DataFrame:
    """Return preferences as the rows that `evals.gate.decide` reads: the champion at 0, the challenger at the preference."""
    import pandas as pd

    each = preferences(ratings).rename(columns={"case_id": "case"})
    rows = [each.assign(arm="champion", preference=0.0), each.assign(arm="challenger")]
    return pd.concat(rows, ignore_index=True).assign(status="ok", cost_usd=np.nan, latency_s=np.nan)


def trust(ratings: pd.DataFrame, seed: int = 0) -> Trust:
    """Return how far the votes can be trusted."""
    from scipy.stats import binomtest

    votes = counted(ratings)
    sided = votes[votes["choice"].isin(["left", "right"])]
    lefts = int((sided["choice"] == "left").sum())
    same, repeats = _repeated(ratings)
    lo, hi = _alpha_interval(votes, seed)
    return Trust(
        votes=len(votes),
        raters=int(votes["rater"].nunique()),
        left=share(lefts, len(sided)),
        side_p=float(binomtest(lefts, len(sided)).pvalue) if len(sided) else None,
        self_agreement=share(same, repeats),
        alpha=agreed(_rows(votes), ordered=True),
        alpha_lo=lo,
        alpha_hi=hi,
    )


def share(hits: int, n: int) -> Share:
    """Return a share with its exact interval."""
    if not n:
        return Share(0, None, None, None)
    from scipy.stats import binomtest

    interval = binomtest(hits, n).proportion_ci(LEVEL, method="exact")
    return Share(n, hits / n, float(interval.low), float(interval.high))


def _repeated(ratings: pd.DataFrame) -> tuple[int, int]:
    """Return how many hidden repeats were answered as the first time, and how many there are of which both are known."""
    judged = ratings[ratings["value"].notna()]
    again = judged[judged["again"].fillna("") != ""]
    both = again.merge(judged, left_on=["queue", "again", "rater"], right_on=["queue", "item", "rater"], suffixes=("", "_first"))
    return int((both["value"] == both["value_first"]).sum()), len(both)


def _rows(votes: pd.DataFrame) -> list[list[float]]:
    return [group.to_list() for _, group in votes.groupby(["queue", "item"])["value"]]


def _alpha_interval(votes: pd.DataFrame, seed: int) -> tuple[float | None, float | None]:
    """Return the percentile interval of alpha over resampled series: cases of one drama are alike."""
    by_series = [_rows(of) for _, of in votes.groupby("series")]
    if len(by_series) < 2:
        return None, None
    rng = np.random.default_rng(seed)
    draws = (
        agreed([row for i in rng.integers(len(by_series), size=len(by_series)) for row in by_series[i]], ordered=True) for _ in range(DRAWS)
    )
    found = [alpha for alpha in draws if alpha is not None]
    if len(found) < DRAWS / 2:
        return None, None
    lo, hi = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(lo), float(hi)
