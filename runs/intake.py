"""Looking at files that people bring in, before anything is stored: where they lie, what they are, whether they decode.

    take = Intake(folder)
    take.checked("mei wb3fa9c1.png", "image")   ->  Checked(path=…, kind="image", media_type="image/png", sha256="…")

A file is known by its bytes, not by its name. Every fault is kept in `Intake.problems`, so that one command tells all of
them; nothing is stored while there is one.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from prompts.errors import InputError
from runs import outputs
from runs.decoding import undecodable
from runs.media import MEDIA_TYPES
from runs.provider import Asset, Failure, Kind

MAX_FILES = 10_000
MAX_BYTES: dict[Kind, int] = {"text": 10_000_000, "image": 100_000_000, "audio": 500_000_000, "video": 2_000_000_000}
IGNORED = frozenset({"thumbs.db", "desktop.ini", "prompts.csv", "prompts.html"})
IGNORED_FOLDERS = frozenset({"__macosx", "references"})
SHOWN = 20
_CHUNK = 1 << 20


class ImportRefused(InputError):
    """Files that cannot be taken; nothing was. `problems` are (file, reason) in the order in which they were found."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        lines = [f"  {name}: {reason}" for name, reason in problems[:SHOWN]]
        if len(problems) > SHOWN:
            lines.append(f"  … and {len(problems) - SHOWN} more")
        if len(problems) == 1:
            super().__init__(f"Nothing was imported. {problems[0][0]}: {problems[0][1]}.")
        else:
            super().__init__("\n".join([f"Nothing was imported: {len(problems)} problems.", *lines]))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that can be taken. `name` is its path in the folder, with slashes."""

    path: Path
    name: str
    kind: Kind
    media_type: str
    sha256: str
    size: int


@dataclass(slots=True)
class Intake:
    """One folder, and what is wrong with the files in it."""

    folder: Path
    problems: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            raise InputError(f"There is no folder {self.folder}.")
        self.folder = self.folder.resolve()

    def refuse(self, name: str, reason: str) -> None:
        """Note a problem."""
        self.problems.append((name, reason))

    def settle(self) -> None:
        """End the look.

        Raises:
            ImportRefused: there was a problem.
        """
        if self.problems:
            raise ImportRefused(self.problems)

    def names(self) -> list[str]:
        """Return the names of all files, sub-folders too, sorted; links and what is no file are problems, hidden files ignored.

        Raises:
            InputError: far too many files: the wrong folder.
        """
        found = sorted(self._walk(self.folder))
        if len(found) > MAX_FILES:
            raise InputError(f"{self.folder} holds more than {MAX_FILES} files.", hint="Is it the right folder?")
        return found

    def checked(self, name: str, wanted: Kind) -> Checked | None:
        """Check one file; None where it has a problem, which is noted."""
        try:
            return _check(self._inside(name), name, wanted)
        except _UnfitError as error:
            self.refuse(name, str(error))
        except OSError as error:
            self.refuse(name, f"cannot be read: {os.strerror(error.errno or 0)}")
        return None

    def _inside(self, name: str) -> Path:
        """Return the path of a name, which must not leave the folder, not by `..` and not by a link on the way."""
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if not parts or ".." in parts or PurePosixPath(name).is_absolute() or "\0" in name:
            raise _UnfitError("lies outside the folder")
        path = self.folder
        for part in parts:
            path = path / part
            if path.is_symlink():
                raise _UnfitError("is a link" if path == self.folder.joinpath(*parts) else "lies behind a link")
        if not path.exists():
            raise _UnfitError("is not there")
        return path

    def _walk(self, folder: Path) -> Iterator[str]:
        for entry in sorted(os.scandir(folder), key=lambda e: e.name):
            name = Path(entry.path).relative_to(self.folder).as_posix()
            if entry.name.startswith(".") or entry.name.lower() in IGNORED:
                continue
            if entry.is_symlink():
                self.refuse(name, "is a link")
            elif entry.is_dir():
                if entry.name.lower() not in IGNORED_FOLDERS:
                    yield from self._walk(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                yield name
            else:
                self.refuse(name, "is no regular file")


class _UnfitError(Exception):
    """Why a file cannot be taken."""


def _check(path: Path, name: str, wanted: Kind) -> Checked:
    # Not blocking, so that a pipe is refused and not waited for; not through a link that was put there a moment ago.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise _UnfitError("is no regular file")
        if not found.st_size:
            raise _UnfitError("is empty")
        if found.st_size > MAX_BYTES[wanted]:
            raise _UnfitError(f"is larger than {MAX_BYTES[wanted] // 1_000_000} MB")
        head = file.read(_CHUNK)
        seen = outputs.sniff(head) if len(head) == found.st_size or outputs.sniff(head[:64]) else None
        whole = head + file.read() if wanted in ("text", "image") else b""
        if wanted in ("text", "image"):
            kind, media_type = _small(whole, wanted)
        else:
            kind, media_type = _streamed(path, head, seen, wanted)
        if media_type not in MEDIA_TYPES:
            raise _UnfitError(f"is of type {media_type}, which cannot be stored; convert it")
        file.seek(0)
        return Checked(path, name, kind, media_type, _sha256(file), found.st_size)


def _small(data: bytes, wanted: Kind) -> tuple[Kind, str]:
    seen = outputs.sniff(data)
    if wanted == "image" and seen and seen[0] == "video" and data[4:8] != b"ftyp":
        raise _UnfitError(f"is {seen[1]}, not a picture")
    checked = outputs.check([Asset(wanted, seen[1] if seen else "", data)], wanted)
    if isinstance(checked, Failure):
        raise _UnfitError(_as_reason(checked.message, seen, wanted))
    return checked[0].kind, checked[0].media_type


def _as_reason(message: str, seen: tuple[Kind, str] | None, wanted: Kind) -> str:
    if seen is None:
        return f"is no {_NAMES[wanted]} that we know"
    return f"is {seen[1]}, not {_NAMES[wanted]}" if seen[0] != wanted else message


_NAMES: dict[Kind, str] = {"text": "text", "image": "picture", "video": "clip", "audio": "recording"}


def _streamed(path: Path, head: bytes, seen: tuple[Kind, str] | None, wanted: Kind) -> tuple[Kind, str]:
    """Check a clip or a recording by opening it: too large to be held in memory."""
    seen = seen or outputs.sniff(head[:4096])
    if seen is None:
        raise _UnfitError(f"is no {_NAMES[wanted]} that we know")
    if wanted == "video" and seen[1] in ("image/webp", "image/gif"):
        checked = outputs.check([Asset("video", seen[1], path.read_bytes())], "video")
        if isinstance(checked, Failure):
            raise _UnfitError(checked.message)
        return "video", seen[1]
    if seen[0] != wanted and not (wanted == "audio" and seen[1] in ("video/mp4", "video/webm")):
        raise _UnfitError(f"is {seen[1]}, not a {_NAMES[wanted]}")
    problem = undecodable(path, wanted) if wanted in ("video", "audio") else ""
    if problem:
        raise _UnfitError(problem)
    if wanted == "audio" and seen[0] == "video":
        return "audio", {"video/mp4": "audio/mp4"}.get(seen[1], seen[1])
    return seen


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := file.read(_CHUNK):
        digest.update(piece)
    return digest.hexdigest()
