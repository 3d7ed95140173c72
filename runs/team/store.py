"""What the team log asks of a store: to put, get, list and delete objects by name, and to create one that is not there yet.

    store = open_store("s3://bucket/drama", Options(endpoint="http://127.0.0.1:9000"))
    store.create("runs/r1/0001.json", data)     # False: somebody was faster

`s3://`, `gs://` and `az://` go through obstore, `file://` is a folder, every other address is fsspec's. Names are ours alone: whatever
else a listing shows is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from runs.team.errors import TeamError, TooLong

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,200}(/[A-Za-z0-9][A-Za-z0-9._@-]{0,200}){0,5}")
OBJECTS = ("s3", "gs", "gcs", "az", "azure", "abfs", "abfss")


@dataclass(frozen=True, slots=True)
class Entry:
    """An object of a store: its name, its size in bytes, and when it was put (None where the store does not say)."""

    name: str
    size: int
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How a store is reached: an endpoint of its own, a region, and the seconds that one request may take."""

    endpoint: str = ""
    region: str = ""
    timeout_s: float = 20.0


class Store(Protocol):
    """A store. All methods raise `StoreDown` where it does not answer and `TeamError` where it refuses.

    Attributes:
        url: the address, without anything secret.
        decides: whether `create` is decided by the store itself, so that of two machines one wins.
    """

    url: str
    decides: bool

    def create(self, name: str, data: bytes) -> bool:
        """Put an object where there is none; False where there is one."""
        ...

    def put(self, name: str, data: bytes) -> None:
        """Put an object, in the place of an older one."""
        ...

    def put_file(self, name: str, path: Path) -> None:
        """Put the contents of a file."""
        ...

    def get(self, name: str, limit: int) -> bytes:
        """Return an object's bytes; `Missing` where there is none, `TooLong` where it is longer than `limit`."""
        ...

    def stream(self, name: str) -> Iterator[bytes]:
        """Yield an object's bytes in pieces; `Missing` where there is none."""
        ...

    def list(self, prefix: str) -> Iterator[Entry]:
        """Yield all objects below a prefix that ends in a slash, in no order."""
        ...

    def size(self, name: str) -> int | None:
        """Return how many bytes an object has; None where there is none."""
        ...

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects; one that is not there is no error."""
        ...


def open_store(url: str, options: Options | None = None) -> Store:
    """Return the store of an address; nothing is asked of it yet.

    Raises:
        TeamError: no address of a store, or what reaches it is not installed.
    """
    scheme, mark, rest = url.partition("://")
    if not mark or not rest:
        raise TeamError(f"{url!r} is no address of a store.", hint="Write s3://bucket/folder, or file:///folder for a shared disk.")
    options = options or Options()
    if scheme == "file":
        from runs.team.folder import FolderStore

        return FolderStore(Path(rest))
    if scheme in OBJECTS:
        from runs.team.objects import ObjectStore

        return ObjectStore(url, options)
    from runs.team.anyfs import AnyStore

    return AnyStore(url, options)


def at_most(limit: int, name: str, pieces: Iterable[bytes]) -> bytes:
    """Put the pieces of an object together.

    Raises:
        TooLong: they are longer than `limit`; no more of them is read then.
    """
    data = bytearray()
    for piece in pieces:
        data += piece
        if len(data) > limit:
            raise TooLong(f"{name} on the store is longer than {limit} bytes.")
    return bytes(data)


def checked(name: str) -> str:
    """Return a name if it is one of ours.

    Raises:
        TeamError: it is not; nothing of a store may choose where something is written here.
    """
    if not NAME.fullmatch(name) or ".." in name:
        raise TeamError(f"{name[:80]!r} is no name of the team's store.")
    return name
