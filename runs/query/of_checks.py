"""Checks: how often each spoke, and what people said of it; a check's precision on a studio's own material."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
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


def checks(ws: Workspace, run_id: str | None = None) -> pd.DataFrame:
    """Return one row a check, and of a single run one a check and arm. Columns: `CHECKS`.

    `right`, `meant` and `wrong` count findings by what `evals/waivers.yaml` says of them now, whenever they were scored;
    `precision` is (right + meant) / (right + meant + wrong), NaN where nobody has judged a finding yet. `arm` is empty where
    all runs are counted together; `generations` are those with at least one finding.
    """
    waivers = load_waivers(ws.evals)
    arm = "j.arm" if run_id else "''"
    where, parameters = matching(r__run_id=run_id)
    with read(ws) as con:
        counts = records(
            con,
            f"""select f.check_id as "check", coalesce(f.severity, '') as severity, {arm} as arm, count(*) as findings,
              count(distinct f.job_key) as generations
            from (select * from finding where latest) f join run r using (run_key)
            join job j on j.run_key = f.run_key and j.job_key = f.job_key {where} group by all order by all""",  # noqa: S608  fixed words
            parameters,
        )
        # Only what a waiver could speak of is looked at one by one: a long log holds hundreds of thousands of findings.
        spoken = records(
            con,
            f"""select f.check_id as "check", coalesce(f.severity, '') as severity, {arm} as arm, f.places as "where", f.quote, c.series,
              c.case_id, x.sha256 as artifact
            from (select * from finding where latest and check_id in (select unnest(?))) f join run r using (run_key)
            join job j on j.run_key = f.run_key and j.job_key = f.job_key left join case_ c on c.case_key = j.case_key
            left join artifact x on x.run_key = f.run_key and x.job_key = f.job_key and x.position = 1 {where}""",  # noqa: S608  fixed words
            [sorted({waiver.check for waiver in waivers}), *parameters],
        )
    verdicts: Counter[tuple[str, str, str, str]] = Counter(
        (row["check"], row["severity"], row["arm"], waiver.verdict) for row in spoken if (waiver := judged(waivers, _about(row)))
    )
    return _table(counts, verdicts)


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


def _about(row: Mapping[str, Any]) -> About:
    return about_finding(row, {**row, "where": json.loads(row["where"])})


def _table(counts: list[dict[str, Any]], verdicts: Counter[tuple[str, str, str, str]]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for row in counts:
        said = {name: verdicts[row["check"], row["severity"], row["arm"], name] for name in ("right", "meant", "wrong")}
        seen = sum(said.values())
        precision = (said["right"] + said["meant"]) / seen if seen else None
        rows.append({**row, **said, "unjudged": row["findings"] - seen, "precision": precision})
    return pd.DataFrame(rows, columns=list(CHECKS)).astype(dict(CHECKS))
