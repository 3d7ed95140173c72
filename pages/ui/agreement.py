"""How far scorers agree with what is known: the studio's truth, people's votes, people's answers to a judge's questions.

Each row says what was compared, the number with its interval, and over how many outputs; nothing is shown that was not counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from evals.calibrate import rates
from evals.stats import assess
from evals.votes import share

MOST = 250
"""Outputs on each side of a pairwise count."""
LEAST = 8
"""Outputs without which a rank correlation or an AUC is not worth a number."""
COLUMNS = ("Scorer", "Value", "Interval", "Outputs", "Measure", "Compared")
Row = tuple[str, float | None, str, int, str, str]


def with_truth(truths: pd.DataFrame) -> pd.DataFrame:
    """Return how pictures and clips of the studio were judged beside what was drawn. Input: `runs.query.truths`."""
    rows = [row for stage, of in truths.groupby("stage", sort=True) for row in _of_stage(str(stage), of)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of_stage(stage: str, of: pd.DataFrame) -> Iterator[Row]:
    told = of.dropna(subset=["liveliness", "stiffness"])
    if len(told) >= LEAST:
        found = rates.rank(told["liveliness"].tolist(), (1 - told["stiffness"]).tolist())
        yield ("stiffness", *_estimate(found), len(told), "rank correlation", f"{stage}s: 1 − stiffness with how lively it was made")
    matched = of.dropna(subset=["face_match", "reference"])
    after = matched["reference"].astype(bool)
    same, other = matched.loc[after, "face_match"].tolist()[-MOST:], matched.loc[~after, "face_match"].tolist()[-MOST:]
    if min(len(same), len(other)) >= LEAST:
        compared = f"{stage}s: face match of those drawn after the reference above the others'"
        yield ("face_consistency", *_estimate(rates.auc(same, other)), len(same) + len(other), "AUC", compared)
    shown = of[(of["shown"].fillna("") != "") & of["emotion"].notna()]
    if len(shown):
        yield _share_row("expression", f"{stage}s: emotion seen is the one that was drawn", (shown["shown"] == shown["emotion"]).tolist())
    blinks = of.dropna(subset=["blinks", "blinks_found"])
    if len(blinks):
        yield _share_row(
            "expression", f"{stage}s: as many blinks found as were made", (blinks["blinks"] == blinks["blinks_found"]).tolist()
        )


def with_planted(planted: pd.DataFrame) -> pd.DataFrame:
    """Return how planted faults of scripts were found. Input: `runs.query.planted`."""
    rows = []
    for row in planted.to_dict("records"):
        recall = share(int(row["found"]), int(row["planted"]))
        rows.append({
            "Check": row["check"],
            "Fault": str(row["fault"]).replace("_", " "),
            "Planted": int(row["planted"]),
            "Found": None if recall.share is None else round(recall.share, 2),
            "Interval": _between(recall.lo, recall.hi, percent=True),
            "Findings": None if row["check"] == "schema" else int(row["said"]),
            "At a planted place": None if row["check"] == "schema" else int(row["right"]),
            "Left open by the prompt": None if row["check"] == "schema" else int(row["open"]),
        })  # fmt: skip
    return pd.DataFrame(rows)


def with_votes(rated: pd.DataFrame) -> pd.DataFrame:
    """Return how often each metric prefers the side that people prefer. Input: `runs.query.rated_scores`.

    Pairs on which people are split, or which the metric calls even, say nothing. Series count as units, as everywhere.
    """
    rows = []
    for metric, of in rated.groupby("metric", sort=True):
        turned = of["direction"].map({"up": 1.0, "down": -1.0}).fillna(0.0)
        gain = (of["value_b"] - of["value_a"]) * turned
        says = gain.notna() & (gain != 0) & (of["preference"] != 0)
        if not says.any():  # before anything is assigned: pandas lets a column fill an empty frame
            continue
        told = of[says].assign(agree=(gain * of["preference"])[says].gt(0).map({True: 1.0, False: -1.0}))
        found = assess(told.groupby("series")["agree"].mean().to_numpy(), reach=1.0)
        rows.append({
            "Metric": str(metric).replace("_", " "),
            "Agrees with people": round((found.mean + 1) / 2, 2),
            "Interval": _between(_half(found.lo), _half(found.hi), percent=True),
            "Pairs": len(told),
            "Series": int(told["series"].nunique()),
            "Even or split": len(of) - len(told),
        })  # fmt: skip
    return pd.DataFrame(rows)


def of_judges(recorded: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return how judges agree with people, by criterion. Input: `evals.judge.calibration.recorded`."""
    rows = [
        {
            "Judge": str(r.get("scorer", "")),
            "Version": str(r.get("version", ""))[:8],
            "Criterion": str(r.get("criterion", "")),
            "Standing": ["✓ calibrated" if r.get("calibrated") else "○ advice only"],
            "κ": r.get("kappa"),
            "Interval": _between(r.get("kappa_lo"), r.get("kappa_hi"), percent=False),
            "Items": r.get("items"),
            "Why": str(r.get("reason", "")),
            "Measured": str(r.get("at", ""))[:10],
        }
        for r in recorded
    ]
    return pd.DataFrame(rows)


def _share_row(scorer: str, compared: str, hits: Sequence[bool]) -> Row:
    found = share(sum(hits), len(hits))
    return (scorer, found.share, _between(found.lo, found.hi, percent=False), len(hits), "share", compared)


def _estimate(found: rates.Estimate | None) -> tuple[float | None, str]:
    return (None, "nothing varies") if found is None else (found.value, _between(found.low, found.high, percent=False))


def _half(end: float | None) -> float | None:
    """Return an end of a mean of −1 and 1 as a share."""
    return None if end is None or abs(end) == float("inf") else min(1.0, max(0.0, (end + 1) / 2))


def _between(lo: float | None, hi: float | None, *, percent: bool) -> str:
    if lo is None and hi is None:
        return "–"
    low, high = ("?" if end is None else f"{end:.0%}" if percent else f"{end:.2f}" for end in (lo, hi))
    return f"{low} … {high}".replace("-", "−")
