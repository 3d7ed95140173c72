"""What a run costs as it grows: CPU a generation and peak memory with a provider that answers at once, every call journalled.

    python tests/bench/load.py [JOBS]...        1,000, 5,000 and 50,000 if none are named

Each size runs in a process of its own, for memory is measured at its peak. The last column is the peak against that of the first size.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/runs/harness"), str(ROOT / "tests/bench")]


def one(jobs: int) -> None:
    """Run once and print CPU milliseconds a generation, megabytes before and at the peak."""
    import kit
    from harness import Instant, cpu

    from runs.harness import Options, run
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
    print(len(plan.jobs), 1000 * (cpu()[0] - began) / len(plan.jobs), before / 1024, peak / 1024)


def main(*sizes: int) -> None:
    first = 0.0
    for jobs in sizes or (1000, 5000, 50_000):
        done = subprocess.run([sys.executable, __file__, "--one", str(jobs)], capture_output=True, text=True, check=True)
        n, ms, before, peak = map(float, done.stdout.split())
        first = first or peak
        print(f"{n:>7.0f} generations  {ms:6.2f} ms CPU each  {before:6.0f} MB before  {peak:6.0f} MB at the peak  {peak / first:5.2f} x")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(int(sys.argv[2]))
    else:
        main(*map(int, sys.argv[1:]))
