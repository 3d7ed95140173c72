"""What the gate of a suite would ask of a comparison: how much each metric must gain, and how much it may lose.

    margins(ws, "shot")   ->  {"face_consistency": Margin("gain", 0.01), "expression": Margin("lose", 0.1), …}

Only shown, never decided upon: a verdict of the gate takes `workbench gate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from evals.policy import Policy, find_policy, load_policy
from evals.suite import load_suite
from prompts.errors import WorkbenchError
from runs.workspace import Workspace

NAMES: Mapping[str, str] = {"cost_usd": "cost", "latency_s": "latency"}
"""What policies call the columns of a generation, and what its scorers call the same."""


@dataclass(frozen=True, slots=True)
class Margin:
    """What a policy says of a metric: it must `gain` at least `room`, or may `lose` less than that.

    `room` is in the metric's own unit, or a share where `ratio` is set: 0.15 is fifteen per cent.
    """

    kind: Literal["gain", "lose"]
    room: float
    ratio: bool = False

    @property
    def at(self) -> float:
        """Return where the line stands, with gains above zero: what the whole interval of B must lie right of."""
        return self.room if self.kind == "gain" else -self.room


@dataclass(frozen=True, slots=True)
class Rule:
    """The policy of a suite by name, and its margins by metric."""

    policy: str
    margins: Mapping[str, Margin]

    @property
    def told(self) -> str:
        """Return in words how the lines of the margins are read."""
        what = "the point of what must gain and the whole bar of what may not lose lie right of it"
        return f"Upright: what the gate policy {self.policy} asks for; {what}."


def rule(ws: Workspace, suite: str | None) -> Rule | None:
    """Return the policy that a suite names; None where there is none, or where it cannot be read today."""
    if not suite:
        return None
    try:
        named = load_suite(suite, ws.evals / "suites")
        if named.gate is None:
            return None
        path = find_policy(named.gate, ws.evals)
        return Rule(path.stem, margins(load_policy(path)))
    except WorkbenchError:  # a suite that was renamed since the run; the comparison is worth seeing all the same
        return None


def margins(policy: Policy) -> dict[str, Margin]:
    """Return the margins of a policy by metric, as scorers call it."""
    found = {name: Margin("gain", primary.min_effect, policy.is_ratio(name)) for name, primary in policy.primary.items()}
    for name, guardrail in policy.guardrails.items():
        ratio = guardrail.margin_ratio
        room = guardrail.margin if ratio is None else abs(ratio - 1)
        found[name] = Margin("lose", room or 0.0, ratio is not None)
    return {NAMES.get(name, name): margin for name, margin in found.items()}
