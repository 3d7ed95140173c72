"""`workbench log prune`: the sealed journals of runs that ended long ago, out of the workspace and into an archive.

    found = prunable(ws, older_than_s=365 * 86400)     what could go: whole runs
    prune(ws, found, Path("../archive"))               copy, read back, note, remove
    restore(ws)                                        all of them back, and the note gone

A run goes as a whole, so that nobody ever reads half of its journals. Its rows stay in the log. What is noted of it, one file a run
in `runs/pruned/`, says where its journals are, their hashes, and which media they name: so `gc` keeps those. As long as the note is
there the run is not resumed, scored again or judged, and the log is not made anew: both would believe that it never was.

Whatever dies when: the note is written after the copies were read back, and the journals go after the note is on disk. Restoring
goes the other way round. In between lie both, which loses nothing; the same command again goes on.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import orjson

from prompts.errors import WorkspaceError
from prompts.files import held
from runs.claims import Claims
from runs.errors import JournalError, LogError
from runs.journal import own_files, sync_folder
from runs.lines import read
from runs.sealed import BLOCK, damaged, open_journal, sealed, size_of
from runs.workspace import Workspace

LOCK = ".prune.lock"
_HASH = re.compile(rb"[0-9a-fA-F]{64}")
_STEP = 8 << 20
# Whole runs that ended, of which the log has every byte, all of it sound, and of which no other machine wrote anything.
_ENDED = """
select run_id, list(file order by file), list(seen order by file)
from journal_offset join run using (run_id)
where run.end_state = 'finished' and run.ended_at < make_timestamp(?)
group by run_id
having bool_and(bytes = seen) and not list_has_any(list(file), (select coalesce(list(file), []) from ingest_error)) order by run_id
"""


@dataclass(frozen=True, slots=True)
class Prunable:
    """A run that can go: its journals, by the names that they were born with, and how many bytes they take sealed."""

    run_id: str
    journals: tuple[Path, ...]
    nbytes: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """What is noted of a run that went: where to, its journals (file, bytes, sha256 of the sealed form), and the media they name."""

    run_id: str
    to: str
    journals: tuple[dict[str, Any], ...]
    media: tuple[str, ...]

    @property
    def files(self) -> list[str]:
        """Return the names that its journals were born with."""
        return [str(journal["file"]) for journal in self.journals]


def pruned(ws: Workspace) -> list[Pruned]:
    """Return what is noted of the runs that went, by id.

    Raises:
        JournalError: a note cannot be read: nobody knows what is missing then.
    """
    found: list[Pruned] = []
    for path in sorted(_notes(ws).glob("*.json")):
        try:
            told = orjson.loads(path.read_bytes())
            found.append(Pruned(told["run_id"], told["to"], tuple(told["journals"]), tuple(told["media"])))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise JournalError(
                f"Cannot read {path.relative_to(ws.root)}, which says where journals are.", hint="Get it from a backup."
            ) from error
    return sorted(found, key=lambda note: note.run_id)


def refuse_pruned(ws: Workspace, run_id: str) -> None:
    """Refuse to go on with a run whose journals are in an archive.

    Raises:
        JournalError: they are.
    """
    if _note(ws, run_id).exists():
        where = next((note.to for note in pruned(ws) if note.run_id == run_id), "an archive")
        raise JournalError(
            f"The journals of run {run_id} were pruned to {where}.", hint=f"Bring them back first: workbench log restore {run_id}"
        )


def refuse_anew(ws: Workspace) -> None:
    """Refuse to make the log from journals of which some are in an archive: their runs would be gone from it.

    Raises:
        LogError: some are.
    """
    if notes := pruned(ws):
        where = ", ".join(sorted({note.to for note in notes}))
        raise LogError(
            f"The journals of {len(notes)} runs were pruned to {where}: a log made anew would lack them.",
            hint="Bring them back first with `workbench log restore` (--from DIR where the archive lies elsewhere now).",
        )


def prunable(ws: Workspace, *, older_than_s: float) -> list[Prunable]:
    """Return the runs that can go: finished, ended so long ago, all journals sealed, here, sound and wholly in the log.

    In a workspace of a team only what the store has wholly.

    Raises:
        LogError: the log cannot be read.
        TeamError: the team's store does not answer.
    """
    from runs.log import catch_up
    from runs.log import read as read_log

    catch_up(ws)
    with read_log(ws) as con:
        rows = con.execute(_ENDED, [int((time.time() - older_than_s) * 1e6)]).fetchall()
    own = {path.name: path for path in own_files(ws)}
    waiting = _not_shipped(ws)
    found: list[Prunable] = []
    for run_id, names, seen in rows:
        paths = tuple(own[name] for name in names if name in own)
        ready = len(paths) == len(names) and not any(path.exists() or path.stem in waiting for path in paths)
        if ready and [size_of(path) for path in paths] == seen and all(_only_of(path, run_id) for path in paths):
            found.append(Prunable(run_id, paths, sum(sealed(path).stat().st_size for path in paths)))
    return found


def prune(ws: Workspace, found: Sequence[Prunable], to: Path) -> int:
    """Move the journals of runs into an archive; return how many bytes that freed.

    Raises:
        JournalError: the archive lies within `runs/`, cannot be written, holds another file of the name, or did not read back.
            Or a process works on the run. The runs before are pruned, this one is not.
    """
    to = to.absolute()
    if to.resolve().is_relative_to(ws.runs.resolve()):
        raise JournalError(f"{to} lies in runs/ itself.", hint="Name a folder outside, best on another disk.")
    with _alone(ws), _told(to), Claims(ws) as claims:
        to.mkdir(parents=True, exist_ok=True)
        freed = sum(_go_on(ws, note) for note in pruned(ws))
        for run in found:
            if not claims.try_claim(f"run/{run.run_id}"):
                raise JournalError(f"The run {run.run_id} is being worked on.", hint="Prune when that is over.")
            journals, media = [], set[str]()
            for path in run.journals:
                source = sealed(path)
                digest = _digest(source)
                _copy(source, to / source.name, digest)
                journals.append({"file": path.name, "bytes": source.stat().st_size, "sha256": digest})
                media |= _hashes(path)
            sync_folder(to)
            note = {"run_id": run.run_id, "to": str(to), "journals": journals, "media": sorted(media)}
            _write(_note(ws, run.run_id), orjson.dumps(note))
            freed += _remove(run.journals)
    return freed


def restore(ws: Workspace, run_id: str | None = None, source: Path | None = None) -> int:
    """Bring journals back from their archive; return how many runs. The archive keeps its copies.

    Args:
        ws: the workspace.
        run_id: only this run; all if None.
        source: where the archive lies now; where it was written if None.

    Raises:
        JournalError: a journal is not there, or its bytes are not those that were pruned. The runs before are back.
    """
    notes = [note for note in pruned(ws) if run_id in (None, note.run_id)]
    if run_id is not None and not notes:
        raise JournalError(f"Nothing of a run {run_id} was pruned.", hint="workbench log verify says what was.")
    with _alone(ws):
        for note in notes:
            folder = source or Path(note.to)
            with _told(folder):
                for journal in note.journals:
                    name = Path(str(journal["file"])).name + ".gz"
                    _copy(folder / name, ws.journals / name, str(journal["sha256"]))
                sync_folder(ws.journals)
                _note(ws, note.run_id).unlink()
                sync_folder(_notes(ws))
    return len(notes)


def _notes(ws: Workspace) -> Path:
    return ws.runs / "pruned"


def _note(ws: Workspace, run_id: str) -> Path:
    return _notes(ws) / f"{sha256(run_id.encode()).hexdigest()[:40]}.json"


def _not_shipped(ws: Workspace) -> set[str]:
    """Return the journals, by stem, that the team's store does not have wholly."""
    from runs.team.member import member_of
    from runs.team.push import Pusher

    member = member_of(ws)
    if member is None:
        return set()
    pusher = Pusher(ws, member)
    pusher.look()
    return set(pusher.waiting())


def _only_of(path: Path, run_id: str) -> bool:
    """Tell whether a sealed journal is whole and speaks of no other run."""
    if next(damaged(path), None) is not None:
        return False
    place = 0
    while True:
        tail = read(path, place, _STEP)
        if tail.bad or any(record.event.get("run_id") != run_id for record in tail.records):
            return False
        if tail.offset == place:
            return place == size_of(path)
        place = tail.offset


def _hashes(path: Path) -> set[str]:
    found: set[str] = set()
    with open_journal(path) as file:
        for line in file:
            found.update(match.group().decode().lower() for match in _HASH.finditer(line))
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _copy(source: Path, target: Path, digest: str) -> None:
    """Copy a file, on disk and read back, unless it is there already; another one of its name is never overwritten."""
    if target.exists():
        if _digest(target) != digest:
            raise JournalError(f"{target} is another file of that name.", hint="Move it away, or name another folder.")
        return
    scratch = target.with_name(f".prune-{target.name}")
    with source.open("rb") as file, scratch.open("wb") as out:
        while piece := file.read(BLOCK):
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    found = source.stat()
    if _digest(scratch) != digest:
        scratch.unlink()
        raise JournalError(f"{source} does not hold what was pruned.", hint="Look for another copy of it; nothing was changed.")
    os.utime(scratch, ns=(found.st_atime_ns, found.st_mtime_ns))
    scratch.replace(target)
    sync_folder(target.parent)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    sync_folder(path.parent.parent)
    scratch = path.with_suffix(".part")
    with scratch.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    sync_folder(path.parent)


def _go_on(ws: Workspace, note: Pruned) -> int:
    """Remove what a process that died after its note has left, where the archive holds it for sure."""
    left = [
        ws.journals / str(journal["file"])
        for journal in note.journals
        if _holds(sealed(ws.journals / str(journal["file"])), journal) and _holds(Path(note.to) / f"{journal['file']}.gz", journal)
    ]
    return _remove(left) if left else 0


def _holds(path: Path, journal: dict[str, Any]) -> bool:
    return path.is_file() and _digest(path) == journal["sha256"]


def _remove(journals: Sequence[Path]) -> int:
    freed = 0
    for path in journals:
        freed += sealed(path).stat().st_size
        sealed(path).unlink()
    sync_folder(journals[0].parent)
    return freed


@contextlib.contextmanager
def _alone(ws: Workspace) -> Iterator[None]:
    try:
        with held(ws.runs / LOCK, patience=5.0):
            yield
    except WorkspaceError as error:
        raise JournalError("Journals are being pruned or restored already.", hint="Wait for that to end.") from error


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise JournalError(
            f"Cannot use {error.filename or folder}: {os.strerror(error.errno or 0)}.",
            hint="Is the archive mounted, writable and not full? Nothing is lost; the same command goes on.",
        ) from error
