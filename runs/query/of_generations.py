"""Generations: the outcomes of jobs, as a frame of many or one with everything known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prompts.errors import UnknownName
from runs.log import read
from runs.query.frames import COUNT, FLAG, NUMBER, TEXT, TIME, Columns, frame, loaded, matching, records, refuse_more
from runs.workspace import Workspace

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

GENERATIONS: Columns = {
    "run_id": TEXT,
    "job_id": TEXT,
    "arm": TEXT,
    "ref": TEXT,
    "version": TEXT,
    "template": TEXT,
    "model": TEXT,
    "replica": COUNT,
    "provider": TEXT,
    "simulated": FLAG,
    "stage": TEXT,
    "series": TEXT,
    "case_id": TEXT,
    "split": TEXT,
    "repeat": COUNT,
    "status": TEXT,
    "error": TEXT,
    "message": TEXT,
    "cost_usd": NUMBER,
    "cost_source": TEXT,
    "latency_s": NUMBER,
    "input_tokens": COUNT,
    "output_tokens": COUNT,
    "model_resolved": TEXT,
    "artifact": TEXT,
    "media_type": TEXT,
    "created_at": TIME,
}
_USAGE = ("input_tokens", "output_tokens", "cached_tokens", "picture_tokens", "reasoning_tokens", "images", "seconds")
_ONE = """
select r.run_key, j.job_key, r.run_id, j.job_id, j.arm, a.ref, v.version, v.template, a.model, a.replica, r.provider, r.stage,
  r.parameters, r.started_at, c.series, c.case_id, c.split, j.repeat, j.seed, c.inputs, c."references", g.status, g.error, g.message,
  g.messages, g.wire_request, g.wire_response, g.truth, g.input_tokens, g.output_tokens, g.cached_tokens, g.picture_tokens,
  g.reasoning_tokens, g.images, g.seconds, g.cost_usd, g.cost_source, g.latency_s, g.attempts, g.model_resolved,
  coalesce(g.simulated, r.simulated) as simulated, g.created_at
from generation g join run r using (run_key) join job j on j.run_key = g.run_key and j.job_key = g.job_key
left join arm a on a.run_key = g.run_key and a.arm = j.arm left join version v using (version_key)
left join case_ c on c.case_key = j.case_key
where r.run_id = ? and (j.job_id = ? or (length(?) >= 6 and starts_with(j.job_id, ?)))
order by j.job_id = ? desc limit 2
"""
_HERE = "run_key = ? and job_key = ?"


def generations(
    ws: Workspace,
    run_id: str | None = None,
    arm: str | None = None,
    case_id: str | None = None,
    *,
    status: str | None = None,
    most: int | None = None,
) -> pd.DataFrame:
    """Return finished jobs, failures too, in the order of the plan. Columns: `GENERATIONS`.

    `artifact` is the SHA-256 of the first artifact; `cost_usd` is NaN where unknown; times are UTC.

    Raises:
        InputError: these are more than `most` rows.
    """
    where, parameters = matching(g__run_id=run_id, g__arm=arm, g__case_id=case_id, g__status=status)
    with read(ws) as con:
        refuse_more(con, f"from generations g {where}", parameters, most)
        return frame(
            con,
            f"""
            select g.* replace (coalesce(g.simulated, r.simulated) as simulated)
            from generations g join run r on r.run_id = g.run_id
            {where} order by r.started_at desc, g.run_id, g.series, g.case_id, g.repeat, g.arm, g.job_id
            """,  # noqa: S608  fixed words
            GENERATIONS,
            parameters,
        )


def generation(ws: Workspace, run_id: str, job_id: str) -> dict[str, Any]:
    """Return everything known of one generation; the beginning of a job id (6 digits or more) does.

    The mapping holds the columns of `GENERATIONS` and `seed`, `attempts`, `model_resolved`, `usage`, `messages`, `wire_request`,
    `wire_response`, `truth` (None where there is none), `parameters`, `inputs` (the case as templates saw it), `references` (by
    character), `artifacts`, `scores` (with evidence) and `findings`. Times are `datetime`, UTC.

    Raises:
        UnknownName: there is no such generation.
    """
    with read(ws) as con:
        found = records(con, _ONE, [run_id, job_id, job_id, job_id, job_id])
        if not found or (len(found) > 1 and found[0]["job_id"] != job_id):
            known = con.execute("select job_id from job join run using (run_key) where run_id = ? limit 1000", [run_id]).fetchall()
            raise UnknownName("generation", f"{run_id}/{job_id[:12]}", (f"{run_id}/{j[:12]}" for (j,) in known))
        one = found[0]
        keys = [one.pop("run_key"), one.pop("job_key")]
        for name in ("messages", "wire_request", "wire_response", "truth", "parameters", "inputs", "references"):
            one[name] = loaded(one[name])
        one["usage"] = {name: one[name] for name in _USAGE}
        one["artifacts"] = _artifacts(con, keys)
        first = one["artifacts"][0] if one["artifacts"] else {}
        one |= {"artifact": first.get("sha256"), "media_type": first.get("media_type")}
        one["scores"] = _scores(con, keys)
        one["findings"] = _findings(con, keys)
    return one


def _artifacts(con: duckdb.DuckDBPyConnection, keys: list[int]) -> list[dict[str, Any]]:
    return records(con, f"select kind, media_type, sha256, bytes from artifact where {_HERE} order by position", keys)  # noqa: S608


def _scores(con: duckdb.DuckDBPyConnection, keys: list[int]) -> list[dict[str, Any]]:
    rows = records(
        con,
        f"""
        select m.name as metric, m.scorer, s.scorer_version, s.value, s.status, s.reason, s.evidence, rm.direction, rm.unit, rm.worst,
          rm.lo, rm.hi, rm.description, rm.is_primary as "primary", s.scored_at
        from (select * from score where {_HERE} and latest) s join metric m on m.metric_key = s.metric_key
        left join run_metric rm on rm.run_key = s.run_key and rm.metric_key = s.metric_key order by m.scorer, m.name
        """,  # noqa: S608  fixed words
        keys,
    )
    return [row | {"evidence": loaded(row["evidence"])} for row in rows]


def _findings(con: duckdb.DuckDBPyConnection, keys: list[int]) -> list[dict[str, Any]]:
    rows = records(
        con,
        f"""
        select m.name as metric, m.scorer, f.check_id as "check", f.check_version, f.severity, f.places as "where", f.quote, f.message
        from (select * from finding where {_HERE} and latest) f join metric m on m.metric_key = f.metric_key
        order by m.scorer, m.name, f.position
        """,  # noqa: S608  fixed words
        keys,
    )
    return [row | {"where": loaded(row["where"])} for row in rows]
