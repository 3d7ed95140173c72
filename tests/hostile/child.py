"""Run one group of the corpus in a process of its own, within bounds: `python child.py GROUP FOLDER`; prints one JSON object.

Each case is a function of a workspace folder. What it returns, or the error that it raises, is its outcome in words; an error that is
not one of ours is told as a defect. Beside the outcome stand the seconds it took and what it touched outside of the workspace.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from pathlib import Path

MEMORY = 3 << 30
"""Bytes of address space; libraries map far more than they use, so what is used is measured too."""


def snapshot(folder: Path) -> dict[str, int]:
    return {str(p): p.lstat().st_mtime_ns for p in folder.rglob("*")}


def outcome(case: object, ws: Path) -> str:
    from prompts.errors import WorkbenchError

    try:
        return str(case(ws))  # type: ignore[operator]
    except WorkbenchError as error:
        return f"{type(error).__name__}: {error}"
    except BaseException as error:  # noqa: BLE001  that is what is looked for
        return f"DEFECT {type(error).__name__}: {str(error)[:300]}"


def main(group: str, folder: str) -> None:
    import network_guard

    network_guard.install()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    cases = importlib.import_module(group).CASES
    outside = Path(folder) / "outside"
    outside.mkdir(parents=True)
    (outside / "secret.txt").write_text("root:x:0:0 planted-9c41")
    before = snapshot(outside)
    told = {}
    for number, (name, (case, _)) in enumerate(cases.items()):
        ws = Path(folder) / "ws" / str(number)
        ws.mkdir(parents=True)
        began = time.monotonic()
        cpu = time.process_time()
        said = outcome(case, ws)
        told[name] = {"outcome": said[:2000], "seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}
    peak = high_water()
    print(json.dumps({"cases": told, "peak": peak, "touched": snapshot(outside) != before, "reached": network_guard.attempts}))


def high_water() -> int:
    """Return the most memory that this process had, in bytes; what `getrusage` says is its parent's from before it was started."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    main(*sys.argv[1:])
