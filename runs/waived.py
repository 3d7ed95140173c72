"""What waivers say of findings, rolled up by run and arm: to ask 330,000 findings one by one takes half a second.

The log keeps the waivers that it was rolled up with, and the stamp of their file (`evals.waiverfile`). A fold that finds another file
asks the findings of those checks again of which other things are said now; what it folds it asks of these waivers. Whoever reads the
log while the file is another one has to ask the findings (`SPOKEN`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evals.waiverfile import stamp_of

if TYPE_CHECKING:
    import duckdb

    from evals.waivers import Waiver

FIELDS = ("check", "verdict", "series", "case", "artifact", "place", "quote")
GIVEN = "select unnest(range(len($1::varchar[]))) as n, " + ", ".join(
    f'unnest(${n}::varchar[]) as "{name}"' for n, name in enumerate(FIELDS, 1)
)
"""Waivers that come as parameters, in the form of the table `waiver`; `columns` gives the parameters."""
SPOKEN = """
with said as ({said}),
named as materialized (
  select f.rowid as id, s.n, f.run_key, f.job_key, f.check_id, f.severity
  from finding f join said s on s."check" = f.check_id
  where f.latest and f.run_key in ({runs}) and f.check_id in ({checks}) and (s.quote is null or contains(coalesce(f.quote, ''), s.quote))
    and (s.place is null or list_contains(from_json(f.places, '["VARCHAR"]'), s.place))),
first as (
  select f.id, f.run_key, f.check_id, f.severity, j.arm, min(f.n) as n
  from named f join said s using (n) join job j on j.run_key = f.run_key and j.job_key = f.job_key
  left join case_ c on c.case_key = j.case_key
  left join artifact x on s.artifact is not null and x.run_key = f.run_key and x.job_key = f.job_key and x.position = 1
  where (s.series is null or s.series = c.series) and (s."case" is null or s."case" = c.case_id)
    and (s.artifact is null or s.artifact = x.sha256)
  group by all)
select f.run_key, f.arm, f.check_id, f.severity, s.verdict, count(*) as findings from first f join said s using (n) group by all
"""
"""What `evals.waivers.judged` says of each finding of some runs and checks that a waiver could speak of, counted."""
_ROLLED = (
    """
delete from rollup_run_waived where run_key in ({runs}) and check_id in ({checks});
insert into rollup_run_waived """
    + SPOKEN
)
_SAID = (
    'select "check", list(struct_pack(v := verdict, s := series, c := "case", a := artifact, p := place, q := quote) order by n) as said'
    " from {table} group by all"
)
_CHANGED = f"""
select "check" from ({_SAID.format(table="waiver")}) old full join ({_SAID.format(table="given")}) new using ("check")
where old.said is distinct from new.said
"""  # noqa: S608  fixed words


def columns(waivers: Sequence[Waiver]) -> list[list[str | None]]:
    """Return waivers as `GIVEN` takes them."""
    return [[getattr(waiver, name) for waiver in waivers] for name in FIELDS]


def held(con: duckdb.DuckDBPyConnection, evals: Path) -> bool:
    """Tell whether the log was rolled up with the waivers that a workspace's `evals/` folder has now."""
    row = con.execute("select value from meta where key = 'waivers'").fetchone()
    return (row[0] if row else _text((0, 0))) == _text(stamp_of(evals))


def bring_up(con: duckdb.DuckDBPyConnection, evals: Path) -> tuple[int, int]:
    """Roll up what waivers say now, where their file is another one than before, in one transaction; return the file's stamp.

    A malformed file says nothing; whoever asks about checks is told so.
    """
    stamp = stamp_of(evals)
    if held(con, evals):
        return stamp
    con.execute("begin")
    con.execute(f"create or replace temp table given as {GIVEN}", columns(_read(evals)))
    checks = _listed(con.execute(_CHANGED).fetchall())
    con.execute("delete from waiver; insert into waiver from given")
    if checks:
        con.execute(_ROLLED.format(said="from waiver", runs="select run_key from run", checks=checks))
    con.execute("insert or replace into meta values ('waivers', ?)", [_text(stamp)])
    con.execute("commit")
    return stamp


def roll_up(con: duckdb.DuckDBPyConnection, runs: str, *, of_artifacts: bool) -> None:
    """Roll up what the log's waivers say of some runs, whose keys are listed in SQL, inside of a fold's transaction.

    Args:
        con: the log.
        runs: the runs.
        of_artifacts: only outputs are new: other than waivers of outputs can say nothing new.
    """
    which = "where artifact is not null" if of_artifacts else ""
    checks = _listed(con.execute(f'select distinct "check" from waiver {which}').fetchall())  # noqa: S608  fixed words
    if checks:
        con.execute(_ROLLED.format(said="from waiver", runs=runs, checks=checks))


def _read(evals: Path) -> Sequence[Waiver]:
    if stamp_of(evals) == (0, 0):
        return ()
    from evals.waivers import load_waivers
    from prompts.errors import InputError

    try:
        return load_waivers(evals)
    except InputError:
        return ()


def _listed(rows: list[tuple[str]]) -> str:
    return ", ".join("'" + check.replace("'", "''") + "'" for (check,) in rows)


def _text(stamp: tuple[int, int]) -> str:
    return f"{stamp[0]} {stamp[1]}"
