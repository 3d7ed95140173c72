"""Migrations: from nothing, from the first schema, and never backwards."""

from __future__ import annotations

from pathlib import Path

import duckdb
import log_story as story
import pytest

from runs import schema
from runs.errors import LogError
from runs.log import fold, read, rebuild
from runs.workspace import Workspace


def shape(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    return con.execute("select table_name, column_name, data_type from duckdb_columns() where not internal order by all").fetchall()


@pytest.mark.parametrize("start", range(schema.VERSION + 1))
def test_any_older_schema_ends_up_like_a_blank_file(start: int) -> None:
    old, blank = duckdb.connect(), duckdb.connect()
    schema.migrate(old, upto=start)
    assert schema.version(old) == start
    assert schema.migrate(old) == (start < schema.VERSION)
    schema.migrate(blank)
    assert shape(old) == shape(blank)


def test_names_of_migrations_are_in_order_and_unlike() -> None:
    names = [name for name, _ in schema.MIGRATIONS]
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def test_a_log_of_the_first_schema_is_brought_up_to_date_by_the_next_fold(ws: Workspace) -> None:
    with duckdb.connect(str(ws.log), config=schema.CONFIG) as con:
        schema.migrate(con, upto=1)
    story.write(ws, "a.jsonl", story.story("r", 2))
    fold(ws)
    with read(ws) as con:
        assert schema.version(con) == schema.VERSION
        assert con.execute("select count(*) from generations").fetchone() == (2,)


def test_a_log_of_a_newer_schema_is_refused_and_can_be_made_anew(ws: Workspace) -> None:
    story.write(ws, "a.jsonl", story.story("r", 2))
    fold(ws)
    with duckdb.connect(str(ws.log), config=schema.CONFIG) as con:
        con.execute("update meta set value = '99' where key = 'schema'")
    story.write(ws, "b.jsonl", story.story("s", 1))
    for attempt in (lambda: fold(ws), lambda: read(ws).__enter__()):
        with pytest.raises(LogError, match=r"schema 99.*workbench log rebuild"):
            attempt()
    rebuild(ws)
    with read(ws) as con:
        assert con.execute("select count(*) from generations").fetchone() == (3,)


def test_a_foreign_duckdb_file_is_not_touched(ws: Workspace) -> None:
    with duckdb.connect(str(ws.log), config=schema.CONFIG) as con:
        con.execute("create table mine(x int)")
    with pytest.raises(LogError, match="not a run log"):
        fold(ws)
    with duckdb.connect(str(ws.log), config=schema.CONFIG) as con:
        assert con.execute("from mine").fetchall() == []


def test_files_open_in_the_oldest_duckdb_that_is_supported(ws: Workspace) -> None:
    fold(ws)
    with duckdb.connect(str(ws.log), read_only=True, config=schema.CONFIG) as con:
        row = con.execute("select tags['storage_version'] from duckdb_databases() where database_name = 'log'").fetchone()
    assert row is not None
    assert "1.5" in row[0]


def test_the_public_views_are_described(ws: Workspace, tmp_path: Path) -> None:
    fold(ws)
    with read(ws) as con:
        views = dict(con.execute("select view_name, comment from duckdb_views() where not internal").fetchall())
    assert set(views) == {"runs", "generations", "scores", "lineage"}
    assert all(views.values())
