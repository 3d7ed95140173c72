"""The gate: may the challenger take the champion's place? Evidence and a policy in, a verdict out; nothing else decides.

    policy = load_policy("evals/gates/shot.toml")
    decide(frame, policy).decision      # "promote", "hold" or "insufficient"

It promotes only if all of this holds, each at the full level (an intersection of tests needs no other alpha):

- a primary metric gains: sign flips and the studentised bootstrap both reject "no gain" (`evals.stats`), and the mean gain is
  at least `min_effect`;
- every guardrail is shown not to lose more than its margin, which is more than "is not shown to lose";
- every hard guardrail has no more failures than allowed, and cannot have more than its limit, at 95 %;
- there is enough evidence: units, cases, pairs, one model.

The verdict does not depend on the order of rows, on ids, on the unit of a metric, or on columns that the policy does not
name: random numbers come from a fixed seed, and are drawn for sorted numbers. How evidence is read: `evals.evidence`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from evals.evidence import Differences, Rows, differences, hard_counts, mixed_snapshots, read_rows
from evals.looks import FRACTIONS, conditional_power, obf_levels
from evals.policy import Guardrail, Policy, Primary, load_policy
from evals.ruling import Check, Decision, Fallen, HardCheck, Tally, Verdict
from evals.stats import TIE, assess, units_needed
from evals.verdict_text import fell_short, not_enough, passed
from prompts.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Policy", "Verdict", "decide", "load_policy"]

SEED = 20_240_229
"""One for all experiments: a seed made of names would let a renamed experiment come out otherwise, and be tried again."""
UNPAIRED_SHARE = 0.1
HARD_CONFIDENCE = 0.95


def decide(
    frame: pd.DataFrame,
    policy: Policy,
    *,
    attempt: int = 1,
    look: int | None = None,
    planned_units: int | None = None,
    refused: Mapping[str, str] | None = None,
) -> Verdict:
    """Judge a challenger.

    Args:
        frame: One row a generation: `arm` (`champion` or `challenger`), `series`, `case`, `status` (`ok` or `failed`), a column
            for each metric of the policy, perhaps `repeat`, and `model_resolved` or `provider_snapshot`. Empty cells are unknown.
        policy: What must be shown.
        attempt: How many times challengers were tried on these cases, this one included; each time the level falls.
        look: Which of the planned looks this is, 1 to 3; without it all of the evidence is there.
        planned_units: How many units there will be at the last look; by default what follows from the look.
        refused: Metrics that may not decide, with the reason: a judge that nobody checked.

    Raises:
        InputError: The frame is not such a frame, or there is no such look or attempt.
    """
    level, levels = _level(policy, attempt, look)
    rows = read_rows(frame, policy)
    checks = _checks(rows, policy, max(level, TIE))
    hard = tuple(_hard(rows, policy, name) for name in policy.hard)
    lacks = not_enough(checks, rows, policy, mixed_snapshots(rows), UNPAIRED_SHARE, refused or {})
    shorts = fell_short(checks, hard, policy, level)
    power = _power(checks[0], look, planned_units, levels)
    futile = power is not None and power < policy.looks.futility_cp and checks[0].enough
    decision, reasons = _decision(lacks, shorts, hard)
    stop = look is None or look == len(levels) or decision == "promote" or futile or any(h.failures > h.max_failures for h in hard)
    if decision == "hold" and not stop:
        decision = "insufficient"
        reasons = (f"Look {look} of {len(levels)}: not settled yet. Go on with the planned cases.",)
    elif futile and decision != "promote":
        decision = "hold"
        reasons = (f"Stopped at look {look}: the chance that the rest of the cases shows a gain is {power:.1%}.", *reasons)
    return Verdict(
        decision=decision,
        reasons=reasons or passed(checks, hard),
        checks=checks,
        hard=hard,
        fallen=_fallen(rows, policy),
        notes=_notes(rows, checks),
        units=checks[0].units,
        cases=checks[0].cases,
        unpaired=int((~rows.paired_cases).sum()),
        level=level,
        attempt=attempt,
        look=look,
        looks=len(levels),
        stop=stop,
        conditional_power=power,
    )


def _level(policy: Policy, attempt: int, look: int | None) -> tuple[float, tuple[float, ...]]:
    """Return the level at this attempt and look, and those of all looks.

    Where looks are planned and nobody says which one this is, it is the last: earlier ones have spent their share.
    """
    if attempt < 1:
        raise InputError(f"There is no attempt {attempt}; the first one is 1.")
    alpha = policy.attempts.level(policy.alpha, attempt)
    if policy.looks.plan == "fixed":
        if look is not None:
            raise InputError("The policy plans no looks.", hint='Set looks = { plan = "obf3" } before the first generation.')
        return alpha, (alpha,)
    levels = obf_levels(alpha) if alpha > 0 else (0.0,) * len(FRACTIONS)
    if look is not None and not 1 <= look <= len(levels):
        raise InputError(f"There is no look {look}; the policy plans {len(levels)}.")
    return levels[(look or len(levels)) - 1], levels


def _checks(rows: Rows, policy: Policy, level: float) -> tuple[Check, ...]:
    primaries = _holm([_check(rows, policy, name, measure, level) for name, measure in policy.primary.items()], level)
    return (*primaries, *(_check(rows, policy, name, measure, level) for name, measure in policy.guardrails.items()))


def _check(rows: Rows, policy: Policy, name: str, measure: Primary | Guardrail, level: float) -> Check:
    ratio = policy.is_ratio(name)
    found = differences(rows, name, measure, ratio=ratio)
    margin = measure.room if isinstance(measure, Guardrail) else 0.0
    floor = measure.min_effect if isinstance(measure, Primary) else 0.0
    n = len(found.units)
    reach = abs(measure.best - measure.worst) if found.within and measure.best is not None and measure.worst is not None else None
    said = assess(found.units, alpha=level, margin=margin, seed=SEED, reach=reach) if n else None
    expected = len(found.case_ids) + len(found.unpaired)
    shown = said is not None and said.p_above < level and (not floor or _worth(said.mean, floor, measure.sign, ratio=ratio))
    needed = units_needed(said.mean + margin, said.sd, alpha=level) if said is not None and said.mean + margin > 0 else None
    return Check(
        metric=name,
        role="primary" if isinstance(measure, Primary) else "guardrail",
        passed=shown,
        enough=n >= policy.min_units and len(found.unpaired) <= UNPAIRED_SHARE * expected,
        direction=measure.direction,
        scale="ratio" if ratio else "difference",
        champion=found.means[0] if found.means else None,
        challenger=found.means[1] if found.means else None,
        gain=said.mean if said else None,
        lo=_finite(said.lo) if said else None,
        hi=_finite(said.hi) if said else None,
        bound=0.0 - margin,
        min_effect=floor,
        p_signs=said.p_signs if said else None,
        p_bootstrap=said.p_bootstrap if said else None,
        p=said.p_above if said else None,
        units=n,
        cases=len(found.cases),
        by_unit=_tally(found.units, found.cases),
        by_case=_tally(found.cases, found.cases),
        unpaired=tuple("/".join(rows.cases[i]) for i in found.unpaired),
        failed=found.failed,
        incomplete=found.incomplete,
        clipped=found.clipped,
        more_units=max(1, needed - n) if needed is not None and not shown else None,
        unit_gains={rows.units[i]: float(gain) for i, gain in zip(found.unit_ids, found.units, strict=True)},
    )


def _worth(mean: float, floor: float, sign: int, *, ratio: bool) -> bool:
    """Tell whether a gain is as large as asked for; of spending the floor is a share."""
    gain = sign * math.expm1(sign * mean) if ratio else mean
    return gain >= floor * (1 - TIE)


def _holm(checks: list[Check], level: float) -> list[Check]:
    """Adjust several primary metrics, of which any one is enough, by Holm's method."""
    if len(checks) == 1:
        return checks
    order = sorted(range(len(checks)), key=lambda i: 1.0 if checks[i].p is None else checks[i].p or 0.0)
    adjusted, highest = list(checks), 0.0
    for rank, i in enumerate(order):
        p = checks[i].p
        if p is not None:
            highest = max(highest, min(1.0, p * (len(checks) - rank)))
            adjusted[i] = replace(checks[i], p=highest, passed=checks[i].passed and highest < level)
    return adjusted


def _hard(rows: Rows, policy: Policy, name: str) -> HardCheck:
    hard = policy.hard[name]
    failures, unknown, outputs = hard_counts(rows, name, hard)
    upper = clopper_pearson_upper(failures + unknown, outputs)
    enough = upper <= hard.upper_limit or failures > hard.max_failures
    return HardCheck(
        name, failures <= hard.max_failures and enough, enough, failures, unknown, outputs, hard.max_failures, upper, hard.upper_limit
    )


def clopper_pearson_upper(failures: int, n: int, confidence: float = HARD_CONFIDENCE) -> float:
    """Return how high the true share of failures may be, one-sided: 0 of 40 still allows 7.2 %."""
    return 1.0 if failures >= n else float(betaincinv(failures + 1, n - failures, confidence))


def _power(check: Check, look: int | None, planned: int | None, levels: tuple[float, ...]) -> float | None:
    if look is None or look >= len(levels) or check.gain is None:
        return None
    total = planned or round(check.units / FRACTIONS[look - 1])
    sd = float(np.std(sorted(check.unit_gains.values()), ddof=1)) if check.units > 1 else 0.0
    return conditional_power(check.gain, sd, check.units, total, max(levels[-1], TIE))


def _decision(lacks: tuple[str, ...], shorts: tuple[str, ...], hard: tuple[HardCheck, ...]) -> tuple[Decision, tuple[str, ...]]:
    """What has happened and must not is no matter of more evidence; then comes too little of it, then what it says."""
    if any(h.failures > h.max_failures for h in hard):
        return "hold", (*shorts, *lacks)
    if lacks:
        return "insufficient", (*lacks, *shorts)
    if shorts:
        return "hold", shorts
    rare = tuple(
        f"{h.metric}: {h.failures} of {h.outputs} outputs failed, which still allows {h.upper:.1%} (limit {h.upper_limit:.1%})."
        + (f" {h.unknown} were not judged." if h.unknown else "")
        for h in hard
        if not h.passed
    )
    return ("insufficient", rare) if rare else ("promote", ())


def _fallen(rows: Rows, policy: Policy) -> tuple[Fallen, ...]:
    """Return the cases that fell by more than 2 sqrt(2 s^2 / R); without repeats the spread over cases stands for the noise."""
    found: list[Fallen] = []
    for name, measure in policy.primary.items():
        got = differences(rows, name, measure, ratio=policy.is_ratio(name))
        if len(got.cases) < 2:
            continue
        bar = 2 * (math.sqrt(2 * got.noise / got.repeats) if got.noise is not None else float(np.sort(got.cases).std(ddof=1)))
        low = np.flatnonzero(got.cases < -max(bar, TIE * float(np.abs(got.cases).max())))
        found.extend(_fell(rows, got, name, int(i)) for i in low)
    return tuple(sorted(found, key=lambda f: (-f.loss, f.series, f.case)))


def _fell(rows: Rows, got: Differences, name: str, i: int) -> Fallen:
    case = int(got.case_ids[i])
    series, case_id = rows.cases[case]
    failures = int(rows.failed[(rows.case == case) & (rows.arm == 1)].sum())
    return Fallen(series, case_id, name, float(got.sides[0][i]), float(got.sides[1][i]), float(-got.cases[i]), failures)


def _notes(rows: Rows, checks: tuple[Check, ...]) -> tuple[str, ...]:
    notes = []
    if rows.duplicates:
        notes.append(f"{rows.duplicates} rows were there twice and count once.")
    for check in checks:
        if check.unpaired:
            notes.append(f"{check.metric}: {len(check.unpaired)} cases have a value in one arm only and were left out.")
        if check.clipped:
            notes.append(f"{check.metric}: {check.clipped} values are worse than the worst value of the policy and count as that.")
    return tuple(notes)


def _tally(values: NDArray[np.float64], cases: NDArray[np.float64]) -> Tally:
    slack = TIE * float(np.abs(cases).max()) if len(cases) else 0.0
    better, worse = int((values > slack).sum()), int((values < -slack).sum())
    return Tally(better, worse, len(values) - better - worse)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
