"""Simulated experiments for the gate: a policy, and frames as a run would give them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import scipy.stats

from evals.policy import Policy, parse_policy

POLICY: dict[str, Any] = {
    "alpha": 0.05,
    "attempts": {"total": 0.08, "schedule": "zeta2"},
    "unit": "series_id",
    "min_units": 8,
    "min_cases": 12,
    "repeats": 2,
    "primary": {"face": {"direction": "up", "worst": 0.0, "min_effect": 0.005}},
    "guardrails": {
        "stiffness": {"direction": "down", "worst": 1.0, "margin": 0.08},
        "cost_usd": {"direction": "down", "margin_ratio": 1.15},
    },
    "hard": {"unsafe": {"max_failures": 0, "upper_limit": 0.05}},
}


def policy(**changes: Any) -> Policy:
    """Return the policy above with other top-level keys."""
    return parse_policy({**POLICY, **changes})


def experiment(
    seed: int = 0,
    *,
    series: int = 20,
    cases: int = 2,
    repeats: int = 2,
    gain: float = 0.0,
    harm: float = 0.0,
    by_series: float = 0.0,
    fails: float = 0.0,
    icc: float = 0.5,
) -> pd.DataFrame:
    """Return a frame of both arms; gains and harms are in standard deviations of one output.

    Args:
        seed: Decides everything.
        series: Independent units.
        cases: Cases of each.
        repeats: Generations of each case and arm.
        gain: Mean gain of `face`.
        harm: Mean loss in `stiffness`.
        by_series: How much the gain differs by series.
        fails: Share of the challenger's outputs, the worst ones, that fail instead of being bad.
        icc: Share of the variance that the case has in common.
    """
    rng = np.random.default_rng(seed)
    shape = (series, cases, repeats, 2)
    index = [part.ravel() for part in np.meshgrid(*map(np.arange, shape), indexing="ij")]
    arm = index[3]

    def latent() -> np.ndarray:
        shared = np.sqrt(icc) * rng.normal(size=(series, cases, 1, 1))
        return np.asarray((shared + np.sqrt(1 - icc) * rng.normal(size=shape)).ravel())

    effect = np.repeat(gain + by_series * rng.normal(size=series), cases * repeats * 2)
    face = np.asarray(scipy.stats.beta.ppf(scipy.stats.norm.cdf(latent() + effect * arm), 4, 1.5))
    stiffness = np.asarray(scipy.stats.beta.ppf(scipy.stats.norm.cdf(latent() + harm * arm), 1.5, 4))
    frame = pd.DataFrame({
        "arm": np.where(arm == 1, "challenger", "champion"),
        "series": [f"s{i:02}" for i in index[0]],
        "case": [f"s{i:02}c{j}" for i, j in zip(index[0], index[1], strict=True)],
        "repeat": index[2],
        "status": "ok",
        "face": face,
        "stiffness": stiffness,
        "unsafe": 0.0,
        "cost_usd": rng.lognormal(-1, 0.05, len(arm)),
        "latency_s": rng.lognormal(1, 0.3, len(arm)),
    })  # fmt: skip
    if fails:
        mine = frame.index[frame["arm"] == "challenger"]
        worst = frame.loc[mine, "face"].nsmallest(round(fails * len(mine))).index
        frame = fail(frame, worst)
    return frame


def fail(frame: pd.DataFrame, rows: Any) -> pd.DataFrame:
    """Return the frame with some generations failed: no values, but their cost counts."""
    frame = frame.copy()
    frame.loc[rows, "status"] = "failed"
    frame.loc[rows, ["face", "stiffness", "unsafe"]] = np.nan
    return frame
