"""A real disk of a few megabytes that a test has for itself: to be filled, or mounted again read-only."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def mounted(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a disk in memory on a new folder; skip the test where this process may not."""
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs rights that this process does not have")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
