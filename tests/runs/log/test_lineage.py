"""What was made of what: over several runs, and where journals of several machines tell of a circle."""

from __future__ import annotations

from dataclasses import replace

import log_story as story

from runs import events as ev
from runs import query
from runs.event_shapes import UpstreamRef
from runs.workspace import Workspace


def fed(run: str, *sources: tuple[str, str]) -> ev.Run:
    """Return the plan of a run of two jobs over one case, which is fed by jobs (run, job id)."""
    plan = story.plan(run, 2, cases=1)
    upstream: list[UpstreamRef] = [
        {"stage": "shot", "run_id": source, "job_id": job, "sha256": f"{n:064x}"} for n, (source, job) in enumerate(sources)
    ]
    return replace(plan, cases=[{**plan.cases[0], "hash": run.ljust(64, "0"), "upstream": upstream}])


def test_each_row_counts_once_where_it_is_nearest(ws: Workspace) -> None:
    """`d` is fed by `c` and, in one step, by `b`; `c` by `b`, `b` by `a`. A job of the same id in another run feeds nothing here."""
    a, b, c, d = (story.job_id(run, 0) for run in "abcd")
    plans = [fed("a"), fed("b", ("a", a)), fed("c", ("b", b)), fed("d", ("c", c), ("b", b)), fed("e", ("other", b))]
    for plan in plans:
        story.write(ws, f"{plan.run_id}.jsonl", [plan])
    back = query.ancestry(ws, "d", d)
    assert [*zip(back["run_id"], back["from_run_id"], strict=True)] == [("d", "c"), ("d", "b"), ("b", "a"), ("c", "b")]
    assert set(query.ancestry(ws, "d")["job_id"]) == {d, story.job_id("d", 1), c, b}
    forth = query.descendants(ws, "a", a)
    steps = [("b", "a"), ("b", "a"), ("c", "b"), ("c", "b"), ("d", "b"), ("d", "b"), ("d", "c"), ("d", "c")]
    assert [*zip(forth["run_id"], forth["from_run_id"], strict=True)] == steps
    assert len(set(forth["job_id"])) == 6
    assert query.ancestry(ws, "nowhere", "none").empty


def test_a_circle_ends(ws: Workspace) -> None:
    a, b = story.job_id("a", 0), story.job_id("b", 0)
    for plan in (fed("a", ("b", b)), fed("b", ("a", a))):
        story.write(ws, f"{plan.run_id}.jsonl", [plan])
    assert query.ancestry(ws, "a", a)["run_id"].to_list() == ["a", "b"]
    assert len(query.descendants(ws, "a", a)) == 4
