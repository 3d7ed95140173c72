"""aimock (npm `@copilotkit/aimock`): an OpenAI-compatible server that others wrote, so that we do not only test our own reading."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from patience import HANGS_S

VERSION = "1.43.0"
LAUNCHER = Path(__file__).with_name("aimock.mjs")


@dataclass(frozen=True)
class Aimock:
    """A running server; `base_url` ends in /v1."""

    base_url: str

    def journal(self) -> list[dict[str, Any]]:
        """Return the requests that it has seen, oldest first."""
        import urllib.request

        with urllib.request.urlopen(self.base_url.removesuffix("/v1") + "/__aimock/journal", timeout=HANGS_S) as answer:
            entries: list[dict[str, Any]] = json.loads(answer.read())
            return entries


def package() -> Path:
    """Return the package's entry file, installing it once into the system's temporary folder; skip the test where that fails."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("aimock needs node and npm, which are not installed")
    folder = Path(tempfile.gettempdir()) / f"workbench-tests-{os.getuid()}" / f"aimock-{VERSION}"
    entry = folder / "node_modules" / "@copilotkit" / "aimock" / "dist" / "index.js"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:
        # Two test runs at once install it once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not entry.is_file():
            _install(folder)
    return entry


def _install(folder: Path) -> None:
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), f"@copilotkit/aimock@{VERSION}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("installing aimock with npm took too long")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        pytest.skip(f"aimock could not be installed with npm: {last}")


@contextlib.contextmanager
def serve(fixtures: Sequence[Mapping[str, Any]], folder: Path, **options: Any) -> Iterator[Aimock]:
    """Run a server with these fixtures for the time of the block.

    Args:
        fixtures: what is answered to which message, in aimock's own format; the first that matches wins.
        folder: where the fixture file may be written.
        options: of the server (`chaos`, `latency` …).
    """
    entry = package()
    path = folder / "aimock.json"
    path.write_text(json.dumps({"options": options, "fixtures": list(fixtures)}))
    with subprocess.Popen(
        ["node", str(LAUNCHER), str(entry), str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        try:
            line = process.stdout.readline()
            assert line.startswith("{"), f"aimock did not start: {line!r}"
            yield Aimock(base_url=json.loads(line)["url"] + "/v1")
        finally:
            process.stdin.close()
            process.terminate()
            process.wait(timeout=HANGS_S)
