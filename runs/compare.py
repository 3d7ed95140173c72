"""From the log to a comparison: find two arms, put their generations side by side, hand them to `evals.compare`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evals.compare import Comparison, compare
from evals.score import Metric
from prompts.errors import InputError, UnknownName, WorkbenchError
from runs import query
from runs.log import read
from runs.prepare import registry
from runs.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

_HEX = re.compile(r"[0-9a-f]{6,64}")


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of a comparison: an arm of a run."""

    run_id: str
    arm: str
    ref: str
    version: str
    template: str
    model: str
    provider: str
    simulated: bool

    @property
    def address(self) -> str:
        """Return what links name it by: `<run>:<arm>`."""
        return f"{self.run_id}:{self.arm}"

    @property
    def shown(self) -> str:
        """Return what people call it: the reference, and the version's first digits."""
        digits = self.version.removeprefix("v1:")[:6]
        return self.ref if digits in self.ref else f"{self.ref} ({digits})"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two arms, what came of them, and how they compare."""

    a: Arm
    b: Arm
    frame: pd.DataFrame
    comparison: Comparison


def find_arms(ws: Workspace, a: str, b: str, run_id: str | None = None) -> tuple[Arm, Arm]:
    """Find two arms by what the user calls them.

    Args:
        ws: The workspace.
        a: An address `<run>:<arm>`, or a reference such as `shot/keyframe@plain`, a hash prefix such as
            `shot/keyframe@3fa9c1`, or an arm's letter where a run is named.
        b: The same. The same reference twice means the two arms of an A/A test.
        run_id: Look in this run only; without it, in the newest run that has both, else each in its newest run.

    Raises:
        UnknownName: No run has such an arm.
        InputError: Both names mean the same arm.
    """
    arms = query.arms(ws, run_id)
    found_a, found_b = _matching(ws, arms, a), _matching(ws, arms, f"{b}#2" if a == b and "/" in b else b)
    shared = [run for run in found_a["run_id"].unique() if run in set(found_b["run_id"])]
    if shared and ":" not in a + b:
        found_a, found_b = found_a[found_a["run_id"] == shared[0]], found_b[found_b["run_id"] == shared[0]]
    first, second = _arm(found_a.iloc[0]), _arm(found_b.iloc[0])
    if first == second:
        raise InputError(f"{a} and {b} are the same arm.", hint="Name two versions, or run one version twice for an A/A test.")
    return first, second


def compare_arms(ws: Workspace, a: Arm, b: Arm, *, alpha: float = 0.05) -> Pair:
    """Compare two arms over the cases that both have. See `evals.compare` for the procedure.

    Raises:
        InputError: The arms are of different stages, or nothing was generated.
    """
    with read(ws):  # one look at the log for all of these
        generations = {arm.address: query.generations(ws, arm.run_id, arm=arm.arm) for arm in (a, b)}
        scores = {run: query.scores(ws, run) for run in {a.run_id, b.run_id}}
    stages = {stage for frame in generations.values() for stage in frame["stage"].unique()}
    if len(stages) != 1:
        raise InputError("There is nothing to compare." if not stages else f"Arms of different stages: {', '.join(sorted(stages))}.")
    frame = _joined(a, b, generations, scores)
    metrics = _metrics(scores.values())
    key = "|".join(sorted(f"{arm.run_id}:{arm.version}:{arm.model}" for arm in (a, b)))
    comparison = compare(frame, metrics, a.address, b.address, alpha=alpha, seed_key=key)
    return Pair(a, b, frame, comparison)


def _matching(ws: Workspace, arms: pd.DataFrame, name: str) -> pd.DataFrame:
    run, colon, letter = name.partition(":")
    template, _, version = name.partition("@")
    if colon:
        rows = arms["run_id"].str.startswith(run) & (arms["arm"] == letter)
    elif _HEX.fullmatch(version):
        rows = (arms["template"] == template) & arms["version"].str.removeprefix("v1:").str.startswith(version)
    else:
        rows = (arms["ref"] == name) | (arms["arm"] == name)
    if not rows.any():
        raise _not_run(ws, arms, name)
    return arms[rows] if colon or _HEX.fullmatch(version) or "/" not in name else _as_it_is_now(ws, arms[rows], name)


def _not_run(ws: Workspace, arms: pd.DataFrame, name: str) -> WorkbenchError:
    """Return the error for what no run has: a version that is there was not run yet, anything else is a wrong name."""
    try:
        version = registry(ws).resolve(name.partition("#")[0])
    except WorkbenchError:
        return UnknownName("arm", name, arms["ref"])
    suite = f"--suite {version.stage} --version {name}"
    return InputError(f"No run has used {name} yet.", hint=f"Run it first: workbench run {suite} --version …, or name another version.")


def _as_it_is_now(ws: Workspace, arms: pd.DataFrame, name: str) -> pd.DataFrame:
    """Keep the arms of the version that a name means today: results of yesterday's text must not pass for today's."""
    try:
        now = registry(ws).resolve(name.partition("#")[0])
    except WorkbenchError:  # the file is gone or broken: what was logged under the name is all there is
        return arms
    kept = arms[arms["version"] == now.id]
    if kept.empty:
        then = f"{now.template}@{arms.iloc[0]['version'].removeprefix('v1:')[:6]}"
        raise InputError(
            f"{name} was edited after it was run: {then} then, {now.shown} now.",
            hint=f"Run it as it is now, or compare {then}.",
        )
    return kept


def _arm(row: pd.Series[Any]) -> Arm:
    names = ("run_id", "arm", "ref", "version", "template", "model", "provider")
    return Arm(**{name: str(row[name]) for name in names}, simulated=bool(row["simulated"]))


def _joined(a: Arm, b: Arm, generations: dict[str, pd.DataFrame], scores: dict[str, pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    sides = []
    for arm in (a, b):
        rows = generations[arm.address]
        of_arm = scores[arm.run_id]
        of_arm = of_arm[of_arm["arm"] == arm.arm]
        wide = of_arm.pivot(index="job_id", columns="metric", values="value")
        states = of_arm.pivot(index="job_id", columns="metric", values="status").add_suffix("__status")
        reasons = of_arm.pivot(index="job_id", columns="metric", values="reason").add_suffix("__reason")
        versions = of_arm.groupby("metric")["scorer_version"].agg(lambda v: ", ".join(sorted(set(v))))
        # Cost and latency are columns of the generation itself; their scorers only add a status.
        wide = wide.drop(columns=[c for c in wide.columns if c in rows.columns])
        side = (
            rows.rename(columns={"case_id": "case"})
            .join(wide, on="job_id")
            .join(states, on="job_id")
            .join(reasons, on="job_id")
            .assign(arm=arm.address)
        )
        for metric, version in versions.items():
            side[f"{metric}__version"] = version
        sides.append(side)
    return pd.concat(sides, ignore_index=True)


def _metrics(frames: Any) -> list[Metric]:
    found: dict[str, Metric] = {}
    for frame in frames:
        for row in frame.drop_duplicates("metric").itertuples():
            found.setdefault(
                row.metric,
                Metric(
                    row.metric, row.direction, row.unit, _number(row.worst), _number(row.lo), _number(row.hi), primary=bool(row.primary)
                ),
            )
    return sorted(found.values(), key=lambda metric: (not metric.primary, metric.name))


def _number(value: float) -> float | None:
    return None if value != value else float(value)
