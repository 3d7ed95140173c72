"""From a query to a frame whose columns and types never depend on what was found."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from prompts.errors import InputError

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

TEXT = "str"
NUMBER = "float64"
COUNT = "Int64"
FLAG = "boolean"
TIME = "datetime64[us]"
Columns = Mapping[str, str]
# DuckDB would rather be asked by `con.sql(…)`, which plans each question twice; the copy that it speaks of is of a frame's size.
warnings.filterwarnings("ignore", "Arrow output on a DB-API result")


def frame(con: duckdb.DuckDBPyConnection, sql: str, columns: Columns, parameters: Sequence[Any] = ()) -> pd.DataFrame:
    """Run a query and return its columns by name, in the order and of the types of `columns`."""
    import pandas as pd
    import pyarrow as pa

    # By way of Arrow no text becomes a Python object: a long frame takes half the time, and whole numbers stay exact.
    found: pa.Table = con.execute(sql, list(parameters)).to_arrow_reader().read_all()  # type: ignore[union-attr]
    shapes = {TEXT: pa.string(), NUMBER: pa.float64(), COUNT: pa.int64(), FLAG: pa.bool_(), TIME: pa.timestamp("us")}
    table = pa.table({name: found.column(name).cast(shapes[kind]) for name, kind in columns.items()})
    nullable = {shapes[COUNT]: pd.Int64Dtype(), shapes[FLAG]: pd.BooleanDtype()}
    made: pd.DataFrame = table.to_pandas(types_mapper=nullable.get)
    return made.astype(dict(columns))


def refuse_more(con: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any], most: int | None) -> None:
    """Refuse a question whose answer has more rows than can be held; None: whatever it takes.

    Raises:
        InputError: it has, in words that say how many.
    """
    if most is None:
        return
    rows = (con.execute(f"select count(*) from ({sql})", list(parameters)).fetchone() or (0,))[0]  # noqa: S608  fixed words
    if rows > most:
        raise InputError(
            f"That would be {rows:,} rows, more than {most:,}.",
            hint=f"Ask for less (a run, a metric, an arm, a case), for means() of all runs, or in SQL with ask(); or allow most={rows}.",
        )


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
