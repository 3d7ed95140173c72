"""The catalogue: what originality is judged against, in one file of the workspace, `evals/originality.parquet`.

It holds the prose of texts with their grams, and the hashes and small copies of pictures; each with where it comes from. It
can be made anew at any time from the files and runs that it was made from.

    with editing(folder) as catalogue:
        for entry in text_entries("old/ep01.txt", text, series="old"):
            catalogue.add(entry)
    Catalogue.load(folder).texts_like(units_of(text))  ->  [entry, …]

Every gram of every text stands in one sorted array, so that the texts which share grams with another are found exactly by
looking each gram up. That replaces the usual guess with MinHash signatures, see docs/design/originality.md.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from evals.originality.pictures import Look, distances, look
from evals.originality.units import Grams, Units, units_of
from prompts.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

FILE = "originality.parquet"
FORMAT = 1
PIECE, OVERLAP = 1500, 150
"""Units of a piece of a long text, and how many of them the next piece repeats."""
STOCK_TEXTS = 8
STOCK_SHARE = 0.02
"""A gram in so many texts, and in this share of all, is how everybody speaks; it proves nothing."""
_FIELDS = ("id", "kind", "name", "sha256", "series", "case_id", "version", "run_id", "job_id", "text")


@dataclass(frozen=True, slots=True)
class Entry:
    """One text or picture. `name` is a path or run/job; the other fields are empty where they are not known."""

    id: str
    kind: Literal["text", "picture"]
    name: str
    sha256: str
    series: str = ""
    case_id: str = ""
    version: str = ""
    run_id: str = ""
    job_id: str = ""
    text: str = ""
    grams: Grams | None = field(default=None, compare=False, repr=False)
    look: Look | None = field(default=None, compare=False, repr=False)


def text_entries(name: str, text: str, **facts: Any) -> list[Entry]:
    """Make the entries of a text (its prose, see `evals.originality.reading`): one, or one a piece of a long text.

    A novel holds most pairs of words that there are, so it would seem near to everything; its chapters do not.
    """
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    units = units_of(text)
    if len(units) <= PIECE:
        return [_text_entry(name, digest, units, facts)]
    starts = range(0, max(1, len(units) - OVERLAP), PIECE - OVERLAP)
    pieces = (units.quote(start, min(start + PIECE, len(units))) for start in starts)
    return [_text_entry(f"{name}#{number}", digest, units_of(piece), facts) for number, piece in enumerate(pieces, 1)]


def _text_entry(name: str, digest: str, units: Units, facts: Mapping[str, Any]) -> Entry:
    return Entry(_id("text", name, digest), "text", name, digest, text=units.text, grams=np.unique(units.grams()), **facts)


def picture_entry(name: str, image: Image.Image, sha256: str, **facts: Any) -> Entry:
    """Make the entry of a picture; `sha256` is that of its file."""
    return Entry(_id("picture", name, sha256), "picture", name, sha256, look=look(image), **facts)


class Catalogue:
    """All entries, and what is found among them."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries: dict[str, Entry] = {e.id: e for e in entries}

    @classmethod
    def load(cls, folder: Path) -> Catalogue:
        """Read the catalogue of a workspace's `evals` folder; an empty one where there is none yet.

        Raises:
            InputError: the file cannot be read; it can be made anew.
        """
        path = folder / FILE
        if not path.exists():
            return cls()
        import duckdb

        try:
            with duckdb.connect() as con:
                rows = con.execute("select * from read_parquet(?)", [str(path)]).fetchall()
                names = [c[0] for c in con.description or ()]
            return cls(_entry(dict(zip(names, row, strict=True))) for row in rows)
        except (duckdb.Error, KeyError, ValueError, OSError) as error:
            raise InputError(
                f"{path} is no catalogue: {str(error).splitlines()[0][:160]}", hint="Remove it and add the texts and pictures again."
            ) from None

    def add(self, entry: Entry) -> bool:
        """Add an entry; False where it was there already."""
        known = entry.id in self.entries
        self.entries[entry.id] = entry
        self._forget()
        return not known

    def _forget(self) -> None:
        for name in ("texts", "pictures", "digest", "_index", "_views"):
            self.__dict__.pop(name, None)

    def remove(self, prefix: str) -> int:
        """Remove entries whose name begins so; return how many."""
        gone = [e.id for e in self.entries.values() if e.name.startswith(prefix)]
        for entry in gone:
            del self.entries[entry]
        self._forget()
        return len(gone)

    @cached_property
    def texts(self) -> Sequence[Entry]:
        """Return the texts; the places in this list are what the index points to."""
        return [e for e in self.entries.values() if e.grams is not None]

    @cached_property
    def pictures(self) -> Sequence[Entry]:
        """Return the pictures."""
        return [e for e in self.entries.values() if e.look is not None]

    @cached_property
    def digest(self) -> str:
        """Return a hash of what is catalogued, for evidence: the same text against another catalogue has another score."""
        return hashlib.sha256("".join(sorted(self.entries)).encode()).hexdigest()[:12]

    @cached_property
    def _index(self) -> tuple[Grams, Any]:
        grams = [e.grams for e in self.texts if e.grams is not None]
        if not grams:
            return np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
        owners = np.repeat(np.arange(len(grams)), [len(g) for g in grams])
        joined = np.concatenate(grams)
        order = np.argsort(joined, kind="stable")
        return joined[order], owners[order]

    def stock(self, grams: Grams) -> frozenset[int]:
        """Return those of some grams that too many texts hold to prove anything."""
        every = np.unique(grams)
        held = np.searchsorted(self._index[0], every, "right") - np.searchsorted(self._index[0], every, "left")
        return frozenset(every[held >= self._too_many].tolist())

    @property
    def _too_many(self) -> float:
        return max(STOCK_TEXTS, STOCK_SHARE * len(self.texts))

    def texts_like(self, mine: Units) -> list[Entry]:
        """Return the texts that share grams with one, those with most and rarest ones first."""
        grams = np.unique(mine.grams())
        if not len(grams) or not self.texts:
            return []
        every, owners = self._index
        first, last = np.searchsorted(every, grams, "left"), np.searchsorted(every, grams, "right")
        held = last - first
        told = (held > 0) & (held < self._too_many)
        weights = np.log((1 + len(self.texts)) / held[told])
        hits = np.concatenate([owners[a:b] for a, b in zip(first[told], last[told], strict=True)] or [np.empty(0, dtype=np.int64)])
        shared = np.bincount(hits, weights=np.repeat(weights, held[told]), minlength=len(self.texts))
        order = np.argsort(-shared, kind="stable")
        return [self.texts[i] for i in order.tolist() if shared[i]]

    def pictures_like(self, mine: Look, closest: int = 12) -> list[Entry]:
        """Return the pictures whose views have the nearest hashes, nearest first; `nearest` tells whether they are the same."""
        if not self.pictures or not len(mine.hashes):
            return []
        hashes, owners = self._views
        apart = distances(mine.hashes, hashes).min(axis=0) if len(hashes) else np.empty(0)
        best = np.full(len(self.pictures), 1.0)
        np.minimum.at(best, owners, apart)
        return [self.pictures[i] for i in np.argsort(best, kind="stable")[:closest].tolist()]

    @cached_property
    def _views(self) -> tuple[Any, Any]:
        looks = [e.look for e in self.pictures if e.look is not None]
        owners = np.repeat(np.arange(len(looks)), [len(x.hashes) for x in looks])
        return np.concatenate([x.hashes for x in looks]), owners

    def save(self, folder: Path) -> None:
        """Write the catalogue: the new file replaces the old one whole, so that readers see one of the two."""
        import duckdb
        import pandas as pd

        folder.mkdir(parents=True, exist_ok=True)
        rows = pd.DataFrame([_row(e) for e in self.entries.values()], columns=[*_FIELDS, "format", *_BLOBS])
        temporary = folder / f".{FILE}.{os.getpid()}"
        try:
            with duckdb.connect() as con:
                con.register("rows", rows)
                blobs = ", ".join(f"{b}::blob as {b}" for b in _BLOBS)
                texts = ", ".join(f"{name}::varchar as {name}" for name in _FIELDS)
                select = f"select {texts}, format::integer as format, {blobs} from rows order by name, id"  # noqa: S608  fixed words
                con.execute(f"copy ({select}) to '{str(temporary).replace(chr(39), chr(39) * 2)}' (format parquet, compression zstd)")
            temporary.replace(folder / FILE)
        finally:
            temporary.unlink(missing_ok=True)


_BLOBS = ("grams", "hashes", "views", "small")


@contextlib.contextmanager
def editing(folder: Path) -> Iterator[Catalogue]:
    """Load a catalogue, and save it when the block ends without an error; one editor at a time.

    Raises:
        InputError: the catalogue cannot be read, or another process is changing it.
    """
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".{FILE}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError("Another process is changing the catalogue of originality.", hint="Try again when it is done.") from None
        catalogue = Catalogue.load(folder)
        yield catalogue
        catalogue.save(folder)


def _id(kind: str, name: str, digest: str) -> str:
    return hashlib.sha256(f"{kind}\x1f{name}\x1f{digest}".encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _row(entry: Entry) -> list[Any]:
    facts = [getattr(entry, name) for name in _FIELDS]
    if entry.look is None:
        return [*facts, FORMAT, b"" if entry.grams is None else entry.grams.astype("<u8").tobytes(), b"", b"", b""]
    views = "\n".join([f"{entry.look.width}x{entry.look.height}", *entry.look.names]).encode()
    buffer = io.BytesIO()
    entry.look.small.save(buffer, "WEBP", quality=80)
    return [*facts, FORMAT, b"", entry.look.hashes.astype("<u8").tobytes(), views, buffer.getvalue()]


def _entry(row: dict[str, Any]) -> Entry:
    if row["format"] != FORMAT:
        raise ValueError(f"it has format {row['format']}, and this program reads {FORMAT}")
    facts: dict[str, Any] = {name: row[name] or "" for name in _FIELDS}
    entry = Entry(**facts)
    if entry.kind == "text":
        return replace(entry, grams=np.frombuffer(row["grams"], dtype="<u8").astype(np.uint64))
    from PIL import Image

    size, *names = bytes(row["views"]).decode().split("\n")
    width, height = map(int, size.split("x"))
    hashes = np.frombuffer(row["hashes"], dtype="<u8").astype(np.uint64).reshape(-1, 4)
    with Image.open(io.BytesIO(row["small"]), formats=["WEBP"]) as small:
        return replace(entry, look=Look(hashes, tuple(names), small.convert("L"), width, height))
