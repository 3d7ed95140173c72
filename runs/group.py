"""Score one group of generations, all scorers at once: what a worker process is told to do.

Example: two shots of one series, of which the second failed, and the scorer `face_consistency`

    [[{"metric": "face_consistency", "value": 0.93, "status": "ok", …}], [{"metric": "face_consistency", "status": "failed", …}]]

Scorers live as long as their process, so that a model is loaded once. Whatever a scorer does wrong becomes rows of
status `error` for what it was looking at, and nothing else.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from evals.errors import ModelUnavailable
from evals.score import Sample, Score, Scorer, Status
from runs.events import ScoreDict, ScorerPlan

LONGEST_REASON = 500
_OF_THE_OUTPUT: frozenset[str] = frozenset({"failed", "refused"})


def score_group(scorers: Sequence[ScorerPlan], samples: Sequence[Sample], folder: str = "") -> list[list[ScoreDict]]:
    """Return the scores of each sample, in order.

    Args:
        scorers: what to score with; their metrics name the rows of what cannot be scored.
        samples: all generations of one arm, repeat and series.
        folder: the workspace's folder of scorer files; empty where they may not be run.
    """
    rows: list[list[ScoreDict]] = [[] for _ in samples]
    for plan in scorers:
        for mine, scores in zip(rows, _scores(plan, samples, folder), strict=True):
            mine.extend(scores)
    return rows


def score_groups(scorers: Sequence[ScorerPlan], groups: Sequence[Sequence[Sample]], folder: str = "") -> list[list[list[ScoreDict]]]:
    """Return `score_group` of each group: those of one series go to one process, which then looks at its references once."""
    return [score_group(scorers, group, folder) for group in groups]


def rows_of(plan: ScorerPlan, status: Status, reason: str) -> list[ScoreDict]:
    """Return one row without a value for each metric of a scorer."""
    return [
        {
            "metric": metric["name"], "scorer": plan["name"], "scorer_version": plan["version"], "value": None, "status": status,
            "reason": reason[:LONGEST_REASON], "evidence": {},
        }
        for metric in plan["metrics"]
    ]  # fmt: skip


def _scores(plan: ScorerPlan, samples: Sequence[Sample], folder: str) -> list[list[ScoreDict]]:
    # A metric that no output can be worst at (cost, latency) is one of the call: a call that failed has it too.
    of_the_call = all(metric["worst"] is None for metric in plan["metrics"])
    rows = [[] if of_the_call else _unscored(plan, sample) for sample in samples]
    places = [i for i, row in enumerate(rows) if not row]
    if not places:
        return rows
    try:
        scorer = _scorer(plan["name"], json.dumps(plan["args"], sort_keys=True), folder)
    except ModelUnavailable as error:
        blank = rows_of(plan, "unavailable", str(error))
        return [row or blank for row in rows]
    except Exception as error:  # noqa: BLE001 - somebody else's code: its failure is a result
        blank = rows_of(plan, "error", _said(error))
        return [row or blank for row in rows]
    groups = [places] if scorer.scope == "series" else [[i] for i in places]
    for group in groups:
        for i, scores in zip(group, _judge(scorer, plan, [samples[i] for i in group]), strict=True):
            rows[i] = scores
    return rows


def _unscored(plan: ScorerPlan, sample: Sample) -> list[ScoreDict]:
    """Return the rows of a generation that left nothing to look at; empty for one that did."""
    if sample.status == "ok":
        return []
    if sample.status in _OF_THE_OUTPUT:
        return rows_of(plan, "failed", f"the generation was {sample.status}" if sample.status == "refused" else "the generation failed")
    return rows_of(plan, "not_scoreable", f"nothing came back: {sample.status}")


def _judge(scorer: Scorer, plan: ScorerPlan, group: Sequence[Sample]) -> list[list[ScoreDict]]:
    try:
        results = scorer.score(group)
        if len(results) != len(group):
            raise ValueError(f"{len(results)} results for {len(group)} samples")
        return [[_row(score) for score in scores] for scores in results]
    except ModelUnavailable as error:
        return [rows_of(plan, "unavailable", str(error)) for _ in group]
    except Exception as error:  # noqa: BLE001 - as above
        return [rows_of(plan, "error", _said(error)) for _ in group]


def _row(score: Score) -> ScoreDict:
    return {
        "metric": score.metric, "scorer": score.scorer, "scorer_version": score.scorer_version, "value": score.value,
        "status": score.status, "reason": score.reason[:LONGEST_REASON], "evidence": dict(score.evidence),
    }  # fmt: skip


def _said(error: Exception) -> str:
    """Return an exception in one line, with the place that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"


@lru_cache(maxsize=64)
def _scorer(name: str, args: str, folder: str) -> Scorer:
    from evals.registry import build

    return build(name, json.loads(args), Path(folder) if folder else None)
