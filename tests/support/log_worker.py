"""A process that works on a workspace until it is done or killed; says on stdout what it has been promised to be on disk.

python log_worker.py MODE WORKSPACE RUN COUNT
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import log_story as story

from runs.claims import Claims
from runs.journal import GroupCommit, Journal
from runs.log import catch_up, fold
from runs.workspace import Workspace


def say(*words: object) -> None:
    print(*words, flush=True)


def append(ws: Workspace, run: str, count: int) -> None:
    """Append one generation after another; say each number when it counts."""
    with Journal(ws, run) as journal:
        for n in range(count):
            journal.append(story.generation(run, n, n))
            say(n)


def group(ws: Workspace, run: str, count: int) -> None:
    """The same from many tasks at once."""

    async def main() -> None:
        with Journal(ws, run) as journal:
            async with GroupCommit(journal) as commit:

                async def task(k: int) -> None:
                    for n in range(k, count, 20):
                        await commit.commit(story.generation(run, n, n))
                        say(n)

                await asyncio.gather(*map(task, range(20)))

    asyncio.run(main())


def folding(ws: Workspace, run: str, count: int) -> None:
    """Append a few events, fold them, and so on."""
    with Journal(ws, run) as journal:
        journal.append(story.plan(run, count))
        say("ready")
        for n in range(count):
            journal.append(story.generation(run, n, n), story.scores(run, n, n))
            say(n)
            fold(ws)


def writing(ws: Workspace, run: str, count: int) -> None:
    """Do a whole run as the harness does, and fold it at its end."""
    with Journal(ws, run) as journal:
        for event in story.story(run, count):
            journal.append(event)
            if event.type == "scores":
                fold(ws, wait=False)
    catch_up(ws)


def reading(ws: Workspace, run: str, count: int) -> None:
    """Ask the log again and again until all runs named in `run` are finished."""
    from runs import query

    wanted = run.split(",")
    newest = 0
    while True:
        state = dict(query.runs(ws)[["run_id", "state"]].itertuples(index=False))
        done = len(query.generations(ws))
        if done < newest:
            raise SystemExit("a generation was gone again")
        newest = done
        if all(state.get(name) == "finished" for name in wanted) and done == count:
            say(done)
            return


class Waited(list[str]):
    """Slices of a plan; says how many were taken, and waits for ever at the one that is asked for."""

    last = 0

    def __iter__(self) -> Iterator[str]:
        for number, one in enumerate([*super().__iter__(), ""]):
            if number == self.last:
                say(number)
                sys.stdin.read()
            if one:
                yield one


def slicing(ws: Workspace, run: str, count: int) -> None:
    """Fold a plan of four slices, and stop after so many."""
    from runs import log, staging

    def apply(con: Any, batch: staging.Batch, faults: Any, *, later: bool) -> None:
        assert len(batch.slices) == 4, run
        batch.slices = Waited(batch.slices)
        real(con, batch, faults, later=later)

    staging.SLICE, Waited.last, real, log.apply = 10, count, log.apply, apply
    fold(ws, max_bytes=1000)


def claiming(ws: Workspace, run: str, count: int) -> None:
    """Claim a key and hold it for as long as the process lives."""
    claims = Claims(ws)
    say(claims.try_claim(run))
    sys.stdin.read()


if __name__ == "__main__":
    mode, root, run_id, number = sys.argv[1:]
    modes = {
        "append": append, "group": group, "fold": folding, "slices": slicing, "write": writing, "read": reading, "claim": claiming,
    }  # fmt: skip
    modes[mode](Workspace(Path(root)), run_id, int(number))
