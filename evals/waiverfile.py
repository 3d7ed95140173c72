"""The file of waivers, for those who only ask whether it has changed: reading it (`evals.waivers`) takes a YAML parser and models."""

from __future__ import annotations

from pathlib import Path

FILE = "waivers.yaml"


def stamp_of(folder: Path) -> tuple[int, int]:
    """Return what changes whenever the file of a workspace's `evals/` folder does: its time in ns and its size; zeros without one."""
    try:
        found = (folder / FILE).stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
