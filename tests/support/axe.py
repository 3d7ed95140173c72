"""axe-core (npm `axe-core`): the accessibility rules of others, run inside the pages."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

VERSION = "4.10.3"


def source() -> str:
    """Return the script, installing the package once into the system's temporary folder; skip the test where that fails."""
    if not shutil.which("npm"):
        pytest.skip("axe-core needs npm, which is not installed")
    folder = Path(tempfile.gettempdir()) / f"workbench-tests-{os.getuid()}" / f"axe-{VERSION}"
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:
        # Two test runs at once install it once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not script.is_file():
            _install(folder)
    return script.read_text("utf-8")


def _install(folder: Path) -> None:
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), f"axe-core@{VERSION}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("installing axe-core with npm took too long")
    if done.returncode:
        pytest.skip(f"axe-core cannot be installed with npm: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
