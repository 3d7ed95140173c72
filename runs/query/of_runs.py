"""Runs: what was started, how it stands, and its mean scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prompts.errors import UnknownName
from runs.events import Run
from runs.log import read
from runs.query.frames import COUNT, FLAG, NUMBER, TEXT, TIME, Columns, frame, loaded, matching, record, records
from runs.query.state import states
from runs.workspace import Workspace

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

RUNS: Columns = {
    "run_id": TEXT,
    "started_at": TIME,
    "ended_at": TIME,
    "state": TEXT,
    "stage": TEXT,
    "suite": TEXT,
    "arms": TEXT,
    "models": TEXT,
    "provider": TEXT,
    "simulated": FLAG,
    "jobs": COUNT,
    "done": COUNT,
    "ok": COUNT,
    "failed": COUNT,
    "refused": COUNT,
    "cost_usd": NUMBER,
    "machines": TEXT,
}
RUN_SCORES: Columns = {
    "run_id": TEXT,
    "arm": TEXT,
    "ref": TEXT,
    "model": TEXT,
    "scorer": TEXT,
    "metric": TEXT,
    "mean": NUMBER,
    "n": COUNT,
    "n_ok": COUNT,
    "n_failed": COUNT,
    "n_excluded": COUNT,
    "lowest": NUMBER,
    "highest": NUMBER,
    "direction": TEXT,
    "unit": TEXT,
    "worst": NUMBER,
    "primary": FLAG,
}
# Failed scores count as the metric's worst value, as they do in a comparison; excluded ones do not count.
_MEANS = """
  case when rm.worst is null then {0}(u.sum_ok) / nullif({0}(u.n_ok), 0)
       else (coalesce({0}(u.sum_ok), 0) + {0}(u.n_failed) * rm.worst) / nullif({0}(u.n_ok) + {0}(u.n_failed), 0) end
"""
_MEAN, _MEAN_OF_ARMS = _MEANS.format(""), _MEANS.format("sum")


def runs(ws: Workspace) -> pd.DataFrame:
    """Return all runs, newest first.

    Columns: `RUNS`, then the mean of each primary metric under its name (under `mean_<name>` where a column of that name
    is there already). `state` is running, finished, stopped, failed or interrupted. `done` counts jobs with an outcome;
    `cost_usd` is what all tries did cost, also those that were made again, and NaN where no cost is known; `machines` names those
    that worked on the run. Times are UTC.
    """
    with read(ws) as con:
        found = frame(
            con,
            """
            select v.*, v.end_state as state, a.arms, a.models, o.machines from runs v left join (
              select run_id, string_agg(distinct host, ', ' order by host) as machines from journal_offset group by run_id) o using (run_id)
            left join (
              select r.run_id, string_agg(a.ref, ', ' order by a.position) as arms,
                string_agg(distinct a.model, ', ' order by a.model) as models
              from arm a join run r using (run_key) group by r.run_id) a using (run_id)
            order by v.started_at desc nulls last, v.run_id
            """,
            RUNS,
        )
        means = con.execute(
            f"""
            select r.run_id, m.name as metric, {_MEAN_OF_ARMS} as mean
            from rollup_run_scorer u join run r using (run_key) join metric m on m.metric_key = u.metric_key
            join run_metric rm on rm.run_key = u.run_key and rm.metric_key = u.metric_key
            where rm.is_primary group by r.run_id, m.name, rm.worst order by m.name
            """  # noqa: S608  fixed words
        ).df()
        state = states(ws, con)
    found["state"] = found["run_id"].map(state).astype("str")
    for metric, group in means.groupby("metric"):
        name = f"mean_{metric}" if metric in RUNS else str(metric)
        found[name] = found["run_id"].map(group.drop_duplicates("run_id").set_index("run_id")["mean"]).astype("float64")
    return found


def run_scores(ws: Workspace, run_id: str | None = None, stage: str | None = None) -> pd.DataFrame:
    """Return the mean of every metric by run and arm, from the roll-ups (fast at any size). Columns: `RUN_SCORES`.

    Of one run, of the runs of a stage, or of all.

    `mean` counts failed scores as the metric's worst value; `n_excluded` scores (not applicable, not scoreable, unavailable,
    error) do not count.
    """
    where, parameters = matching(r__run_id=run_id, r__stage=stage)
    with read(ws) as con:
        return frame(
            con,
            f"""
            select r.run_id, u.arm, a.ref, a.model, m.scorer, m.name as metric, {_MEAN} as mean, u.n, u.n_ok, u.n_failed, u.n_excluded,
              u.min_ok as lowest, u.max_ok as highest, rm.direction, rm.unit, rm.worst, rm.is_primary as "primary"
            from rollup_run_scorer u join run r using (run_key) join metric m on m.metric_key = u.metric_key
            left join arm a on a.run_key = u.run_key and a.arm = u.arm
            left join run_metric rm on rm.run_key = u.run_key and rm.metric_key = u.metric_key
            {where} order by r.started_at desc, r.run_id, m.scorer, m.name, u.arm
            """,  # noqa: S608  fixed words
            RUN_SCORES,
            parameters,
        )


def find_run(ws: Workspace, name: str = "last") -> str:
    """Return the id of a run from its id, the beginning of it, or `last`.

    Raises:
        UnknownName: no run, or several, begin like that.
    """
    with read(ws) as con:
        known = [run_id for (run_id,) in con.execute("select run_id from run order by started_at desc nulls last, run_id").fetchall()]
    found = known[:1] if name == "last" else [r for r in known if r == name] or [r for r in known if r.startswith(name)]
    if len(found) != 1:
        raise UnknownName("run", name, found or [*known, "last"], listing="`workbench runs`")
    return str(found[0])


def suite_of(ws: Workspace, run_id: str) -> str | None:
    """Return the name of the suite that a run was made over; None where it has none."""
    with read(ws) as con:
        found = con.execute("select s.name from run r left join suite s using (suite_key) where r.run_id = ?", [run_id]).fetchone()
    return found[0] if found else None


def run_plan(ws: Workspace, run_id: str) -> dict[str, Any]:
    """Return a run's plan: the mapping of `runs.events.Run`, put together from the tables.

    Raises:
        UnknownName: there is no such run, or its plan is not in the log.
    """
    with read(ws) as con:
        run = record(con, "select r.*, s.name, s.hash from run r left join suite s using (suite_key) where run_id = ?", [run_id])
        if run is None or run["stage"] is None:
            raise UnknownName("run", run_id, (r for (r,) in con.execute("select run_id from run").fetchall()))
        return _plan(con, run)


def _given(name: str, value: Any) -> dict[str, Any]:
    return {} if value is None else {name: value}


def _plan(con: duckdb.DuckDBPyConnection, run: dict[str, Any]) -> dict[str, Any]:
    key = [run["run_key"]]
    arms = records(
        con,
        """select a.arm, a.ref, v.template, v.version, a.model, a.replica, v.front_matter, v.closure
           from arm a left join version v using (version_key) where run_key = ? order by a.position""",
        key,
    )
    cases = records(
        con,
        """select case_id, series, split, hash, inputs, "references" from case_ c
           join (select case_key, min(position) n from job where run_key = ? group by case_key) j using (case_key) order by n""",
        key,
    )
    upstream: dict[str, list[Any]] = {}
    for row in records(
        con,
        """select c.case_id, u.stage, u.from_run as run_id, u.from_job as job_id, u.sha256
           from upstream u join case_ c using (case_key) where u.run_key = ? order by u.case_key, u.position""",
        key,
    ):
        upstream.setdefault(row.pop("case_id"), []).append(row)
    jobs = records(
        con,
        """select job_id, arm, case_id, repeat, j.seed from job j left join case_ using (case_key)
           where run_key = ? and arm is not null order by position""",
        key,
    )
    versions = {a["version"]: {k: a[k] for k in ("version", "template", "ref")} | _json(a, "front_matter", "closure") for a in arms}
    plan = Run(
        run_id=run["run_id"],
        at=run["started_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        stage=run["stage"],
        suite={"name": run["name"], "hash": run["hash"]},
        seed=run["seed"],
        provider={"name": run["provider"], "simulated": run["simulated"], "base_url": run["base_url"]},
        arms=[{k: a[k] for k in ("arm", "ref", "template", "version", "model", "replica")} for a in arms],  # type: ignore[misc]
        versions=list(versions.values()),  # type: ignore[arg-type]
        cases=[c | _json(c, "inputs", "references") | _given("upstream", upstream.get(c["case_id"])) for c in cases],  # type: ignore[misc]
        jobs=jobs,  # type: ignore[arg-type]
        budget_usd=run["budget_usd"],
        chain=run["chain"] or "",
        **_json(run, "parameters", "scorers", "environment", "price"),
    )
    return plan.to_dict()


def _json(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: loaded(row[name]) for name in names}
