"""Checks: how often each spoke, and what people said of it; a check's precision on a studio's own material."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from evals.waivers import About, Waiver, judged, load_waivers
from runs import waived
from runs.log import read
from runs.query.frames import COUNT, NUMBER, TEXT, Columns, matching, records
from runs.workspace import Workspace

if TYPE_CHECKING:
    import duckdb
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

_SAID = """
select w.check_id as "check", coalesce(w.severity, '') as severity, {arm} as arm, w.verdict, sum(w.findings)::bigint as n
from ({counted}) w join run r using (run_key) {where} group by all
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
        spoken = _spoken(con, ws, waivers, run_id) if waivers else []
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


def _spoken(con: duckdb.DuckDBPyConnection, ws: Workspace, waivers: Sequence[Waiver], run_id: str | None) -> list[dict[str, Any]]:
    """Return what waivers say: as it was rolled up, or counted now where no fold has seen these waivers yet."""
    arm = "w.arm" if run_id else "''"
    if waived.held(con, ws.evals):
        where, parameters = matching(r__run_id=run_id)
        return records(con, _SAID.format(arm=arm, counted="from rollup_run_waived", where=where), parameters)
    runs = "select run_key from run where $8 is null or run_id = $8"
    counted = waived.SPOKEN.format(said=waived.GIVEN, runs=runs, checks='select "check" from said')
    return records(con, _SAID.format(arm=arm, counted=counted, where=""), [*waived.columns(waivers), run_id])


def _table(counts: list[dict[str, Any]], verdicts: Counter[tuple[str, str, str, str]]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for row in counts:
        said = {name: verdicts[row["check"], row["severity"], row["arm"], name] for name in ("right", "meant", "wrong")}
        seen = sum(said.values())
        precision = (said["right"] + said["meant"]) / seen if seen else None
        rows.append({**row, **said, "unjudged": row["findings"] - seen, "precision": precision})
    return pd.DataFrame(rows, columns=list(CHECKS)).astype(dict(CHECKS))
