"""Checks: how often each spoke, and what people said of it; a check's precision on a studio's own material."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from evals.waivers import About, Waiver, judged, load_waivers
from runs.log import read
from runs.query.frames import COUNT, NUMBER, TEXT, Columns, matching, records
from runs.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

CHECKS: Columns = {
    "check": TEXT,
    "severity": TEXT,
    "arm": TEXT,
    "findings": COUNT,
    "generations": COUNT,
    "right": COUNT,
    "meant": COUNT,
    "wrong": COUNT,
    "unjudged": COUNT,
    "precision": NUMBER,
}

# What `evals.waivers.judged` says of each finding that a waiver could speak of; a long log holds hundreds of thousands of findings.
_SPOKEN = """
with said as (
  select unnest(range(len($1::varchar[]))) as n, unnest($1::varchar[]) as "check", unnest($2::varchar[]) as verdict,
    unnest($3::varchar[]) as series, unnest($4::varchar[]) as "case", unnest($5::varchar[]) as artifact, unnest($6::varchar[]) as place,
    unnest($7::varchar[]) as quote),
named as materialized (
  select f.rowid as id, s.n, f.run_key, f.job_key, f.check_id, f.severity
  from finding f join run r using (run_key) join said s on s."check" = f.check_id
  where f.latest and ($8 is null or r.run_id = $8) and (s.quote is null or contains(coalesce(f.quote, ''), s.quote))
    and (s.place is null or list_contains(from_json(f.places, '["VARCHAR"]'), s.place))),
first as (
  select f.id, f.check_id, f.severity, j.arm, min(f.n) as n
  from named f join said s using (n) join job j on j.run_key = f.run_key and j.job_key = f.job_key
  left join case_ c on c.case_key = j.case_key
  left join artifact x on s.artifact is not null and x.run_key = f.run_key and x.job_key = f.job_key and x.position = 1
  where (s.series is null or s.series = c.series) and (s."case" is null or s."case" = c.case_id)
    and (s.artifact is null or s.artifact = x.sha256)
  group by all)
select j.check_id as "check", coalesce(j.severity, '') as severity, {arm} as arm, s.verdict, count(*) as n
from first j join said s using (n) group by all
"""


def checks(ws: Workspace, run_id: str | None = None) -> pd.DataFrame:
    """Return one row a check, and of a single run one a check and arm. Columns: `CHECKS`.

    `right`, `meant` and `wrong` count findings by what `evals/waivers.yaml` says of them now, whenever they were scored;
    `precision` is (right + meant) / (right + meant + wrong), NaN where nobody has judged a finding yet. `arm` is empty where
    all runs are counted together; `generations` are those with at least one finding.
    """
    waivers = load_waivers(ws.evals)
    arm = "x.arm" if run_id else "''"
    where, parameters = matching(r__run_id=run_id)
    with read(ws) as con:
        counts = records(
            con,
            f"""select x.check_id as "check", coalesce(x.severity, '') as severity, {arm} as arm, sum(x.findings)::bigint as findings,
              sum(x.generations)::bigint as generations
            from rollup_run_check x join run r using (run_key) {where} group by all order by all""",  # noqa: S608  fixed words
            parameters,
        )
        spoken = records(con, _SPOKEN.format(arm=arm.replace("x.", "j.")), [*_columns(waivers), run_id]) if waivers else []
    return _table(counts, Counter({(row["check"], row["severity"], row["arm"], row["verdict"]): row["n"] for row in spoken}))


def said_of(ws: Workspace, one: Mapping[str, Any]) -> list[Waiver | None]:
    """Return what people say now of each finding of a generation, in the order of `generation(…)["findings"]`; None: nothing.

    Raises:
        InputError: `evals/waivers.yaml` is malformed.
    """
    waivers = load_waivers(ws.evals)
    return [judged(waivers, about_finding(one, finding)) for finding in one["findings"]]


def about_finding(one: Mapping[str, Any], finding: Mapping[str, Any]) -> About:
    """Return what waivers look at of a finding of a generation."""
    return About(
        check=str(finding["check"]),
        where=tuple(finding["where"]),
        quote=str(finding["quote"] or ""),
        series=str(one["series"]),
        case=str(one["case_id"]),
        artifacts=(one["artifact"],) if isinstance(one["artifact"], str) else (),
    )


def _columns(waivers: Sequence[Waiver]) -> list[list[str | None]]:
    """Return waivers as `_SPOKEN` takes them."""
    return [[getattr(waiver, name) for waiver in waivers] for name in ("check", "verdict", "series", "case", "artifact", "place", "quote")]


def _table(counts: list[dict[str, Any]], verdicts: Counter[tuple[str, str, str, str]]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for row in counts:
        said = {name: verdicts[row["check"], row["severity"], row["arm"], name] for name in ("right", "meant", "wrong")}
        seen = sum(said.values())
        precision = (said["right"] + said["meant"]) / seen if seen else None
        rows.append({**row, **said, "unjudged": row["findings"] - seen, "precision": precision})
    return pd.DataFrame(rows, columns=list(CHECKS)).astype(dict(CHECKS))
