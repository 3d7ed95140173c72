"""Fresh processes without the seconds of imports: a parent that has imported everything forks one for each command line.

    with Warm() as warm:
        pid = warm.start(["--workspace", root, "ui", "--port", "8501"], log)      # `workbench` with these arguments

A child has the modules of its parent and nothing else: no session, no page, no open log. What it prints goes to its log.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT, SUPPORT = Path(__file__).parents[2], Path(__file__).parent


class Warm:
    """The parent, as a process of its own: nothing of the tests is in it."""

    def __enter__(self) -> Self:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(SUPPORT), str(ROOT)))}
        self._process = subprocess.Popen(
            [sys.executable, __file__], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._told() == "ready"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def start(self, arguments: Sequence[str], log: Path, **variables: str) -> int:
        """Start `workbench` with some arguments and return its process id."""
        return int(self._ask({"start": list(arguments), "log": str(log), "variables": variables}))

    def stop(self, pid: int, with_signal: int = signal.SIGKILL) -> int:
        """End a process and return its status, negative where a signal ended it."""
        return int(self._ask({"stop": pid, "signal": with_signal}))

    def wait(self, pid: int) -> int:
        """Wait for the end of a process and return its status."""
        return int(self._ask({"stop": pid, "signal": 0}))

    def _ask(self, what: dict[str, object]) -> str:
        assert self._process.stdin
        print(json.dumps(what), file=self._process.stdin, flush=True)
        return self._told()

    def _told(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


def _child(arguments: list[str], log: str, variables: dict[str, str]) -> None:
    import workbench

    os.setsid()
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(out, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(variables)
    sys.argv = ["workbench", *arguments]
    status = 70  # of what ended in a trace
    try:
        workbench.main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    except Exception:  # noqa: BLE001  of a child nobody sees anything but its log
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _serve() -> None:
    from importlib import import_module

    for name in ("pages.serve", "pages.ui.shell", "runs.harness", "runs.query", "runs.cli.run", "runs.scoring", "streamlit.starlette"):
        import_module(name)
    from pages.serve import LIBRARIES

    for name in LIBRARIES:
        import_module(name)
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if "start" in asked:
            pid = os.fork()
            if pid == 0:
                _child(asked["start"], asked["log"], asked["variables"])
            print(pid, flush=True)
        else:
            if asked["signal"]:
                os.kill(asked["stop"], asked["signal"])
            print(os.waitstatus_to_exitcode(os.waitpid(asked["stop"], 0)[1]), flush=True)


if __name__ == "__main__":
    _serve()
