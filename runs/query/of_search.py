"""Full text over what runs were sent, gave and were told: prompts, outputs, errors, reasons of scores, findings.

    search(ws, "red petition", "prompts", limit=25, offset=0)

All words must be there, in any case of letters. The newest come first; nothing but the asked-for page leaves the database. Outputs lie in
files, so that only the newest `MOST_FILES` texts are looked through.
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
KINDS: Mapping[str, tuple[str, str, str, str]] = {
    # table with its condition, what is searched, what it is called, when it was
    "prompts": ("generation t", _SAID, "'prompt'", "t.created_at"),
    "errors": ("(from generation where status <> 'ok') t", "concat_ws(': ', t.error, t.message)", "t.status", "t.created_at"),
    "reasons": ("(from score where latest) t", "t.reason", "(select name from metric m where m.metric_key = t.metric_key)", "t.scored_at"),
    "findings": (
        "(from finding where latest) t",
        "concat_ws(' ', t.message, t.quote)",
        "concat_ws(' ', t.check_id, t.severity)",
        "r.started_at",
    ),
}
ALL_KINDS = (*KINDS, "outputs")


def search(ws: Workspace, words: str, kind: str, *, limit: int = 25, offset: int = 0) -> pd.DataFrame:
    """Return one page of what holds all the words, newest first. Columns: `SEARCH`; `text` is what stands around the first word.

    Args:
        ws: The workspace.
        words: What is looked for; nothing is found for no word.
        kind: One of `ALL_KINDS`.
        limit: Most rows.
        offset: Rows to leave out before.
    """
    wanted = words.lower().replace("\0", " ").split()
    limit = limit if wanted else 0
    wanted = wanted or [""]
    with read(ws) as con:
        if kind == "outputs":
            return _outputs(ws, con, wanted, limit, offset)
        table, text, source, at = KINDS[kind]
        # Cut in SQL: a prompt may be a megabyte, and a page of them would be read for nothing.
        return frame(
            con,
            f"""
            select r.run_id, j.job_id, j.arm, c.case_id, {source} as source, {at} as "at",
              substr({text}, greatest(1, strpos(lower({text}), ?) - {AROUND}), {2 * AROUND}) as text
            from {table} {_OF_JOB} where {" and ".join([f"contains(lower({text}), ?)"] * len(wanted))}
            order by "at" desc, r.run_id, j.job_id, source, text limit ? offset ?
            """,  # noqa: S608  fixed words
            SEARCH,
            [wanted[0], *wanted, limit, offset],
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
