"""How scorers do: beside the truth that the embedded studio tells, beside people's votes, and from one version to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runs.log import read
from runs.query.frames import COUNT, FLAG, NUMBER, TEXT, Columns, frame, loaded, records
from runs.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

NEWEST = 2000
"""Generations that are looked at: the newest say how scorers do now, and an answer takes a moment, however long the log."""
NEWEST_SCORES = 200_000

TRUTHS: Columns = {
    "run_id": TEXT,
    "job_id": TEXT,
    "stage": TEXT,
    "series": TEXT,
    "reference": FLAG,
    "emotion": TEXT,
    "shown": TEXT,
    "liveliness": NUMBER,
    "stiffness": NUMBER,
    "face_match": NUMBER,
    "blinks": COUNT,
    "blinks_found": COUNT,
}
PLANTED: Columns = {
    "check": TEXT,
    "fault": TEXT,
    "planted": COUNT,
    "found": COUNT,
    "said": COUNT,
    "right": COUNT,
    "open": COUNT,
    "scripts": COUNT,
}
RATED_SCORES: Columns = {
    "queue": TEXT,
    "item": TEXT,
    "series": TEXT,
    "case_id": TEXT,
    "metric": TEXT,
    "direction": TEXT,
    "value_a": NUMBER,
    "value_b": NUMBER,
    "preference": NUMBER,
    "votes": COUNT,
}
DRIFT: Columns = {
    "metric": TEXT,
    "before": TEXT,
    "after": TEXT,
    "jobs": COUNT,
    "mean_before": NUMBER,
    "mean_after": NUMBER,
    "changed": COUNT,
}
WORKLOAD: Columns = {
    "scorer": TEXT,
    "version": TEXT,
    "metrics": COUNT,
    "scores": COUNT,
    "ok": COUNT,
    "failed": COUNT,
    "excluded": COUNT,
    "waited_s": NUMBER,
    "cost_usd": NUMBER,
}
_TRUTHS = """
with recent as (
  select run_key, job_key, truth from generation where truth is not null and status = 'ok' order by created_at desc limit ?),
newest as (select * from recent where json_array_length(truth, '$.people') = 1),
values_ as (
  select s.job_key, max(s.value) filter (m.name = 'stiffness') as stiffness, max(s.value) filter (m.name = 'face_match') as face_match,
    any_value(s.evidence) filter (m.name = 'expression') as expression
  from score s join metric m using (metric_key) semi join newest n on n.job_key = s.job_key
  where s.latest and s.status = 'ok' and m.name in ('stiffness', 'face_match', 'expression') group by s.job_key)
select r.run_id, j.job_id, r.stage, c.series, json_extract(n.truth, '$.people[0].reference')::boolean as reference,
  json_extract_string(n.truth, '$.people[0].emotion') as emotion, json_extract(v.expression, '$.people[0].emotion.shown')::varchar as shown,
  json_extract(n.truth, '$.people[0].liveliness')::double as liveliness, v.stiffness, v.face_match,
  json_array_length(n.truth, '$.people[0].blinks') as blinks, json_array_length(v.expression, '$.people[0].blinks') as blinks_found
from newest n join run r on r.run_key = n.run_key join job j on j.run_key = n.run_key and j.job_key = n.job_key
left join case_ c on c.case_key = j.case_key left join values_ v on v.job_key = n.job_key
order by r.run_id, j.job_id
"""


def truths(ws: Workspace, newest: int = NEWEST) -> pd.DataFrame:
    """Return pictures and clips of one person among the newest simulated outputs, what was drawn and what was measured. Columns: `TRUTHS`.

    `shown` is the emotion that the scorer saw most of; `reference`: the picture was drawn after the reference.
    """
    with read(ws) as con:
        found = frame(con, _TRUTHS, TRUTHS, [newest])
    found["shown"] = [_most(loaded(text if isinstance(text, str) else None)) for text in found["shown"]]
    return found.astype({"shown": TEXT})


def planted(ws: Workspace, newest: int = NEWEST) -> pd.DataFrame:
    """Return a row a kind of fault that the embedded writer plants: how many, and what the checks found. Columns: `PLANTED`.

    `found` counts planted faults that the check named at their place; `said` all findings of the check in these scripts, and
    `right` those that are at a planted place; `open` are others of a script whose prompt left open what the check looks for, such
    as the ids of the cast, so that the writer had to make it up. Of a script that cannot be read only faults of `schema` count:
    nothing else can be found.
    """
    with read(ws) as con:
        rows = records(
            con,
            """
            with recent as (select run_key, job_key, truth from generation where truth is not null order by created_at desc limit ?),
            newest as (select * from recent where json_extract_string(truth, '$.kind') = 'script'),
            said as (select f.job_key, list({c: f.check_id, p: f.places::varchar}) as findings
              from finding f semi join newest using (job_key) where f.latest group by f.job_key)
            select n.truth->>'$.faults' as faults, n.truth->>'$.assumed' as assumed, coalesce(s.findings, []) as findings,
              exists(from score x join metric m using (metric_key) where x.job_key = n.job_key and x.latest and x.status = 'ok'
                and m.name = 'logic') as readable
            from newest n left join said s using (job_key)
            """,
            [newest],
        )
    return _counted(rows)


def rated_scores(ws: Workspace) -> pd.DataFrame:
    """Return a row for each pair that people judged and each metric that both sides have. Columns: `RATED_SCORES`."""
    with read(ws) as con:
        return frame(
            con,
            """
            -- What was judged is little and comes first; joined in one go, the planner puts millions of scores beside each other.
            with said as materialized (select v.queue, v.item, avg(v.value) as preference, count(*) as votes from rating v
              where v.latest and v.value is not null group by all),
            shown as materialized (select d.*, i.series, i.case_id, i.job_a, i.job_b, split_part(q.arm_a, ':', 1) as run_a,
                split_part(q.arm_b, ':', 1) as run_b
              from said d join rating_item i on i.queue = d.queue and i.item = d.item and coalesce(i.again, '') = ''
              join rating_queue q on q.queue = d.queue),
            jobs as materialized (select r.run_id, j.job_id, j.run_key, j.job_key from run r join job j using (run_key)
              semi join (select run_a as run_id, job_a as job_id from shown union select run_b, job_b from shown) using (run_id, job_id)),
            marks as materialized (select s.run_key, s.job_key, s.metric_key, s.value from score s semi join jobs using (run_key, job_key)
              where s.latest and s.status = 'ok')
            select d.queue, d.item, d.series, d.case_id, m.name as metric, any_value(rm.direction) as direction,
              avg(sa.value) as value_a, avg(sb.value) as value_b, any_value(d.preference) as preference, any_value(d.votes) as votes
            from shown d join jobs ja on ja.run_id = d.run_a and ja.job_id = d.job_a
            join jobs jb on jb.run_id = d.run_b and jb.job_id = d.job_b
            join marks sa on sa.job_key = ja.job_key join marks sb on sb.job_key = jb.job_key and sb.metric_key = sa.metric_key
            join metric m on m.metric_key = sa.metric_key
            left join run_metric rm on rm.run_key = sb.run_key and rm.metric_key = sb.metric_key
            group by all order by d.queue, d.item, m.name
            """,
            RATED_SCORES,
        )


def drift(ws: Workspace, newest: int = NEWEST_SCORES) -> pd.DataFrame:
    """Return how two versions of a scorer judge the very same outputs, where outputs were scored again. Columns: `DRIFT`.

    Each output counts once a pair of versions, with its last score under each; `changed` counts outputs with another value.
    """
    with read(ws) as con:
        return frame(
            con,
            """
            with recent as (select * from score where rowid >= (select coalesce(max(rowid), 0) - ? from score) and status = 'ok'),
            last as (select job_key, metric_key, scorer_version, max_by(value, scored_at) as value, max(scored_at) as at
              from recent group by all)
            select m.name as metric, a.scorer_version as before, b.scorer_version as after, count(*) as jobs, avg(a.value) as mean_before,
              avg(b.value) as mean_after, count(*) filter (abs(a.value - b.value) > 1e-9) as changed
            from last a join last b on b.job_key = a.job_key and b.metric_key = a.metric_key and b.at > a.at
              and b.scorer_version <> a.scorer_version
            join metric m on m.metric_key = a.metric_key group by m.name, a.scorer_version, b.scorer_version order by all
            """,
            DRIFT,
            [newest],
        )


def workload(ws: Workspace, newest: int = NEWEST_SCORES) -> pd.DataFrame:
    """Return what scorers did of late, by version. Columns: `WORKLOAD`.

    `waited_s` is the median time from an output to its scores, waiting included: scoring alone is not logged. `cost_usd` is what
    judges were billed, and NaN where a scorer calls no model or the cost is not known.
    """
    with read(ws) as con:
        return frame(
            con,
            """
            with recent as (select * from score where latest and rowid >= (select coalesce(max(rowid), 0) - ? from score)),
            replies as (select distinct m.scorer, s.scorer_version, json_extract_string(s.reply, '$.job') as job,
                json_extract(s.reply, '$.cost_usd')::double as cost
              from (select metric_key, scorer_version, unnest(json_extract(evidence, '$.judge.replies[*]')) as reply from recent
                where json_exists(evidence, '$.judge.replies')) s join metric m using (metric_key)),
            -- Of these runs only: without it all generations of a long log are put beside the scores.
            made as (select run_key, job_key, created_at from generation where run_key in (select distinct run_key from recent)),
            billed as (select scorer, scorer_version, if(count(*) = count(cost), sum(cost), null) as cost_usd from replies group by all)
            select m.scorer, s.scorer_version as version, count(distinct m.name) as metrics, count(*) as scores,
              count(*) filter (s.status = 'ok') as ok, count(*) filter (s.status = 'failed') as failed,
              count(*) filter (s.status not in ('ok', 'failed')) as excluded,
              median(epoch(s.scored_at) - epoch(g.created_at)) as waited_s, any_value(b.cost_usd) as cost_usd
            from recent s join metric m using (metric_key) left join made g on g.run_key = s.run_key and g.job_key = s.job_key
            left join billed b on b.scorer = m.scorer and b.scorer_version = s.scorer_version
            group by m.scorer, s.scorer_version order by m.scorer, s.scorer_version
            """,
            WORKLOAD,
            [newest],
        )


def _most(shares: Any) -> str:
    return max(shares, key=shares.__getitem__) if isinstance(shares, dict) and shares else ""


def _counted(rows: list[dict[str, Any]]) -> pd.DataFrame:
    from collections import Counter

    import pandas as pd

    from runs.studio.script_rules import LEFT_OPEN

    made, found = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    said, right, left_open = Counter[str](), Counter[str](), Counter[str]()
    for row in rows:
        faults = [(str(f["check"]), str(f["fault"]), str(f.get("where", ""))) for f in loaded(row["faults"]) or []]
        findings = [(str(f["c"]), set(loaded(f["p"]) or [])) for f in row["findings"]]
        for check, fault, where in faults:
            if check == "schema" or row["readable"]:
                made[check, fault] += 1
                found[check, fault] += not row["readable"] if check == "schema" else any(c == check and where in p for c, p in findings)
        guessed = frozenset[str]().union(*(LEFT_OPEN.get(name, frozenset()) for name in loaded(row["assumed"]) or []))
        for check, places in findings:
            planned = any(c == check and where in places for c, _, where in faults)
            said[check] += 1
            right[check] += planned
            left_open[check] += check in guessed and not planned
    readable = sum(bool(row["readable"]) for row in rows)
    table = [
        {
            "check": check, "fault": fault, "planted": n, "found": found[check, fault], "said": said[check], "right": right[check],
            "open": left_open[check], "scripts": readable,
        }
        for (check, fault), n in sorted(made.items())
    ]  # fmt: skip
    return pd.DataFrame(table, columns=list(PLANTED)).astype(dict(PLANTED))
