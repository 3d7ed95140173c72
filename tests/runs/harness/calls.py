"""Functions that the tests send to worker processes; importable there under a name that no package of ours has."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path


def pid(_: object = None) -> int:
    time.sleep(0.05)
    return os.getpid()


def double(x: int) -> int:
    return 2 * x


def fail(text: str) -> None:
    raise ValueError(text)


def environment(name: str) -> str:
    return os.environ.get(name, "")


def loaded(name: str) -> bool:
    return name in sys.modules


def unpicklable() -> object:
    return lambda: None


def die_once(marker: str) -> str:
    """Kill the own process the first time, answer the second."""
    path = Path(marker)
    if not path.exists():
        path.touch()
        print("about to die", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    return "alive"


def die() -> None:
    print("out of memory, perhaps", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def sleep_and_mark(seconds: float, marker: str) -> None:
    Path(marker).write_text(str(os.getpid()))
    time.sleep(seconds)
