"""What the log says, apart from how it came to say it: every table without surrogate keys, so that two logs can be compared.

    compare(held, anew)   ->   {"score": (2, 0)}      two rows of the first are not in the second, none the other way round

Two logs made from the same journals are equal here whatever the order in which their folds happened.
"""

# ruff: noqa: S608  the queries are put together from fixed words

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from pathlib import Path

_JOB = "join run r on r.run_key = x.run_key join job j on j.job_key = x.job_key"
_FROM = "join metric m using (metric_key) join journal_offset o using (journal_key)"
CONTENTS: Mapping[str, str] = {
    "journals": "select file, bytes, run_id, host, pid, started_at, ended_at, end_state from journal_offset",
    # How long a torn end was depends on the moment at which it was looked at.
    "ingest_error": "select file, offset_bytes, reason from ingest_error",
    "run": "select r.* exclude (run_key, suite_key), s.name, s.hash from run r left join suite s using (suite_key)",
    "version": "select * exclude (version_key) from version",
    "arm": """select r.run_id, x.* exclude (run_key, version_key), v.version
              from arm x join run r using (run_key) left join version v using (version_key)""",
    "case_": "select * exclude (case_key) from case_",
    "job": """select r.run_id, x.* exclude (run_key, job_key, case_key), c.case_id, c.hash
              from job x join run r using (run_key) left join case_ c using (case_key)""",
    "note": "select r.run_id, n.text, n.noted_at from note n join run r using (run_key)",
    "generation": f"""select r.run_id, j.job_id, o.file, x.* exclude (run_key, job_key, journal_key)
                      from generation x {_JOB} join journal_offset o using (journal_key)""",
    "earlier_try": f"""select r.run_id, j.job_id, o.file, x.* exclude (run_key, job_key, journal_key)
                       from earlier_try x {_JOB} join journal_offset o using (journal_key)""",
    "artifact": f"select r.run_id, j.job_id, x.* exclude (run_key, job_key) from artifact x {_JOB}",
    "upstream": """select r.run_id, c.case_id, c.hash case_hash, x.* exclude (run_key, case_key)
                   from upstream x join run r using (run_key) join case_ c using (case_key)""",
    "score": f"""select r.run_id, j.job_id, m.scorer, m.name, o.file, x.* exclude (run_key, job_key, metric_key, journal_key)
                 from score x {_JOB} {_FROM}""",
    "finding": f"""select r.run_id, j.job_id, m.scorer, m.name, o.file, x.* exclude (run_key, job_key, metric_key, journal_key)
                   from finding x {_JOB} {_FROM}""",
    "run_metric": """select r.run_id, m.scorer, m.name, x.* exclude (run_key, metric_key)
                     from run_metric x join run r using (run_key) join metric m using (metric_key)""",
    "rating_queue": "select r.run_id, x.* exclude (run_key) from rating_queue x join run r using (run_key)",
    "rating_item": "from rating_item",
    "rating": "select o.file, x.* exclude (journal_key) from rating x join journal_offset o using (journal_key)",
    "case_seen": """select r.run_id, v.version, c.case_id, x.first_scored_at from case_seen x
                    join run r using (run_key) join version v using (version_key) join case_ c using (case_key)""",
    "gate_report": """select r.run_id, o.file, x.* exclude (run_key, journal_key) from gate_report x
                      join run r using (run_key) join journal_offset o using (journal_key)""",
    "rollup_run_arm": "select r.run_id, x.* exclude (run_key) from rollup_run_arm x join run r using (run_key)",
    "rollup_run_check": "select r.run_id, x.* exclude (run_key) from rollup_run_check x join run r using (run_key)",
    "rollup_run_waived": "select r.run_id, x.* exclude (run_key) from rollup_run_waived x join run r using (run_key)",
    "rollup_run_scorer": """select r.run_id, m.scorer, m.name, x.* exclude (run_key, metric_key)
                            from rollup_run_scorer x join run r using (run_key) join metric m using (metric_key)""",
}
"""Name of a table -> the query that gives its rows.

All but `meta`, `waiver` and `unrolled`, which no journal says anything of, and what these join.
"""
_SHARED = frozenset({"version", "case_"})
"""Tables whose rows belong to no run."""
_SUMS = {"rollup_run_arm": ("cost_usd", "latency_s"), "rollup_run_scorer": ("sum_ok",)}
"""Sums of fractions: their last digits depend on the order in which several cores added them up."""


def compare(held: Path, anew: Path, without: Collection[str] = ()) -> dict[str, tuple[int, int]]:
    """Compare two closed log files; return, for each table that differs, how many rows only the first and only the second has.

    Args:
        held: the one.
        anew: the other, made from the journals.
        without: ids of runs to leave out: their rows are removed from both files first. Templates and cases that only they name cannot
            be told from others then, so that one too many of those is no difference.

    Raises:
        duckdb.Error: a file is damaged.
    """
    import duckdb

    for path in (held, anew) if without else ():
        _leave_out(path, without)
    differing: dict[str, tuple[int, int]] = {}
    with contextlib.closing(duckdb.connect(config={"autoinstall_known_extensions": "false", "temp_directory": str(anew.parent)})) as con:
        for name, path in (("held", held), ("anew", anew)):
            con.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as {name} (read_only)")
        for table, sql in CONTENTS.items():
            sums = ", ".join(f"printf('%.9g', {column}) as {column}" for column in _SUMS.get(table, ()))
            rows = f"select * {f'replace ({sums})' if sums else ''} from ({sql})"
            for name in ("held", "anew"):
                con.execute(f"use {name}")
                con.execute(f"create or replace temp table temp.main.rows_{name} as {rows}")
            found = con.execute(
                """
                select (select count(*) from (from temp.main.rows_held except all from temp.main.rows_anew)),
                       (select count(*) from (from temp.main.rows_anew except all from temp.main.rows_held))
                """
            ).fetchone()
            more, less = found or (0, 0)
            if without and table in _SHARED:
                more = 0
            if more or less:
                differing[table] = (more, less)
    return differing


def _leave_out(path: Path, runs: Collection[str]) -> None:
    """Remove runs from a closed log file, which is a copy."""
    import duckdb

    with contextlib.closing(duckdb.connect(str(path))) as con:
        con.execute("create temp table gone as select run_key, run_id from run where run_id in (select unnest(?))", [list(runs)])
        queues = "select queue from rating_queue where run_key in (select run_key from gone)"
        for table in ("rating", "rating_item"):
            con.execute(f"delete from {table} where queue in ({queues})")
        con.execute("delete from ingest_error where file in (select file from journal_offset where run_id in (select run_id from gone))")
        con.execute("delete from journal_offset where run_id in (select run_id from gone)")
        of_runs = con.execute(
            """
            select table_name from duckdb_tables() join duckdb_columns() using (database_name, schema_name, table_name)
            where column_name = 'run_key' and database_name = current_database() and not duckdb_tables.temporary
            """
        ).fetchall()
        for (table,) in of_runs:
            con.execute(f"delete from {table} where run_key in (select run_key from gone)")
