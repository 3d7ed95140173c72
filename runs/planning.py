"""`workbench plan`: what a gate would take here, from a pilot run or from guesses, before anything is paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evals.case import load_cases
from evals.planner import Means, Need, Spread, measured, needs
from evals.policy import Policy
from evals.suite import Suite
from prompts.errors import InputError
from runs.looking import Look, every
from runs.trial import Trial, evidence
from runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Outlook:
    """The plan: what there is, what each metric needs, where the numbers come from, when it is looked at, and what cannot be afforded."""

    means: Means
    needs: tuple[Need, ...]
    spreads: Mapping[str, Spread]
    looks: tuple[Look, ...] = ()

    @property
    def too_dear(self) -> list[Need]:
        """Return the metrics for which neither the series nor the money are enough."""
        return [need for need in self.needs if not need.affordable]


def outlook(
    ws: Workspace,
    suite: Suite,
    policy: Policy,
    *,
    pilot: Trial | None = None,
    effect: float | None = None,
    usd: float | None = None,
    budget_usd: float | None = None,
    attempt: int = 1,
) -> Outlook:
    """Plan a gate.

    Args:
        ws: The workspace.
        suite: Whose gate split would be run.
        policy: What must be shown.
        pilot: Two arms of a run on any split, such as an A/A, whose spread and cost are taken.
        effect: The gain that is wanted.
        usd: What a generation costs; by default the pilot's mean, where all of its costs are known.
        budget_usd: How much money there is.
        attempt: Which attempt it will be.

    Raises:
        InputError: The suite has no gate split, or the pilot was not scored with what the policy asks for.
    """
    cases = [case for case in load_cases(ws.evals / "cases") if case.stage == suite.stage]
    chosen = suite.cases(cases, "gate")
    series = len({case.series for case in chosen})
    if not series:
        raise InputError(f"The suite {suite.name} has no gate split.")
    spreads: dict[str, Spread] = {}
    if pilot is not None:
        frame = evidence(ws, pilot, policy, split=None)
        spreads = measured(frame, policy)
        known = frame["cost_usd"].notna().all()
        usd = usd if usd is not None else float(frame["cost_usd"].mean()) if known else None
    means = Means(series, len(chosen) / series, policy.repeats, usd, budget_usd)
    return Outlook(means, tuple(needs(policy, spreads, means, effect=effect, attempt=attempt)), spreads, tuple(every(suite, policy, cases)))
