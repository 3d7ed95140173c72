"""Folding: every line exactly once, whatever the order, whatever is wrong with its neighbours."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import log_story as story
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs import events as ev
from runs import log, query, staging
from runs.attached import attached
from runs.journal import Journal
from runs.lines import encode
from runs.log import behind, catch_up, fold, read, rebuild
from runs.workspace import Workspace


def test_folding_nothing_makes_an_empty_log(ws: Workspace) -> None:
    assert fold(ws).lines == 0
    assert all(rows == [] for rows in story.contents(ws).values())


def test_folding_twice_changes_nothing(ws: Workspace) -> None:
    story.write(ws, "a.jsonl", story.story("r", 6))
    assert fold(ws).lines == 24
    once = story.contents(ws)
    assert fold(ws).lines == 0
    assert story.contents(ws) == once
    assert behind(ws) == 0


def test_a_rebuild_equals_a_log_folded_bit_by_bit(ws: Workspace) -> None:
    with Journal(ws, "r") as journal:
        for event in story.story("r", 8):
            journal.append(event)
            if event.type == "generation":
                fold(ws)
    bit_by_bit = story.contents(ws)
    rebuild(ws)
    assert story.contents(ws) == bit_by_bit
    assert len(bit_by_bit["score"]) == 24


def test_a_fold_takes_in_no_more_than_it_may_and_says_that_there_is_more(ws: Workspace) -> None:
    story.write(ws, "a.jsonl", story.story("a", 5))
    story.write(ws, "b.jsonl", story.story("b", 5))
    steps = [fold(ws, max_bytes=4000)]
    while not steps[-1].done:
        steps.append(fold(ws, max_bytes=4000))
    assert len(steps) >= 3
    assert sum(step.lines for step in steps) == 42
    bounded = story.contents(ws)
    rebuild(ws)
    assert story.contents(ws) == bounded


def test_a_line_longer_than_the_bound_is_folded_whole(ws: Workspace) -> None:
    story.write(ws, "a.jsonl", [story.generation("r", 0, message="x" * 50_000), story.generation("r", 1)])
    while not fold(ws, max_bytes=1000).done:
        pass
    assert len(story.contents(ws)["generation"]) == 2


def test_a_corrupt_line_is_reported_with_file_and_place_and_the_rest_is_folded(ws: Workspace) -> None:
    path = story.write(ws, "a.jsonl", [story.plan("r", 3), *(story.generation("r", n) for n in range(3))])
    data = path.read_bytes()
    place = data.index(b'"status"', data.index(story.job_id("r", 1).encode(), data.index(b'"generation"')))
    path.write_bytes(data[:place] + b"#" + data[place + 1 :])
    assert fold(ws).faults == 1
    assert len(query.generations(ws)) == 2
    (fault,) = query.ingest_errors(ws).itertuples()
    assert (fault.file, fault.reason) == ("a.jsonl", "checksum does not match")
    assert data[fault.offset :].startswith(b'{"crc"')
    assert data[fault.offset + fault.length : fault.offset + fault.length + 1] == b"\n"


@pytest.mark.parametrize("field", [{"cost_usd": "a lot"}, {"artifacts": "none"}, {"latency_s": [1]}, {"status": None}], ids=str)
def test_a_sound_line_that_makes_no_sense_is_reported_and_the_rest_is_folded(ws: Workspace, field: dict[str, object]) -> None:
    bad = story.generation("r", 1, **field)
    story.write(ws, "a.jsonl", [story.plan("r", 9), *(story.generation("r", n) for n in (0, 2, 3)), bad, story.generation("r", 4)])
    assert fold(ws).faults == 1
    assert len(query.generations(ws)) == 4
    assert "generation event" in query.ingest_errors(ws)["reason"][0]
    assert fold(ws).faults == 0


@pytest.mark.parametrize(
    "jobs", ["none", [1], [{"job_id": 7}], [{"job_id": "x", "seed": "s"}], [{"job_id": "x", "repeat": 2**31}]], ids=str
)
def test_a_plan_whose_jobs_are_none_is_reported_once_and_the_next_plan_of_the_run_counts(ws: Workspace, jobs: Any) -> None:
    sound = story.plan("r", 3)
    story.write(ws, "a.jsonl", [replace(sound, jobs=jobs), sound, story.generation("r", 0)])
    assert fold(ws).faults == 1
    assert "its jobs are none" in query.ingest_errors(ws)["reason"][0]
    assert query.runs(ws)["jobs"].tolist() == [3]


@pytest.mark.parametrize("wrong", [{"upstream": 5}, [{}], 7])
def test_a_plan_with_a_case_that_makes_no_sense_is_reported_as_a_whole(ws: Workspace, wrong: Any) -> None:
    """Its cases are read one by one, and it is one event all the same; a number in their place is no case at all."""
    sound = story.plan("r", 3)
    odd: Any = [*sound.cases, {**sound.cases[0], **wrong} if isinstance(wrong, dict) else wrong]
    story.write(ws, "a.jsonl", [replace(sound, cases=odd), story.generation("r", 0)])
    faults = fold(ws).faults
    assert faults == (wrong != 7)
    assert len(query.ingest_errors(ws)) == faults
    assert query.runs(ws)["stage"].isna().tolist() == [bool(faults)]
    story.write(ws, "b.jsonl", [sound])
    fold(ws)
    assert query.runs(ws)[["stage", "jobs"]].values.tolist() == [["shot", 3]]
    with read(ws) as con:
        assert con.execute("select count(*), count(distinct case_id) from case_").fetchone() == (len(sound.cases), len(sound.cases))


def test_roll_ups_that_were_put_off_are_made_by_whoever_folds_next(ws: Workspace) -> None:
    """As after a kill between two steps of the fold at a run's end; also where nothing new is there to be folded."""
    story.write(ws, "a.jsonl", story.story("r", 6))
    story.write(ws, "b.jsonl", story.story("s", 6))
    while not (step := fold(ws, max_bytes=2000, later=True)).done:
        with read(ws, fresh=False) as con:
            assert con.execute("select count(*) from rollup_run_arm").fetchone() == (0,)
    assert step.lines
    anew = story.contents(ws)
    with attached(ws.log, write=True) as con:
        assert con.execute("from unrolled").fetchall() == []
        for table in ("rollup_run_arm", "rollup_run_scorer", "rollup_run_check", "case_seen"):
            con.execute(f"delete from {table}")
        con.execute("insert into unrolled select run_key from run")
    log._SEEN.clear()  # as in a process that looks for the first time
    assert fold(ws).done
    assert story.contents(ws) == anew
    story.write(ws, "c.jsonl", story.story("t", 6))
    assert not fold(ws, max_bytes=2000, later=True).done
    assert list(query.runs(ws)["done"]) == [6, 6, 6]


def test_a_job_that_a_plan_has_twice_counts_where_it_stands_first(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the two are taken in apart, and where its outcome came before the plan."""
    monkeypatch.setattr(staging, "SLICE", 2)
    sound = story.plan("r", 5)
    jobs: Any = [*sound.jobs, *({**job, "repeat": 9} for job in sound.jobs[:2]), *({**job, "repeat": 9} for job in sound.jobs)]
    story.write(ws, "b.jsonl", [story.generation("r", 1)])
    fold(ws)
    story.write(ws, "a.jsonl", [replace(sound, jobs=jobs), story.generation("r", 0)])
    assert fold(ws).faults == 0
    with read(ws) as con:
        assert con.execute("select job_id, position, repeat from job order by position").fetchall() == [
            (job["job_id"], n, job["repeat"]) for n, job in enumerate(sound.jobs, 1)
        ]


def test_a_plan_without_jobs_is_folded(ws: Workspace) -> None:
    story.write(ws, "a.jsonl", [replace(story.plan("r", 1), jobs=())])
    assert fold(ws).faults == 0
    with read(ws) as con:
        assert con.execute("select stage, (select count(*) from job) from run").fetchall() == [("shot", 0)]


def test_an_answer_nested_beyond_what_duckdb_reads_is_folded_without_its_depths(ws: Workspace) -> None:
    deep: object = "bottom"
    for _ in range(200):
        deep = {"a": deep}
    story.write(ws, "a.jsonl", [story.plan("r", 1), story.generation("r", 0, wire_response=deep)])
    assert fold(ws).faults == 0
    assert list(query.generation(ws, "r", story.job_id("r", 0))["wire_response"]) == ["a"]


def test_zero_bytes_at_the_end_are_reported_once_and_harm_nothing(ws: Workspace) -> None:
    path = story.write(ws, "a.jsonl", story.story("r", 2))
    with path.open("ab") as file:
        file.write(b"\0" * 4096)
    for _ in range(3):
        catch_up(ws)
    assert len(query.generations(ws)) == 2
    assert list(query.ingest_errors(ws)["reason"]) == ["zero bytes (the machine lost power while writing)"]


def test_a_torn_last_line_waits_and_is_no_error(ws: Workspace) -> None:
    path = story.write(ws, "a.jsonl", [story.plan("r", 2), story.generation("r", 0)])
    line = encode(story.generation("r", 1))
    with path.open("ab") as file:
        file.write(line[:-30])
    catch_up(ws)
    assert len(query.generations(ws)) == 1
    with path.open("ab") as file:
        file.write(line[-30:])
    assert len(query.generations(ws)) == 2
    assert len(query.ingest_errors(ws)) == 0


def test_a_journal_of_a_newer_format_is_named_and_left_alone(ws: Workspace) -> None:
    head = encode({"type": "journal", "schema": 99, "run_id": "r", "at": story.at(0)})
    (ws.journals / "a.jsonl").write_bytes(head + encode(story.generation("r", 0)))
    fold(ws)
    assert len(query.generations(ws)) == 0
    assert "newer workbench" in query.ingest_errors(ws)["reason"][0]


def test_scoring_again_makes_the_later_score_count_and_keeps_the_earlier(ws: Workspace) -> None:
    story.write(ws, "1.jsonl", [story.plan("r", 2), story.generation("r", 0), story.scores("r", 0, 10)])
    fold(ws)
    story.write(ws, "2.jsonl", [story.scores("r", 0, 20, shift=0.25)])
    face = query.scores(ws, "r", "face")
    assert list(face["value"]) == [0.75]
    story.write(ws, "3.jsonl", [story.scores("r", 0, 15, shift=0.125)])
    assert list(query.scores(ws, "r", "face")["value"]) == [0.75], "what was judged earlier does not win for coming later"
    with read(ws) as con:
        assert con.execute("select count(*) from score").fetchone() == (9,)
    assert len(query.findings(ws)) == 1
    assert query.run_scores(ws, "r").set_index("metric")["n"].to_dict() == {"face": 1, "logic": 1, "detail": 1}


def test_of_two_generations_of_a_job_the_later_counts_with_its_artifacts(ws: Workspace) -> None:
    story.write(ws, "2.jsonl", [story.generation("r", 0, 20, cost_usd=2.0)])
    fold(ws)
    story.write(ws, "1.jsonl", [story.plan("r", 1), story.generation("r", 0, 10, cost_usd=1.0)])
    assert list(query.generations(ws)["cost_usd"]) == [2.0]
    assert len(story.contents(ws)["artifact"]) == 1


def test_a_scorer_added_later_is_known_by_its_own_event(ws: Workspace) -> None:
    metric: ev.MetricPlan = {
        "name": "blur", "direction": "down", "unit": "px", "worst": 9.0, "lo": 0.0, "hi": None, "description": "", "primary": True,
    }  # fmt: skip
    event = ev.Scorers(run_id="r", at=story.at(9), scorers=[{"name": "sharp", "version": "2", "args": {}, "metrics": [metric]}])
    mark = ev.Scores(run_id="r", at=story.at(10), job_id=story.job_id("r", 0), scores=[story.score("blur", 2.0, "sharp", "2")])
    story.write(ws, "a.jsonl", [story.plan("r", 1), story.generation("r", 0), event, mark])
    (row,) = query.scores(ws, metric="blur").itertuples()
    assert (row.scorer, row.scorer_version, row.value, row.direction, row.unit, row.worst) == ("sharp", "2", 2.0, "down", "px", 9.0)
    assert query.runs(ws)["blur"][0] == 2.0


def test_events_of_a_newer_program_are_passed_over(ws: Workspace) -> None:
    path = story.write(ws, "a.jsonl", [story.plan("r", 1)])
    with path.open("ab") as file:
        file.write(encode({"type": "dream", "run_id": "r", "at": story.at(1), "vote": "b"}))
        file.write(encode(story.generation("r", 0).to_dict() | {"weather": "fine"}))
    assert fold(ws).faults == 0
    assert len(query.generations(ws)) == 1


def test_a_removed_journal_takes_nothing_from_the_log(ws: Workspace) -> None:
    path = story.write(ws, "a.jsonl", story.story("r", 2))
    fold(ws)
    path.unlink()
    story.write(ws, "b.jsonl", story.story("s", 2))
    assert len(query.generations(ws)) == 4


def test_reading_inside_reading_gives_the_same_connection(ws: Workspace) -> None:
    with read(ws) as outer, read(ws) as inner:
        assert inner is outer
    with read(ws) as con:
        con.execute("select 1")


@pytest.mark.slow
def test_threads_of_one_process_read_and_fold_at_once(ws: Workspace) -> None:
    """As the sessions of one app do, while a run writes."""
    errors: list[BaseException] = []
    seen: list[int] = []

    def look() -> None:
        try:
            seen.extend(len(query.generations(ws)) for _ in range(6))
        except BaseException as error:  # noqa: BLE001  whatever it is, no thread may meet it
            errors.append(error)

    with Journal(ws, "r") as journal:
        journal.append(story.plan("r", 30))
        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for n in range(30):
            journal.append(story.generation("r", n))
            if n % 10 == 0:
                fold(ws)
        for thread in threads:
            thread.join()
    assert errors == []
    assert len(query.generations(ws)) == 30


_FIRST = [story.plan("r", 4), *(e for n in range(3) for e in (story.generation("r", n, n), story.scores("r", n, n)))]
_FIRST.append(ev.End(run_id="r", at=story.at(5), state="stopped"))
_SECOND = [
    ev.Claim(run_id="r", at=story.at(6), job_id=story.job_id("r", 3)),
    story.generation("r", 3, 7),
    story.scores("r", 3, 8),
    story.generation("r", 0, 9, cost_usd=0.5),
    story.scores("r", 0, 2, shift=0.25),
    story.scores("r", 1, 10, shift=0.25),
    ev.End(run_id="r", at=story.at(11), state="finished"),
]


# Which journal grows, by how many bytes, and whether somebody folds then. Cuts fall anywhere, in the middle of letters too.
_STEPS = st.lists(st.tuples(st.sampled_from(["1.jsonl", "2.jsonl"]), st.integers(1, 6000), st.booleans()), max_size=6)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], dict[str, list[tuple[Any, ...]]]]:
    """The two journals, and the tables of a log that was folded from both at once."""
    ws = story.workspace(tmp_path_factory.mktemp("whole"))
    pieces = {name: story.write(ws, name, events).read_bytes() for name, events in (("1.jsonl", _FIRST), ("2.jsonl", _SECOND))}
    return pieces, story.contents(ws)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(steps=_STEPS, last=st.permutations(["1.jsonl", "2.jsonl"]))
def test_any_interleaving_of_two_journals_folds_to_the_same_tables(
    steps: list[tuple[str, int, bool]],
    last: list[str],
    whole: tuple[dict[str, bytes], dict[str, list[tuple[Any, ...]]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    data = dict(whole[0])
    ws = story.workspace(tmp_path_factory.mktemp("parts"))
    for name, size, folds in [*steps, *((name, 1 << 20, True) for name in last)]:
        _append(ws.journals / name, data[name][:size])
        data[name] = data[name][size:]
        if folds:
            fold(ws)
    assert story.contents(ws) == whole[1]


def _append(path: Path, piece: bytes) -> None:
    with path.open("ab") as file:
        file.write(piece)
