"""The state of a run, read from all of its journals."""

from __future__ import annotations

import log_story as story
import pytest

from prompts.errors import UnknownName
from runs import events as ev
from runs.journal import Journal
from runs.lines import encode
from runs.resume import run_ids, state_of
from runs.workspace import Workspace


def test_a_run_that_broke_off_tells_what_is_finished_and_what_was_handed_in(ws: Workspace) -> None:
    jobs = [story.job_id("r", n) for n in range(4)]
    events = [
        story.plan("r", 4),
        *(ev.Claim(run_id="r", job_id=job) for job in jobs),
        *(ev.Submitted(run_id="r", job_id=job, provider="kling", task_id=f"t{n}") for n, job in enumerate(jobs[:3])),
        story.generation("r", 0),
        story.generation("r", 1),
        story.scores("r", 0),
    ]
    story.write(ws, "a.jsonl", events)
    state = state_of(ws, "r")
    assert state.plan is not None
    assert [job["job_id"] for job in state.plan["jobs"]] == jobs
    assert set(state.finished) == {jobs[0], jobs[1]}
    assert state.submitted == {jobs[2]: ("kling", "t2")}
    assert state.scored == {jobs[0]: {"judge"}}
    assert [done.cost_usd for done in state.finished.values()] == [0.25, 0.25]
    assert state.generation(jobs[1])["message"] == ""
    assert (state.ended, state.is_live()) == (None, False)


def test_a_resumed_runs_second_journal_counts_too(ws: Workspace) -> None:
    story.write(ws, "1.jsonl", [story.plan("r"), story.generation("r", 0, 5), ev.End(run_id="r", at=story.at(6), state="stopped")])
    assert state_of(ws, "r").ended == "stopped"
    story.write(ws, "2.jsonl", [story.generation("r", 1, 9)])
    state = state_of(ws, "r")
    assert len(state.finished) == 2
    assert state.ended is None, "the newest journal has no end yet"


def test_of_two_generations_of_a_job_the_later_counts_whatever_file_it_is_in(ws: Workspace) -> None:
    story.write(ws, "1.jsonl", [story.plan("r"), story.generation("r", 0, 50, status="ok")])
    story.write(ws, "2.jsonl", [story.generation("r", 0, 9, status="failed")])
    assert state_of(ws, "r").finished[story.job_id("r", 0)].status == "ok"


def test_other_runs_are_left_alone(ws: Workspace) -> None:
    story.write(ws, "1.jsonl", story.story("r", 2))
    story.write(ws, "2.jsonl", story.story("other", 5))
    assert len(state_of(ws, "r").finished) == 2
    assert run_ids(ws) == ["r", "other"]


def test_refresh_reads_only_what_is_new(ws: Workspace) -> None:
    with Journal(ws, "r") as journal:
        journal.append(story.plan("r"))
        state = state_of(ws, "r")
        assert state.is_live()
        journal.append(story.generation("r", 0))
        with journal.path.open("ab") as torn:
            torn.write(encode(story.generation("r", 1))[:50])
        state.refresh()
        before = dict(state.journals)
        state.refresh()
    assert set(state.finished) == {story.job_id("r", 0)}
    assert state.journals == before


def test_corrupt_lines_are_kept_apart_with_their_place(ws: Workspace) -> None:
    path = story.write(ws, "1.jsonl", [story.plan("r"), story.generation("r", 0), story.generation("r", 1)])
    path.write_bytes(path.read_bytes().replace(b"HTTP", b"FTP").replace(b"request_id", b"").replace(b'"status":"ok"', b'"status":"OK"', 1))
    state = state_of(ws, "r")
    assert set(state.finished) == {story.job_id("r", 1)}
    assert [b.reason for b in state.bad[path]] == ["checksum does not match"]


def test_an_unknown_run_is_an_error_with_the_nearest_names(ws: Workspace) -> None:
    story.write(ws, "1.jsonl", story.story("run-20260301", 1))
    with pytest.raises(UnknownName, match="run-20260301"):
        state_of(ws, "run-20260302")
