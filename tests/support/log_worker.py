"""A process that works on a workspace until it is done or killed; says on stdout what it has been promised to be on disk.

python log_worker.py MODE WORKSPACE RUN COUNT
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

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


def claiming(ws: Workspace, run: str, count: int) -> None:
    """Claim a key and hold it for as long as the process lives."""
    claims = Claims(ws)
    say(claims.try_claim(run))
    sys.stdin.read()


if __name__ == "__main__":
    mode, root, run_id, number = sys.argv[1:]
    modes = {"append": append, "group": group, "fold": folding, "write": writing, "read": reading, "claim": claiming}
    modes[mode](Workspace(Path(root)), run_id, int(number))
