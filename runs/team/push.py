"""Shipping: this machine's journals, and the media that they name, to the team's store.

    pusher = Pusher(ws, member)
    pusher.push()          ->  Pushed(pieces=3, plain=81234, media=12)

Media go first and the piece that names them after, so that nobody reads of what is not there. Only whole lines are shipped. Shipping
the same twice does no harm: a piece is named by what it holds. So what died half-way is begun again.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prompts.errors import WorkspaceError
from prompts.files import held
from runs.journal import is_live, own_files
from runs.lines import header, read_lines
from runs.media import MediaStore
from runs.sealed import size_of
from runs.team import pieces
from runs.team.member import Member, join
from runs.team.pieces import Piece
from runs.workspace import Workspace

PIECE = 4 << 20
"""About how many plain bytes a piece of a growing journal holds."""
WHOLE = 32 << 20
"""About how many plain bytes a piece of an ended journal holds."""
SMALL = 256 << 10
"""An artifact up to this size is put without asking whether it is there."""
LOCK = ".push.lock"
_NAMED = re.compile(rb'"sha256":"([0-9a-f]{64})"')


@dataclass(slots=True)
class Pushed:
    """What was shipped: pieces, plain bytes of journals, artifacts; and artifacts that could not be, by name and reason."""

    pieces: int = 0
    plain: int = 0
    media: int = 0
    refused: dict[str, str] = field(default_factory=dict)


class Pusher:
    """Ships a workspace's own journals; remembers what is on the store already."""

    def __init__(self, ws: Workspace, member: Member) -> None:
        self.ws, self.member = ws, member
        self._store, self._media = member.store, MediaStore(ws, fetch=False)
        self._there: dict[str, list[Piece]] = {}
        self._reached: dict[str, int] = {}
        self._complete: set[str] = set()
        self._known_media: set[str] = set()
        self._joined = False

    def push(self, only: Sequence[Path] = ()) -> Pushed:
        """Ship what is new: of some journals, or of all that were written here.

        Raises:
            StoreDown: the store does not answer; what was shipped so far counts.
            TeamError: the store refuses, or the machine's name is somebody else's.
        """
        done = Pushed()
        if not self._joined:
            join(self.ws, self.member)
            self._joined = True
        with _one_at_a_time(self.ws) as mine:
            if mine:
                if not only:
                    self.look()
                for path in only or own_files(self.ws):
                    with contextlib.suppress(FileNotFoundError):  # pruned a moment ago
                        self._ship(path, done)
        return done

    def waiting(self) -> dict[str, int]:
        """Return how many bytes of each of this machine's journals are not on the store, as far as that was looked at."""
        left: dict[str, int] = {}
        for path in own_files(self.ws):
            with contextlib.suppress(FileNotFoundError):
                if (more := size_of(path) - self._reached.get(path.stem, 0)) > 0 and header(path):
                    left[path.stem] = more
        return left

    def look(self) -> None:
        """Ask the store how much it has of each of this machine's journals."""
        self._there = self._listed(f"{pieces.FOLDER}{self.member.machine}/")
        self._reached = {journal: pieces.reach(found) for journal, found in self._there.items()}

    def _listed(self, prefix: str) -> dict[str, list[Piece]]:
        found: dict[str, list[Piece]] = {}
        for entry in self._store.list(prefix):
            if piece := pieces.parse(entry):
                found.setdefault(piece.journal, []).append(piece)
        return found

    def _ship(self, path: Path, done: Pushed) -> None:
        journal = path.stem
        if journal in self._complete or header(path) is None:
            return
        if not pieces.can_be_named(journal):
            done.refused[path.name] = "its name is none that a journal has"
            return
        if journal not in self._reached:
            self._there |= self._listed(f"{pieces.FOLDER}{self.member.machine}/{journal}/")
            self._reached[journal] = pieces.reach(self._there.setdefault(journal, []))
        ended = not is_live(path)  # asked before the last bytes are read: none come after
        for offset, lines in _stretches(path, self._reached[journal], PIECE):
            self._send(journal, offset, lines, done)
        if ended:
            self._put_together(path)
            self._complete.add(journal)
            self._there.pop(journal, None)

    def _send(self, journal: str, offset: int, lines: bytes, done: Pushed) -> None:
        for name in sorted({match.decode() for match in _NAMED.findall(lines)} - self._known_media):
            self._send_media(name, done)
        piece, packed = pieces.make(self.member.machine, journal, offset, lines)
        self._store.put(piece.name, packed)
        self._there[journal].append(piece)
        self._reached[journal] = piece.end
        done.pieces += 1
        done.plain += len(lines)

    def _send_media(self, name: str, done: Pushed) -> None:
        path = self._media.local(name)
        if path is None:  # made by another machine, or gone: that is `log verify`'s to say
            return
        remote, size = f"media/{name[:2]}/{path.name}", path.stat().st_size
        if size <= SMALL or self._store.size(remote) != size:
            if not self._media.is_sound(path):
                done.refused[path.name] = "its bytes are not what its name says"
                return
            self._store.put_file(remote, path)
            done.media += 1
        self._known_media.add(name)

    def _put_together(self, path: Path) -> None:
        """Put an ended journal's small pieces together to large ones; a reader finds the one or the other at any moment."""
        there = {piece.name for piece in self._there[path.stem]}
        if len(there) <= 1 + self._reached[path.stem] // WHOLE:
            return
        made: set[str] = set()
        for offset, lines in _stretches(path, 0, WHOLE):
            piece, packed = pieces.make(self.member.machine, path.stem, offset, lines)
            if piece.name not in there:
                self._store.put(piece.name, packed)
            made.add(piece.name)
        self._store.delete(sorted(there - made))


def _stretches(path: Path, place: int, size: int) -> Iterator[tuple[int, bytes]]:
    while lines := read_lines(path, place, size):
        yield place, lines
        place += len(lines)


@contextlib.contextmanager
def _one_at_a_time(ws: Workspace) -> Iterator[bool]:
    """Hold the workspace's shipping; False where another process ships for long: it ships what is ours too, or we do next time."""
    ws.team.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(held(ws.team / LOCK, patience=5.0))
        except WorkspaceError:
            yield False
            return
        yield True
