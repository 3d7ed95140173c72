"""Fresh processes without the seconds of imports: a parent that has imported everything forks one for each command line.

    process = warm.popen("--workspace", str(root), "runs")                        # `workbench` with these arguments
    process = warm.popen(str(port), script=Path(__file__).with_name("child.py"))  # or a script
    out, err = process.communicate()

A child has the modules of its parent and nothing else: no session, no page, no open log. It can be talked to, waited for and killed
like one of `subprocess`. There is one parent for all tests of a process; `with Warm() as one:` makes another.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT, SUPPORT = Path(__file__).parents[2], Path(__file__).parent
DIES = SUPPORT / "dies.py"
"""A script: `workbench` that kills itself when it has so many generations on disk."""
MOST = 1 << 18
"""Bytes of one question: a command line and an environment."""


class Warm:
    """The parent, as a process of its own: nothing of the tests is in it."""

    def __enter__(self) -> Self:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(SUPPORT), str(ROOT)))}
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())], cwd=ROOT, env=environment, pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            )  # fmt: skip
        assert self._socket.recv(MOST) == b"ready"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()
        self._process.wait(timeout=30)

    def start(self, arguments: Sequence[str], log: Path, **variables: str) -> int:
        """Start `workbench` with some arguments and return its process id; what it prints goes to a log."""
        with log.open("wb") as out, Path(os.devnull).open("rb") as nothing:
            what = {"words": list(arguments), "environment": {**os.environ, **variables}}
            return self.fork(what, nothing.fileno(), out.fileno(), out.fileno())

    def fork(self, what: Mapping[str, Any], *files: int) -> int:
        """Start a process with three open files that it reads from and prints to; return its id."""
        with self._lock:
            socket.send_fds(self._socket, [json.dumps({"cwd": str(Path.cwd()), "script": "", **what}).encode()], files)
            return int(self._socket.recv(MOST))

    def stop(self, pid: int, with_signal: int = signal.SIGKILL) -> int:
        """End a process and return its status, negative where a signal ended it."""
        os.kill(pid, with_signal)
        return self.wait(pid)

    def wait(self, pid: int) -> int:
        """Wait for the end of a process and return its status."""
        with contextlib.closing(_Ending(pid)) as ending:
            ending.came(None)
        with self._lock:
            self._socket.send(json.dumps({"ended": pid}).encode())
            return int(self._socket.recv(MOST))


class _Ending:
    """What can be asked whether a process has ended; while nobody took its status, its id is no other's."""

    def __init__(self, pid: int) -> None:
        self._file = os.pidfd_open(pid)

    def came(self, seconds: float | None) -> bool:
        return bool(select.select([self._file], [], [], seconds)[0])

    def close(self) -> None:
        os.close(self._file)


class Process:
    """A forked process, with as much of `subprocess.Popen` as tests use."""

    returncode: int | None

    def __init__(self, parent: Warm, what: Mapping[str, Any]) -> None:
        (their_in, into), (out, their_out), (err, their_err) = os.pipe(), os.pipe(), os.pipe()
        self._parent, self.returncode = parent, None
        self.pid = parent.fork(what, their_in, their_out, their_err)
        for file in (their_in, their_out, their_err):
            os.close(file)
        self.stdin = os.fdopen(into, "w", encoding="utf-8")
        self.stdout, self.stderr = os.fdopen(out, encoding="utf-8"), os.fdopen(err, encoding="utf-8")
        self._ending = _Ending(self.pid)

    def poll(self) -> int | None:
        """Return the status of a process that has ended, else None."""
        return self.wait(0) if self.returncode is not None or self._ending.came(0) else None

    def wait(self, timeout: float | None = None) -> int:
        """Return the status of a process, negative where a signal ended it, when it has ended.

        Raises:
            TimeoutExpired: It has not, in time.
        """
        if self.returncode is None:
            if not self._ending.came(timeout):
                raise subprocess.TimeoutExpired("forked", timeout or 0)
            self.returncode = self._parent.wait(self.pid)
            self._ending.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to a process that still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill a process that still runs."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Return what is printed until the end. Errors as `wait`."""
        self.stdin.close()
        said = {"out": "", "err": ""}
        files = {"out": self.stdout, "err": self.stderr}
        readers = [threading.Thread(target=lambda name=name: said.update({name: files[name].read()}), daemon=True) for name in said]
        for reader in readers:
            reader.start()
        self.wait(timeout)
        for reader, file in zip(readers, files.values(), strict=True):
            reader.join()
            file.close()
        return said["out"], said["err"]


@functools.cache
def shared() -> Warm:
    """Return the one parent of all tests of this process; it ends with it."""
    found = Warm().__enter__()
    atexit.register(found.__exit__, None, None, None)
    return found


def popen(*words: str, script: Path | None = None, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Process:
    """Start `workbench`, or a script, with some arguments."""
    what = {"words": words, "script": str(script or ""), "environment": dict(os.environ if env is None else env)}
    return Process(shared(), what | ({"cwd": str(cwd)} if cwd else {}))


def _child(asked: Mapping[str, Any], files: Sequence[int]) -> None:
    os.setsid()
    for stream, file in enumerate(files):
        os.dup2(file, stream)
    for file in files:
        os.close(file)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.stdout.reconfigure(line_buffering="PYTHONUNBUFFERED" in os.environ)  # type: ignore[union-attr]
    status = 70  # of what ended in a trace
    try:
        _run(asked["script"], asked["words"])
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001  of a child nobody sees anything but what it prints
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _run(script: str, words: Sequence[str]) -> None:
    sys.argv = [script or "workbench", *words]
    if script:
        sys.path.insert(0, str(Path(script).parent))
        runpy.run_path(script, run_name="__main__")
        return
    import workbench

    workbench.main()


def _serve(asking: socket.socket) -> None:
    from importlib import import_module

    names = ("workbench", "pages.serve", "pages.ui.shell", "runs.harness", "runs.query", "runs.cli.run", "runs.scoring", "runs.chain")
    for name in (*names, "streamlit.starlette"):
        import_module(name)
    from pages.serve import LIBRARIES

    for name in LIBRARIES:
        import_module(name)
    asking.send(b"ready")
    while True:
        question, files, *_ = socket.recv_fds(asking, MOST, 3)
        if not question:
            return
        asked = json.loads(question)
        if "ended" in asked:
            answer = os.waitstatus_to_exitcode(os.waitpid(asked["ended"], 0)[1])
        else:
            answer = os.fork()
            if answer == 0:
                asking.close()
                _child(asked, files)
            for file in files:
                os.close(file)
        asking.send(str(answer).encode())


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
