"""What travels to a worker: a batch, and the bytes of everything that it names, by hash.

    parcel = pack(batch, lend)            # at the driver; `lend` gives a reference to bytes, fetched only by who lacks them
    batch = Shelf().unpack(parcel, fetch)  # at the worker: paths now lead to files of its own

A worker on the driver's machine is given the batch as it is. One on another has no access to the workspace: pictures, clips
and the workspace's own scorer files are put on its shelf, a folder of its own, where they stay for the next batch that
needs them. What arrives is checked against its hash.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from evals.score import Media, Sample
from runs.engine import Batch, Rows
from runs.errors import MediaError

SHELF_BYTES = 512 << 20
"""What a worker keeps of media that it is done with."""
Lend = Callable[[Media], Any]
Fetch = Callable[[Any], bytes]


@dataclass(frozen=True, slots=True)
class Parcel:
    """A batch with references to the bytes of its media, by SHA-256, and the workspace's scorer files by name."""

    batch: Batch
    media: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


def pack(batch: Batch, lend: Lend) -> Parcel:
    """Make a batch ready for a worker that does not see this machine's disk.

    Raises:
        OSError: a file of it cannot be read any more.
    """
    files = {path.name: path.read_bytes() for path in sorted(Path(batch.folder).glob("*.py"))} if batch.folder else {}
    return Parcel(batch, {media.sha256: lend(media) for media in _media(batch)}, files)


def _media(batch: Batch) -> Iterator[Media]:
    seen: set[str] = set()
    for sample in (sample for group in batch.groups for sample in group):
        for media in (*sample.media, *(m for pictures in sample.references.values() for m in pictures)):
            if media.sha256 not in seen:
                seen.add(media.sha256)
                yield media


class Shelf:
    """The files of one worker. Its folder goes with the process, or is cleared away by the next one of this machine."""

    def __init__(self, parent: Path | None = None, limit_bytes: int = SHELF_BYTES) -> None:
        self._parent = parent or Path(tempfile.gettempdir()) / f"microdrama-workbench-shelf-{os.getuid()}"
        self._limit = limit_bytes
        self._root: Path | None = None
        self._sizes: OrderedDict[str, int] = OrderedDict()

    @property
    def root(self) -> Path:
        """Return the folder, made with the first thing that is put there."""
        if self._root is None:
            self._parent.mkdir(mode=0o700, exist_ok=True)
            if self._parent.is_symlink() or self._parent.stat().st_uid != os.getuid():
                raise MediaError(f"{self._parent} belongs to somebody else.", hint="Remove it, or set TMPDIR.")
            for left in self._parent.glob("[!.]*"):
                _clear(left)
            made = Path(tempfile.mkdtemp(prefix=".new-", dir=self._parent))
            # Held for life: who can take it knows that nobody lives here any more. Only then does the folder get a name to be found by.
            self._lock = os.open(made / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            self._root = made.rename(self._parent / made.name.removeprefix(".new-"))
        return self._root

    def unpack(self, parcel: Parcel, fetch: Fetch) -> Batch:
        """Return the batch with paths to files of this machine; fetch what is not there yet.

        Raises:
            MediaError: what arrived is not what was sent.
        """
        if not (parcel.media or parcel.files):
            return parcel.batch

        def local(media: Media) -> Media:
            return replace(media, path=self._file(media, parcel.media[media.sha256], fetch))

        def moved(sample: Sample) -> Sample:
            references = {who: tuple(map(local, pictures)) for who, pictures in sample.references.items()}
            return replace(sample, media=tuple(map(local, sample.media)), references=references)

        self._make_room({media.sha256 for media in _media(parcel.batch)})
        groups = [[moved(sample) for sample in group] for group in parcel.batch.groups]
        return replace(parcel.batch, groups=groups, folder=self._scorers(parcel.files))

    def told(self, parcel: Parcel, rows: Rows) -> Rows:
        """Return rows in which an error names the file of the media store, as it does where that can be seen."""
        paths = {str(self._path(media)): str(media.path) for media in _media(parcel.batch)} if parcel.media else {}
        for row in (row for group in rows for sample in group for row in sample if paths and row["status"] == "error"):
            for here, there in paths.items():
                row["reason"] = row["reason"].replace(here, there)
        return rows

    def _path(self, media: Media) -> Path:
        return self.root / media.sha256[:2] / media.path.name

    def _file(self, media: Media, lent: Any, fetch: Fetch) -> Path:
        path = self._path(media)
        if media.sha256 not in self._sizes:
            data = fetch(lent)
            if sha256(data).hexdigest() != media.sha256:
                raise MediaError(f"The artifact {media.sha256[:12]}… arrived changed.", hint="Check it with: workbench log verify")
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
            self._sizes[media.sha256] = len(data)
        self._sizes.move_to_end(media.sha256)
        return path

    def _make_room(self, needed: set[str]) -> None:
        """Take the longest unused files away where there are too many; never one that the next batch needs."""
        for digest in [d for d in self._sizes if d not in needed]:
            if sum(self._sizes.values()) <= self._limit:
                break
            del self._sizes[digest]
            for path in (self.root / digest[:2]).glob(f"{digest}.*"):
                path.unlink()

    def _scorers(self, files: Mapping[str, bytes]) -> str:
        if not files:
            return ""
        name = sha256(repr(sorted(files.items())).encode()).hexdigest()[:16]
        folder = self.root / f"scorers-{name}"
        if not folder.exists():
            folder.mkdir()
            for file, data in files.items():
                (folder / Path(file).name).write_bytes(data)
        return str(folder)


def _clear(folder: Path) -> None:
    with contextlib.suppress(OSError):
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
        finally:
            os.close(lock)
