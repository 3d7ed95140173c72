"""Every question that a page, a command or a statistic asks of the run log, answered as pandas frames or plain mappings.

No SQL anywhere else. Each call opens the log for one query (`runs.log.read`) and closes it. A frame has all its columns, with
the types that `COLUMNS` says, even when it has no row. NULL is NaN (numbers), NaT (times), <NA> (integers) or NaN (text).
"""

from __future__ import annotations

from collections.abc import Mapping

from runs.query.frames import TEXT, Columns
from runs.query.health import ERRORS, INGEST_ERRORS, errors, ingest_errors, progress
from runs.query.media import media_path
from runs.query.of_arms import ARMS, VERSIONS, arms, stored_versions, version_source, versions
from runs.query.of_cases import CASE_TRAITS, TRAITS, case_traits
from runs.query.of_checks import CHECKS, about_finding, checks, said_of
from runs.query.of_costs import COSTS, costs
from runs.query.of_gates import GATES, burnt, gates
from runs.query.of_generations import GENERATIONS, generation, generations
from runs.query.of_health import DRIFT, PLANTED, RATED_SCORES, TRUTHS, WORKLOAD, drift, planted, rated_scores, truths, workload
from runs.query.of_lineage import CHAIN_COSTS, LINEAGE, ancestry, chain_costs, chain_runs, descendants, lineage, place
from runs.query.of_live import NEWEST, NOTES, WEAKEST, newest, notes, weakest
from runs.query.of_ratings import QUEUES, RATINGS, queue, queue_outputs, queues, ratings
from runs.query.of_runs import RUN_SCORES, RUNS, find_run, run_plan, run_scores, runs, suite_of
from runs.query.of_scores import FINDINGS, GAPS, SCORES, findings, gaps, scores
from runs.query.of_search import SEARCH, search
from runs.query.of_sql import ask

COLUMNS: Mapping[str, Columns] = {
    "runs": RUNS,
    "run_scores": RUN_SCORES,
    "arms": ARMS,
    "versions": VERSIONS,
    "case_traits": CASE_TRAITS,
    "generations": GENERATIONS,
    "gates": GATES,
    "scores": SCORES,
    "findings": FINDINGS,
    "gaps": GAPS,
    "costs": {"day": TEXT, **COSTS},
    "lineage": LINEAGE,
    "chain_costs": CHAIN_COSTS,
    "queues": QUEUES,
    "ratings": RATINGS,
    "checks": CHECKS,
    "truths": TRUTHS,
    "planted": PLANTED,
    "rated_scores": RATED_SCORES,
    "drift": DRIFT,
    "workload": WORKLOAD,
    "newest": NEWEST,
    "weakest": WEAKEST,
    "notes": NOTES,
    "search": SEARCH,
    "errors": ERRORS,
    "ingest_errors": INGEST_ERRORS,
}
"""The columns of each frame and their types, by the name of the function that gives it."""

__all__ = [
    "COLUMNS",
    "TRAITS",
    "about_finding",
    "ancestry",
    "arms",
    "ask",
    "burnt",
    "case_traits",
    "chain_costs",
    "chain_runs",
    "checks",
    "costs",
    "descendants",
    "drift",
    "errors",
    "find_run",
    "findings",
    "gaps",
    "gates",
    "generation",
    "generations",
    "ingest_errors",
    "lineage",
    "media_path",
    "newest",
    "notes",
    "place",
    "planted",
    "progress",
    "queue",
    "queue_outputs",
    "queues",
    "rated_scores",
    "ratings",
    "run_plan",
    "run_scores",
    "runs",
    "said_of",
    "scores",
    "search",
    "stored_versions",
    "suite_of",
    "truths",
    "version_source",
    "versions",
    "weakest",
    "workload",
]
