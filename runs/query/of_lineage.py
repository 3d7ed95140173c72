"""Which generation fed which: the stages of a chain, and what each of its jobs was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runs.log import read
from runs.query.frames import TEXT, frame, matching, record
from runs.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

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
        return frame(
            con,
            """
            with recursive back as (
              select l.*, 0 as depth from lineage l where run_id = ? and (? is null or job_id = ?)
              union
              select l.*, b.depth + 1 from back b join lineage l on l.run_id = b.from_run_id and l.job_id = b.from_job_id)
            select distinct on (run_id, job_id, from_run_id, from_job_id, artifact) * from back
            order by depth, run_id, case_id, from_stage, artifact
            """,
            LINEAGE,
            [run_id, job_id, job_id],
        )


def descendants(ws: Workspace, run_id: str, job_id: str) -> pd.DataFrame:
    """Return the lineage of all that was made of a generation, and of what was made of that: the nearest first."""
    with read(ws) as con:
        return frame(
            con,
            """
            with recursive forth as (
              select l.*, 0 as depth from lineage l where from_run_id = ? and from_job_id = ?
              union
              select l.*, f.depth + 1 from forth f join lineage l on l.from_run_id = f.run_id and l.from_job_id = f.job_id)
            select distinct on (run_id, job_id, from_run_id, from_job_id, artifact) * from forth
            order by depth, run_id, case_id, stage, artifact
            """,
            LINEAGE,
            [run_id, job_id],
        )


def place(ws: Workspace, run_id: str, job_id: str) -> dict[str, Any] | None:
    """Return arm and case of a job: `arm`, `case_id`, `series`; None for a job that the log does not have."""
    with read(ws) as con:
        return record(
            con,
            """select j.arm, c.case_id, c.series from job j join run r using (run_key) left join case_ c on c.case_key = j.case_key
               where r.run_id = ? and j.job_id = ?""",
            [run_id, job_id],
        )


def chain_runs(ws: Workspace, chain: str, stage: str | None = None) -> list[str]:
    """Return the ids of the runs of a chain, or of one of its stages, newest first."""
    where, parameters = matching(chain=chain, stage=stage)
    with read(ws) as con:
        found = con.execute(f"select run_id from run {where} order by started_at desc, run_id desc", parameters).fetchall()  # noqa: S608
    return [run_id for (run_id,) in found]
