"""Kills a process that promotes, or that promotes and exports, again and again; looks after each kill at what is left.

Run as `python promotion_kills.py promote|export FOLDER OUT KILLS`. Children are forked from a process that has everything
imported, so that a hundred of them take seconds. Prints one line a kill: how many steps the child had told of.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from prompts import channels, store
from prompts.export import export
from prompts.promotion import Board
from prompts.registry import Registry
from prompts.version import Version


def work(what: str, folder: Path, out: Path, versions: list[Version], told: int) -> None:
    """Promote one version after the other, for ever; write the id of each promotion that has returned."""
    board = Board(folder, "ann")
    now = channels.load(folder)[0].version("shot/a", "dev")
    n = int(now == versions[0].id)
    while True:
        board.promote(versions[n % 2], "dev")
        os.write(told, f"{versions[n % 2].id}\n".encode())
        if what == "export":
            export(folder, "dev", out)
        n += 1


def round_of(what: str, folder: Path, out: Path, versions: list[Version], seconds: float) -> int:
    """Let a child work for some time, kill it, and prove what is left; return how much it had told of."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        work(what, folder, out, versions, writing)
    os.close(writing)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        told = pipe.read().split()
    state, entries = channels.load(folder)  # raises where it is neither the old state nor the new one
    written = [e.to for e in entries]
    # The child may have written one line more than it could tell of; it can never have told of one that is not there.
    assert not told or told[-1] in written[-2:], (told[-1], written[-2:])
    assert state.version("shot/a", "dev") == written[-1]
    if what == "export":
        assert store.load(out).manifest["templates"]["shot/a"]["version"] in {v.id for v in versions}
    return len(told)


def main() -> None:
    """Do it; the folder holds the versions `shot/a@v-0` and `shot/a@v-1`."""
    what, folder, out, kills = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    registry = Registry(folder)
    versions = [registry.resolve(f"shot/a@v-{n}") for n in range(2)]
    Board(folder, "ann").promote(versions[0], "dev")
    if what == "export":
        export(folder, "dev", out)
    rng = random.Random(5)
    for _ in range(kills):
        print(round_of(what, folder, out, versions, rng.uniform(0.005, 0.25)), flush=True)


if __name__ == "__main__":
    main()
