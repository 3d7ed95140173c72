"""A plan's line is taken apart as if it were parsed whole, whatever its cases hold."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.lines import decode, encode, encode_into
from runs.planline import PIECE, cases_apart, plan_at, taken_apart

JOB = {"job_id": "9c1e", "arm": "a", "case_id": "c", "repeat": 0, "seed": 7}
TEXTS = st.sampled_from(['"jobs":[', 'x\\"jobs":[{}]', "jobs", '{"jobs":[{"a":1}]}', "]}", "\0 the jobs stood here"]) | st.text(max_size=6)
VALUES = st.recursive(
    st.none() | st.integers(-9, 9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("jobs") | TEXTS, inner, max_size=3),
    max_leaves=8,
)


def whole(line: bytes) -> tuple[dict[str, Any], Any]:
    event = orjson.loads(line)
    jobs = event.pop("jobs", None) or []
    return event, jobs if isinstance(jobs, list) else None


@settings(max_examples=200, deadline=None)
@given(
    before=VALUES,
    after=VALUES,
    jobs=st.lists(st.just(JOB) | st.dictionaries(TEXTS, st.integers(0, 9) | TEXTS, max_size=2), max_size=4) | VALUES,
)
def test_it_is_as_if_the_line_were_parsed_whole(before: Any, after: Any, jobs: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An input called `jobs`, texts with brackets and quotation marks, a plan without jobs or with nonsense for them."""
    line = encode({"type": "run", "cases": before, "jobs": jobs, "parameters": after})[:-1]
    event, found = taken_apart(line)
    twice = None if found is None else (list(found()), list(found()))
    same, expected = whole(line)
    assert orjson.loads(event) == same
    assert twice == (None if expected is None else (expected, expected))
    path = tmp_path_factory.getbasetemp() / "plan.jsonl"
    path.write_bytes(b"header\n" + line + b"\nmore\n")
    long = plan_at(path, 7, 10, path.stat().st_size)
    assert long is not None
    assert (long.length, long.fault) == (len(line), "")
    if (parts := long.taken_apart()) is not None:  # as this program writes it; else it has to be read whole
        assert (orjson.loads(parts[0]), list(parts[1]()), list(parts[1]())) == (same, expected, expected)
    whole_jobs = [{**JOB, "job_id": "f" * n} for n in range(9)]
    path.write_bytes(encode({"type": "run", "cases": before, "parameters": after, "jobs": whole_jobs}))
    ours = plan_at(path, 0, 10, path.stat().st_size)
    assert ours is not None
    assert (parts := ours.taken_apart()) is not None
    assert list(parts[1]()) == whole_jobs, "whatever its cases hold"


def test_a_plan_of_many_jobs_takes_little_more_than_its_line_and_from_a_file_not_even_that(tmp_path: Path) -> None:
    line = encode({"type": "run", "jobs": [{**JOB, "job_id": f"{n:064x}"} for n in range(20_000)]})[:-1]
    tracemalloc.start()
    event, jobs = taken_apart(line)
    assert jobs is not None
    assert sum(1 for _ in jobs()) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(line) / 4, "the list of them takes three times the line"
    assert orjson.loads(event).keys() == {"crc", "type"}
    path = tmp_path / "plan.jsonl"
    path.write_bytes(line + b"\n")
    tracemalloc.start()
    long = plan_at(path, 0, 1 << 20, len(line) + 1)
    assert long is not None
    assert (parts := long.taken_apart()) is not None
    assert sum(1 for _ in parts[1]()) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * PIECE
    assert parts[0] == event
    path.write_bytes(line[:1000] + b"x" + line[1001:] + b"\n")
    assert (bad := plan_at(path, 0, 1 << 20, len(line) + 1)) is not None
    assert bad.fault == "checksum does not match"
    assert plan_at(path, 0, len(line), len(line) + 1) is None, "it fits"
    assert plan_at(path, 0, 1 << 20, len(line)) is None, "its end is not written yet"


def test_a_plan_is_written_with_little_more_memory_than_its_line_and_is_the_same_plan() -> None:
    jobs = [{**JOB, "job_id": f"{n:064x}"} for n in range(20_000)]
    lines = bytearray(b"before\n")
    tracemalloc.start()
    encode_into(lines, {"type": "run", "jobs": jobs, "stage": "shot"})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * len(lines)
    assert decode(bytes(lines[7:-1])) == {"type": "run", "stage": "shot", "jobs": jobs}
    assert lines[:7] == b"before\n"
    odd = [*jobs, {**JOB, "seed": 10**30}]
    assert decode(encode({"type": "run", "jobs": odd})[:-1])["jobs"][-1] == {**JOB, "seed": str(10**30)}
    with pytest.raises(TypeError):
        encode_into(lines, {"type": "run", "jobs": [*jobs, object()]})
    assert len(lines) == len(encode({"type": "run", "jobs": jobs, "stage": "shot"})) + 7, "nothing of it is left"


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(orjson.JSONDecodeError):
        taken_apart(b'{"crc":"00000000","type":"run","cases":[')


@settings(max_examples=50, deadline=None)
@given(
    before=VALUES, cases=st.lists(st.dictionaries(TEXTS | st.just("cases"), VALUES, max_size=3) | st.just([{}]), max_size=4), after=VALUES
)
def test_cases_are_cut_out_of_a_plan_as_they_stand_there(before: Any, cases: list[Any], after: Any) -> None:
    """Inputs called `cases`, texts with brackets and quotation marks, empty cases."""
    event = orjson.dumps({"crc": "", "type": "run", "versions": {"cases": [before]}, "cases": cases, "parameters": after})
    pieces, found = cases_apart(event)
    assert [orjson.loads(case) for case in found] == cases
    assert orjson.loads(b"".join(pieces)) == {**orjson.loads(event), "cases": []}
    pieces, found = cases_apart(orjson.dumps({"crc": "", "type": "run", "versions": {"cases": [before]}}))
    assert not list(found)
    assert b"".join(pieces) == orjson.dumps({"crc": "", "type": "run", "versions": {"cases": [before]}})
