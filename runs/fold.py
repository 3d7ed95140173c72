"""The second half of a fold: from the staged events `ev_<type>` into the tables, in one transaction.

The same transaction moves the journals' offsets, so that every line is folded exactly once, whatever dies when. The result
does not depend on the order in which journals come in: what arrives before its run's plan gets bare rows that the plan fills
later; of two events about the same thing the later one wins (by time, then by journal and place).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from runs.rollups import put_off, roll_up
from runs.staging import Batch, Fault

if TYPE_CHECKING:
    import duckdb

# What runs does this batch speak of? Runs not known yet get a row that holds no more than the id.
_TOUCHED = """
create or replace temp table touched as select r.run_key, run_id
from (select distinct run_id from ({events})) left join run r using (run_id);
"""
_NEW_RUNS = """
update touched set run_key = n.run_key
from (select (select coalesce(max(run_key), 0) from run) + row_number() over (order by run_id) as run_key, run_id from touched
      where run_key is null) n where n.run_id = touched.run_id;
insert into run(run_key, run_id) select run_key, run_id from touched anti join run using (run_id);
"""

_PLAN = """
create or replace temp table plan as
select t.run_key, p.* from touched t join ev_run p using (run_id) join run r using (run_key)
where r.stage is null
qualify row_number() over (partition by p.run_id order by p."at", f_file(p.j), p.o) = 1;

insert into suite
select (select coalesce(max(suite_key), 0) from suite) + row_number() over (order by hash, name), name, hash
from (select distinct suite.name as name, suite.hash as hash from plan) anti join suite using (name, hash);

insert into version
select (select coalesce(max(version_key), 0) from version) + row_number() over (order by v.version), v.version, v.template,
  v.front_matter, v.closure
from (select distinct on (v.version) v from (select unnest(versions) v from plan) order by v.version, v.template) x
where not exists (from version where version.version = x.v.version);

create or replace temp view its_case as
select p.run_key, e.j, e.o, e.n, e.c.case_id as case_id, e.c.series as series, e.c.split as split, e.c.hash as hash,
  e.c.upstream as upstream
from plan p join ev_case e on e.j = p.j and e.o = p.o;
create or replace temp table new_case as
select (select coalesce(max(case_key), 0) from case_) + row_number() over (order by case_id, hash, split) as case_key, j, o, n
from (select distinct on (case_id, hash, split) * from its_case order by case_id, hash, split, series, j, o, n) x
where not exists (from case_ k where k.case_id = x.case_id and k.hash = x.hash and k.split is not distinct from x.split);
insert into case_
select k.case_key, e.c.case_id, e.c.series, e.c.split, e.c.hash, e.c.inputs, e.c."references"
from ev_case e join new_case k using (j, o, n);

insert into arm
select p.run_key, p.n, p.a.arm, p.a.ref, v.version_key, p.a.model, p.a.replica
from (select run_key, unnest(arms) a, generate_subscripts(arms, 1) n from plan) p left join version v on v.version = p.a.version;

create or replace temp table at_hand as
select x.run_key, x.case_id, k.case_key, x.upstream from its_case x
join case_ k on k.case_id = x.case_id and k.hash = x.hash and k.split is not distinct from x.split;
insert into upstream
select run_key, case_key, n, u.stage, u.run_id, u.job_id, u.sha256
from (select run_key, case_key, unnest(upstream) u, generate_subscripts(upstream, 1) n from at_hand);

update run set stage = p.stage, suite_key = s.suite_key, seed = p.seed, provider = p.provider.name,
  simulated = p.provider.simulated or exists (from generation g where g.run_key = run.run_key and g.simulated),
  base_url = p.provider.base_url, parameters = p.parameters, scorers = p.scorers, environment = p.environment, budget_usd = p.budget_usd,
  chain = nullif(p.chain, ''), price = p.price
from plan p left join suite s on s.name = p.suite.name and s.hash = p.suite.hash where p.run_key = run.run_key;
update run set started_at = least(run.started_at, e.started_at)
from (select run_id, min("at") as started_at from ev_run group by run_id) e where e.run_id = run.run_id;
"""

# The jobs of the plans, some thousand at a time, for each is in memory several times over meanwhile; in one transaction all the same.
_SLICE = """
insert into job
select {last} + row_number() over (), p.run_key, b.job_id, b.n, b.arm, h.case_key, b.repeat, b.seed
from ev_planned b join plan p on p.j = b.j and p.o = b.o left join at_hand h on h.run_key = p.run_key and h.case_id = b.case_id
anti join known on known.run_key = p.run_key and known.job_id = b.job_id
"""
_KNOWN = """
create or replace temp table known as select run_key, job_id from job where run_key in ({runs}) and run_key in (select run_key from plan)
"""
_SLICE_OF_KNOWN = """
update job set position = b.n, arm = b.arm, case_key = h.case_key, repeat = b.repeat, seed = b.seed
from (select p.run_key, b.* from ev_planned b join plan p on p.j = b.j and p.o = b.o semi join known on known.job_id = b.job_id
      qualify row_number() over (partition by p.run_key, b.job_id order by b.n) = 1) b
left join at_hand h on h.run_key = b.run_key and h.case_id = b.case_id
where job.run_key = b.run_key and job.job_id = b.job_id and job.position is null
"""
# A job that a plan has twice counts where it stands first. Found by numbers, for the ids themselves would be in memory at once.
_TWICE_PLANNED = """
create or replace temp table doubtful as
select run_key, hash(job_id) as h from job where run_key in ({runs}) and run_key in (select run_key from plan) group by all
having count(*) > 1;
delete from job using (
  select run_key, job_id, min(position) as n from job semi join doubtful d on d.run_key = job.run_key and d.h = hash(job.job_id)
  group by all
) first where first.run_key = job.run_key and first.job_id = job.job_id and first.n < job.position;
"""

_DEFINITIONS = """
create or replace temp table defined as
with found as (select run_id, "at", unnest(scorers) s from ({events})),
flat as (select run_id, "at", s.name as scorer, s.version as scorer_version, unnest(s.metrics) m from found)
select t.run_key, "at", scorer, scorer_version, m from flat join touched t using (run_id)
where scorer is not null and m.name is not null
qualify row_number() over (partition by t.run_key, scorer, m.name order by "at" desc, scorer_version desc, m desc) = 1;

insert into metric
select (select coalesce(max(metric_key), 0) from metric) + row_number() over (order by scorer, name), scorer, name
from (select distinct scorer, m.name as name from defined) anti join metric using (scorer, name);

create or replace temp table newer as
select d.*, k.metric_key from defined d join metric k on k.scorer = d.scorer and k.name = d.m.name
left join run_metric o on o.run_key = d.run_key and o.metric_key = k.metric_key
where o.defined_at is null or o.defined_at < d."at";
delete from run_metric using newer n where n.run_key = run_metric.run_key and n.metric_key = run_metric.metric_key;
insert into run_metric
select run_key, metric_key, scorer_version, m.direction, m.unit, m.worst, m.lo, m.hi, m.description, m."primary", "at" from newer;
"""

_JOBS = """
insert into job(job_key, run_key, job_id)
select (select coalesce(max(job_key), 0) from job) + row_number() over (order by run_key, job_id), run_key, job_id
from (select distinct t.run_key, job_id from ({events}) join touched t using (run_id))
anti join (from job where run_key in ({runs})) using (run_key, job_id);
"""

# What is compared are numbers and states; texts stay where they were read, for each copy of them is as large as all that came in.
_GENERATIONS = """
create or replace temp table tries as
select b.run_key, b.job_key, e."at", e.j, e.o, e.status, e.error, e.cost_usd, nullif(e.carried_from, '') as carried_from,
  coalesce(e.again, 0) as again
from ev_generation e join touched t using (run_id) join job b on b.run_key = t.run_key and b.job_id = e.job_id;
create or replace temp table fresh as
select run_key, job_key, "at", j, o from tries
qualify row_number() over (partition by job_key order by "at" desc, f_file(j) desc, o desc) = 1;
create or replace temp table older as
select f.job_key, (f."at", f_file(f.j), f.o) > (g.created_at, f_file(g.journal_key), g.line_offset) as wins
from fresh f join generation g on g.run_key = f.run_key and g.job_key = f.job_key;
insert into earlier_try
select run_key, job_key, status, error, cost_usd, created_at, carried_from, coalesce(again, 0), journal_key, line_offset
from generation g semi join (from older where wins) using (job_key);
delete from fresh using older o where o.job_key = fresh.job_key and not o.wins;
insert into earlier_try
select run_key, job_key, status, error, cost_usd, "at", carried_from, again, j, o
from tries anti join fresh using (job_key, j, o);
delete from generation using older o where o.job_key = generation.job_key and o.wins;
delete from artifact using older o where o.job_key = artifact.job_key and o.wins;

insert into generation
select f.run_key, f.job_key, status, error, message, messages, wire_request, wire_response, truth, usage.input_tokens, usage.output_tokens,
  usage.cached_tokens, usage.reasoning_tokens, usage.images, usage.seconds, cost_usd, cost_source, latency_s, attempts, model_resolved,
  simulated, e."at", e.j, e.o, usage.picture_tokens, nullif(carried_from, ''), coalesce(again, 0)
from ev_generation e join fresh f on f.j = e.j and f.o = e.o;
insert into artifact
select run_key, job_key, n, a.kind, a.media_type, a.sha256, a.bytes
from (select f.run_key, f.job_key, unnest(e.artifacts) a, generate_subscripts(e.artifacts, 1) n
      from ev_generation e join fresh f on f.j = e.j and f.o = e.o);
update run set simulated = true from (
  select distinct f.run_key from ev_generation e join fresh f on f.j = e.j and f.o = e.o where e.simulated
) f where f.run_key = run.run_key;
"""

# Of one try there may be several outcomes (over budget, in doubt, settled): it was paid once, and the last one says what.
_EARLIER = """
delete from earlier_try where rowid in (
  select rowid from earlier_try semi join tries using (job_key)
  qualify row_number() over (partition by job_key, again order by created_at desc, f_file(journal_key) desc, line_offset desc) > 1);
delete from earlier_try using generation g
where g.run_key = earlier_try.run_key and g.job_key = earlier_try.job_key and g.job_key in (select job_key from tries)
  and coalesce(g.again, 0) <= earlier_try.again;
"""

_SCORES = """
create or replace temp view marks as
select run_id, job_id, "at", j, o, unnest(scores) s from ev_scores;
insert into metric
select (select coalesce(max(metric_key), 0) from metric) + row_number() over (order by scorer, name), scorer, name
from (select distinct s.scorer as scorer, s.metric as name from marks where s.scorer is not null and s.metric is not null)
anti join metric using (scorer, name);
insert into score
select b.run_key, b.job_key, k.metric_key, e.s.scorer_version, e.s.value, e.s.status, e.s.reason, e.s.evidence, e."at", true, e.j, e.o
from marks e join touched t using (run_id) join job b on b.run_key = t.run_key and b.job_id = e.job_id
join metric k on k.scorer = e.s.scorer and k.name = e.s.metric
where e.s.status is not null;
"""
_FINDINGS = """
insert into finding
select run_key, job_key, metric_key, n, f.check, f.check_version, f.severity, f."where", f.quote, f.message, true, j, o
from (select run_key, job_key, metric_key, j, o, unnest(list) f, generate_subscripts(list, 1) n from (
  select b.run_key, b.job_key, k.metric_key, e.j, e.o, json_transform(e.s.evidence->'$.findings', '[{"check":"VARCHAR",
    "check_version":"VARCHAR","severity":"VARCHAR","where":"JSON","quote":"VARCHAR","message":"VARCHAR"}]') as list
  from marks e join touched t using (run_id) join job b on b.run_key = t.run_key and b.job_id = e.job_id
  join metric k on k.scorer = e.s.scorer and k.name = e.s.metric
  where e.s.status is not null and contains(e.s.evidence::varchar, '"findings"') and json_type(e.s.evidence, '$.findings') = 'ARRAY'))
where f.check is not null;
"""

# Scoring again leaves several scores of one metric of one job: only the latest counts.
_TWICE = """
create or replace temp table twice as
select s.job_key, s.metric_key from score s
where s.latest and s.run_key in ({runs}) and s.job_key in (
  select b.job_key from ev_scores e join touched t using (run_id) join job b on b.run_key = t.run_key and b.job_id = e.job_id)
group by all having count(*) > 1;
"""
_LATEST = """
create or replace temp table outdated as
select s.rowid as id, s.job_key, s.metric_key, s.journal_key, s.line_offset from score s
semi join twice using (job_key, metric_key) where s.latest
qualify row_number() over (partition by s.job_key, s.metric_key
  order by s.scored_at desc, f_file(s.journal_key) desc, s.line_offset desc, s.value desc nulls last, s.reason desc) > 1;
update score set latest = false where rowid in (select id from outdated);
update finding set latest = false from outdated o
where o.job_key = finding.job_key and o.metric_key = finding.metric_key and o.journal_key = finding.journal_key
  and o.line_offset = finding.line_offset;
"""

_END = """
update run set ended_at = e."at", end_state = e.state
from (select run_id, "at", state from ev_end qualify row_number() over (partition by run_id order by "at" desc, state desc) = 1) e
where e.run_id = run.run_id and (run.ended_at is null or (run.ended_at, run.end_state) < (e."at", e.state));
update journal_offset set ended_at = e."at", end_state = e.state
from (select j, "at", state from ev_end qualify row_number() over (partition by j order by o desc) = 1) e
where e.j = journal_offset.journal_key;
"""
_NOTES = """
insert into note select t.run_key, n.text, n."at", n.j, n.o from ev_note n join touched t using (run_id);
"""
_JUDGED = """
insert into gate_report
select t.run_key, n.template, n.challenger, n.champion, n.suite_hash, n.policy, n.report, n.decision, n.attempt, n.look, n."at", n.j, n.o
from ev_judged n join touched t using (run_id);
"""

_QUEUES = """
create or replace temp table queues as
select q.*, t.run_key from ev_queue q join touched t using (run_id)
where not exists (from rating_queue r where r.queue = q.queue)
qualify row_number() over (partition by q.queue order by q."at", f_file(q.j), q.o) = 1;
insert into rating_queue select run_key, queue, actor, question, a, b, seed, rubric, "at" from queues;
insert into rating_item
select queue, n, i.item, i.case_id, i.series, i.repeat, i.job_a, i.job_b, i.again
from (select queue, unnest(items) i, generate_subscripts(items, 1) n from queues);
"""

_RATINGS = """
insert into rating
select queue, item, rater, choice, "left", value, ms, coalesce(flagged, false), reason, rubric, "at", false, j, o from ev_rating;
create or replace temp table newest as
select r.queue, r.item, r.rater,
  max_by(struct_pack(k := journal_key, o := line_offset), (rated_at, f_file(journal_key), line_offset)) as last
from rating r semi join ev_rating e on e.queue = r.queue and e.item = r.item and e.rater = r.rater group by all;
update rating set latest = (journal_key = n.last.k and line_offset = n.last.o)
from newest n where n.queue = rating.queue and n.item = rating.item and n.rater = rating.rater;
"""

# A journal that was known before it had a header has one now.
_NEW_OFFSETS = """
insert into journal_offset(journal_key, file, bytes, seen, run_id, host, pid, started_at)
select unnest(?), unnest(?), unnest(?), unnest(?), unnest(?), unnest(?), unnest(?), unnest(?)::timestamp
on conflict (file) do update set bytes = excluded.bytes, seen = excluded.seen, run_id = coalesce(excluded.run_id, run_id),
  host = coalesce(excluded.host, host), pid = coalesce(excluded.pid, pid), started_at = coalesce(excluded.started_at, started_at)
"""


def apply(con: duckdb.DuckDBPyConnection, batch: Batch, faults: Sequence[Fault], *, later: bool = False) -> None:
    """Fold what is staged, and move the offsets, in one transaction; with `later` roll-ups wait for the next one."""
    con.execute("begin")
    _move_offsets(con, batch)
    con.execute("create or replace temp macro f_file(k) as (select file from journal_offset where journal_key = k)")
    runs = _touched(con, batch) if batch.kinds else ""
    again = jobs = False
    for step, sql in _steps(batch):
        con.execute(sql.replace("{runs}", runs))
        if step is _PLAN:
            _take_jobs(con, runs, batch.slices)
        if step is _JOBS:
            jobs = con.fetchone() != (0,)  # of a score that came before the plan that has its job, too
        if step is _GENERATIONS and con.execute("from earlier_try semi join tries using (job_key) limit 1").fetchone():
            con.execute(_EARLIER)
        if step is _TWICE and con.execute("from twice limit 1").fetchone():
            con.execute(_LATEST)
            again = True
    if later and runs:
        put_off(con, runs)
    else:
        # Nothing else changes how often checks spoke: findings came, some do not count any more, or a plan says whose they are.
        checks = again or batch.findings or "run" in batch.kinds
        roll_up(
            con, runs, arms=jobs or bool(batch.kinds & {"run", "generation"}), scorers=bool(batch.kinds & {"run", "scores"}), checks=checks
        )
    _note_faults(con, faults)
    con.execute("commit")


def _take_jobs(con: duckdb.DuckDBPyConnection, runs: str, slices: Sequence[str]) -> None:
    """Take in the jobs of the plans at hand; some of them may be known already, by outcomes that were folded before."""
    con.execute(_KNOWN.format(runs=runs))
    ((known, last),) = con.execute("select (select count(*) from known), coalesce(max(job_key), 0) from job").fetchall()
    for jobs in slices:
        con.execute(f"create or replace temp view ev_planned as {jobs}")
        if known:
            con.execute(_SLICE_OF_KNOWN)
        ((added,),) = con.execute(_SLICE.format(last=last)).fetchall()
        last += added
    con.execute(_TWICE_PLANNED.format(runs=runs))


def _touched(con: duckdb.DuckDBPyConnection, batch: Batch) -> str:
    """Find the runs that the batch speaks of; return their keys as a list in SQL, by which DuckDB leaves out what holds other runs."""
    con.execute(_TOUCHED.replace("{events}", _events(batch.kinds, "run_id")))
    touched = con.execute("select run_key from touched").fetchall()
    if (None,) in touched:
        con.execute(_NEW_RUNS)
        touched = con.execute("select run_key from touched").fetchall()
    return ", ".join(str(key) for (key,) in touched) or "null"


def _steps(batch: Batch) -> list[tuple[str, str]]:
    """Return what there is to do for the types of events that came in, in general and for these; only for those there are tables."""
    came = batch.kinds
    steps: list[tuple[str, Collection[str] | bool, str]] = [
        (_PLAN, came & {"run"}, ""),
        (_DEFINITIONS, came & {"run", "scorers"}, 'run_id, "at", scorers'),
        (_JOBS, came & {"generation", "scores"}, "run_id, job_id"),
        (_GENERATIONS, came & {"generation"}, ""),
        (_SCORES, came & {"scores"}, ""),
        (_FINDINGS, batch.findings, ""),
        (_TWICE, came & {"scores"}, ""),
        (_END, came & {"end"}, ""),
        (_NOTES, came & {"note"}, ""),
        (_QUEUES, came & {"queue"}, ""),
        (_RATINGS, came & {"rating"}, ""),
        (_JUDGED, came & {"judged"}, ""),
    ]
    return [(step, step.replace("{events}", _events(needed, columns))) for step, needed, columns in steps if needed]


def _events(kinds: Collection[str] | bool, columns: str) -> str:
    names = sorted(kinds) if not isinstance(kinds, bool) else []
    return " union all ".join(f"select {columns} from ev_{kind}" for kind in names)  # noqa: S608  fixed words


def _move_offsets(con: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    new = []
    for source in batch.sources:
        if source.known:
            con.execute("update journal_offset set bytes = ?, seen = ? where journal_key = ?", [source.offset, source.seen, source.key])
        if source.head or not source.known:
            head = source.head or {}
            new.append((source.key, source.file, source.offset, source.seen, *(head.get(name) for name in ("run_id", "host", "pid", "at"))))
    if new:
        con.execute(_NEW_OFFSETS, [list(column) for column in zip(*new, strict=True)])


def _note_faults(con: duckdb.DuckDBPyConnection, faults: Sequence[Fault]) -> None:
    if faults:
        con.execute(
            """
            insert into ingest_error
            select *, now()::timestamp from (select unnest(?) file, unnest(?) offset_bytes, unnest(?) length, unnest(?) reason)
            anti join ingest_error using (file, offset_bytes)
            """,
            [list(column) for column in zip(*((f.file, f.offset, f.length, f.reason) for f in faults), strict=True)],
        )
