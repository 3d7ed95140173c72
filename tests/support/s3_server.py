"""moto (PyPI): an S3 server that others wrote. It pins libraries that ours does not go with, so it lives in an environment of its own."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import free_port
from patience import HANGS_S

WANTED = ("moto[s3]==5.2.5", "flask==3.1.3", "flask-cors==6.0.5")
KEYS = {"AWS_ACCESS_KEY_ID": "planted-access-key-0001", "AWS_SECRET_ACCESS_KEY": "planted/secret+key/0002"}


def python() -> Path:
    """Return the Python of the environment, made once in the system's temporary folder; skip the test where that fails."""
    folder = Path(tempfile.gettempdir()) / f"workbench-tests-{os.getuid()}" / "moto-5.2.5"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:
        # Two test runs at once install it once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").is_file():
            _install(folder)
            (folder / "installed").touch()
    return folder / "env" / "bin" / "python"


def _install(folder: Path) -> None:
    steps = (
        [sys.executable, "-m", "venv", str(folder / "env")],
        [str(folder / "env" / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *WANTED],
    )
    for step in steps:
        try:
            done = subprocess.run(step, capture_output=True, text=True, timeout=240, check=False, env=_environment())
        except subprocess.TimeoutExpired:
            pytest.skip("installing moto took too long")
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            pytest.skip(f"moto could not be installed: {last}")


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Run a server for the time of the block; give its address."""
    port = free_port()
    with (
        (folder / "moto.log").open("wb") as log,
        subprocess.Popen(
            [str(python()), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log, env=_environment()
        ) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        try:
            deadline = time.monotonic() + HANGS_S
            while not _answers(url):
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"moto did not start: {(folder / 'moto.log').read_text()[-400:]}")
                time.sleep(0.05)
            yield url
        finally:
            process.kill()
            process.wait()


def make_bucket(url: str, name: str) -> None:
    """Make an empty bucket."""
    request = urllib.request.Request(f"{url}/{name}", method="PUT")
    with urllib.request.urlopen(request, timeout=HANGS_S):
        pass


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/moto-api/", timeout=2):
            return True
    except OSError:
        return False
