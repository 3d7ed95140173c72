"""The media store: every artifact under its SHA-256, in `runs/media/<aa>/<sha256>.<extension>`.

    store = MediaStore(ws)
    store.put(data, "image/png")   ->  Media(kind="image", sha256="3fa9…", media_type="image/png", path=…/3f/3fa9….png)

A file appears under its name complete and on disk, or not at all. Links inside the store are never followed.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from hashlib import sha256 as _sha256
from pathlib import Path
from typing import Literal

from evals.score import Media
from runs.errors import MediaError
from runs.workspace import Workspace

Kind = Literal["text", "image", "video", "audio"]

MEDIA_TYPES: Mapping[str, tuple[Kind, str]] = {
    "text/plain": ("text", "txt"),
    "text/markdown": ("text", "md"),
    "application/json": ("text", "json"),
    "image/png": ("image", "png"),
    "image/jpeg": ("image", "jpg"),
    "image/webp": ("image", "webp"),
    "image/gif": ("image", "gif"),
    "image/avif": ("image", "avif"),
    "video/mp4": ("video", "mp4"),
    "video/webm": ("video", "webm"),
    "video/quicktime": ("video", "mov"),
    "video/x-matroska": ("video", "mkv"),
    "audio/mpeg": ("audio", "mp3"),
    "audio/wav": ("audio", "wav"),
    "audio/ogg": ("audio", "ogg"),
    "audio/flac": ("audio", "flac"),
    "audio/mp4": ("audio", "m4a"),
    "audio/aac": ("audio", "aac"),
}
"""What can be stored: media type -> kind and extension. Closed, so that no provider chooses a file's extension."""
_ALIASES = {
    "image/jpg": "image/jpeg",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/mp3": "audio/mpeg",
    "audio/x-m4a": "audio/mp4",
}
_BY_EXTENSION = {extension: media_type for media_type, (_, extension) in MEDIA_TYPES.items()} | {"jpeg": "image/jpeg"}
_HASH = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OURS, _NUMBERS = secrets.token_hex(8), itertools.count()
"""What names the temporary files of this process, whose number another one may have had."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the store that should not be as it is."""

    path: Path
    reason: str
    rotten: bool = False
    left_over: bool = False


def media_type_of(path: Path) -> str:
    """Return the media type that a file's extension stands for.

    Raises:
        MediaError: an extension that the store does not know.
    """
    try:
        return _BY_EXTENSION[path.suffix.lower().removeprefix(".")]
    except KeyError:
        raise MediaError(f"{path.name}: unknown kind of file.", hint=f"Known extensions: {', '.join(sorted(_BY_EXTENSION))}.") from None


def _type(media_type: str) -> tuple[str, Kind, str]:
    plain = media_type.partition(";")[0].strip().lower()
    plain = _ALIASES.get(plain, plain)
    try:
        return plain, *MEDIA_TYPES[plain]
    except KeyError:
        raise MediaError(f"Cannot store media of type {media_type!r}.", hint=f"Known types: {', '.join(sorted(MEDIA_TYPES))}.") from None


class MediaStore:
    """The store of a workspace. Safe to use from several threads and processes.

    What other machines of a team have made is fetched from their store when it is first asked for (`runs.team.media`), unless
    `fetch` is off.
    """

    def __init__(self, ws: Workspace, *, fetch: bool = True) -> None:
        self.root = ws.media
        self._ws = ws
        self._fetch = fetch

    def put(self, data: bytes, media_type: str, *, flush: bool = True) -> Media:
        """Store bytes and return where they are; storing the same again costs a look.

        Args:
            data: the bytes.
            media_type: what they are.
            flush: wait until they are on disk. Without, a process may be killed but the machine must not lose power until `flush`.

        Raises:
            MediaError: unknown media type, full disk, read-only folder.
        """
        plain, kind, extension = _type(media_type)
        name = _sha256(data).hexdigest()
        try:
            with self._folder_of(name) as folder:
                if not _has(folder, f"{name}.{extension}", len(data), flush=flush):
                    with self._temporary() as (path, fd):
                        _write(fd, data)
                        _place(path, fd, f"{name}.{extension}", folder, flush=flush)
        except OSError as error:
            raise self._refused(error) from error
        return Media(kind, name, plain, self.root / name[:2] / f"{name}.{extension}")

    def flush(self) -> None:
        """Wait until all that was stored is on disk.

        Raises:
            MediaError: the disk says that it is not.
        """
        try:
            if self.root.is_dir():
                _flush_disk_of(self.root)
        except OSError as error:
            raise self._refused(error) from error

    def mend(self, data: bytes, media_type: str) -> bool:
        """Store bytes in the place of a file that is not what its name says, or is not there; return whether that was so."""
        found = self.local(_sha256(data).hexdigest())
        if found is not None and self.is_sound(found):
            return False
        if found is not None:
            found.unlink(missing_ok=True)
        self.put(data, media_type)
        return True

    def put_file(self, path: Path, media_type: str = "") -> Media:
        """Copy a file into the store, in pieces. The media type follows from the extension where none is given.

        Raises:
            MediaError: as `put`, or no regular file that can be read.
        """
        media_type = media_type or media_type_of(path)
        try:
            # Not blocking, so that a pipe given by mistake is refused and not waited for.
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise MediaError(f"{path} is no regular file.")
                return self._store(iter(lambda: file.read(_CHUNK), b""), media_type)
        except OSError as error:
            raise MediaError(f"Cannot read {path}: {os.strerror(error.errno or 0)}.") from error

    def put_as(self, name: str, pieces: Iterable[bytes]) -> Path:
        """Store bytes that must be what a name of the store (`<sha256>.<extension>`) says.

        Raises:
            MediaError: they are not, or as `put`.
        """
        if not self.is_name(name):
            raise MediaError(f"{name[:80]!r} is no name of an artifact.")
        wanted, _, extension = name.partition(".")
        self._store(pieces, _BY_EXTENSION[extension], wanted)
        return self.root / wanted[:2] / name

    def _store(self, pieces: Iterable[bytes], media_type: str, wanted: str = "") -> Media:
        """Store what comes in pieces; its name is known when the last one is there."""
        plain, kind, extension = _type(media_type)
        try:
            with self._temporary() as (path, fd):
                digest, size = _sha256(), 0
                for piece in pieces:
                    digest.update(piece)
                    _write(fd, piece)
                    size += len(piece)
                name = digest.hexdigest()
                if wanted not in ("", name):
                    raise MediaError(f"What came as the artifact {wanted[:12]}… is not what its name says.")
                with self._folder_of(name) as folder:
                    if _has(folder, f"{name}.{extension}", size, flush=True):
                        Path(path).unlink()
                    else:
                        _place(path, fd, f"{name}.{extension}", folder, flush=True)
        except OSError as error:
            raise self._refused(error) from error
        return Media(kind, name, plain, self.root / name[:2] / f"{name}.{extension}")

    @contextlib.contextmanager
    def _folder_of(self, name: str) -> Iterator[int]:
        """Open the folder that an artifact belongs in, made if need be; one that is a link is refused."""
        path = f"{self.root}/{name[:2]}"
        try:
            fd = os.open(path, _FOLDER | os.O_NOFOLLOW)
        except FileNotFoundError:
            self.root.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                Path(path).mkdir(0o755)
            with _folder(self.root) as root:
                os.fsync(root)
            fd = os.open(path, _FOLDER | os.O_NOFOLLOW)
        try:
            yield fd
        finally:
            os.close(fd)

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[tuple[str, int]]:
        """Open a new file in the store's root, where leftovers are looked for; whoever does not move it to its name removes it."""
        path = f"{self.root}/.tmp-{os.getpid()}-{_OURS}-{next(_NUMBERS)}"
        try:
            fd = os.open(path, _NEW, 0o644)
        except FileNotFoundError:
            self.root.mkdir(parents=True, exist_ok=True)
            fd = os.open(path, _NEW, 0o644)
        try:
            yield path, fd
        except BaseException:
            Path(path).unlink(missing_ok=True)
            raise
        finally:
            os.close(fd)

    def _refused(self, error: OSError) -> MediaError:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            return MediaError(
                f"The disk is full: cannot store media in {self.root}.", hint="Free some space, then go on with `workbench run --resume`."
            )
        if error.errno in {errno.ELOOP, errno.ENOTDIR}:
            return MediaError(
                f"A folder of the media store is a link or no folder, in {self.root}.", hint="Remove it; the store follows no links."
            )
        return MediaError(f"Cannot store media in {self.root}: {os.strerror(error.errno or 0)}.", hint="Is the folder writable?")

    def path(self, sha256: str) -> Path:
        """Return where an artifact lies; fetch it where it lies on the team's store only.

        Raises:
            MediaError: no hash, nothing of that hash is stored, or it cannot be fetched.
        """
        found = self.local(sha256)
        if found is None and self._fetch:
            from runs.team.media import fetch

            found = fetch(self._ws, sha256)
        if found is None:
            raise MediaError(f"No artifact {sha256[:12]}… in the media store.", hint="Was runs/media moved or cleaned?")
        return found

    def local(self, sha256: str) -> Path | None:
        """Return where an artifact lies on this machine; None where it does not.

        Raises:
            MediaError: no hash, or the store cannot be read.
        """
        if not _HASH.fullmatch(sha256):
            raise MediaError(f"{sha256[:80]!r} is no SHA-256.")
        try:
            with _folder(self.root) as root, _folder(sha256[:2], root) as folder:
                for extension in _BY_EXTENSION:
                    if _is_file(f"{sha256}.{extension}", folder):
                        return self.root / sha256[:2] / f"{sha256}.{extension}"
        except FileNotFoundError:
            pass
        except OSError as error:
            raise self._refused(error) from error
        return None

    def read(self, sha256: str) -> bytes:
        """Return an artifact's bytes, checked against its hash.

        Raises:
            MediaError: it is not there, or not what its name says.
        """
        path = self.path(sha256)
        data = path.read_bytes()
        if _sha256(data).hexdigest() != sha256:
            raise MediaError(f"The artifact {path.name} has changed on disk.", hint="Restore it from a backup, or generate it again.")
        return data

    def verify(self) -> Iterator[Problem]:
        """Yield everything in the store that is not an artifact under its own hash; reads every byte."""
        for path in sorted(self.root.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                continue
            name = path.name.partition(".")[0]
            if path.is_symlink():
                yield Problem(path, "a link")
            elif path.name.startswith((".tmp-", ".gc-")):
                yield Problem(path, "left over from a write that was cut off", left_over=True)
            elif not self.is_name(path.name) or path.parent != self.root / name[:2]:
                yield Problem(path, "not named by the store")
            elif not self.is_sound(path):
                yield Problem(path, "its bytes are not what its name says", rotten=True)

    @staticmethod
    def is_sound(path: Path) -> bool:
        """Tell whether a file of the store is what its name says."""
        return _hash_file(path) == path.name.partition(".")[0]

    @staticmethod
    def is_name(name: str) -> bool:
        """Tell whether a file's name is one that the store gives."""
        digest, _, extension = name.partition(".")
        return bool(_HASH.fullmatch(digest)) and extension in _BY_EXTENSION


@contextlib.contextmanager
def _folder(path: Path | str, parent: int | None = None) -> Iterator[int]:
    """Open a folder; inside the store, one that is a link is refused. The store itself may be a link to a larger disk."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (os.O_NOFOLLOW if parent is not None else 0), dir_fd=parent)
    try:
        yield fd
    finally:
        os.close(fd)


def _is_file(name: str, folder: int, size: int | None = None) -> bool:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and size in (None, found.st_size)


def _has(folder: int, name: str, size: int, *, flush: bool) -> bool:
    """Tell whether a folder has a file already; if so it counts as stored now, so that no collection of old files takes it.

    With `flush` it is on disk then: whoever stored it first may not have waited for that.
    """
    try:
        if not _is_file(name, folder, size):
            return False
        with contextlib.suppress(PermissionError):
            os.utime(name, dir_fd=folder, follow_symlinks=False)
        if flush:
            _flush_file(name, folder)
    except FileNotFoundError:  # a collection has just moved it aside
        return False
    return True


def _write(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _place(temporary: str, fd: int, name: str, folder: int, *, flush: bool) -> None:
    """Move a file to its name. A rename replaces a link that lies there; it does not follow it."""
    if flush:
        os.fsync(fd)
    os.rename(temporary, name, dst_dir_fd=folder)
    if flush:
        os.fsync(folder)


def _flush_file(name: str, folder: int) -> None:
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.fsync(fd)
        os.fsync(folder)
    finally:
        os.close(fd)


def _flush_disk_of(folder: Path) -> None:
    """Flush the file system that a folder lies on; all of them where the system cannot flush one."""
    import ctypes

    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        os.sync()
        return
    with _folder(folder) as fd:
        if syncfs(fd):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
