"""`workbench` with kill -9 at a moment that no load of the machine moves: when it has so many generations on disk.

`dies.py COUNT WORD…` runs `workbench WORD…` and kills itself at that count, if it comes so far.
"""

from __future__ import annotations

import os
import signal
import sys

import workbench
from runs.journal import Journal

GENERATION = b'"type":"generation"'


def main(count: int, *words: str) -> None:
    left, write = [count], Journal.write

    def dying(self: Journal, lines: bytes | bytearray) -> None:
        write(self, lines)
        left[0] -= lines.count(GENERATION)
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    Journal.write = dying  # type: ignore[method-assign]
    sys.argv = ["workbench", *words]
    workbench.main()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
