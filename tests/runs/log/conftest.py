"""What the tests of the log share: an empty workspace, and processes of their own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import log_story as story
import pytest
import warm

from runs.workspace import Workspace

ROOT = Path(__file__).parents[3]
WORKER = ROOT / "tests" / "support" / "log_worker.py"
Start = Callable[..., warm.Process]


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return story.workspace(tmp_path / "drama")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start `log_worker.py`, or Python code with `-c`; whatever still runs is killed with the test."""
    started: list[warm.Process] = []

    def begin(*words: object) -> warm.Process:
        script, rest = WORKER, words
        if words[0] == "-c":
            script, rest = tmp_path / f"program-{len(started)}.py", words[2:]
            script.write_text(str(words[1]), "utf-8")
        started.append(warm.popen(*map(str, rest), script=script))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
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
