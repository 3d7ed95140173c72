"""What the tests of the log share: an empty workspace, and processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import log_story as story
import pytest

from runs.workspace import Workspace

ROOT = Path(__file__).parents[3]
WORKER = ROOT / "tests" / "support" / "log_worker.py"
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return story.workspace(tmp_path / "drama")


@pytest.fixture
def start() -> Iterator[Start]:
    """Start `log_worker.py`, or Python code with `-c`; whatever still runs is killed with the test."""
    started: list[subprocess.Popen[str]] = []

    def begin(*words: object, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, *(map(str, words) if words[0] == "-c" else map(str, (WORKER, *words)))]
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": path},
            **options,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def as_nobody() -> Callable[[Callable[[], object]], str]:
    """Run a function in a process that is not root, who may write anywhere; return its error in words, or an empty string."""

    def run(function: Callable[[], object]) -> str:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            words = ""
            try:
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setgid(65534)
                    os.setuid(65534)
                function()
            except BaseException as error:  # noqa: BLE001  whatever it is, the test wants to know
                words = f"{type(error).__name__}: {error}"
            os.write(writing, words.encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as answer:
            words = answer.read()
        os.waitpid(child, 0)
        return words

    return run


@pytest.fixture
def someone_elses() -> Iterator[Workspace]:
    """A workspace that `as_nobody` may look into but not write, with one run in its log."""
    from runs.log import catch_up

    with tempfile.TemporaryDirectory() as folder:
        ws = story.workspace(Path(folder) / "drama")
        story.write(ws, "a.jsonl", story.story("r", 2))
        catch_up(ws)
        folders = [Path(folder), *(p for p in Path(folder).rglob("*") if p.is_dir())]
        for path in folders:
            path.chmod(0o555)
        yield ws
        for path in folders:
            path.chmod(0o755)
