"""The tables of the run log, and the migrations that make them.

A migration is a named step that runs once, in order, and is never edited once released: a change is a new one at the end.
Integer keys join the tables inside; ids and content hashes are attributes. There is no primary key on the large tables: it
would triple their size, and exactly-once folding (`runs.fold`) already keeps rows unique.

    run 1-n arm, job, note   job 1-1 generation 1-n artifact   job 1-n score (one of each metric is `latest`) 1-n finding
    job 1-n earlier_try (outcomes that count no more, and were paid)
    run n-1 suite   arm n-1 version   job n-1 case_   run n-n metric through run_metric   run and case_ 1-n upstream

The views `runs`, `generations`, `scores` and `lineage` (see `runs.views`) are the public schema for notebooks; tables may change.
Time stamps are UTC. NULL means unknown, and a status stands beside every value that may be missing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from runs.errors import LogError
from runs.views import BY_RUN, LINEAGE, VIEWS

if TYPE_CHECKING:
    import duckdb

CONFIG: dict[str, str | bool | int | float | list[str]] = {
    # Files of DuckDB 2 open in 1.5 too, and the other way round.
    "storage_compatibility_version": "v1.5.0",
    # Everything needed is built in; nothing is ever fetched.
    "autoinstall_known_extensions": "false",
    # No question may take the machine: what is larger goes to a file beside the log for a while, or is refused.
    "memory_limit": "2GB",
    "max_temp_directory_size": "8GB",
}

_TABLES = """
create table journal_offset(
  journal_key integer not null, file varchar not null unique, bytes bigint not null, seen bigint not null, run_id varchar,
  host varchar, pid integer, started_at timestamp, ended_at timestamp, end_state varchar);
create table ingest_error(
  file varchar not null, offset_bytes bigint not null, length bigint not null, reason varchar not null, noticed_at timestamp not null);

create table suite(suite_key integer not null, name varchar not null, hash varchar not null);
create table run(
  run_key integer not null, run_id varchar not null unique, started_at timestamp, ended_at timestamp, end_state varchar,
  stage varchar, suite_key integer, seed hugeint, provider varchar, simulated boolean, base_url varchar,
  parameters json, scorers json, environment json, budget_usd double);
create table version(version_key integer not null, version varchar not null unique, template varchar, front_matter json, closure json);
create table arm(
  run_key integer not null, position integer, arm varchar not null, ref varchar, version_key integer, model varchar, replica integer);
create table case_(
  case_key integer not null, case_id varchar not null, series varchar, split varchar, hash varchar not null,
  inputs json, "references" json);
create table job(
  job_key integer not null, run_key integer not null, job_id varchar not null, position integer, arm varchar, case_key integer,
  repeat integer, seed hugeint);
create table note(run_key integer not null, text varchar, noted_at timestamp, journal_key integer, line_offset bigint);

create table generation(
  run_key integer not null, job_key integer not null, status varchar not null, error varchar, message varchar,
  messages json, wire_request json, wire_response json, truth json,
  input_tokens bigint, output_tokens bigint, cached_tokens bigint, reasoning_tokens bigint, images bigint, seconds double,
  cost_usd double, cost_source varchar, latency_s double, attempts integer, model_resolved varchar, simulated boolean,
  created_at timestamp, journal_key integer not null, line_offset bigint not null);
create table artifact(
  run_key integer not null, job_key integer not null, position integer not null, kind varchar, media_type varchar,
  sha256 varchar, bytes bigint);

create table metric(metric_key smallint not null, scorer varchar not null, name varchar not null);
create table run_metric(
  run_key integer not null, metric_key smallint not null, scorer_version varchar, direction varchar, unit varchar,
  worst double, lo double, hi double, description varchar, is_primary boolean, defined_at timestamp);
create table score(
  run_key integer not null, job_key integer not null, metric_key smallint not null, scorer_version varchar, value double,
  status varchar not null, reason varchar, evidence json, scored_at timestamp, latest boolean not null,
  journal_key integer not null, line_offset bigint not null);
create table finding(
  run_key integer not null, job_key integer not null, metric_key smallint not null, position integer, check_id varchar,
  check_version varchar, severity varchar, places json, quote varchar, message varchar, latest boolean not null,
  journal_key integer not null, line_offset bigint not null);
create table case_seen(run_key integer not null, version_key integer not null, case_key integer not null, first_scored_at timestamp);
"""

_ROLLUPS = """
create table rollup_run_arm(
  run_key integer not null, arm varchar, jobs bigint not null, done bigint not null, ok bigint not null, failed bigint not null,
  refused bigint not null, cost_usd double, cost_unknown bigint not null, latency_s double, first_at timestamp, last_at timestamp);
create table rollup_run_scorer(
  run_key integer not null, arm varchar, metric_key smallint not null, n bigint not null, n_ok bigint not null, n_failed bigint not null,
  n_excluded bigint not null, sum_ok double, min_ok double, max_ok double);
"""


_UPSTREAM = """
alter table run add column chain varchar;
create table upstream(
  run_key integer not null, case_key integer not null, position integer not null, stage varchar, from_run varchar, from_job varchar,
  sha256 varchar);
"""


def _first_tables(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(_TABLES)


def _rollups(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(_ROLLUPS)


def _views(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(VIEWS)


def _picture_tokens(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("alter table generation add column picture_tokens bigint")


def _named_prices(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("alter table run add column price json")


def _lineage(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(_UPSTREAM)
    con.execute(LINEAGE)


_RATINGS = """
create table rating_queue(
  run_key integer not null, queue varchar not null unique, actor varchar, question varchar, arm_a varchar, arm_b varchar, seed bigint,
  rubric json, made_at timestamp);
create table rating_item(
  queue varchar not null, position integer not null, item varchar not null, case_id varchar, series varchar, repeat integer,
  job_a varchar, job_b varchar, again varchar);
create table rating(
  queue varchar not null, item varchar not null, rater varchar not null, choice varchar, left_arm varchar, value double, ms bigint,
  flagged boolean, reason varchar, rubric json, rated_at timestamp, latest boolean not null,
  journal_key integer not null, line_offset bigint not null);
"""


def _ratings(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(_RATINGS)


def _gate_reports(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        """
        create table gate_report(
          run_key integer not null, template varchar, challenger varchar, champion varchar, suite_hash varchar, policy varchar,
          report varchar, decision varchar, attempt integer, look integer, judged_at timestamp, journal_key integer, line_offset bigint)
        """
    )


def _views_by_run(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(BY_RUN)


_CHECKS = """
create table rollup_run_check(
  run_key integer not null, arm varchar, check_id varchar not null, severity varchar, findings bigint not null,
  generations bigint not null);
"""
ROLLED_CHECKS = """
delete from rollup_run_check where run_key in ({runs});
insert into rollup_run_check
select f.run_key, j.arm, f.check_id, f.severity, count(*), count(distinct f.job_key)
from (from finding where latest and run_key in ({runs})) f
join (from job where run_key in ({runs})) j on j.run_key = f.run_key and j.job_key = f.job_key
group by f.run_key, j.arm, f.check_id, f.severity;
"""
"""How often each check spoke in some runs, by arm."""


def _rolled_checks(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(_CHECKS)
    con.execute(ROLLED_CHECKS.format(runs="select run_key from run"))


_WAIVED = """
create table waiver(
  n bigint not null, "check" varchar not null, verdict varchar not null, series varchar, "case" varchar, artifact varchar, place varchar,
  quote varchar);
create table rollup_run_waived(
  run_key integer not null, arm varchar, check_id varchar not null, severity varchar, verdict varchar not null, findings bigint not null);
"""


def _waived(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(_WAIVED)


_EARLIER_TRIES = """
create table earlier_try(
  run_key integer not null, job_key integer not null, status varchar not null, error varchar, cost_usd double, created_at timestamp,
  carried_from varchar, again integer not null, journal_key integer not null, line_offset bigint not null);
alter table generation add column carried_from varchar;
alter table generation add column again integer;
"""


def _earlier_tries(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(_EARLIER_TRIES)


def _unrolled(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create table unrolled(run_key integer not null)")


MIGRATIONS: tuple[tuple[str, Callable[[duckdb.DuckDBPyConnection], None]], ...] = (
    ("0001 tables", _first_tables),
    ("0002 roll-ups", _rollups),
    ("0003 public views", _views),
    ("0004 tokens of pictures", _picture_tokens),
    ("0005 lineage", _lineage),
    ("0006 ratings", _ratings),
    ("0007 gate reports", _gate_reports),
    ("0008 named prices", _named_prices),
    ("0009 views by run", _views_by_run),
    ("0010 roll-up of checks", _rolled_checks),
    ("0011 earlier tries", _earlier_tries),
    ("0012 roll-up of what waivers say", _waived),
    ("0013 roll-ups put off", _unrolled),
)
VERSION = len(MIGRATIONS)


def version(con: duckdb.DuckDBPyConnection) -> int:
    """Return how many migrations a file has had; 0 for a blank one.

    Raises:
        LogError: it is a DuckDB file, but no run log.
    """
    import duckdb

    # Each reader asks, and to list the tables would take longer than many of their questions.
    with contextlib.suppress(duckdb.CatalogException):
        row = con.execute("select value from meta where key = 'schema'").fetchone()
        return int(row[0]) if row else 0
    tables = con.execute("select 1 from duckdb_tables() where not internal and database_name = current_database() limit 1").fetchone()
    if tables:
        raise LogError("runs/log.duckdb is a DuckDB file, but not a run log.", hint="Move it away, then run `workbench log rebuild`.")
    return 0


def migrate(con: duckdb.DuckDBPyConnection, upto: int = VERSION) -> bool:
    """Bring a file up to this program's schema; tell whether there was anything to do.

    Raises:
        LogError: the file is of a newer schema.
    """
    current = version(con)
    refuse_newer(current)
    steps = list(enumerate(MIGRATIONS[current:upto], start=current + 1))
    # A blank file has nothing to lose between two steps, and to commit once takes half the time.
    for together in [steps] if steps and not current else [[step] for step in steps]:
        con.execute("begin")
        con.execute("create table if not exists meta(key varchar primary key, value varchar)")
        for _, (_, take) in together:
            take(con)
        number, (name, _) = together[-1]
        con.execute("insert or replace into meta values ('schema', ?), ('migration', ?)", [str(number), name])
        con.execute("commit")
    return current < upto


def refuse_newer(current: int) -> None:
    """Refuse a file that a newer program wrote.

    Raises:
        LogError: it is.
    """
    if current > VERSION:
        raise LogError(
            f"runs/log.duckdb has schema {current}; this program knows schemas up to {VERSION}.",
            hint="Upgrade the workbench, or make the log anew for this version with `workbench log rebuild`.",
        )
