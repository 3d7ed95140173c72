"""One DuckDB that the log is attached to while somebody reads."""

from __future__ import annotations

import subprocess
import sys

import duckdb
import log_story as story
import pytest

from runs.attached import FEW_ROWS, attached
from runs.log import catch_up, read
from runs.workspace import Workspace


@pytest.fixture
def log(ws: Workspace) -> Workspace:
    story.write(ws, "a.jsonl", story.story("r"))
    catch_up(ws)
    return ws


def opens_elsewhere(ws: Workspace) -> bool:
    """Whether another program can open the log to write."""
    script = "import duckdb, sys; duckdb.connect(sys.argv[1]).close()"
    return subprocess.run([sys.executable, "-c", script, str(ws.log)], capture_output=True, check=False).returncode == 0


def test_readers_share_the_log_and_the_last_one_lets_it_go(log: Workspace) -> None:
    """Were there two attachments, the first to leave would drop the lock of the other."""
    with attached(log.log) as one:
        with attached(log.log) as other:
            assert other.execute("select count(*) from run").fetchone() == one.execute("select count(*) from runs").fetchone() == (1,)
        assert not opens_elsewhere(log)
        assert one.execute("select count(*) from scores").fetchone() is not None
    assert opens_elsewhere(log)


def test_whoever_writes_lets_it_go_with_everything_in_the_file(log: Workspace) -> None:
    """No write-ahead log is left that each reader would have to play again, and what a fold made for itself is gone."""
    for value in ("1", "2"):
        with attached(log.log, write=True) as con:
            con.execute("create temp table scratch as select 1 as one")
            con.execute("insert or replace into meta values ('mine', ?)", [value])
            assert not opens_elsewhere(log)
        assert not log.log.with_name("log.duckdb.wal").exists()
        assert opens_elsewhere(log)
    with read(log) as con:
        assert con.execute("select value from meta where key = 'mine'").fetchone() == ("2",)


def test_a_question_has_bounded_memory_and_cannot_write(log: Workspace) -> None:
    with read(log) as con:
        assert con.execute("select current_setting('memory_limit')").fetchone() == ("1.8 GiB",)
        with pytest.raises(duckdb.Error, match="read-only"):
            con.execute("delete from run")


def test_after_duckdb_gave_up_the_next_reader_starts_anew(log: Workspace) -> None:
    with pytest.raises(duckdb.InternalException), read(log):
        raise duckdb.InternalException("as DuckDB says when an assertion of its own fails")
    with read(log) as con:
        assert con.execute("select count(*) from run").fetchone() == (1,)


def test_rows_are_the_same_in_groups_of_few_and_of_many_whoever_writes_next(log: Workspace) -> None:
    """A run has little memory and writes few to a group; the app, and whoever rebuilds the log, writes many."""
    groups = "select count(distinct row_group_id) from pragma_storage_info('note')"
    for n, few in enumerate((True, False, True)):
        with attached(log.log, write=True, few_rows=few) as con:
            con.execute(f"set global max_vacuum_tasks = {int(few)}")
            con.execute(f"insert into note select {n}, 'text ' || i, now()::timestamp, 1, i from range({3 * FEW_ROWS}) x(i)")
            con.execute(f"delete from note where run_key = {n} and line_offset % 3 = 0")
        with read(log) as con:
            each = con.execute("select count(*), sum(line_offset) from note where text like 'text %' group by run_key").fetchall()
            assert len(each) == n + 1
            assert set(each) == {(2 * FEW_ROWS, sum(i for i in range(3 * FEW_ROWS) if i % 3))}
            found = con.execute(groups).fetchone()
    assert found is not None
    assert 2 <= found[0] <= 8
