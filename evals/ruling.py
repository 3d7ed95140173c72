"""What the gate says: a decision, the checks that it rests on, and what it rests on in each of them.

verdict.decision           # "hold"
verdict.reasons[0]         # "logic_pass may be worse by more than the margin of 0.05: the loss is up to 0.071."
verdict.primary.interval   # (-0.012, 0.091): what the gain may be
verdict.fallen             # the cases that clearly fell, the largest loss first
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Decision = Literal["promote", "hold", "insufficient"]
Role = Literal["primary", "guardrail"]


@dataclass(frozen=True, slots=True)
class Tally:
    """In how many units or cases the challenger is better, worse and the same."""

    better: int
    worse: int
    same: int


@dataclass(frozen=True, slots=True)
class Check:
    """One metric. Gains are turned so that above zero the challenger is better; numbers are None where there is no pair.

    Attributes:
        metric: Its name.
        role: `primary` must gain, `guardrail` must not lose more than its margin.
        passed: Whether it does.
        enough: Whether there is enough evidence to say so.
        direction: `up` or `down`: which way of the metric is better.
        scale: `difference`: in the metric's unit. `ratio`: gains are differences of logarithms.
        champion: Mean over units.
        challenger: The same.
        gain: Mean gain over units.
        lo: Lower end of its interval, which leaves `level` out; None where the data set no bound.
        hi: Upper end.
        bound: What the lower end must be above: 0, or minus the margin.
        min_effect: What the mean gain must reach.
        p_signs: p of the sign flips.
        p_bootstrap: p of the studentised bootstrap; None where nothing varies.
        p: The larger one of the two; with several primary metrics, after Holm.
        units: Independent units with a pair.
        cases: Cases with a pair.
        by_unit: Better, worse and same by unit.
        by_case: The same by case; it speaks of these cases only.
        unpaired: Cases that have a value in one arm only.
        failed: Failed generations of champion and challenger.
        incomplete: Generations of each that succeeded and have no value.
        clipped: Values beyond the worst one, which count as the worst one.
        more_units: About how many more units would settle a gain of this size, at 80 % power; None where none can say.
        unit_gains: The gain of each unit, by its name: what all of it was computed from.
    """

    metric: str
    role: Role
    passed: bool
    enough: bool
    direction: Literal["up", "down"]
    scale: Literal["difference", "ratio"]
    champion: float | None
    challenger: float | None
    gain: float | None
    lo: float | None
    hi: float | None
    bound: float
    min_effect: float
    p_signs: float | None
    p_bootstrap: float | None
    p: float | None
    units: int
    cases: int
    by_unit: Tally
    by_case: Tally
    unpaired: tuple[str, ...]
    failed: tuple[int, int]
    incomplete: tuple[int, int]
    clipped: int
    more_units: int | None
    unit_gains: Mapping[str, float] = field(repr=False)

    @property
    def interval(self) -> tuple[float, float]:
        """Return the interval of the gain; an end that the data do not bound is infinite."""
        return -math.inf if self.lo is None else self.lo, math.inf if self.hi is None else self.hi

    @property
    def change(self) -> tuple[float | None, float | None, float | None]:
        """Return the change and its interval as measured: challenger minus champion, or their relative change (0.04 is 4 % more)."""
        ends = (self.gain, self.lo, self.hi) if self.direction == "up" else (_minus(self.gain), _minus(self.hi), _minus(self.lo))
        if self.scale == "difference":
            return ends
        return tuple(None if end is None else math.expm1(min(end, 700.0)) for end in ends)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class HardCheck:
    """A guardrail that allows next to nothing: how many outputs of the challenger broke it, and how many might, at 95 %."""

    metric: str
    passed: bool
    enough: bool
    failures: int
    unknown: int
    outputs: int
    max_failures: int
    upper: float
    upper_limit: float


@dataclass(frozen=True, slots=True)
class Fallen:
    """A case whose primary metric fell by more than the noise; `failures` is how many of the challenger's outputs of it failed."""

    series: str
    case: str
    metric: str
    champion: float
    challenger: float
    loss: float
    failures: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision and all that it rests on.

    Attributes:
        decision: `promote`, `hold`, or `insufficient`: too little evidence, so go on or mend it. Never "no difference".
        reasons: Why, in plain words, the weightiest first; of a promotion, what it was that passed.
        checks: Primary metrics, then guardrails, each by name.
        hard: The hard guardrails.
        fallen: Cases that clearly fell, the largest loss first; an approver must have looked at them.
        notes: What a reader should know and what decides nothing.
        units: Independent units with a pair in the first primary metric.
        cases: Cases with a pair in it.
        unpaired: Cases of which one arm has no generation at all.
        level: One-sided level that each p had to be below.
        attempt: Which attempt on this suite it was.
        look: Which look; None where it was looked at once.
        looks: How many there are.
        stop: Whether to stop spending: False only before the last look, where going on may still change the answer.
        conditional_power: Chance that the last look promotes if the trend goes on; None at the last.
    """

    decision: Decision
    reasons: tuple[str, ...]
    checks: tuple[Check, ...]
    hard: tuple[HardCheck, ...]
    fallen: tuple[Fallen, ...]
    notes: tuple[str, ...]
    units: int
    cases: int
    unpaired: int
    level: float
    attempt: int
    look: int | None
    looks: int
    stop: bool
    conditional_power: float | None

    @property
    def primary(self) -> Check:
        """Return the check of the first primary metric."""
        return self.checks[0]

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """Return the interval of each metric's gain."""
        return {check.metric: check.interval for check in self.checks}

    @property
    def counts(self) -> Tally:
        """Return in how many units the first primary metric is better, worse and the same."""
        return self.primary.by_unit

    def check(self, metric: str) -> Check:
        """Return the check of a metric."""
        return next(check for check in self.checks if check.metric == metric)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON knows it."""
        return asdict(self)


def _minus(value: float | None) -> float | None:
    return None if value is None else 0.0 - value
