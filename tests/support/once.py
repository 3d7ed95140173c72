"""Work that several test processes need the results of, done once by whichever comes first."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def once(folder: Path, tasks: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Return the results (JSON) of tasks by name, each done by one of the processes that ask for them in the same folder.

    First what nobody does yet is done, then what others do is waited for, so that the processes share the work.
    """
    folder.mkdir(exist_ok=True)
    done: dict[str, Any] = {}
    for wait in (0, 1):
        for name in tasks.keys() - done.keys():
            path = folder / f"{name}.json"
            with (folder / f"{name}.lock").open("w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                if not path.exists():
                    path.write_text(json.dumps(tasks[name]()))
                done[name] = json.loads(path.read_text())
    return {name: done[name] for name in tasks}


def shared_folder(base: Path, worker: str, name: str) -> Path:
    """Return a folder that all processes of this test run see, or where there is only one, its own.

    Args:
        base: This process's folder of temporary files.
        worker: The process's name, `master` where there is only one.
        name: Of the folder.
    """
    return (base if worker == "master" else base.parent) / name
