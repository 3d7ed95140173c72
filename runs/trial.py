"""A challenger before the gate: which arms of which runs are the evidence, as the frame that `evals.gate` judges.

    trial = find(ws, "shot/keyframe@plain", "shot/keyframe", ["20261125-2041"])
    frame = evidence(ws, trial, policy)        # one row a generation, arms named champion and challenger

Evidence may come from several runs: looks at a third, two thirds and all of the series are runs of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evals.policy import Policy
from prompts.errors import InputError, UnknownName
from runs import query
from runs.compare import Arm, find_arms
from runs.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

NEVER_CAME = ("budget", "unknown_submission")
"""Jobs that nobody generated: no evidence for or against a template."""
KEPT = ("job_id", "run_id", "artifact", "media_type", "model", "model_resolved", "split")
"""Columns beside those that are judged: for thumbnails, and to find a generation again."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Champion and challenger, as arms of each run."""

    champions: tuple[Arm, ...]
    challengers: tuple[Arm, ...]

    @property
    def run_ids(self) -> list[str]:
        """Return the runs of the evidence."""
        return [arm.run_id for arm in self.challengers]

    @property
    def champion(self) -> Arm:
        """Return the champion's arm in the first run."""
        return self.champions[0]

    @property
    def challenger(self) -> Arm:
        """Return the challenger's arm in the first run."""
        return self.challengers[0]

    @property
    def simulated(self) -> bool:
        """Tell whether any of it came from a simulation."""
        return any(arm.simulated for arm in (*self.champions, *self.challengers))


def find(ws: Workspace, champion: str, challenger: str, run_ids: Sequence[str]) -> Trial:
    """Find both arms in each of the runs.

    Raises:
        UnknownName: A run lacks one of them.
        InputError: The runs hold different versions, or arms of different templates' stages.
    """
    pairs = [find_arms(ws, champion, challenger, run_id) for run_id in run_ids]
    trial = Trial(tuple(a for a, _ in pairs), tuple(b for _, b in pairs))
    for side in (trial.champions, trial.challengers):
        if len({arm.version for arm in side}) > 1:
            raise InputError("The runs do not hold the same version.", hint="Give runs of one gate only.")
    if not pairs:
        raise UnknownName("run", "", ())
    return trial


def evidence(ws: Workspace, trial: Trial, policy: Policy, *, split: str | None = "gate") -> pd.DataFrame:
    """Return the generations of both arms of a split (None: of all), with a column for each metric of the policy.

    A score that failed is the metric's worst value; one that does not apply, or could not be made, is empty.

    Raises:
        InputError: A metric of the policy was not scored in these runs, or no case is of the gate split.
    """
    import pandas as pd

    metrics = list(dict.fromkeys([*policy.primary, *policy.guardrails, *policy.hard]))
    parts = []
    for name, arms in (("champion", trial.champions), ("challenger", trial.challengers)):
        parts += [of_arm(ws, arm, policy).assign(arm=name) for arm in arms]
    frame = pd.concat(parts, ignore_index=True)
    frame = frame if split is None else frame[frame["split"] == split]
    if frame.empty:
        raise InputError(f"No case of the {split or 'suite'} split was generated in these runs.", hint=f"Run with --split {split}.")
    _check_scored(frame, metrics)
    return frame.sort_values(["series", "case", "repeat", "arm"], kind="stable", ignore_index=True)


def of_arm(ws: Workspace, arm: Arm, policy: Policy) -> pd.DataFrame:
    """Return the generations of one arm with a column for each metric of the policy that was scored."""
    metrics = list(dict.fromkeys([*policy.primary, *policy.guardrails, *policy.hard]))
    rows = query.generations(ws, arm.run_id, arm=arm.arm)
    rows = rows[~rows["status"].isin(NEVER_CAME)].rename(columns={"case_id": "case"})
    rows["status"] = rows["status"].where(rows["status"] == "ok", "failed")
    rows["repeat"] = rows["repeat"].astype("int64")
    scores = query.scores(ws, arm.run_id)
    scores = scores[(scores["arm"] == arm.arm) & scores["metric"].isin(metrics)]
    values = scores.assign(value=scores["value"].where(scores["status"] != "failed", scores["metric"].map(_worst(policy))))
    wide = values.pivot(index="job_id", columns="metric", values="value")
    own = [name for name in metrics if name in ("cost_usd", "latency_s")]
    kept = rows[["series", "case", "repeat", "status", "cost_usd", "latency_s", *KEPT]]
    return kept.join(wide.drop(columns=own, errors="ignore"), on="job_id")


def _worst(policy: Policy) -> dict[str, float]:
    """Return what a failed score counts as: the worst value, or what breaks a hard guardrail."""
    hard = {name: rule.limit + (1.0 if rule.direction == "down" else -1.0) for name, rule in policy.hard.items()}
    soft = {name: m.worst for name, m in {**policy.primary, **policy.guardrails}.items() if m.worst is not None}
    return {**hard, **soft}


def _check_scored(frame: pd.DataFrame, metrics: Sequence[str]) -> None:
    missing = [name for name in metrics if name not in frame.columns]
    if missing:
        hint = "Score the run with its scorer (workbench score RUN --scorer NAME), or mend the policy."
        raise InputError(f"The runs have no scores of {', '.join(missing)}, which the policy asks for.", hint=hint)
