"""The shape in which DuckDB reads each type of journal event; `runs.events` is the other side of it."""

from __future__ import annotations

from collections.abc import Mapping

_USAGE = (
    "STRUCT(input_tokens BIGINT, output_tokens BIGINT, cached_tokens BIGINT, picture_tokens BIGINT, reasoning_tokens BIGINT,"
    " images BIGINT, seconds DOUBLE)"
)
_SCORE = "STRUCT(metric VARCHAR, scorer VARCHAR, scorer_version VARCHAR, value DOUBLE, status VARCHAR, reason VARCHAR, evidence JSON)[]"
_SCORER = (
    "STRUCT(name VARCHAR, version VARCHAR, args JSON, metrics STRUCT(name VARCHAR, direction VARCHAR, unit VARCHAR, worst DOUBLE,"
    ' lo DOUBLE, hi DOUBLE, description VARCHAR, "primary" BOOLEAN)[])[]'
)
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "run": {
        "stage": "VARCHAR",
        "suite": "STRUCT(name VARCHAR, hash VARCHAR)",
        "seed": "HUGEINT",
        "provider": "STRUCT(name VARCHAR, simulated BOOLEAN, base_url VARCHAR)",
        "arms": "STRUCT(arm VARCHAR, ref VARCHAR, template VARCHAR, version VARCHAR, model VARCHAR, replica INTEGER)[]",
        "versions": "STRUCT(version VARCHAR, template VARCHAR, ref VARCHAR, front_matter JSON, closure JSON)[]",
        "parameters": "JSON",
        "scorers": _SCORER,
        "environment": "JSON",
        "budget_usd": "DOUBLE",
        "chain": "VARCHAR",
        "price": "JSON",
    },
    "generation": {
        "job_id": "VARCHAR",
        "status": "VARCHAR",
        "error": "VARCHAR",
        "message": "VARCHAR",
        "artifacts": "STRUCT(kind VARCHAR, media_type VARCHAR, sha256 VARCHAR, bytes BIGINT)[]",
        "messages": "JSON",
        "wire_request": "JSON",
        "wire_response": "JSON",
        "usage": _USAGE,
        "cost_usd": "DOUBLE",
        "cost_source": "VARCHAR",
        "latency_s": "DOUBLE",
        "attempts": "INTEGER",
        "model_resolved": "VARCHAR",
        "simulated": "BOOLEAN",
        "truth": "JSON",
        "carried_from": "VARCHAR",
        "again": "INTEGER",
    },
    "scores": {
        "job_id": "VARCHAR",
        "scores": _SCORE,
    },
    "scorers": {"scorers": _SCORER},
    "queue": {
        "queue": "VARCHAR",
        "actor": "VARCHAR",
        "question": "VARCHAR",
        "a": "VARCHAR",
        "b": "VARCHAR",
        "seed": "BIGINT",
        "items": "STRUCT(item VARCHAR, case_id VARCHAR, series VARCHAR, repeat INTEGER, job_a VARCHAR, job_b VARCHAR, again VARCHAR)[]",
        "rubric": "VARCHAR[]",
    },
    "rating": {
        "queue": "VARCHAR",
        "item": "VARCHAR",
        "rater": "VARCHAR",
        "choice": "VARCHAR",
        "left": "VARCHAR",
        "value": "DOUBLE",
        "ms": "BIGINT",
        "flagged": "BOOLEAN",
        "reason": "VARCHAR",
        "rubric": "JSON",
    },
    "note": {"text": "VARCHAR"},
    "judged": {
        "template": "VARCHAR",
        "challenger": "VARCHAR",
        "champion": "VARCHAR",
        "suite_hash": "VARCHAR",
        "policy": "VARCHAR",
        "report": "VARCHAR",
        "decision": "VARCHAR",
        "attempt": "INTEGER",
        "look": "INTEGER",
    },
    "end": {"state": "VARCHAR"},
}
CASES: Mapping[str, str] = {
    "j": "INTEGER",
    "o": "BIGINT",
    "n": "INTEGER",
    "c": 'STRUCT(case_id VARCHAR, series VARCHAR, split VARCHAR, hash VARCHAR, inputs JSON, "references" JSON, '
    "upstream STRUCT(stage VARCHAR, run_id VARCHAR, job_id VARCHAR, sha256 VARCHAR)[])",
}
"""The cases of `run` events, a row each, with the place of the event: as one line they take six times their length to be read."""
PLANNED: Mapping[str, str] = {
    "j": "INTEGER",
    "o": "BIGINT",
    "n": "INTEGER",
    "job_id": "VARCHAR",
    "arm": "VARCHAR",
    "case_id": "VARCHAR",
    "repeat": "INTEGER",
    "seed": "HUGEINT",
}
"""The jobs of `run` events, in the same way."""
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "generation": ("job_id", "status"),
    "scores": ("job_id",),
    "queue": ("queue", "items"),
    "rating": ("queue", "item", "rater"),
    "end": ("state",),
}
"""Keys without which an event cannot be folded, beside `run_id` and `at`."""
