"""Which generation fed which: the stages of a chain, and what each of its jobs was made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from runs.log import read
from runs.query.frames import COUNT, NUMBER, TEXT, frame, matching, record, records
from runs.workspace import Workspace

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

CHAIN_COSTS = {"stage": TEXT, "runs": COUNT, "calls": COUNT, "cost_unknown": COUNT, "cost_usd": NUMBER}
LINEAGE = {
    "run_id": TEXT, "job_id": TEXT, "stage": TEXT, "series": TEXT, "case_id": TEXT, "chain": TEXT, "from_stage": TEXT, "from_run_id": TEXT,
    "from_job_id": TEXT, "artifact": TEXT,
}  # fmt: skip


def lineage(ws: Workspace, run_id: str | None = None, job_id: str | None = None, from_run_id: str | None = None) -> pd.DataFrame:
    """Return what jobs were fed with, one row an output of an earlier stage. Columns: `LINEAGE`.

    Args:
        ws: the workspace.
        run_id: only jobs of this run.
        job_id: only this job.
        from_run_id: only what was fed by this run.
    """
    where, parameters = matching(run_id=run_id, job_id=job_id, from_run_id=from_run_id)
    with read(ws) as con:
        return frame(con, f"select * from lineage {where} order by run_id, case_id, job_id, from_stage, artifact", LINEAGE, parameters)  # noqa: S608


def ancestry(ws: Workspace, run_id: str, job_id: str | None = None) -> pd.DataFrame:
    """Return the lineage of a run's jobs, or of one, back to the first stage: its own rows, then those of what fed it, and so on."""
    with read(ws) as con:
        own = _fed(con, [run_id], None if job_id is None else [job_id])
        return _walk(own, ("from_run_id", "from_job_id"), lambda runs, jobs: _fed(con, runs, jobs))


def descendants(ws: Workspace, run_id: str, job_id: str) -> pd.DataFrame:
    """Return the lineage of all that was made of a generation, and of what was made of that: the nearest first."""
    with read(ws) as con:
        return _walk(_made(con, [run_id], [job_id]), ("run_id", "job_id"), lambda runs, jobs: _made(con, runs, jobs))


Rows = list[dict[str, Any]]
_OWN, _FROM = ("run_id", "job_id"), ("from_run_id", "from_job_id")


def _walk(rows: Rows, towards: tuple[str, str], step: Callable[[Sequence[str], Sequence[str]], Rows]) -> pd.DataFrame:
    """Go on from rows, a stage at a time, to where two of their columns point; each row counts once, where it is nearest.

    A stage at a time and no recursive query: DuckDB would look through all jobs of the log at each of its steps.
    """
    import pandas as pd

    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    backward = towards == _FROM
    order = ("run_id", "case_id", "from_stage" if backward else "stage", "artifact", "job_id", *_FROM)
    while rows:
        fresh = {tuple(row[name] for name in (*_OWN, *_FROM, "artifact")): row for row in rows}
        fresh = {key: row for key, row in fresh.items() if key not in found}
        found |= dict(sorted(fresh.items(), key=lambda item: [(item[1][name] is None, item[1][name] or "") for name in order]))
        ends = {(row[towards[0]], row[towards[1]]) for row in fresh.values()}
        rows = step(sorted({run for run, _ in ends if run}), sorted({job for _, job in ends if job})) if ends else []
        # The same job id may be in several runs, and was asked for in all of them.
        rows = [row for row in rows if (tuple(row[name] for name in (_OWN if backward else _FROM))) in ends]
    return pd.DataFrame(found.values(), columns=list(LINEAGE)).astype(LINEAGE)


def _fed(con: duckdb.DuckDBPyConnection, run_ids: Sequence[str], job_ids: Sequence[str] | None) -> Rows:
    """Return the lineage of jobs of some runs: of all, or of those named."""
    keys = [key for (key,) in con.execute("select run_key from run where run_id in (select unnest(?))", [run_ids]).fetchall()]
    if not keys:
        return []
    # Keys as numbers in the text: DuckDB leaves out what holds other runs before it joins anything.
    of_runs = f"run_key in ({', '.join(map(str, keys))})"
    return records(
        con,
        f"""
        select r.run_id, j.job_id, r.stage, c.series, c.case_id, r.chain, u.stage as from_stage, u.from_run as from_run_id,
          u.from_job as from_job_id, u.sha256 as artifact
        from (from upstream where {of_runs}) u join run r using (run_key)
        join (from job where {of_runs} and ($1 is null or job_id in (select unnest($1::varchar[])))) j
          on j.run_key = u.run_key and j.case_key = u.case_key
        left join case_ c on c.case_key = u.case_key
        """,  # noqa: S608  fixed words and numbers
        [job_ids],
    )


def _made(con: duckdb.DuckDBPyConnection, run_ids: Sequence[str], job_ids: Sequence[str]) -> Rows:
    """Return the lineage of what was made of some jobs of some runs."""
    fed_by = "from_run_id in (select unnest(?)) and from_job_id in (select unnest(?))"
    return records(con, f"select * from lineage where {fed_by}", [run_ids, job_ids])  # noqa: S608  fixed words


def place(ws: Workspace, run_id: str, job_id: str) -> dict[str, Any] | None:
    """Return arm and case of a job: `arm`, `case_id`, `series`; None for a job that the log does not have."""
    with read(ws) as con:
        return record(
            con,
            """select j.arm, c.case_id, c.series from job j join run r using (run_key) left join case_ c on c.case_key = j.case_key
               where r.run_id = ? and j.job_id = ?""",
            [run_id, job_id],
        )


def chain_costs(ws: Workspace, chain: str) -> pd.DataFrame:
    """Return what a chain has cost so far, by stage in the order of its first runs: each paid call once. Columns: `CHAIN_COSTS`.

    Tries that failed and were made again count, and outcomes that a run has taken over from another do not: that one has paid.
    `calls` are outcomes of calls, `cost_unknown` those without a known cost, `cost_usd` the others together. All runs that were
    begun by the chain count, comparisons of one of its stages too.
    """
    with read(ws) as con:
        return frame(
            con,
            """
            select r.stage, count(distinct r.run_key) as runs, count(*) as calls, count(*) filter (x.cost_usd is null) as cost_unknown,
              fsum(x.cost_usd) as cost_usd
            from run r join (
              select run_key, status, cost_usd from generation where carried_from is null
              union all select run_key, status, cost_usd from earlier_try
                where carried_from is null and status <> 'unknown_submission') x using (run_key)
            where r.chain = ? and x.status <> 'budget' group by r.stage order by min(r.started_at), r.stage
            """,
            CHAIN_COSTS,
            [chain],
        )


def chain_runs(ws: Workspace, chain: str, stage: str | None = None) -> list[str]:
    """Return the ids of the runs of a chain, or of one of its stages, newest first."""
    where, parameters = matching(chain=chain, stage=stage)
    with read(ws) as con:
        found = con.execute(f"select run_id from run {where} order by started_at desc, run_id desc", parameters).fetchall()  # noqa: S608
    return [run_id for (run_id,) in found]
