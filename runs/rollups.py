"""Roll-ups: what pages ask of whole runs, counted when a run is folded and not when somebody asks.

    roll_up(con, "3, 7", arms=True, scorers=True, checks=False)     # of the runs with these keys, in a fold's transaction
    put_off(con, "3, 7")                                            # whoever folds next does all of it for them

Each is made anew for a run as a whole, which costs as much as the run is long: what folds a long run in many small steps puts them off
until the last one. Until then they tell of what was there before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runs import waived
from runs.schema import ROLLED_CHECKS

if TYPE_CHECKING:
    import duckdb

_ARMS = """
delete from rollup_run_arm where run_key in ({runs});
insert into rollup_run_arm
select b.run_key, b.arm, count(*), count(g.job_key), count(*) filter (g.status = 'ok'),
  count(*) filter (g.status not in ('ok', 'refused')), count(*) filter (g.status = 'refused'),
  coalesce(fsum(g.cost_usd) + fsum(e.cost_usd), fsum(g.cost_usd), fsum(e.cost_usd)),
  count(*) filter (g.job_key is not null and g.cost_usd is null), fsum(g.latency_s), min(g.created_at), max(g.created_at)
from job b left join (select * from generation where run_key in ({runs})) g on g.job_key = b.job_key
left join (select job_key, fsum(cost_usd) as cost_usd from earlier_try where run_key in ({runs}) group by job_key) e
  on e.job_key = b.job_key
where b.run_key in ({runs}) group by b.run_key, b.arm;
"""
_SCORERS = """
delete from rollup_run_scorer where run_key in ({runs});
insert into rollup_run_scorer
select s.run_key, b.arm, s.metric_key, count(*), count(*) filter (s.status = 'ok'), count(*) filter (s.status = 'failed'),
  count(*) filter (s.status not in ('ok', 'failed')), fsum(s.value) filter (s.status = 'ok'), min(s.value), max(s.value)
from score s join (from job where run_key in ({runs})) b on b.job_key = s.job_key
where s.latest and s.run_key in ({runs}) group by s.run_key, b.arm, s.metric_key;

delete from case_seen where run_key in ({runs});
insert into case_seen
select s.run_key, a.version_key, b.case_key, min(s.scored_at)
from (select run_key, job_key, min(scored_at) as scored_at from score where run_key in ({runs})
      group by run_key, job_key) s
join (from job where run_key in ({runs})) b on b.job_key = s.job_key join arm a on a.run_key = b.run_key and a.arm = b.arm
where a.version_key is not null and b.case_key is not null group by s.run_key, a.version_key, b.case_key;
"""


def put_off(con: duckdb.DuckDBPyConnection, runs: str) -> None:
    """Note that the roll-ups of some runs, whose keys are listed in SQL, are to be made anew."""
    con.execute(f"insert into unrolled select run_key from run where run_key in ({runs}) and run_key not in (from unrolled)")  # noqa: S608


def roll_up(con: duckdb.DuckDBPyConnection, runs: str = "", *, arms: bool = False, scorers: bool = False, checks: bool = False) -> None:
    """Make the roll-ups of some runs anew that something new concerns, and all of those that were put off.

    Args:
        con: the log, in a transaction.
        runs: keys of runs, listed in SQL; empty for none.
        arms: whether there are new jobs or outcomes.
        scorers: whether there are new scores.
        checks: whether findings came, or do not count any more, or belong to another arm.
    """
    waiting = con.execute("delete from unrolled returning run_key").fetchall()
    if waiting:
        runs = ", ".join([*([runs] if runs else []), *(str(key) for (key,) in waiting)])
        arms = scorers = checks = True
    if arms:
        con.execute(_ARMS.replace("{runs}", runs))
    if scorers:
        con.execute(_SCORERS.replace("{runs}", runs))
    if checks:
        con.execute(ROLLED_CHECKS.format(runs=runs))
    if checks or arms:
        waived.roll_up(con, runs, of_artifacts=not checks)
