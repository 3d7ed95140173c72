"""Scores and findings as long frames; the latest score of each metric of each job counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runs.log import read
from runs.query.frames import COUNT, FLAG, NUMBER, TEXT, TIME, Columns, frame, matching, refuse_more
from runs.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

SCORES: Columns = {
    "run_id": TEXT,
    "job_id": TEXT,
    "arm": TEXT,
    "series": TEXT,
    "case_id": TEXT,
    "repeat": COUNT,
    "metric": TEXT,
    "scorer": TEXT,
    "scorer_version": TEXT,
    "value": NUMBER,
    "status": TEXT,
    "reason": TEXT,
    "direction": TEXT,
    "unit": TEXT,
    "worst": NUMBER,
    "lo": NUMBER,
    "hi": NUMBER,
    "primary": FLAG,
    "scored_at": TIME,
}
FINDINGS: Columns = {
    "run_id": TEXT,
    "job_id": TEXT,
    "arm": TEXT,
    "series": TEXT,
    "case_id": TEXT,
    "repeat": COUNT,
    "metric": TEXT,
    "scorer": TEXT,
    "check": TEXT,
    "check_version": TEXT,
    "severity": TEXT,
    "where": TEXT,
    "quote": TEXT,
    "message": TEXT,
}
GAPS: Columns = {"metric": TEXT, "arm": TEXT, "status": TEXT, "reason": TEXT, "count": COUNT, "example": TEXT}


def scores(
    ws: Workspace,
    run_id: str | None = None,
    metric: str | None = None,
    *,
    arm: str | None = None,
    case_id: str | None = None,
    status: str | None = None,
    most: int | None = None,
) -> pd.DataFrame:
    """Return one row a generation and metric, of all or of those that are as said. Columns: `SCORES`.

    `value` is NaN unless `status` is ok; `worst` is what a failed score counts as; `lo` and `hi` bound the scale, NaN where open.

    Raises:
        InputError: these are more than `most` rows.
    """
    where, parameters = matching(run_id=run_id, metric=metric, arm=arm, case_id=case_id, status=status)
    with read(ws) as con:
        refuse_more(con, f"from scores {where}", parameters, most)
        return frame(
            con,
            f"""
            select *, is_primary as "primary" from scores
            {where} order by run_id, scorer, metric, series, case_id, repeat, arm, job_id
            """,  # noqa: S608  fixed words
            SCORES,
            parameters,
        )


def findings(
    ws: Workspace, run_id: str | None = None, job_id: str | None = None, *, check: str | None = None, most: int | None = None
) -> pd.DataFrame:
    """Return one row a broken rule. Columns: `FINDINGS`; `where` is a JSON list of ids in the artifact.

    Raises:
        InputError: these are more than `most` rows.
    """
    where, parameters = matching(r__run_id=run_id, j__job_id=job_id, f__check_id=check)
    source = f"""
      from (select * from finding where latest) f join run r using (run_key)
      join job j on j.run_key = f.run_key and j.job_key = f.job_key
      join metric m on m.metric_key = f.metric_key left join case_ c on c.case_key = j.case_key {where}
    """  # noqa: S608  fixed words
    with read(ws) as con:
        refuse_more(con, f"select 1 {source}", parameters, most)
        return frame(
            con,
            f"""
            select r.run_id, j.job_id, j.arm, c.series, c.case_id, j.repeat, m.name as metric, m.scorer, f.check_id as "check",
              f.check_version, f.severity, f.places as "where", f.quote, f.message
            {source} order by r.run_id, c.series, c.case_id, j.repeat, j.arm, j.job_id, m.name, f.position
            """,
            FINDINGS,
            parameters,
        )


def gaps(ws: Workspace, run_id: str) -> pd.DataFrame:
    """Return why scores of a run have no value, alike reasons of an arm together, most frequent first. Columns: `GAPS`.

    `count` are outputs, `example` the job id of one of them.
    """
    with read(ws) as con:
        return frame(
            con,
            """
            select metric, arm, status, reason, count(*) as "count", min(job_id) as example from scores
            where run_id = ? and status <> 'ok' group by metric, arm, status, reason order by "count" desc, metric, arm, reason
            """,
            GAPS,
            [run_id],
        )
