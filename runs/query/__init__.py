"""Every question that a page, a command or a statistic asks of the run log, answered as pandas frames or plain mappings.

No SQL anywhere else. Each call opens the log for one query (`runs.log.read`) and closes it. A frame has all its columns, with
the types that its `COLUMNS` say, even when it has no row. NULL is NaN (numbers), NaT (times), <NA> (integers) or NaN (text).
"""

from __future__ import annotations

from runs.query.arms import arms, stored_versions, version_source, versions
from runs.query.generations import generation, generations
from runs.query.health import errors, ingest_errors, progress
from runs.query.media import media_path
from runs.query.runs import find_run, run_plan, run_scores, runs
from runs.query.scores import findings, scores

__all__ = [
    "arms",
    "errors",
    "find_run",
    "findings",
    "generation",
    "generations",
    "ingest_errors",
    "media_path",
    "progress",
    "run_plan",
    "run_scores",
    "runs",
    "scores",
    "stored_versions",
    "version_source",
    "versions",
]
