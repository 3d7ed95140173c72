"""A piece: a stretch of a journal as it lies on the store. It is never changed, and says in its name what it holds.

    journals/<machine>/<journal>/<offset>-<plain bytes>-<packed bytes>-<beginning of SHA-256>.gz

The plain bytes are whole lines, packed like a sealed journal's blocks. Pieces may overlap, for a journal only grows: when it has ended,
its many small pieces are put together to large ones. A reader goes on from any piece that covers the place where it is. What is shorter
on the store than its name says is not wholly there yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from runs.sealed import pack_lines, unpack_lines
from runs.team.store import Entry

FOLDER = "journals/"
LARGEST = 80 << 20
"""Most plain bytes of a piece: a line is at most 64 MB."""
_JOURNAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")
_PATH = re.compile(
    r"journals/([A-Za-z0-9][A-Za-z0-9-]{0,39})/([A-Za-z0-9][A-Za-z0-9._-]{0,150})/(\d{1,15})-(\d{1,9})-(\d{1,9})-([0-9a-f]{32})\.gz"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece by its name: whose, of which journal (without `.jsonl`), and which of its bytes; `at` is when it was put."""

    machine: str
    journal: str
    offset: int
    plain: int
    packed: int
    digest: str
    at: str = field(default="", compare=False)

    @property
    def end(self) -> int:
        """Return the offset behind its last byte."""
        return self.offset + self.plain

    @property
    def name(self) -> str:
        """Return its name on the store."""
        return f"{FOLDER}{self.machine}/{self.journal}/{self.offset:012d}-{self.plain}-{self.packed}-{self.digest}.gz"


def can_be_named(journal: str) -> bool:
    """Tell whether a journal's name can stand on the store; those that the workbench gives can."""
    return bool(_JOURNAL.fullmatch(journal)) and ".." not in journal


def make(machine: str, journal: str, offset: int, lines: bytes) -> tuple[Piece, bytes]:
    """Pack whole lines; return the piece and what is put under its name."""
    packed = pack_lines(lines)
    return Piece(machine, journal, offset, len(lines), len(packed), _digest(lines)), packed


def parse(entry: Entry) -> Piece | None:
    """Return the piece that an object is; None for anything else, and for one that is not wholly there yet."""
    found = _PATH.fullmatch(entry.name)
    if not found:
        return None
    piece = Piece(found[1], found[2], int(found[3]), int(found[4]), int(found[5]), found[6], str(entry.at or ""))
    sound = 0 < piece.plain <= LARGEST and piece.packed <= LARGEST and entry.size >= piece.packed
    return piece if sound and piece.name == entry.name else None


def lines_of(piece: Piece, data: bytes) -> bytes | None:
    """Return the plain lines of a piece; None where they are not what its name says."""
    plain = unpack_lines(data, piece.plain) if len(data) == piece.packed else None
    sound = plain is not None and len(plain) == piece.plain and plain.endswith(b"\n") and _digest(plain) == piece.digest
    return plain if sound else None


def covering(found: Iterable[Piece], place: int) -> Piece | None:
    """Return the piece that holds the byte at a place and reaches farthest beyond it."""
    return max((piece for piece in found if piece.offset <= place < piece.end), key=lambda piece: piece.end, default=None)


def reach(found: Iterable[Piece]) -> int:
    """Return how many bytes from the beginning the pieces cover without a gap."""
    place = 0
    for piece in sorted(found, key=lambda piece: piece.offset):
        if piece.offset > place:
            break
        place = max(place, piece.end)
    return place


def _digest(lines: bytes) -> str:
    return sha256(lines).hexdigest()[:32]
