"""A store that is a folder: a disk that all machines mount. An object appears under its name whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from runs.journal import sync_folder
from runs.team.errors import Missing, StoreDown, TeamError
from runs.team.store import Entry, at_most, checked

_PIECE = 1 << 20


class FolderStore:
    """Objects as files below a folder, which must be there: one that is not mounted is a store that does not answer."""

    decides = True

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = f"file://{root}"

    def create(self, name: str, data: bytes) -> bool:
        """Put an object where there is none: a link to it is made, which exactly one of two machines can."""
        try:
            self._write(name, lambda file: file.write(data), os.link)
        except FileExistsError:
            return False
        except OSError as error:
            raise self._refused(error) from error
        return True

    def put(self, name: str, data: bytes) -> None:
        """Put an object, in the place of an older one."""
        self._put(name, lambda file: file.write(data))

    def put_file(self, name: str, path: Path) -> None:
        """Put the contents of a file."""

        def copy(file: BinaryIO) -> None:
            with path.open("rb") as source:
                while piece := source.read(_PIECE):
                    file.write(piece)

        self._put(name, copy)

    def get(self, name: str, limit: int) -> bytes:
        """Return an object's bytes."""
        return at_most(limit, name, self.stream(name))

    def stream(self, name: str) -> Iterator[bytes]:
        """Yield an object's bytes in pieces. A link is not followed: the folder is written by others."""
        try:
            fd = os.open(self.root / checked(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(fd, "rb") as file:
                if not stat.S_ISREG(os.fstat(fd).st_mode):
                    raise Missing(f"{name} on the store is no file.")
                while piece := file.read(_PIECE):
                    yield piece
        except FileNotFoundError:
            self._there()
            raise Missing(f"There is no {name} on the store.") from None
        except OSError as error:
            raise self._refused(error) from error

    def list(self, prefix: str) -> Iterator[Entry]:
        """Yield all objects below a prefix."""
        self._there()
        try:
            for folder, _, names in os.walk(self.root / checked(prefix.rstrip("/"))):
                for name in names:
                    path = Path(folder, name)
                    if name.startswith("."):
                        continue
                    with contextlib.suppress(FileNotFoundError):
                        found = path.lstat()
                        if stat.S_ISREG(found.st_mode):
                            yield Entry(path.relative_to(self.root).as_posix(), found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))
        except OSError as error:
            raise self._refused(error) from error

    def size(self, name: str) -> int | None:
        """Return how many bytes an object has."""
        self._there()
        try:
            return (self.root / checked(name)).lstat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refused(error) from error

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects."""
        try:
            for name in names:
                (self.root / checked(name)).unlink(missing_ok=True)
        except OSError as error:
            raise self._refused(error) from error

    def _put(self, name: str, fill: Callable[[BinaryIO], object]) -> None:
        try:
            self._write(name, fill, os.replace)
        except OSError as error:
            raise self._refused(error) from error

    def _write(self, name: str, fill: Callable[[BinaryIO], object], place: Callable[[Path, Path], None]) -> None:
        self._there()
        target = self.root / checked(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".put-{os.getpid()}-{secrets.token_hex(8)}")
        try:
            with beside.open("xb") as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
            place(beside, target)
            sync_folder(target.parent)
        finally:
            beside.unlink(missing_ok=True)

    def _there(self) -> None:
        if not self.root.is_dir():
            raise StoreDown(f"There is no folder {self.root}.", hint="Is the shared disk mounted?")

    def _refused(self, error: OSError) -> TeamError:
        return StoreDown(f"The store {self.url} cannot be used: {os.strerror(error.errno or 0)}.", hint="Is it writable, and not full?")
