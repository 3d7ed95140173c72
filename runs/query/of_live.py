"""What a run has made last, and what it says of itself, for somebody who watches it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runs.log import read
from runs.query.frames import NUMBER, TEXT, TIME, Columns, frame
from runs.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

NEWEST: Columns = {
    "job_id": TEXT,
    "arm": TEXT,
    "ref": TEXT,
    "model": TEXT,
    "case_id": TEXT,
    "status": TEXT,
    "error": TEXT,
    "message": TEXT,
    "artifact": TEXT,
    "media_type": TEXT,
    "cost_usd": NUMBER,
    "latency_s": NUMBER,
    "created_at": TIME,
}
WEAKEST: Columns = {**NEWEST, "metric": TEXT, "value": NUMBER, "scored": TEXT, "reason": TEXT}
NOTES: Columns = {"text": TEXT, "noted_at": TIME}


def newest(ws: Workspace, run_id: str, limit: int = 12) -> pd.DataFrame:
    """Return the outcomes that came in last, newest first; failures too. Columns: `NEWEST`; `artifact` is the first one."""
    with read(ws) as con:
        return frame(
            con,
            """
            with last as (
              select g.*, r.run_id from generation g join run r using (run_key) where r.run_id = ?
              order by g.created_at desc, g.journal_key desc, g.line_offset desc limit ?)
            select j.job_id, j.arm, a.ref, a.model, c.case_id, g.status, g.error, g.message, t.artifact, t.media_type,
              g.cost_usd, g.latency_s, g.created_at
            from last g join job j on j.run_key = g.run_key and j.job_key = g.job_key
            left join arm a on a.run_key = g.run_key and a.arm = j.arm left join case_ c on c.case_key = j.case_key
            left join (
              select run_key, job_key, arg_min(sha256, position) as artifact, arg_min(media_type, position) as media_type from artifact
              semi join last using (run_key, job_key) group by run_key, job_key) t on t.run_key = g.run_key and t.job_key = g.job_key
            order by g.created_at desc, g.journal_key desc, g.line_offset desc
            """,
            NEWEST,
            [run_id, limit],
        )


def weakest(ws: Workspace, run_id: str, metric: str, limit: int = 12) -> pd.DataFrame:
    """Return the outcomes that a metric judged worst, those first for which it has no value. Columns: `WEAKEST`."""
    with read(ws) as con:
        return frame(
            con,
            """
            with worst as (
              select run_id, job_id, metric, value, status as scored, reason,
                case when direction = 'down' then -value else value end as good
              from scores where run_id = ? and metric = ? order by good nulls first, job_id limit ?)
            select g.job_id, g.arm, g.ref, g.model, g.case_id, g.status, g.error, g.message, g.artifact, g.media_type,
              g.cost_usd, g.latency_s, g.created_at, worst.metric, worst.value, worst.scored, worst.reason
            from worst join generations g on g.run_id = worst.run_id and g.job_id = worst.job_id and g.run_id = ?
            order by worst.good nulls first, worst.job_id
            """,
            WEAKEST,
            [run_id, metric, limit, run_id],
        )


def notes(ws: Workspace, run_id: str, limit: int = 20) -> pd.DataFrame:
    """Return what a run's processes, and people, said of it, newest first. Columns: `NOTES`."""
    with read(ws) as con:
        return frame(
            con,
            """select n.text, n.noted_at from note n join run r using (run_key) where r.run_id = ?
               order by n.noted_at desc, n.journal_key desc, n.line_offset desc limit ?""",
            NOTES,
            [run_id, limit],
        )
