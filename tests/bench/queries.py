"""Print how long each question takes that a page asks of the log, and the fold of one more journal, at a size.

    python tests/bench/queries.py [--runs 200] [--scores 200000] [--dir DIR] [--times 5]

CPU is of all threads: on a quiet machine of two cores a question takes no longer than that, and often half. `--dir` keeps the log.
At 2,000 runs and 10,000,000 scores the log takes some ten minutes and 3.5 GB to make.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import big_log  # type: ignore[import-not-found]  # noqa: E402

from runs import compare, query  # noqa: E402
from runs.lines import encode  # noqa: E402
from runs.log import fold  # noqa: E402
from runs.query.of_search import ALL_KINDS  # noqa: E402
from runs.workspace import Workspace  # noqa: E402


def questions(ws: Workspace) -> Mapping[str, Callable[[], Any]]:
    """Return every question, about the log or about one run of it."""
    run = big_log.run_id(4)
    job, version = big_log.story.job_id(run, 10), f"v1:{0:02x}{2:062x}"
    whole = ("runs", "arms", "run_scores", "versions", "gates", "queues", "ratings", "checks", "truths", "planted", "rated_scores")
    of_run = ("progress", "newest", "notes", "errors", "checks", "scores", "findings", "lineage", "run_plan", "suite_of", "run_scores")
    of_job = ("generation", "place", "ancestry", "descendants")
    ask = {name: getattr(query, name) for name in query.__all__ if name != "COLUMNS"}
    return {
        **{name: lambda name=name: ask[name](ws) for name in (*whole, "drift", "workload", "ingest_errors", "find_run")},
        **{f"{name} of a run": lambda name=name: ask[name](ws, run) for name in of_run},
        **{f"{name} of a job": lambda name=name: ask[name](ws, run, job) for name in of_job},
        "run_scores of a stage": lambda: query.run_scores(ws, stage="shot"),
        "case_traits of a run": lambda: query.case_traits(ws, [run]),
        "generations of an arm": lambda: query.generations(ws, run, arm="a"),
        "stored_versions": lambda: query.stored_versions(ws, "shot/keyframe"),
        "version_source": lambda: query.version_source(ws, version),
        "burnt": lambda: query.burnt(ws, version, [run]),
        **{f"search {kind}": lambda kind=kind: query.search(ws, "red umbrella", kind) for kind in ALL_KINDS},
        "find_arms": lambda: compare.find_arms(ws, f"{run}:a", f"{run}:b"),
    }


def timed(act: Callable[[], Any]) -> tuple[float, float]:
    """Return milliseconds of wall clock and of CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


def waived(ws: Workspace, times: int) -> None:
    """Ask about checks while waivers may speak of every finding, and once more when somebody has written in their file."""
    big_log.say(ws)
    wall, cpu = timed(lambda: query.checks(ws))
    print(f"{'checks, new waivers':26} {wall:8.0f} {wall:8.0f} {cpu:8.0f}   once: the fold asks their findings again")
    took = [timed(lambda: query.checks(ws)) for _ in range(times)]
    walls = [wall for wall, _ in took]
    print(f"{'checks with waivers':26} {statistics.median(walls):8.0f} {max(walls):8.0f} {statistics.median(c for _, c in took):8.0f}")


def one_more(ws: Workspace) -> None:
    """Fold one more journal, of a run of 100 generations, and then one more line of it."""
    number = 900_000 + len(list(ws.journals.iterdir()))
    path = ws.journals / f"{big_log.run_id(number)}.jsonl"
    head = {
        "type": "journal",
        "schema": big_log.story.SCHEMA,
        "run_id": big_log.run_id(number),
        "at": big_log.story.at(0),
        "host": "h",
        "pid": 1,
    }
    path.write_bytes(b"".join(map(encode, [head, *big_log.events(number, 100)])))
    wall, cpu = timed(lambda: fold(ws))
    print(f"{'fold of 100 more':26} {wall:8.0f} {wall:8.0f} {cpu:8.0f}   1,000 scores of a new run")
    with path.open("ab") as file:
        file.write(encode(big_log.story.scores(big_log.run_id(number), 1, second=1e6)))
    wall, cpu = timed(lambda: fold(ws))
    print(f"{'fold of one line':26} {wall:8.0f} {wall:8.0f} {cpu:8.0f}")


def main() -> None:
    """Make the log and ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--scores", type=int, default=200_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--dir", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        ws = big_log.kept(args.dir or Path(name), args.runs, args.scores)
        print(f"{args.runs:,} runs, {args.scores:,} scores, log {ws.log.stat().st_size >> 20} MB")
        print(f"{'milliseconds':26} {'median':>8} {'worst':>8} {'CPU':>8}")
        for what, ask in questions(ws).items():
            took = [timed(ask) for _ in range(args.times + 1)][1:]
            walls = [wall for wall, _ in took]
            print(f"{what:26} {statistics.median(walls):8.0f} {max(walls):8.0f} {statistics.median(c for _, c in took):8.0f}", flush=True)
        waived(ws, args.times)
        one_more(ws)


if __name__ == "__main__":
    main()
