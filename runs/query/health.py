"""How a run is getting on, and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prompts.errors import UnknownName
from runs.log import read
from runs.query.frames import COUNT, TEXT, TIME, Columns, frame, record
from runs.query.state import states
from runs.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

ERRORS: Columns = {
    "kind": TEXT,
    "who": TEXT,
    "status": TEXT,
    "error": TEXT,
    "message": TEXT,
    "count": COUNT,
    "example": TEXT,
    "arm": TEXT,
    "case_id": TEXT,
    "last_at": TIME,
}
INGEST_ERRORS: Columns = {"file": TEXT, "offset": COUNT, "length": COUNT, "reason": TEXT, "noticed_at": TIME}
RATE_WINDOW_S = 60
"""The speed of a run is that of its last minute."""
# Two messages that differ in numbers and ids only are one.
_ALIKE = r"""regexp_replace({}, '[0-9a-f]{{8,}}|[0-9]+(\.[0-9]+)?', '#', 'g')"""


def progress(ws: Workspace, run_id: str) -> dict[str, Any]:
    """Return how a run stands.

    Keys: `run_id`, `state`, `jobs`, `done`, `ok`, `failed`, `refused`, `cost_usd` (of all tries; None: unknown), `budget_usd`,
    `started_at`, `chain` (None: of none), `last_at` (UTC), `rate_per_s` (generations a second in the last minute of its work) and
    `eta_s`; the last two are None where nothing can be said.

    Raises:
        UnknownName: there is no such run.
    """
    with read(ws) as con:
        found = record(
            con,
            """
            select v.run_id, coalesce(jobs, 0) as jobs, coalesce(done, 0) as done, coalesce(ok, 0) as ok, coalesce(failed, 0) as failed,
              coalesce(refused, 0) as refused, v.cost_usd, v.budget_usd, v.started_at, r.chain, w.last_at, w.n, w.seconds
            from runs v join run r using (run_id) left join (
              select run_id, max(created_at) as last_at, count(*) as n, epoch(max(created_at) - min(created_at)) as seconds
              from (select r.run_id, g.created_at, max(g.created_at) over () as newest
                    from generation g join run r using (run_key) where r.run_id = ?)
              where created_at >= newest - to_seconds(?) group by run_id) w using (run_id)
            where v.run_id = ?
            """,
            [run_id, RATE_WINDOW_S, run_id],
        )
        if found is None:
            raise UnknownName("run", run_id, (r for (r,) in con.execute("select run_id from run").fetchall()))
        found["state"] = states(ws, con, run_id)[run_id]
    recent, seconds = found.pop("n"), found.pop("seconds")
    rate = (recent - 1) / seconds if seconds else None
    found["rate_per_s"] = rate
    found["eta_s"] = (found["jobs"] - found["done"]) / rate if rate and found["state"] == "running" else None
    return found


def errors(ws: Workspace, run_id: str) -> pd.DataFrame:
    """Return what went wrong in a run, alike messages together, most frequent first. Columns: `ERRORS`.

    `kind` is generation or score; `who` the arm or the scorer; `example` the job id of the latest one, `arm` and `case_id` where it
    belongs, `message` its words.
    """
    with read(ws) as con:
        return frame(
            con,
            f"""
            with wrong as (
              select 'generation' as kind, j.arm as who, g.status, g.error, g.message, j.job_id, g.created_at as "when", j.arm, j.case_key
              from generation g join run r using (run_key)
              join job j on j.run_key = g.run_key and j.job_key = g.job_key where r.run_id = $1 and g.status <> 'ok'
              union all
              select 'score', m.scorer, s.status, '', s.reason, j.job_id, s.scored_at, j.arm, j.case_key
              from score s join run r using (run_key)
              join job j on j.run_key = s.run_key and j.job_key = s.job_key join metric m on m.metric_key = s.metric_key
              where r.run_id = $1 and s.latest and s.status in ('error', 'unavailable'))
            select kind, who, status, error, arg_max(message, ("when", job_id)) as message, count(*) as "count",
              arg_max(job_id, ("when", job_id)) as example, arg_max(arm, ("when", job_id)) as arm,
              arg_max(case_id, ("when", job_id)) as case_id, max("when") as last_at
            from wrong left join case_ using (case_key)
            group by kind, who, status, error, {_ALIKE.format("message")} order by "count" desc, kind, who, message
            """,  # noqa: S608  fixed words
            ERRORS,
            [run_id],
        )


def ingest_errors(ws: Workspace) -> pd.DataFrame:
    """Return journal lines that could not be folded, and where they are. Columns: `INGEST_ERRORS`, offsets in bytes."""
    with read(ws) as con:
        return frame(con, 'select *, offset_bytes as "offset" from ingest_error order by file, offset_bytes', INGEST_ERRORS)
