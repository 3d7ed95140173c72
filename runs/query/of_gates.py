"""What gates have judged, and which cases a version's authors could have seen before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runs.log import read
from runs.query.frames import COUNT, TEXT, TIME, Columns, frame, matching
from runs.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

GATES: Columns = {
    "run_id": TEXT,
    "template": TEXT,
    "challenger": TEXT,
    "champion": TEXT,
    "suite_hash": TEXT,
    "policy": TEXT,
    "report": TEXT,
    "decision": TEXT,
    "attempt": COUNT,
    "look": COUNT,
    "judged_at": TIME,
}
BURNT: Columns = {"series": TEXT, "case_id": TEXT, "version": TEXT, "run_id": TEXT, "first_scored_at": TIME}


def gates(ws: Workspace, template: str | None = None, suite_hash: str | None = None) -> pd.DataFrame:
    """Return a row for each time that a gate judged, the oldest first. Columns: `GATES`."""
    where, parameters = matching(g__template=template, g__suite_hash=suite_hash)
    with read(ws) as con:
        return frame(
            con,
            f"select g.*, r.run_id from gate_report g join run r using (run_key) {where} order by judged_at, r.run_id, report",  # noqa: S608
            GATES,
            parameters,
        )


def burnt(ws: Workspace, version: str, run_ids: list[str]) -> pd.DataFrame:
    """Return the cases of some runs' gate split that are burnt for a version: it, or what it was made from, was tuned on them.

    A case is burnt for a version if, in a run that no gate has judged and that is none of these runs,

    - the version itself was scored on the case before these runs began, or
    - another version of its template was, before the version was first used anywhere: whoever wrote it could look.

    Runs that a gate has judged do not burn their cases: they count as attempts. Columns: `BURNT`; of each case the first time.
    """
    with read(ws) as con:
        return frame(
            con,
            """
            with own as (select version_key, template from version where version = ?),
            judged as (select run_key from run where run_id in (select unnest(?))),
            began as (select min(started_at) as began_at from run join judged using (run_key)),
            born as (select min(r.started_at) as born_at from arm a join own using (version_key) join run r using (run_key)),
            mine as (select distinct c.case_id, c.hash from job j join judged using (run_key) join case_ c using (case_key)
                     where c.split = 'gate')
            select c.series, c.case_id, v.version, r.run_id, s.first_scored_at
            from case_seen s join case_ c using (case_key) join mine m on m.case_id = c.case_id and m.hash = c.hash
            join run r using (run_key) join version v using (version_key) join own on own.template = v.template
            anti join judged using (run_key) anti join gate_report using (run_key)
            where (v.version_key = own.version_key and r.started_at < (select began_at from began))
               or (v.version_key <> own.version_key and r.started_at < (select born_at from born))
            qualify row_number() over (partition by c.case_id order by s.first_scored_at, r.run_id, v.version) = 1
            order by c.series, c.case_id
            """,
            BURNT,
            [version, run_ids],
        )
