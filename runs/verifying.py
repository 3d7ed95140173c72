"""`workbench log verify`: is what the pages show what the journals say, and is everything there that they name?

The journals are folded once more, into a file of their own, as far as the log has come; then both are compared table by table.
On the way every line's checksum is looked at. The media store is read to its last byte: a file's name is its hash. Nothing is
changed, and runs and pages go on meanwhile.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from runs.errors import LogError
from runs.inlined import texts_of
from runs.journal import files, locate
from runs.media import MediaStore
from runs.pruning import pruned
from runs.sealed import damaged, open_journal
from runs.workspace import Workspace

What = Literal["log", "journal", "media"]
SCRATCH = ".verify-"
_NAMED = """
with pictures as (
  select distinct unnest(regexp_extract_all("references"::varchar, '"sha256":"([0-9a-f]{64})"', 1)) as sha256, case_id from case_)
select sha256, min(run_id || ', job ' || job_id[:12]) as who
from artifact join run using (run_key) join job using (job_key) where sha256 is not null group by sha256
union all select sha256, 'a picture of case ' || min(case_id) from pictures group by sha256
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it should be: what it is about, where, and why; `mends` says whether `log repair` can help."""

    what: What
    place: str
    reason: str
    mends: bool


@dataclass(slots=True)
class Verified:
    """What was looked at, and what was found.

    `in_journals` are the hashes of texts whose files are missing and that `log repair` can make anew.
    `set_aside` counts corrupt lines that `log repair` has copied already, `elsewhere` media that lie on the team's store only,
    `pruned` runs whose journals are in an archive: their rows cannot be compared, and were not.
    """

    problems: list[Problem] = field(default_factory=list)
    journals: int = 0
    lines: int = 0
    media: int = 0
    set_aside: int = 0
    elsewhere: int = 0
    pruned: int = 0
    in_journals: set[str] = field(default_factory=set)


def verify(ws: Workspace, *, media: bool = True) -> Verified:
    """Compare the log with the journals, and the media store with its names.

    Args:
        ws: the workspace.
        media: read the media store too.

    Raises:
        LogError: no space for the file to compare with, or the folder cannot be written.
    """
    found = Verified(journals=len(files(ws)), pruned=len(pruned(ws)))
    for leftover in ws.runs.glob(f"{SCRATCH}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        folder = tempfile.TemporaryDirectory(dir=ws.runs, prefix=SCRATCH)
    except OSError as error:
        raise LogError(f"Cannot write in {ws.runs}: {error.strerror}.", hint="Verifying needs room for a second log.") from error
    with folder as name:
        anew = Path(name) / "anew.duckdb"
        found.problems += _log(ws, Path(name) / "held.duckdb", anew, found)
        found.problems += _journals(ws, anew, found)
        if media:
            found.problems += _media(ws, anew, found)
    return found


def aside(ws: Workspace, file: str, offset: int) -> Path:
    """Return where the copy of a corrupt line lies."""
    return ws.runs / "quarantine" / f"{file}@{offset}"


def corrupt_line(ws: Workspace, file: str, offset: int, length: int) -> bytes:
    """Return the bytes of a corrupt line (or end) of a journal."""
    with open_journal(locate(ws, file)) as journal:
        journal.seek(offset)
        return journal.read(length) if length else journal.readline()


def _log(ws: Workspace, held: Path, anew: Path, found: Verified) -> Iterator[Problem]:
    import duckdb

    from runs.contents import compare
    from runs.log import fold_anew, snapshot

    try:
        seen = snapshot(ws, held)
    except LogError as error:
        # What the journals say is worth knowing all the same.
        found.lines = fold_anew(ws, anew).lines
        yield Problem("log", ws.log.name, error.message, "held by" not in error.message)
        return
    found.lines = fold_anew(ws, anew, seen).lines
    try:
        differing = compare(held, anew, [note.run_id for note in pruned(ws)])
    except duckdb.Error as error:
        yield Problem("log", ws.log.name, f"cannot be read through ({str(error).splitlines()[0][:160]})", True)
        return
    for table, (more, less) in differing.items():
        yield Problem("log", f"table {table}", f"{more} rows that the journals do not give, {less} rows of the journals missing", True)


def _journals(ws: Workspace, anew: Path, found: Verified) -> Iterator[Problem]:
    import duckdb

    with contextlib.closing(duckdb.connect(str(anew), read_only=True)) as con:
        faults = con.execute("select file, offset_bytes, length, reason from ingest_error order by all").fetchall()
    for file, offset, length, reason in faults:
        copy = aside(ws, file, offset)
        if copy.is_file() and copy.read_bytes() == corrupt_line(ws, file, offset, length):
            found.set_aside += 1
        else:
            yield Problem("journal", f"{file} byte {offset}", reason, True)
    for path in files(ws):
        for offset, length in damaged(path):
            yield Problem("journal", f"{path.name}.gz", f"the sealed block of bytes {offset} to {offset + length} cannot be read", False)


def _media(ws: Workspace, anew: Path, found: Verified) -> Iterator[Problem]:
    import duckdb

    store = MediaStore(ws, fetch=False)
    for bad in store.verify():
        yield Problem("media", str(bad.path.relative_to(store.root)), bad.reason, True)
    with contextlib.closing(duckdb.connect(str(anew), read_only=True)) as con:
        named = con.execute(_NAMED).fetchall()
    found.media = len(named)
    missing = {sha256: who for sha256, who in reversed(named) if store.local(sha256) is None}
    there, why = _on_team_store(ws) if missing else (set(), "")
    found.elsewhere = len(there & missing.keys())
    gone = {sha256: who for sha256, who in sorted(missing.items()) if sha256 not in there}
    found.in_journals = {sha256 for sha256, _, _ in texts_of(ws, gone)}
    for sha256, who in gone.items():
        reason = f"No artifact {sha256[:12]}… in the media store{why}; named by {who}"
        yield Problem("media", sha256[:12] + "…", reason, sha256 in found.in_journals)


def _on_team_store(ws: Workspace) -> tuple[set[str], str]:
    """Return the hashes that the team's store has, and words for where that is not known or not so."""
    from runs.team.errors import TeamError
    from runs.team.media import names
    from runs.team.member import member_of

    try:
        member = member_of(ws)
        return (names(member), ", nor in the team's") if member else (set(), "")
    except TeamError as error:
        return set(), f", and the team's cannot be asked ({error.message.rstrip('.')})"
