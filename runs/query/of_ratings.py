"""Rating queues, and what people said; a person's latest word about an item counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prompts.errors import UnknownName
from runs.log import read
from runs.query.frames import COUNT, FLAG, NUMBER, TEXT, TIME, Columns, frame, loaded, matching, record, records
from runs.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

QUEUES: Columns = {
    "queue": TEXT,
    "run_id": TEXT,
    "stage": TEXT,
    "a": TEXT,
    "b": TEXT,
    "question": TEXT,
    "actor": TEXT,
    "items": COUNT,
    "raters": COUNT,
    "rated": COUNT,
    "flagged": COUNT,
    "made_at": TIME,
}
RATINGS: Columns = {
    "queue": TEXT,
    "item": TEXT,
    "again": TEXT,
    "case_id": TEXT,
    "series": TEXT,
    "repeat": COUNT,
    "rater": TEXT,
    "choice": TEXT,
    "left_arm": TEXT,
    "value": NUMBER,
    "ms": COUNT,
    "flagged": FLAG,
    "reason": TEXT,
    "rubric": TEXT,
    "rated_at": TIME,
}


def queues(ws: Workspace) -> pd.DataFrame:
    """Return one row a rating queue, newest first. Columns: `QUEUES`; `rated` counts judged items over all raters."""
    with read(ws) as con:
        return frame(
            con,
            """
            select q.queue, r.run_id, r.stage, q.arm_a as a, q.arm_b as b, q.question, q.actor, i.items, v.raters,
              coalesce(v.rated, 0) as rated, coalesce(v.flagged, 0) as flagged, q.made_at
            from rating_queue q join run r using (run_key)
            left join (select queue, count(*) as items from rating_item group by queue) i using (queue)
            left join (select queue, count(distinct rater) as raters, count(*) filter (choice <> '') as rated,
                         count(*) filter (flagged) as flagged from rating where latest group by queue) v using (queue)
            order by q.made_at desc, q.queue
            """,
            QUEUES,
        )


def queue(ws: Workspace, name: str) -> dict[str, Any]:
    """Return a queue: `queue`, `run_id`, `a`, `b`, `question`, `actor`, `seed`, `rubric`, and `items` in the order shown.

    Raises:
        UnknownName: there is no such queue.
    """
    with read(ws) as con:
        found = record(
            con,
            """select q.queue, r.run_id, r.stage, q.arm_a as a, q.arm_b as b, q.question, q.actor, q.seed, q.rubric, q.made_at
            from rating_queue q join run r using (run_key) where q.queue = ?""",
            [name],
        )
        if found is None:
            known = [row["queue"] for row in records(con, "select queue from rating_queue")]
            raise UnknownName("queue", name, known)
        items = records(
            con,
            "select item, case_id, series, repeat, job_a, job_b, again from rating_item where queue = ? order by position",
            [name],
        )
    return {**found, "rubric": loaded(found["rubric"]) or [], "items": items}


def ratings(ws: Workspace, name: str | None = None, rater: str | None = None) -> pd.DataFrame:
    """Return the latest word of each person about each item. Columns: `RATINGS`; `rubric` is JSON, `value` is NaN where not judged."""
    where, parameters = matching(v__queue=name, v__rater=rater)
    with read(ws) as con:
        return frame(
            con,
            f"""
            select v.queue, v.item, i.again, i.case_id, i.series, i.repeat, v.rater, v.choice, v.left_arm, v.value, v.ms, v.flagged,
              v.reason, v.rubric, v.rated_at
            from (from rating where latest) v left join rating_item i on i.queue = v.queue and i.item = v.item
            {where} order by v.queue, i.position, v.rater
            """,  # noqa: S608  fixed words
            RATINGS,
            parameters,
        )


def queue_outputs(ws: Workspace, name: str) -> dict[str, dict[str, Any]]:
    """Return what a queue shows, by item: `a` and `b` (each `sha256`, `kind`, `media_type`), `inputs` and `references` of the case."""
    with read(ws) as con:
        rows = records(
            con,
            """
            select i.item, s.side, x.sha256, x.kind, x.media_type, c.inputs, c."references"
            from rating_item i join rating_queue q using (queue) cross join (values ('a'), ('b')) s(side)
            join run r on r.run_id = split_part(if(s.side = 'a', q.arm_a, q.arm_b), ':', 1)
            join job j on j.run_key = r.run_key and j.job_id = if(s.side = 'a', i.job_a, i.job_b)
            left join artifact x on x.run_key = j.run_key and x.job_key = j.job_key and x.position = 1
            left join case_ c on c.case_key = j.case_key
            where i.queue = ? order by i.position, s.side
            """,
            [name],
        )
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        one = found.setdefault(row["item"], {"inputs": loaded(row["inputs"]) or {}, "references": loaded(row["references"]) or {}})
        one[row["side"]] = {key: row[key] for key in ("sha256", "kind", "media_type")}
    return found
