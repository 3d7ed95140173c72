"""How much memory a process had at most since it was last asked to forget: one case measured by itself in a process that lives on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def high_water(pid: str = "self") -> int:
    """Return bytes; 0 for a process that is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM")), 0)


def forget(pids: Iterable[str] = ("self",)) -> None:
    """Begin anew with what the processes have now."""
    for pid in pids:
        try:
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        except OSError:
            continue
