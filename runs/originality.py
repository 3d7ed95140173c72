"""From files and runs to the catalogue of originality, and back: what is added to it, and what repeats it.

    add(ws, ["old-scripts", "last"], series="")          # a folder of texts and pictures, and the newest run
    check(ws, ["last"])                                  # what of it is in the catalogue, or twice in itself

A run brings its generations with series, case and version; a file brings its path, and a series if one is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evals.errors import UnreadableMedia
from evals.media import read_picture
from evals.originality.catalogue import Catalogue, Entry, editing, picture_entry, text_entries
from evals.originality.find import Reuse, picture_reuse, text_reuse
from evals.originality.pictures import look
from evals.originality.reading import TEXT_FILES, prose
from evals.originality.units import units_of
from prompts.errors import InputError, UnknownName
from runs import query
from runs.errors import MediaError
from runs.media import MediaStore
from runs.workspace import Workspace

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif")
MAX_TEXT_BYTES = 20_000_000
MIN_UNITS = 30


@dataclass(frozen=True, slots=True)
class Work:
    """One text or picture to add or check: where it lies, what it is called, and what is known of it."""

    name: str
    path: Path
    picture: bool
    facts: dict[str, str] = field(default_factory=dict)

    def entries(self) -> list[Entry]:
        """Return it as the catalogue keeps it; nothing for a text too short to tell.

        Raises:
            UnreadableMedia: it is no picture that can be read.
        """
        if self.picture:
            return [picture_entry(self.name, read_picture(self.path).image, _sha256(self.path), **self.facts)]
        text = self.text()
        return text_entries(self.name, text, **self.facts) if len(units_of(text)) >= MIN_UNITS else []

    def text(self) -> str:
        """Return the prose of a text."""
        return prose(self.path.read_text("utf-8", errors="replace"))


@dataclass(frozen=True, slots=True)
class Added:
    """How many entries are new, how many were there, and what could not be read or is too short, with the reason."""

    new: int
    known: int
    skipped: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One work and one earlier work that it repeats."""

    work: Work
    reuse: Reuse

    def row(self) -> dict[str, Any]:
        """Return the finding as plain JSON: both names, how they stand, and both sides."""
        return {"name": self.work.name, "path": str(self.work.path), **self.work.facts, **self.reuse.shown()}


def add(ws: Workspace, sources: Sequence[str], series: str = "") -> Added:
    """Add files, folders and runs to the catalogue.

    Raises:
        InputError: a source is neither there nor a run, or another process is changing the catalogue.
    """
    works = list(works_of(ws, sources, series))
    new = known = 0
    skipped: list[tuple[str, str]] = []
    with editing(ws.evals) as catalogue:
        for work in works:
            try:
                entries = work.entries()
            except (UnreadableMedia, OSError) as error:
                skipped.append((work.name, str(error)))
                continue
            if not entries:
                skipped.append((work.name, f"fewer than {MIN_UNITS} words or signs"))
            added = sum(catalogue.add(entry) for entry in entries)
            new, known = new + added, known + len(entries) - added
    return Added(new, known, skipped)


def check(
    ws: Workspace, sources: Sequence[str], *, same_case: bool = False, series: str = ""
) -> tuple[list[Finding], list[tuple[str, str]]]:
    """Look files, folders and runs up in the catalogue and in each other.

    Args:
        ws: the workspace.
        sources: what to check.
        same_case: whether generations of one case, which share their outline, may repeat each other.
        series: the series of files.

    Returns:
        The findings, and what could not be checked with the reason.
    """
    catalogue = Catalogue.load(ws.evals)
    works = list(works_of(ws, sources, series))
    skipped: list[tuple[str, str]] = []
    own: dict[str, list[Entry]] = {}
    for work in works:
        try:
            own[work.name] = work.entries()
        except (UnreadableMedia, OSError) as error:
            skipped.append((work.name, str(error)))
    _join(catalogue, own)
    found = []
    for number, work in enumerate(works):
        # Of two works that are both checked, the later one repeats the earlier one, and not the other way round too.
        later = {w.name for w in works[number:]}
        if own.get(work.name):
            found += [Finding(work, reuse) for reuse in _reuse(work, catalogue, later, same_case)]
        elif work.name in own:
            skipped.append((work.name, f"fewer than {MIN_UNITS} words or signs"))
    return found, skipped


def works_of(ws: Workspace, sources: Iterable[str], series: str = "") -> Iterator[Work]:
    """Yield the texts and pictures that names stand for: a file, the files of a folder, or the outputs of a run.

    Raises:
        InputError: nothing has that name.
    """
    for source in sources:
        path = Path(source)
        if path.is_dir():
            files = (p for p in sorted(path.rglob("*")) if p.is_file() and not p.name.startswith("."))
            yield from (w for p in files if (w := _file(ws, p, series)) is not None)
        elif path.is_file():
            work = _file(ws, path, series)
            if work is None:
                raise InputError(f"{path} is neither a text nor a picture.", hint=f"Texts end in {', '.join(TEXT_FILES)}.")
            yield work
        else:
            yield from _run(ws, source)


def _file(ws: Workspace, path: Path, series: str) -> Work | None:
    ending = path.suffix.lower()
    if ending not in (*TEXT_FILES, *PICTURES) or (ending in TEXT_FILES and path.stat().st_size > MAX_TEXT_BYTES):
        return None
    full = path.resolve()
    # One file has one name, from whichever folder it is named.
    name = full.relative_to(ws.root).as_posix() if full.is_relative_to(ws.root) else full.as_posix()
    return Work(name, path, ending in PICTURES, {"series": series} if series else {})


def _run(ws: Workspace, source: str) -> Iterator[Work]:
    try:
        run_id = query.find_run(ws, source)
    except UnknownName as error:
        raise InputError(f"{source!r} is no file, folder or run.", hint=error.hint) from None
    store = MediaStore(ws)
    frame = query.generations(ws, run_id)
    for row in frame.to_dict("records"):
        media_type = str(row["media_type"] or "")
        if row["status"] != "ok" or not media_type.startswith(("text/", "image/", "application/json")):
            continue
        facts = {name: str(row[name] or "") for name in ("series", "case_id", "version", "run_id", "job_id")}
        try:
            yield Work(f"{run_id}/{row['job_id'][:12]}", store.path(row["artifact"]), media_type.startswith("image/"), facts)
        except MediaError as error:
            raise InputError(f"The output of {run_id}/{row['job_id'][:12]} is gone: {error.message}") from None


def _join(catalogue: Catalogue, own: dict[str, list[Entry]]) -> None:
    """Put what is checked beside what is catalogued; the same work in both stands once."""
    for entries in own.values():
        for entry in entries:
            catalogue.add(entry)


def _reuse(work: Work, catalogue: Catalogue, later: set[str], same_case: bool) -> list[Reuse]:
    case = work.facts.get("case_id", "")

    def skip(entry: Entry) -> bool:
        mine = entry.name.partition("#")[0] in later or (bool(entry.job_id) and entry.job_id == work.facts.get("job_id"))
        return mine or (not same_case and bool(case) and entry.case_id == case)

    if work.picture:
        seen = look(read_picture(work.path).image, mirror=True)
        return picture_reuse(seen, catalogue, facts=work.facts, skip=skip)
    return text_reuse(work.text(), catalogue, facts=work.facts, skip=skip)


def _sha256(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()
