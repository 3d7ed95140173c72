"""Calibrate a judge: its scores of a run beside what people said of the same scripts, criterion by criterion.

    calibrate(ws, run_id, "judge/screenplay@gpt-x", Path("ratings.csv"))

The ratings are a CSV file, one row a rater, script and criterion:

    job_id,criterion,rater,answer
    3fa9c1d2,hook,wu,yes

Where raters disagree, the majority's answer counts; a script on which they are split is left out and counted.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evals.judge.agreement import Agreement, Pair, agreement, position_bias, retest
from evals.judge.calibration import Standing, assess, is_judge, record
from evals.judge.rubric import ANSWERS
from evals.reliability import alpha
from prompts.errors import InputError, UnknownName
from runs import query
from runs.errors import MediaError
from runs.events import now
from runs.media import MediaStore
from runs.workspace import Workspace

COLUMNS = ("job_id", "criterion", "rater", "answer")
MAX_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class Rating:
    """One answer of one person."""

    job_id: str
    criterion: str
    rater: str
    value: float


def calibrate(ws: Workspace, run_id: str, judge: str, ratings: Path) -> list[dict[str, Any]]:
    """Compare, record and return one row a criterion.

    Raises:
        UnknownName: the judge has no scores in this run.
        InputError: the ratings cannot be read, or none is of a script that the judge scored.
    """
    scores = query.scores(ws, run_id)
    names = {s for s in scores["scorer"] if is_judge(str(s))}
    if judge not in names:
        raise UnknownName("judge of this run", judge, names)
    mine = scores[(scores["scorer"] == judge) & (scores["status"] == "ok")]
    version = str(scores[scores["scorer"] == judge].iloc[0]["scorer_version"])
    told = _by_item(read_ratings(ratings), sorted(set(scores["job_id"])))
    evidence = _evidence(ws, run_id, judge, {job for job, _ in told})
    rows: list[dict[str, Any]] = []
    found: dict[str, tuple[Agreement, Standing]] = {}
    for criterion in sorted({c for _, c in told}):
        of = {job: values for (job, c), values in told.items() if c == criterion}
        said = {r["job_id"]: r for r in mine.to_dict("records") if _criterion(str(r["metric"])) == criterion}
        pairs, split = _pairs(of, said, evidence)
        if not pairs:
            continue
        agreed = agreement(pairs)
        standing = assess(agreed)
        found[criterion] = (agreed, standing)
        extra = {"split": split, "people_alpha": alpha(list(of.values())), **_habits([evidence.get((j, criterion), {}) for j in of])}
        rows.append({"criterion": criterion, "calibrated": standing.calibrated, "reason": standing.reason, **asdict(agreed), **extra})
    if not rows:
        raise InputError(f"{ratings} rates no script and criterion that {judge} scored in {run_id}.")
    record(ws.evals, judge, version, found, now())
    return rows


def read_ratings(path: Path) -> list[Rating]:
    """Read a file of ratings.

    Raises:
        InputError: a column is missing, or a row has no such answer; with the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [c for c in COLUMNS if c not in (reader.fieldnames or ())]
            if missing:
                raise InputError(f"{path} lacks the column {', '.join(missing)}.", hint=f"It needs {', '.join(COLUMNS)}.")
            return [_rating(path, reader.line_num, row) for _, row in zip(range(MAX_ROWS), reader, strict=False)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: {error}.") from None


def _rating(path: Path, line: int, row: Mapping[str, str | None]) -> Rating:
    answer = (row["answer"] or "").strip().casefold()
    if answer not in ANSWERS[3]:
        raise InputError(f"{path}:{line}: {answer!r} is no answer.", hint=f"Write {', '.join(ANSWERS[3])}.")
    job, criterion, rater = ((row[c] or "").strip() for c in COLUMNS[:3])
    if len(job) < 6 or not criterion:
        raise InputError(f"{path}:{line}: give at least six digits of a job_id, and a criterion.")
    return Rating(job, criterion, rater, ANSWERS[3][answer])


def _by_item(ratings: Iterable[Rating], jobs: Sequence[str]) -> dict[tuple[str, str], list[float]]:
    """Return what people said of each script and criterion, a list of one value a rater; the last word of a rater counts."""
    found: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for rating in ratings:
        whole = [job for job in jobs if job.startswith(rating.job_id)]
        if len(whole) == 1:
            found[whole[0], rating.criterion][rating.rater] = rating.value
    return {item: list(values.values()) for item, values in found.items()}


def _pairs(
    of: Mapping[str, Sequence[float]], said: Mapping[str, Mapping[Any, Any]], evidence: Mapping[tuple[str, str], Mapping[str, Any]]
) -> tuple[list[Pair], int]:
    pairs, split = [], 0
    for job, values in of.items():
        if job not in said:
            continue
        (first, n), *others = Counter(values).most_common(2)
        if others and others[0][1] == n:
            split += 1
            continue
        length = int(evidence.get((job, ""), {}).get("length", 0))
        pairs.append(Pair(str(said[job]["series"]), first, float(said[job]["value"]), length))
    return pairs, split


def _evidence(ws: Workspace, run_id: str, judge: str, jobs: Iterable[str]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the evidence of each score by job and criterion, and under the criterion "" the length of the script."""
    store = MediaStore(ws)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for job in jobs:
        whole = query.generation(ws, run_id, job)
        for score in whole["scores"]:
            if score["scorer"] == judge:
                found[job, _criterion(score["metric"])] = score["evidence"] or {}
        try:
            found[job, ""] = {"length": store.path(whole["artifact"]).stat().st_size}
        except (MediaError, TypeError):
            found[job, ""] = {"length": 0}
    return found


def _habits(evidence: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return how often a judge agrees with itself, and how much it favours what it is shown first."""
    rounds: dict[int, dict[str, float]] = defaultdict(dict)
    firsts: list[bool] = []
    for number, of_job in enumerate(evidence):
        for repeat, answer in enumerate(of_job.get("answers", ())):
            if answer["value"] is not None:
                rounds[repeat][str(number)] = answer["value"]
        firsts += [c["better"] == c["first"] for c in of_job.get("choices", ()) if c["better"] in ("a", "b")]
    return {"self_alpha": retest(list(rounds.values())), "position_bias": position_bias(firsts)}


def _criterion(metric: str) -> str:
    return metric.partition("@")[0].rpartition(".")[2]
