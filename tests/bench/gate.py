"""Print how often the gate is wrong, and how often it finds a gain, beside "the higher mean wins". About two minutes of CPU.

    python tests/bench/gate.py [experiments a row] [--only promote|looks|scale]

1. Whole experiments go through `evals.gate.decide`: 20 series of two cases with two outputs in each arm (40 cases x 2), a
   primary metric, two guardrails and a hard one. Rates stand with exact 95 % limits (Clopper and Pearson).
2. Three looks: 60 series of one case and one output in each arm, 120 generations at most.
3. The bound by the scale of a metric (`best` in a policy): what it adds, and what it costs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 (found through the line above)
import pandas as pd  # noqa: E402
from scipy.stats import beta, norm  # noqa: E402

from evals.gate import Policy, decide  # noqa: E402
from evals.stats import assess  # noqa: E402
from tests.support.gate_material import POLICY, experiment, policy  # noqa: E402

NULLS = ("nothing: A/A", "nothing: effect differs by series", "nothing: the worst 10 % of outputs fail")
WORLDS: dict[str, dict[str, float]] = {
    NULLS[0]: {},
    NULLS[1]: {"by_series": 0.5, "centred": 1},
    NULLS[2]: {"fails": 0.1},
    "harm: a guardrail loses just its margin (0.05 is promised)": {"gain": 0.5, "harm": 0.0, "at_margin": 1},
    "harm: a guardrail loses 1 sd": {"gain": 0.5, "harm": 1.0},
    "harm: the primary metric loses 0.5 sd": {"gain": -0.5},
    "gain 0.3 sd": {"gain": 0.3},
    "gain 0.5 sd": {"gain": 0.5},
    "gain 0.8 sd": {"gain": 0.8},
}
LOOKED: dict[str, dict[str, float]] = {"A/A": {}, "gain 0.3 sd": {"gain": 0.3}, "gain 0.5 sd": {"gain": 0.5}, "loss 0.3 sd": {"gain": -0.3}}


def limits(hits: int, n: int) -> str:
    """Return a rate with its exact 95 % limits."""
    lo = 0.0 if hits == 0 else float(beta.ppf(0.025, hits, n - hits + 1))
    hi = 1.0 if hits == n else float(beta.ppf(0.975, hits + 1, n - hits))
    return f"{hits / n:.3f} ({lo:.3f}-{hi:.3f})"


def frames(world: dict[str, float], n: int) -> Iterator[pd.DataFrame]:
    """Yield experiments of one world."""
    options: dict[str, Any] = {k: v for k, v in world.items() if k in {"gain", "harm", "by_series", "fails"}}
    for seed in range(n):
        frame = experiment(7_000_000 + seed, **options)
        if world.get("centred"):
            frame = _centred(frame, seed)
        if world.get("at_margin"):
            mine = (frame["arm"] == "challenger").to_numpy()
            frame["stiffness"] = 0.25 + 0.6 * (frame["stiffness"] - 0.25) + 0.08 * mine
        yield frame


def _centred(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Give each series an effect of its own with a mean of zero on the scale that is tested: bending would move it."""
    rng = np.random.default_rng(seed)
    effect = dict(zip(sorted(frame["series"].unique()), rng.normal(0, 0.08, frame["series"].nunique()), strict=True))
    plain = experiment(7_000_000 + seed)
    mine = frame["arm"] == "challenger"
    return frame.assign(face=0.5 * plain["face"] + 0.25 + np.where(mine, frame["series"].map(effect), 0.0))


def higher_mean(frame: pd.DataFrame) -> bool:
    """Return what a table of means says: those of the outputs that there are."""
    means = frame[frame["status"] == "ok"].groupby("arm")["face"].mean()
    return bool(means["challenger"] > means["champion"])


def promotions(n: int) -> None:
    """Print the first table."""
    print("| world | experiments | promoted by the gate | by the higher mean |\n|---|---:|---:|---:|")
    rule = policy(guardrails={**POLICY["guardrails"], "stiffness": {"direction": "down", "worst": 1.0, "margin": 0.08}})
    total = [0, 0, 0]
    for name, world in WORLDS.items():
        size = n if name in NULLS else n // 2
        hits, means = 0, 0
        for frame in frames(world, size):
            hits += decide(frame, rule).decision == "promote"
            means += higher_mean(frame)
        if name in NULLS:
            total = [total[0] + size, total[1] + hits, total[2] + means]
        print(f"| {name} | {size} | {limits(hits, size)} | {limits(means, size)} |", flush=True)
    print(f"| **all nulls** | {total[0]} | {limits(total[1], total[0])} | {limits(total[2], total[0])} |", flush=True)


def looked(frame: pd.DataFrame, rule: Policy, fractions: tuple[float, ...], decider: Callable[..., tuple[bool, bool]]) -> tuple[bool, int]:
    """Return whether it was promoted, and how many generations it took."""
    names = frame["series"].unique()
    for number, fraction in enumerate(fractions, start=1):
        part = frame[frame["series"].isin(names[: round(fraction * len(names))])]
        promote, stop = decider(part, rule, number)
        if stop or number == len(fractions):
            return promote, len(part)
    raise AssertionError


def _gate(part: pd.DataFrame, rule: Policy, number: int) -> tuple[bool, bool]:
    verdict = decide(part, rule, look=number, planned_units=60)
    return verdict.decision == "promote", verdict.stop


def _once(part: pd.DataFrame, rule: Policy, _: int) -> tuple[bool, bool]:
    return decide(part, rule).decision == "promote", True


def _peek(part: pd.DataFrame, rule: Policy, _: int) -> tuple[bool, bool]:
    promote = decide(part, rule).decision == "promote"
    return promote, promote


def looks(n: int) -> None:
    """Print the second table."""
    only: dict[str, Any] = {
        "hard": {},
        "guardrails": {},
        "attempts": {"schedule": "none"},
        "primary": {"face": {"direction": "up", "worst": 0.0}},
    }
    three, fixed = policy(looks={"plan": "obf3", "futility_cp": 0.05}, **only), policy(**only)
    thirds = (1 / 3, 2 / 3, 1.0)
    plans: dict[str, Any] = {
        "once, at the end": (fixed, (1.0,), _once),
        "three looks at 5 % each (wrong)": (fixed, thirds, _peek),
        "three looks, O'Brien-Fleming and futility": (three, thirds, _gate),
    }
    print("\n| promoted / mean generations of 120 | " + " | ".join(LOOKED) + " |\n|---|" + "---:|" * len(LOOKED))
    for name, (rule, fractions, decider) in plans.items():
        cells = []
        for world in LOOKED.values():
            found = [
                looked(experiment(seed, series=60, cases=1, repeats=1, gain=world.get("gain", 0.0)), rule, fractions, decider)
                for seed in range(n)
            ]
            cells.append(f"{limits(sum(p for p, _ in found), n)} / {np.mean([g for _, g in found]):.0f}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def scale(n: int) -> None:
    """Print the third table: the bootstrap alone, and with Hoeffding's bound, for a metric from 0 to 1."""
    rng = np.random.default_rng(5)
    worlds: dict[str, Callable[[], Any]] = {
        "nothing: A/A, 20 series": lambda: rng.beta(4, 1.5, 20) - rng.beta(4, 1.5, 20),
        "nothing: passes half of the time, 20": lambda: rng.integers(0, 2, 20) * 1.0 - rng.integers(0, 2, 20),
        "nothing: 9 of 10 gain 0.1, 1 loses 0.9, 20": lambda: np.where(rng.random(20) < 0.1, -0.9, 0.1),
        "nothing: the same, 40": lambda: np.where(rng.random(40) < 0.1, -0.9, 0.1),
        "nothing: 19 of 20 gain 0.05, 1 loses 0.95, 40": lambda: np.where(rng.random(40) < 0.05, -0.95, 0.05),
        "gain: from never to 95 % passed, 20": lambda: (rng.random(20) < 0.95) * 1.0,
        "gain: from 30 % to 95 % passed, 20": lambda: (rng.random(20) < 0.95) * 1.0 - (rng.random(20) < 0.3),
        "gain: 0.5 sd, 40": lambda: norm.cdf(rng.normal(0.5, 1, 40)) - norm.cdf(rng.normal(0, 1, 40)),
    }
    print("\n| called better at 0.05 | bootstrap-t and signs | with the bound of the scale |\n|---|---:|---:|")
    for name, draw in worlds.items():
        hits = [0, 0]
        for _ in range(n):
            x = draw()
            for i, reach in enumerate((None, 1.0)):
                hits[i] += assess(x, seed=1, reach=reach).p_above < 0.05
        print(f"| {name} | {limits(hits[0], n)} | {limits(hits[1], n)} |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("experiments", nargs="?", type=int, default=750)
    parser.add_argument("--only", choices=("promote", "looks", "scale"))
    asked = parser.parse_args()
    tables = {
        "promote": lambda: promotions(asked.experiments),
        "looks": lambda: looks(asked.experiments // 3),
        "scale": lambda: scale(asked.experiments),
    }
    for name, table in tables.items():
        if asked.only in (None, name):
            table()


if __name__ == "__main__":
    main()
