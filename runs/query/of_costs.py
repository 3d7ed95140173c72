"""What was paid, of whom and for what: each call once, whatever became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runs.log import read
from runs.query.frames import COUNT, NUMBER, TEXT, Columns, frame
from runs.workspace import Workspace

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

# What calls can be put together by, and how the log says it. Days are those of UTC, as all times are.
KEYS = {
    "day": "strftime(x.created_at, '%Y-%m-%d')",
    "stage": "r.stage",
    "provider": "r.provider",
    "model": "a.model",
    "template": "a.template",
    "version": "a.ref",
    "suite": "s.name",
    "series": "c.series",
    "case": "c.case_id",
    "run": "r.run_id",
    "arm": "j.arm",
}
COSTS: Columns = {
    "runs": COUNT,
    "calls": COUNT,
    "failed": COUNT,
    "cost_usd": NUMBER,
    "failed_usd": NUMBER,
    "cost_unknown": COUNT,
    "usd_per_call": NUMBER,
    "input_tokens": COUNT,
    "output_tokens": COUNT,
    "reasoning_tokens": COUNT,
    "images": COUNT,
    "seconds": NUMBER,
}
# As they were asked for: a copy that nobody has edited yet is the same version, and the log keeps that under its first name.
_ARMS = "select run_key, arm, ref, model, regexp_extract(ref, '^[^@#]*') as template from arm"
_CALLS = """
  select run_key, job_key, status, cost_usd, created_at, input_tokens, output_tokens, reasoning_tokens, images, seconds
  from generation where carried_from is null
  union all by name
  select run_key, job_key, status, cost_usd, created_at from earlier_try where carried_from is null and status <> 'unknown_submission'
"""


def costs(
    ws: Workspace, by: str = "day", *, run_id: str | None = None, since: date | None = None, until: date | None = None
) -> pd.DataFrame:
    """Return what calls have cost, put together by a key of `KEYS`, the dearest first (days: the newest first). Columns: the key, `COSTS`.

    Each call counts once: tries that failed and were made again do, outcomes that a run took over from another do not, for that one has
    paid. `failed` are calls that gave nothing to use and `failed_usd` what they cost; `cost_unknown` are calls whose cost nobody knows:
    they are in no sum. Calls of judges are runs of the stage judge.

    Args:
        ws: the workspace.
        by: what to put together.
        run_id: of this run only.
        since: the first day that counts, UTC.
        until: the last day that counts, UTC.
    """
    where, parameters = "where x.status <> 'budget'", []
    for condition, value in (("r.run_id = ?", run_id), ("x.created_at >= ?", since), ("x.created_at < ?::date + 1", until)):
        if value is not None:
            where += f" and {condition}"
            parameters.append(value)
    order = "1 desc" if by == "day" else "cost_usd desc nulls last, calls desc, 1"
    with read(ws) as con:
        return frame(
            con,
            f"""
            select coalesce({KEYS[by]}, '') as "{by}", count(distinct r.run_key) as runs, count(*) as calls,
              count(*) filter (x.status <> 'ok') as failed, fsum(x.cost_usd) as cost_usd,
              fsum(x.cost_usd) filter (x.status <> 'ok') as failed_usd, count(*) filter (x.cost_usd is null) as cost_unknown,
              fsum(x.cost_usd) / nullif(count(x.cost_usd), 0) as usd_per_call, sum(x.input_tokens)::bigint as input_tokens,
              sum(x.output_tokens)::bigint as output_tokens, sum(x.reasoning_tokens)::bigint as reasoning_tokens,
              sum(x.images)::bigint as images, sum(x.seconds) as seconds
            from ({_CALLS}) x join run r using (run_key) join job j on j.run_key = x.run_key and j.job_key = x.job_key
            left join ({_ARMS}) a on a.run_key = x.run_key and a.arm = j.arm
            left join case_ c on c.case_key = j.case_key left join suite s using (suite_key)
            {where} group by 1 order by {order}
            """,  # noqa: S608  fixed words
            {by: TEXT, **COSTS},
            parameters,
        )
