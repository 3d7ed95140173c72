"""What is read at all, and in what words the rest is refused."""

from __future__ import annotations

from pathlib import Path

from evals.errors import UnreadableMedia

MAX_BYTES = 400_000_000
PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")


class TooLarge(UnreadableMedia):
    """A picture or clip beyond the bounds: it may be sound, but it is not decoded."""


def check_size(path: Path) -> None:
    """Refuse a file that is not there or too large.

    Raises:
        UnreadableMedia: See above.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise UnreadableMedia(f"{path.name} cannot be read: {error.strerror}.") from None
    if size > MAX_BYTES:
        raise TooLarge(f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB.")


def check_pixels(path: Path, width: int, height: int, limit: int) -> None:
    """Refuse a picture or frame of more pixels than `limit` before it is decoded.

    Raises:
        TooLarge: See above.
    """
    if width * height > limit:
        raise TooLarge(f"{path.name} has {width} x {height} pixels; the limit is {limit // 1_000_000} million.")


def why(error: Exception) -> str:
    """Return the first line of what a decoder complained about, without the folder that FFmpeg repeats."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    first = said.splitlines()[0] if said else ""
    return (first or type(error).__name__)[:160]
