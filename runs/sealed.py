"""Sealed journals: the same bytes, compressed, in blocks that can be read without those before.

    seal(path)                              20261001T….jsonl  ->  20261001T….jsonl.gz
    with open_journal(path) as file: …      either of them, by the name that it was born with

A sealed journal is a gzip file (`zcat` reads it) of many members. Each holds about a megabyte of whole lines and says in an
extra field of its header how long it is, packed and plain, so that a reader hops from block to block. Everybody else goes on
calling the journal by its old name: offsets, the log's `file` column and the order of journals stay what they were.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import struct
import time
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from runs.errors import JournalError

SUFFIX = ".gz"
BLOCK = 1 << 20
"""About how many plain bytes a block holds; the last line is never cut, so a long line makes a long block."""
_LARGEST = 80 << 20
"""A block that says it is longer than this is none of ours: a line is at most 64 MB."""
_HEAD = struct.Struct("<4sIBBH2sHQQ")
_TAIL = struct.Struct("<II")
_MAGIC = b"\x1f\x8b\x08\x04"
_FIELD = b"MW"
_INDEX: dict[tuple[int, int, int, int], tuple[Block, ...]] = {}
_KEPT = 256


@dataclass(frozen=True, slots=True)
class Block:
    """A member: where it lies in the file, and which plain bytes it holds. `packed` is 0 for what cannot be read."""

    at: int
    packed: int
    plain_at: int
    plain: int


def sealed(path: Path) -> Path:
    """Return where a journal's sealed form lies."""
    return path.with_name(path.name + SUFFIX)


def open_journal(path: Path) -> BinaryIO:
    """Open a journal to read, sealed or not.

    Raises:
        OSError: there is neither.
    """
    try:
        return path.open("rb")
    except FileNotFoundError:
        file = sealed(path).open("rb")
    return io.BufferedReader(_Sealed(file, _blocks_of(file)), 1 << 16)


def size_of(path: Path) -> int:
    """Return how many plain bytes a journal holds; errors as `open_journal`."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        with sealed(path).open("rb") as file:
            blocks = _blocks_of(file)
    return blocks[-1].plain_at + blocks[-1].plain if blocks else 0


def seal(path: Path) -> int:
    """Put a journal's sealed form in its place; return by how many bytes it is smaller.

    The plain file goes only when the packed one is on disk and was read back equal. Dying in between leaves both, and the
    plain one counts.

    Raises:
        JournalError: its writer lives, or the disk is full or read-only.
    """
    target, scratch = sealed(path), path.with_name(f".seal-{path.name}")
    try:
        with path.open("rb") as file:
            if not _alone(file):
                raise JournalError(f"The journal {path.name} is being written.", hint="Seal it when its run is over.")
            before = os.fstat(file.fileno())
            with scratch.open("wb") as out:
                for block in _chunks(file):
                    out.write(_pack(block))
                out.flush()
                os.fsync(out.fileno())
            _compare(file, scratch)
            os.utime(scratch, ns=(before.st_atime_ns, before.st_mtime_ns))
            scratch.replace(target)
            _sync(path.parent)
            path.unlink()
            _sync(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            scratch.unlink()
        raise JournalError(
            f"Cannot seal {path.name}: {os.strerror(error.errno or 0)}.", hint="Nothing is lost; look at the disk."
        ) from error
    return before.st_size - target.stat().st_size


def _alone(file: BinaryIO) -> bool:
    """Lock a journal. Whoever asks whether its writer lives (`runs.growth`) holds it too, but for a moment only."""
    for _ in range(20):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.005)
    return False


def damaged(path: Path) -> Iterator[tuple[int, int]]:
    """Yield the plain offset and length of each block of a sealed journal that cannot be read; nothing for a plain one."""
    if path.exists():
        return
    with sealed(path).open("rb") as file:
        for block in _blocks_of(file):
            if _unpack(file, block) is None:
                yield block.plain_at, block.plain


def pack_lines(lines: bytes) -> bytes:
    """Return whole lines as a sealed journal would hold them."""
    return b"".join(_pack(block) for block in _chunks(io.BytesIO(lines)))


def unpack_lines(data: bytes, limit: int) -> bytes | None:
    """Return what `pack_lines` packed; None where the bytes are not that, or hold more than `limit` plain ones."""
    file = io.BytesIO(data)
    blocks = list(_hop(file, len(data)))
    if sum(block.plain for block in blocks) > limit:
        return None
    pieces = [_unpack(file, block) for block in blocks]
    return None if None in pieces else b"".join(piece for piece in pieces if piece is not None)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    """Cut a journal into whole lines of about a block; what has no end stays in one piece with the rest."""
    while piece := file.read(BLOCK):
        yield piece if piece.endswith(b"\n") else piece + file.readline()


def _pack(plain: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = packer.compress(plain) + packer.flush()
    length = _HEAD.size + len(body) + _TAIL.size
    head = _HEAD.pack(_MAGIC, 0, 0, 255, _HEAD.size - 12, _FIELD, 16, length, len(plain))
    return head + body + _TAIL.pack(zlib.crc32(plain), len(plain) & 0xFFFFFFFF)


def _unpack(file: BinaryIO, block: Block) -> bytes | None:
    """Return a block's plain bytes; None where they are not what was packed."""
    if not block.packed:
        return None
    file.seek(block.at)
    data = file.read(block.packed)
    try:
        # Bounded by what the header says: a block that unpacks to more is no block of ours.
        plain = zlib.decompressobj(-15).decompress(data[_HEAD.size : -_TAIL.size], block.plain + 1)
    except zlib.error:
        return None
    sound = len(data) == block.packed and data[-_TAIL.size :] == _TAIL.pack(zlib.crc32(plain), len(plain) & 0xFFFFFFFF)
    return plain if sound and len(plain) == block.plain else None


def _compare(file: BinaryIO, packed: Path) -> None:
    """Raise where the packed file does not read back as the plain one."""
    file.seek(0)
    wanted, found = sha256(), sha256()
    while piece := file.read(BLOCK):
        wanted.update(piece)
    with packed.open("rb") as again:
        for block in _blocks_of(again):
            found.update(_unpack(again, block) or b"?")
    if wanted.digest() != found.digest():
        packed.unlink()
        raise JournalError(f"{packed.name} did not read back as it was written; the journal stays as it is.", hint="Check the disk.")


def _blocks_of(file: BinaryIO) -> tuple[Block, ...]:
    found = os.fstat(file.fileno())
    key = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
    if key not in _INDEX:
        if len(_INDEX) >= _KEPT:
            _INDEX.clear()
        _INDEX[key] = tuple(_hop(file, found.st_size))
    return _INDEX[key]


def _hop(file: BinaryIO, size: int) -> Iterator[Block]:
    """Hop from header to header; what follows a broken one is one block that cannot be read."""
    at = plain_at = 0
    while at < size:
        file.seek(at)
        packed, plain = _lengths(file.read(_HEAD.size))
        if not packed or at + packed > size:
            yield Block(at, 0, plain_at, size - at)
            return
        yield Block(at, packed, plain_at, plain)
        at, plain_at = at + packed, plain_at + plain


def _lengths(head: bytes) -> tuple[int, int]:
    if len(head) < _HEAD.size:
        return 0, 0
    magic, _, _, _, extra, field, width, packed, plain = _HEAD.unpack(head)
    ours = (magic, extra, field, width) == (_MAGIC, _HEAD.size - 12, _FIELD, 16)
    return (packed, plain) if ours and packed > _HEAD.size + _TAIL.size and 0 < plain <= _LARGEST else (0, 0)


class _Sealed(io.RawIOBase):
    """The plain bytes of a sealed journal. A block that cannot be read gives zero bytes and an end of line: a corrupt line to all."""

    def __init__(self, file: BinaryIO, blocks: tuple[Block, ...]) -> None:
        self._file, self._blocks = file, blocks
        self._starts = [block.plain_at for block in blocks]
        self._size = blocks[-1].plain_at + blocks[-1].plain if blocks else 0
        self._at = 0
        self._held: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._at >= self._size:
            return 0
        number = bisect_right(self._starts, self._at) - 1
        block = self._blocks[number]
        if self._held[0] != number:
            # The promise of the header is all that is known of a broken block; its length keeps later offsets right.
            self._held = (number, _unpack(self._file, block) or bytes(block.plain - 1) + b"\n")
        begin = self._at - block.plain_at
        piece = self._held[1][begin : begin + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        self._file.close()
        super().close()


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
