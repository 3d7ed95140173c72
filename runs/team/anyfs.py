"""A store at any other address that fsspec knows: SFTP, SMB, WebDAV and so on.

Such a store gives no promise that an object appears whole, so a reader looks at its length; and none that of two machines one wins, so
nothing is decided there (`decides`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runs.team.errors import Missing, StoreDown, TeamError
from runs.team.store import Entry, Options, at_most, checked

_PIECE = 1 << 20


class AnyStore:
    """Objects in a file system of fsspec's."""

    decides = False

    def __init__(self, url: str, options: Options) -> None:  # noqa: ARG002  others need them
        """Prepare the client.

        Raises:
            TeamError: fsspec, or what it needs for this address, is not installed.
        """
        try:
            import fsspec

            fs, root = fsspec.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise TeamError(
                f"The store {url} cannot be used: {' '.join(str(error).split())[:160]}.",
                hint="pip install 'microdrama-workbench[team]', and what fsspec needs for this address.",
            ) from None
        self.url = url
        self._fs: Any = fs
        self._root = str(root).rstrip("/")

    def create(self, name: str, data: bytes) -> bool:
        """Put an object where there is none, as far as one can see."""
        with self._told():
            if self._fs.exists(self._at(name)):
                return False
        self.put(name, data)
        return True

    def put(self, name: str, data: bytes) -> None:
        """Put an object, in the place of an older one."""
        with self._told():
            self._make_parent(name)
            self._fs.pipe_file(self._at(name), data)

    def put_file(self, name: str, path: Path) -> None:
        """Put the contents of a file."""
        with self._told():
            self._make_parent(name)
            self._fs.put_file(str(path), self._at(name))

    def get(self, name: str, limit: int) -> bytes:
        """Return an object's bytes."""
        return at_most(limit, name, self.stream(name))

    def stream(self, name: str) -> Iterator[bytes]:
        """Yield an object's bytes in pieces."""
        with self._told(name), self._fs.open(self._at(name), "rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    def list(self, prefix: str) -> Iterator[Entry]:
        """Yield all objects below a prefix."""
        with self._told():
            self._fs.invalidate_cache()
            found = self._fs.find(self._at(prefix.rstrip("/")), detail=True)
            for path, info in found.items():
                at = info.get("mtime") or info.get("created")
                when = datetime.fromtimestamp(at, UTC) if isinstance(at, int | float) else at if isinstance(at, datetime) else None
                yield Entry(str(path).removeprefix(self._root).lstrip("/"), int(info.get("size") or 0), when)

    def size(self, name: str) -> int | None:
        """Return how many bytes an object has."""
        try:
            with self._told(name):
                return int(self._fs.info(self._at(name))["size"])
        except Missing:
            return None

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects."""
        for name in names:
            with self._told(), contextlib.suppress(FileNotFoundError):
                self._fs.rm_file(self._at(name))

    def _at(self, name: str) -> str:
        return f"{self._root}/{checked(name)}"

    def _make_parent(self, name: str) -> None:
        self._fs.makedirs(self._at(name).rpartition("/")[0], exist_ok=True)

    @contextlib.contextmanager
    def _told(self, name: str = "") -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            if name:
                raise Missing(f"There is no {name} on the store.") from None
            raise StoreDown(f"There is no folder at {self.url}.", hint="Make it, or mend [team] store.") from None
        except TeamError:
            raise
        except Exception as error:  # noqa: BLE001  whatever the library of that address raises
            raise StoreDown(
                f"The store {self.url} cannot be used: {type(error).__name__}.", hint="Nothing is lost; it is shipped later."
            ) from None
