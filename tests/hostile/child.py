"""Run one group of the corpus in a process of its own, within bounds: `python child.py GROUP FOLDER`; prints one JSON object.

Each case is a function of a workspace folder. What it returns, or the error that it raises, is its outcome in words; an error that is
not one of ours is told as a defect. For each case by itself it is measured what it took, what it opened or changed outside of its
workspace, and whom it wanted to reach.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

MEMORY = 3 << 30
"""Bytes of address space; libraries map far more than they use, so what is used is measured too."""
TICK = os.sysconf("SC_CLK_TCK")
CHANGES = {"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.truncate", "os.chmod", "os.chown", "os.utime"}
STARTS = {"os.system", "os.exec", "os.posix_spawn", "os.startfile"}


class Watch:
    """What the process opens, changes and starts, beyond the folder of the case at hand."""

    def __init__(self, folder: Path) -> None:
        self.secret = str(folder / "outside")
        self.allowed = (str(folder / "ws"), str(folder / "tmp"), "/dev/null", "/proc/self")
        self.seen: list[str] = []
        self.on = False
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "open" and isinstance(args[0], (str, bytes)):
            path = full(args[0])
            writes = isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            if writes:
                self._changed(event, path)
            elif path.startswith(self.secret) or path == "/etc/passwd":
                self.seen.append(f"read {path}")
        elif event in CHANGES:
            # A link is made where its second name lies; what is named from an open folder on is caught by the look at `outside`.
            for path in args[:2] if event in ("os.rename", "os.link") else args[1:2] if event == "os.symlink" else args[:1]:
                if isinstance(path, (str, bytes)):
                    self._changed(event, full(path))
        elif event in STARTS:
            self.seen.append(f"{event} {args[0]}")

    def _changed(self, event: str, path: str) -> None:
        if not path.startswith(self.allowed):
            self.seen.append(f"{event} {path}")


def full(path: str | bytes) -> str:
    """Return a path from the root on, without `..`; links are not followed, for that would be watched too."""
    return os.path.abspath(os.fsdecode(path))  # noqa: PTH100


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(p): (p.lstat().st_mtime_ns, p.lstat().st_size) for p in folder.rglob("*")}


def outcome(case: object, ws: Path) -> str:
    from prompts.errors import WorkbenchError

    try:
        return str(case(ws))  # type: ignore[operator]
    except WorkbenchError as error:
        return f"{type(error).__name__}: {error}"
    except BaseException as error:  # noqa: BLE001  that is what is looked for
        return f"DEFECT {type(error).__name__}: {str(error)[:300]}"


def children() -> list[str]:
    return [pid for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()]


def cpu() -> float:
    """Return the processor seconds of this process and its children, those that are gone too."""
    gone = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = time.process_time() + gone.ru_utime + gone.ru_stime
    for pid in children():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) / TICK
    return total


def measured(case: object, ws: Path, watch: Watch, outside: Path) -> dict[str, Any]:
    """Run a case; return its outcome and what it took."""
    import network_guard
    from high_water import forget, high_water

    before = snapshot(outside)
    network_guard.attempts.clear()
    watch.seen.clear()
    forget(("self", *children()))  # each case is measured by itself
    began, spent = time.monotonic(), cpu()
    watch.on = True
    said = outcome(case, ws)
    watch.on = False
    touched = [*watch.seen, *(["outside was changed"] if snapshot(outside) != before else [])]
    return {
        "outcome": said[:2000], "seconds": time.monotonic() - began, "cpu": cpu() - spent,
        "peak": sum(map(high_water, ("self", *children()))), "touched": touched, "reached": list(network_guard.attempts),
    }  # fmt: skip


def main(group: str, folder: str) -> None:
    import network_guard

    network_guard.install()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    place = Path(folder)
    for name in ("outside", "tmp", "ws"):
        (place / name).mkdir(parents=True)
    os.chdir(place / "tmp")
    tempfile.tempdir = os.environ["TMPDIR"] = str(place / "tmp")
    cases = importlib.import_module(group).CASES
    (place / "outside" / "secret.txt").write_text("root:x:0:0 planted-9c41")
    watch = Watch(place)
    told = {}
    for number, (name, (case, _)) in enumerate(cases.items()):
        ws = place / "ws" / str(number)
        ws.mkdir()
        told[name] = measured(case, ws, watch, place / "outside")
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
