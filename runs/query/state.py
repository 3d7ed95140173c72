"""How a run stands: by the end that it wrote, or by whether its writer is alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runs.journal import is_live, locate
from runs.team.beats import living
from runs.workspace import Workspace

if TYPE_CHECKING:
    import duckdb


def states(ws: Workspace, con: duckdb.DuckDBPyConnection, run_id: str | None = None) -> dict[str, str]:
    """Return the state of each run, or of one: running, finished, stopped, failed or interrupted.

    A run with an unfinished journal whose writer lives, here or on another machine of the team, is running. Otherwise the latest
    `end` tells, unless a journal was begun after it and broke off; a run that finished once stays finished.
    """
    rows = con.execute(
        """
        select r.run_id, r.end_state, r.ended_at, list(o.file) filter (o.file is not null and o.end_state is null),
          max(o.started_at) filter (o.end_state is null)
        from run r left join journal_offset o using (run_id) where ? is null or r.run_id = ? group by all
        """,
        [run_id, run_id],
    ).fetchall()
    found: dict[str, str] = {}
    elsewhere = living(ws)
    for run, end_state, ended_at, unfinished, begun in rows:
        if any(file in elsewhere or is_live(locate(ws, file)) for file in unfinished or ()):
            found[run] = "running"
        elif end_state == "finished" or (end_state and not (begun and ended_at and begun > ended_at)):
            found[run] = end_state
        else:
            found[run] = "interrupted"
    return found
