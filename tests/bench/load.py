"""What a run costs as it grows: CPU a generation and peak memory with a provider that answers at once, every call journalled.

    python tests/bench/load.py [JOBS]...        1,000, 5,000 and 50,000 if none are named

Each size runs in a process of its own, for memory is measured at its peak, which is told against that of the first size. The last columns
are the log's size, and the CPU of the first and the second fold of one more outcome.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/runs/harness"), str(ROOT / "tests/bench")]


def one(jobs: int) -> None:
    """Run once and print CPU milliseconds each, megabytes (before, at the peak, of the log), and milliseconds of two small folds."""
    import kit
    from harness import Instant, cpu

    from runs.events import Generation
    from runs.harness import Options, run
    from runs.journal import Journal
    from runs.log import fold
    from runs.pricing import Pricing

    provider = Instant(50)
    ws = kit.workspace(Path(tempfile.mkdtemp(prefix="bench-")))
    versions = ["script/episode@plain", "script/episode@strict"]
    # Few cases and many repeats, as an A/B has: the plan holds each case once.
    plan = kit.plan(ws, provider, versions=versions, series=5, cases=5, repeats=max(1, jobs // 50), scorers=())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = cpu()[0]
    result = run(ws, plan, provider, Options(pricing=Pricing(free=True)))
    assert result.counts.ok == len(plan.jobs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    each = (cpu()[0] - began) / len(plan.jobs)
    size, small = ws.log.stat().st_size, []
    with Journal(ws, plan.run_id) as journal:
        for n in range(2):
            journal.append(Generation(run_id=plan.run_id, job_id=str(n), status="ok"))
            began = cpu()[0]
            fold(ws)
            small.append(1000 * (cpu()[0] - began))
    print(len(plan.jobs), 1000 * each, before / 1024, peak / 1024, size / 1e6, *small)


def main(*sizes: int) -> None:
    first = 0.0
    for jobs in sizes or (1000, 5000, 50_000):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            command = [sys.executable, __file__, "--one", str(jobs)]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "TMPDIR": folder})
        n, ms, before, peak, log, once, again = map(float, done.stdout.split())
        first = first or peak
        print(
            f"{n:>7.0f} generations  {ms:6.2f} ms CPU each  {before:6.0f} MB before  {peak:6.0f} MB at the peak  {peak / first:5.2f} x"
            f"  {log:5.1f} MB of log  {once:4.0f}, then {again:3.0f} ms for one more"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(int(sys.argv[2]))
    else:
        main(*map(int, sys.argv[1:]))
