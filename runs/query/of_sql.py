"""A question in a person's own words, over the public views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from prompts.errors import InputError
from runs.log import read
from runs.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd


def ask(ws: Workspace, sql: str, parameters: Sequence[Any] = (), *, most: int) -> pd.DataFrame:
    """Return what a `select` over the views of the log gives (`runs.views`), with the columns and types that it has.

    Args:
        ws: The workspace.
        sql: One question; `?` stands for each parameter.
        parameters: Their values.
        most: Most rows.

    Raises:
        InputError: It is no question that DuckDB understands, it would change something, or it gives more than `most` rows.
    """
    import duckdb

    with read(ws) as con:
        try:
            found = con.execute(f"select * from ({sql.strip().rstrip(';')}\n) limit {most + 1}", list(parameters))  # noqa: S608
            frame: pd.DataFrame = found.df()
        except duckdb.Error as error:
            raise InputError(
                f"DuckDB does not answer that: {str(error).strip().partition(chr(10))[0][:300]}",
                hint="Ask one `select` over the views runs, generations, scores and lineage; docs/log.md lists their columns.",
            ) from error
    if len(frame) > most:
        raise InputError(f"That is more than {most:,} rows.", hint="Let DuckDB count, sum or filter more of it, or allow more: most=…")
    return frame
