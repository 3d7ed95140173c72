"""The public views of the run log: what notebooks may rely on.

Open the file read-only and only for as long as a query takes; a connection that stays open keeps new results out:

    with duckdb.connect("runs/log.duckdb", read_only=True) as con:
        con.sql("select arm, avg(value) from scores where metric = 'face_consistency' and status = 'ok' group by arm").df()
"""

from __future__ import annotations

VIEWS = """
create view runs as
select r.run_id, r.started_at, r.ended_at, r.end_state, r.stage, s.name as suite, s.hash as suite_hash, r.provider, r.simulated,
  r.budget_usd, a.jobs, a.done, a.ok, a.failed, a.refused, a.cost_usd
from run r
left join suite s using (suite_key)
left join (select run_key, sum(jobs)::bigint jobs, sum(done)::bigint done, sum(ok)::bigint ok, sum(failed)::bigint failed,
             sum(refused)::bigint refused, sum(cost_usd) cost_usd from rollup_run_arm group by run_key) a using (run_key);
comment on view runs is 'One row a run. end_state is NULL for a run that is going on or was cut off; cost_usd is NULL where unknown.';

create view generations as
select r.run_id, j.job_id, j.arm, a.ref, v.version, v.template, a.model, a.replica, r.provider, g.simulated, r.stage, c.series,
  c.case_id, c.split, j.repeat, j.seed, g.status, g.error, g.message, g.cost_usd, g.cost_source, g.latency_s, g.attempts,
  g.input_tokens, g.output_tokens, g.cached_tokens, g.reasoning_tokens, g.images, g.seconds, g.model_resolved,
  x.sha256 as artifact, x.media_type, g.created_at
from generation g
join run r using (run_key)
join job j on j.job_key = g.job_key
left join arm a on a.run_key = g.run_key and a.arm = j.arm
left join version v using (version_key)
left join case_ c on c.case_key = j.case_key
left join artifact x on x.job_key = g.job_key and x.position = 1;
comment on view generations is 'One row a finished job, failures too; artifact is the SHA-256 of its first artifact.';

create view scores as
select r.run_id, j.job_id, j.arm, c.series, c.case_id, j.repeat, m.name as metric, m.scorer, s.scorer_version, s.value, s.status,
  s.reason, s.evidence, rm.direction, rm.unit, rm.worst, rm.lo, rm.hi, rm.is_primary, s.scored_at
from score s
join run r using (run_key)
join job j on j.job_key = s.job_key
join metric m on m.metric_key = s.metric_key
left join case_ c on c.case_key = j.case_key
left join run_metric rm on rm.run_key = s.run_key and rm.metric_key = s.metric_key
where s.latest;
comment on view scores is 'The latest score of each metric of each job. value is NULL unless status is ok.';
"""

LINEAGE = """
create view lineage as
select r.run_id, j.job_id, r.stage, c.series, c.case_id, r.chain, u.stage as from_stage, u.from_run as from_run_id,
  u.from_job as from_job_id, u.sha256 as artifact
from upstream u
join run r using (run_key)
join job j on j.run_key = u.run_key and j.case_key = u.case_key
left join case_ c on c.case_key = u.case_key;
comment on view lineage is 'One row for each output of an earlier stage that a job was fed with.';
"""

# Joined by run too: rows of other runs are then left out before anything is put together, which takes a fifth of the time.
BY_RUN = """
create or replace view generations as
select r.run_id, j.job_id, j.arm, a.ref, v.version, v.template, a.model, a.replica, r.provider, g.simulated, r.stage, c.series,
  c.case_id, c.split, j.repeat, j.seed, g.status, g.error, g.message, g.cost_usd, g.cost_source, g.latency_s, g.attempts,
  g.input_tokens, g.output_tokens, g.cached_tokens, g.reasoning_tokens, g.images, g.seconds, g.model_resolved,
  x.sha256 as artifact, x.media_type, g.created_at
from generation g
join run r using (run_key)
join job j on j.run_key = g.run_key and j.job_key = g.job_key
left join arm a on a.run_key = g.run_key and a.arm = j.arm
left join version v using (version_key)
left join case_ c on c.case_key = j.case_key
left join artifact x on x.run_key = g.run_key and x.job_key = g.job_key and x.position = 1;
comment on view generations is 'One row a finished job, failures too; artifact is the SHA-256 of its first artifact.';

create or replace view scores as
select r.run_id, j.job_id, j.arm, c.series, c.case_id, j.repeat, m.name as metric, m.scorer, s.scorer_version, s.value, s.status,
  s.reason, s.evidence, rm.direction, rm.unit, rm.worst, rm.lo, rm.hi, rm.is_primary, s.scored_at
from score s
join run r using (run_key)
join job j on j.run_key = s.run_key and j.job_key = s.job_key
join metric m on m.metric_key = s.metric_key
left join case_ c on c.case_key = j.case_key
left join run_metric rm on rm.run_key = s.run_key and rm.metric_key = s.metric_key
where s.latest;
comment on view scores is 'The latest score of each metric of each job. value is NULL unless status is ok.';
"""
