"""From a query to a frame whose columns and types never depend on what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

TEXT = "str"
NUMBER = "float64"
COUNT = "Int64"
FLAG = "boolean"
TIME = "datetime64[us]"
Columns = Mapping[str, str]


def frame(con: duckdb.DuckDBPyConnection, sql: str, columns: Columns, parameters: Sequence[Any] = ()) -> pd.DataFrame:
    """Run a query and return its columns by name, in the order and of the types of `columns`."""
    found = con.execute(sql, list(parameters)).df()
    return found[list(columns)].astype(dict(columns))


def matching(**equal: object) -> tuple[str, list[object]]:
    """Return the `where` clause for all conditions that are not None, and its parameters. Names may hold a table as `table__column`."""
    given = {name.replace("__", "."): value for name, value in equal.items() if value is not None}
    return ("where " + " and ".join(f"{name} = ?" for name in given) if given else ""), list(given.values())


def record(con: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] = ()) -> dict[str, Any] | None:
    """Return the first row as a mapping, or None."""
    rows = records(con, sql, parameters)
    return rows[0] if rows else None


def records(con: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """Return all rows as mappings with plain Python values (integers exact, times as `datetime`, JSON as text)."""
    result = con.execute(sql, list(parameters))
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def loaded(text: str | None) -> Any:
    """Return what a JSON column holds; None for NULL."""
    return None if text is None else orjson.loads(text)
