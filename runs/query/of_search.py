"""Full text over what runs were sent, gave and were told: prompts, outputs, errors, reasons of scores, findings.

    search(ws, "red petition", "prompts", limit=25, offset=0)

All words must be there, in any case of letters. The newest come first; nothing but the asked-for page leaves the database. Only the
newest `MOST_ROWS` are looked through unless the whole log is asked for; outputs lie in files, of which the newest `MOST_FILES` are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from runs.log import read
from runs.media import MediaStore
from runs.query.frames import TEXT, TIME, Columns, frame, records
from runs.workspace import Workspace

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

SEARCH: Columns = {
    "run_id": TEXT,
    "job_id": TEXT,
    "arm": TEXT,
    "case_id": TEXT,
    "source": TEXT,
    "text": TEXT,
    "at": TIME,
}
MOST_FILES = 2000
MOST_BYTES = 1 << 20
AROUND = 140
"""Characters of the text before and after the first word that was looked for."""
_OF_JOB = """join run r using (run_key) join job j on j.run_key = t.run_key and j.job_key = t.job_key
            left join case_ c on c.case_key = j.case_key"""
_SAID = "array_to_string(json_extract_string(t.messages, '$[*].content'), chr(10))"
MOST_ROWS: Mapping[str, int] = {"prompts": 30_000, "errors": 500_000, "reasons": 300_000, "findings": 300_000}
"""Of so many newest rows an answer takes a moment, however long the log is."""
KINDS: Mapping[str, tuple[str, str, str, str, str]] = {
    # table with its condition, what is searched, what it is called, when it was, and what tells rows of a moment apart
    "prompts": ("generation where true", _SAID, "'prompt'", "t.created_at", "t.created_at desc, t.run_key desc, t.job_key"),
    "errors": (
        "generation where status <> 'ok'",
        "concat_ws(': ', t.error, t.message)",
        "t.status",
        "t.created_at",
        "t.created_at desc, t.run_key desc, t.job_key",
    ),
    "reasons": (
        "score where latest",
        "t.reason",
        "(select name from metric m where m.metric_key = t.metric_key)",
        "t.scored_at",
        "t.scored_at desc, t.run_key desc, t.job_key, t.metric_key",
    ),
    "findings": (
        "finding where latest",
        "concat_ws(' ', t.message, t.quote)",
        "concat_ws(' ', t.check_id, t.severity)",
        "r.started_at",
        "t.run_key desc, t.job_key, t.metric_key, t.position",
    ),
}
ALL_KINDS = (*KINDS, "outputs")


def search(ws: Workspace, words: str, kind: str, *, limit: int = 25, offset: int = 0, whole: bool = False) -> pd.DataFrame:
    """Return one page of what holds all the words, newest first. Columns: `SEARCH`; `text` is what stands around the first word.

    Args:
        ws: The workspace.
        words: What is looked for; nothing is found for no word.
        kind: One of `ALL_KINDS`.
        limit: Most rows.
        offset: Rows to leave out before.
        whole: Look through the whole log, not only through the newest `MOST_ROWS`; takes seconds where there are millions. Of outputs
            only the newest `MOST_FILES` are ever read.
    """
    wanted = words.lower().replace("\0", " ").split()
    limit = limit if wanted else 0
    wanted = wanted or [""]
    with read(ws) as con:
        if kind == "outputs":
            return _outputs(ws, con, wanted, limit, offset)
        table, text, source, at, order = KINDS[kind]
        name = table.partition(" ")[0]
        newest = con.execute(f"select coalesce(max(rowid), 0) from {name}").fetchone() or (0,)  # noqa: S608  fixed words
        # DuckDB 2.0 fails on findings ("index -1 within vector") where it may put off reading columns; score has too many to copy.
        kept = "materialized" if kind == "findings" else "not materialized"
        # Within one list of one text, for otherwise DuckDB takes the text out of its JSON once for each word.
        all_of = " and ".join(["contains(said, ?)"] * len(wanted))
        # Cut in SQL, and only of what is shown: a prompt may be a megabyte, and a page of them would be read for nothing.
        return frame(
            con,
            f"""
            with recent as {kept} (from {table} and rowid > ?),
            hits as materialized (select t.* from recent t
              where len(list_filter([lower({text})], lambda said: {all_of})) = 1 order by {order} limit ? offset ?)
            select r.run_id, j.job_id, j.arm, c.case_id, {source} as source, {at} as "at",
              substr({text}, greatest(1, strpos(lower({text}), ?) - {AROUND}), {2 * AROUND}) as text
            from hits t {_OF_JOB} order by {order}
            """,  # noqa: S608  fixed words
            SEARCH,
            [-1 if whole else newest[0] - MOST_ROWS[kind], *wanted, limit, offset, wanted[0]],
        )


def _outputs(ws: Workspace, con: duckdb.DuckDBPyConnection, wanted: Sequence[str], limit: int, offset: int) -> pd.DataFrame:
    import pandas as pd

    newest = records(
        con,
        """select r.run_id, j.job_id, j.arm, c.case_id, t.sha256, g.created_at as "at"
           from artifact t join generation g using (run_key, job_key) join run r using (run_key)
           join job j on j.run_key = t.run_key and j.job_key = t.job_key left join case_ c on c.case_key = j.case_key
           where t.kind = 'text' order by g.created_at desc, r.run_id, j.job_id limit ?""",
        [MOST_FILES],
    )
    found = []
    for row, text in _texts(MediaStore(ws), newest):
        low = text.lower()
        if all(word in low for word in wanted):
            begin = max(0, low.index(wanted[0]) - AROUND)
            found.append({**row, "source": "output", "text": text[begin : begin + 2 * AROUND]})
            if len(found) >= offset + limit:
                break
    return pd.DataFrame(found[offset : offset + limit], columns=list(SEARCH)).astype(dict(SEARCH))


def _texts(store: MediaStore, rows: Sequence[dict[str, object]]) -> Iterator[tuple[dict[str, object], str]]:
    """Yield the rows with the beginning of their texts; a file that is gone is passed over."""
    from prompts.errors import WorkbenchError

    for row in rows:
        try:
            with store.path(str(row["sha256"])).open("rb") as file:
                yield row, file.read(MOST_BYTES).decode("utf-8", "replace")
        except (OSError, WorkbenchError):
            continue
