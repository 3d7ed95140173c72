"""What it costs to have 1,000 answers again without asking anybody: from a cassette (`--replay`) or an older run.

    python tests/bench/replay.py [JOBS]

Each way is a process of its own: CPU of all of it with its start and its children, and without what it takes to begin, which is
loading and planning. Everything is journalled, stored and folded as in any run.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/runs/harness"), str(ROOT / "tests/bench")]
VERSIONS = ["script/episode@plain", "script/episode@strict"]
WAYS = {"cassette": "a cassette", "run": "an older run"}
RUN = "20260101-000000-aaaaaa"


def prepare(folder: Path, jobs: int) -> None:
    """Do a run of different answers in one workspace, and record it; later runs begin from what is there."""
    import kit
    from harness import Instant

    from runs.harness import Options, run
    from runs.pricing import Pricing
    from runs.providers.cassette import recording

    provider = recording(Instant(50), folder / "tape")
    ws = kit.workspace(folder / "drama")
    plan = kit.plan(ws, provider, versions=VERSIONS, series=5, cases=5, repeats=jobs // 50, scorers=(), run_id=RUN)
    assert run(ws, plan, provider, Options(pricing=Pricing(free=True))).counts.ok == jobs


def again(way: str, folder: Path, jobs: int) -> None:
    """Have the same answers once more and print CPU seconds: of the whole process, and from the beginning of the run on."""
    import kit
    from harness import Instant, cpu

    from runs.harness import Options, run
    from runs.pricing import Pricing
    from runs.provider import Provider
    from runs.providers import get
    from runs.providers.cassette import CassetteProvider
    from runs.settings import load
    from runs.workspace import Workspace

    ws = Workspace(folder / "drama")
    if way == "cassette":
        provider: Provider = CassetteProvider(Instant(50), folder / "tape")
    else:
        ws.config.write_text(f'[providers.instant]\ntype = "replay"\nconcurrency = 50\noptions = {{ run = "{RUN}" }}\n')
        provider = get("instant", load(ws.root))
    plan = kit.plan(ws, provider, versions=VERSIONS, series=5, cases=5, repeats=jobs // 50, scorers=())
    before = sum(cpu())
    result = run(ws, plan, provider, Options(pricing=Pricing(free=True)))
    assert result.counts.ok == jobs, result
    print(before, sum(cpu()) - before)


def main(jobs: int = 1000) -> None:
    if jobs % 50:
        raise SystemExit("The number of jobs must be a multiple of 50: 2 versions of 25 cases.")
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        prepare(Path(folder), jobs)
        for way, title in WAYS.items():
            command = [sys.executable, __file__, way, folder, str(jobs)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            before, after = map(float, done.stdout.split())
            print(f"{jobs:>6} answers from {title:<14} {after:5.2f} s CPU, and {before:5.2f} s to begin", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [way, folder, jobs] if way in WAYS:
            again(way, Path(folder), int(jobs))
        case numbers:
            main(*map(int, numbers))
