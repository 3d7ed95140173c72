"""Print what `workbench --help` costs, against the floor: starting Python and importing click."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 15


def seconds(*command: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *command], capture_output=True, check=True)
    return time.perf_counter() - start


def main() -> None:
    pairs = [(seconds("-m", "workbench", "--help"), seconds("-c", "import click")) for _ in range(RUNS)]
    print(f"workbench --help     median {statistics.median(a for a, _ in pairs):.3f} s")
    print(f"import click         median {statistics.median(b for _, b in pairs):.3f} s")
    print(f"ratio                median {statistics.median(a / b for a, b in pairs):.2f}")


if __name__ == "__main__":
    main()
