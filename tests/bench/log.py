"""Print how fast journals are written, folded and read, beside the bare tools that they stand on.

    python tests/bench/log.py [--jobs 20000] [--scores 20] [--dir /tmp]

Compared with: DuckDB's own `read_json` of the same file into one table (no verification, no keys, no roll-ups), and one
flush for each event instead of one for many.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import log_story as story

from runs import query
from runs.events import Claim, Scores
from runs.journal import GroupCommit, Journal, read
from runs.log import catch_up, fold, rebuild
from runs.workspace import Workspace


@contextlib.contextmanager
def timed() -> Iterator[list[float]]:
    """Put the seconds that the block took into the list."""
    took: list[float] = []
    begin = time.perf_counter()
    yield took
    took.append(time.perf_counter() - begin)


def commits(ws: Workspace, alone: int = 200, tasks: int = 100, each: int = 50) -> None:
    with Journal(ws, "bench-commit") as journal:
        with timed() as one:
            for n in range(alone):
                journal.append(Claim(run_id="bench-commit", job_id=str(n)))

        async def crowd() -> int:
            async with GroupCommit(journal) as group:

                async def task(k: int) -> None:
                    for n in range(each):
                        await group.commit(Claim(run_id="bench-commit", job_id=f"{k}-{n}"))

                await asyncio.gather(*map(task, range(tasks)))
            return group.flushes

        with timed() as many:
            flushes = asyncio.run(crowd())
    single, grouped = alone / one[0], tasks * each / many[0]
    print(f"commit   one by one {single:,.0f}/s   {tasks} in flight {grouped:,.0f}/s ({flushes} flushes)   ratio {grouped / single:.1f}")


def bare(path: Path, folder: Path) -> float:
    """Return the seconds that DuckDB alone takes to read the journal into a table, scores unnested."""
    file = str(folder / "bare.duckdb")
    with contextlib.closing(duckdb.connect(file, config={"storage_compatibility_version": "v1.5.0"})) as con, timed() as took:
        con.execute(
            "create table ev as select * from read_json(?, format='newline_delimited', maximum_object_size=67108864, columns={"
            "type:'VARCHAR', run_id:'VARCHAR', 'at':'TIMESTAMP', job_id:'VARCHAR', status:'VARCHAR', messages:'JSON',"
            "wire_request:'JSON', wire_response:'JSON', truth:'JSON', cost_usd:'DOUBLE', latency_s:'DOUBLE',"
            "scores:'STRUCT(metric VARCHAR, scorer VARCHAR, scorer_version VARCHAR, value DOUBLE,"
            " status VARCHAR, reason VARCHAR, evidence JSON)[]'})",
            [str(path)],
        )
        con.execute("create table score as select run_id, job_id, \"at\", unnest(scores, recursive := true) from ev where type = 'scores'")
        con.execute("checkpoint")
    return took[0]


def folds(ws: Workspace, jobs: int, per_job: int) -> None:
    with Journal(ws, "bench-fold") as journal:
        journal.append(story.plan("bench-fold", jobs, cases=50))
        for begin in range(0, jobs, 1000):
            part = range(begin, min(begin + 1000, jobs))
            marks = [story.score(f"metric-{k}", k / per_job, note="x" * 40) for k in range(per_job)]
            journal.append(*(story.generation("bench-fold", n, n) for n in part))
            journal.append(*(Scores(run_id="bench-fold", at=story.at(n), job_id=story.job_id("bench-fold", n), scores=marks) for n in part))
        rows = jobs * (1 + per_job)
        size = journal.path.stat().st_size
        with timed() as folded:
            catch_up(ws)
        alone = bare(journal.path, ws.runs)
        print(f"fold     {rows:,} rows, {size >> 20} MB: {rows / folded[0]:,.0f} rows/s   ({folded[0]:.2f} s)")
        print(f"         DuckDB read_json alone: {rows / alone:,.0f} rows/s ({alone:.2f} s)   ratio {folded[0] / alone:.2f}")
        with timed() as verified:
            offset = 0
            while (tail := read(journal.path, offset)).offset > offset:
                offset = tail.offset
        print(f"         verified and parsed in Python: {size / verified[0] / 1e6:,.0f} MB/s")
        for n in (1, 100):
            journal.append(*(story.scores("bench-fold", k, 1e6) for k in range(n)))
            with timed() as small:
                fold(ws)
            print(f"         {n} more line(s) onto that: {small[0] * 1000:.0f} ms")
    with timed() as again:
        rebuild(ws)
    size = ws.log.stat().st_size
    print(f"rebuild  {rows / again[0]:,.0f} rows/s ({again[0]:.2f} s); log {size >> 20} MB, {size / rows:.0f} B/row")
    for name in ("runs", "run_scores", "arms", "versions", "generations", "scores"):
        with timed() as took:
            found = len(getattr(query, name)(ws))
        print(f"query    {name:12} {took[0] * 1000:8.0f} ms {found:>10,} rows")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--scores", type=int, default=20)
    parser.add_argument("--dir", type=Path, default=None)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.dir) as folder:
        ws = story.workspace(Path(folder))
        print(f"duckdb {duckdb.__version__}, {len(os.sched_getaffinity(0))} cores")
        commits(ws)
        folds(ws, args.jobs, args.scores)


if __name__ == "__main__":
    main()
