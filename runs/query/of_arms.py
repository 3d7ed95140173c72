"""Arms of runs, and the versions that were ever used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prompts.errors import UnknownName
from runs.log import read
from runs.query.frames import COUNT, FLAG, TEXT, TIME, Columns, frame, loaded, matching
from runs.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

ARMS: Columns = {
    "run_id": TEXT,
    "arm": TEXT,
    "ref": TEXT,
    "template": TEXT,
    "version": TEXT,
    "model": TEXT,
    "replica": COUNT,
    "stage": TEXT,
    "provider": TEXT,
    "simulated": FLAG,
    "started_at": TIME,
}
VERSIONS: Columns = {
    "version": TEXT,
    "template": TEXT,
    "ref": TEXT,
    "stage": TEXT,
    "runs": COUNT,
    "first_used": TIME,
    "last_used": TIME,
}


def arms(ws: Workspace, run_id: str | None = None, stage: str | None = None) -> pd.DataFrame:
    """Return the arms of one run or of all, newest run first, in the order of the plan. Columns: `ARMS`."""
    where, parameters = matching(r__run_id=run_id, r__stage=stage)
    with read(ws) as con:
        return frame(
            con,
            f"""
            select r.run_id, a.arm, a.ref, v.template, v.version, a.model, a.replica, r.stage, r.provider, r.simulated, r.started_at
            from arm a join run r using (run_key) left join version v using (version_key)
            {where} order by r.started_at desc, r.run_id, a.position
            """,  # noqa: S608  fixed words
            ARMS,
            parameters,
        )


def versions(ws: Workspace) -> pd.DataFrame:
    """Return every version that a run has used, last used first; `ref` is what it was last called. Columns: `VERSIONS`."""
    with read(ws) as con:
        return frame(
            con,
            """
            select v.version, v.template, arg_max(a.ref, r.started_at) as ref, arg_max(r.stage, r.started_at) as stage,
              count(distinct r.run_key) as runs, min(r.started_at) as first_used, max(r.started_at) as last_used
            from version v join arm a using (version_key) join run r using (run_key)
            group by v.version, v.template order by last_used desc, v.template, v.version
            """,
            VERSIONS,
        )


def version_source(ws: Workspace, version: str) -> dict[str, str]:
    """Return a used version's whole source, path -> text, from its id (`v1:…`) or the beginning of its hash (6 digits or more).

    Raises:
        UnknownName: no version, or several, are called so.
    """
    digest = version.removeprefix("v1:")
    with read(ws) as con:
        found: list[tuple[str, Any]] = con.execute(
            "select version, closure from version where starts_with(version, ?) and length(?) >= 6", [f"v1:{digest}", digest]
        ).fetchall()
        if len(found) != 1:
            raise UnknownName("version", version, (v for (v,) in con.execute("select version from version").fetchall()))
    closure: dict[str, str] = loaded(found[0][1])
    return closure


def stored_versions(ws: Workspace, template: str) -> dict[str, dict[str, str]]:
    """Return all versions of a template that runs have used: source by path, by version id."""
    with read(ws) as con:
        found = con.execute("select version, closure from version where template = ? order by version", [template]).fetchall()
    return {version: loaded(closure) for version, closure in found}
