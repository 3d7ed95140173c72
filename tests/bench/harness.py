"""What the harness costs: CPU a generation with a provider that answers at once, and with the embedded studio.

    python tests/bench/harness.py [JOBS]

Prints CPU seconds of this process and of the workers; wall time is printed too, but belongs to the machine.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/runs/harness")]

import kit  # noqa: E402 (found through the line above)

from runs.harness import Options, run  # noqa: E402
from runs.pricing import Pricing  # noqa: E402
from runs.provider import Asset, Outcome, Request  # noqa: E402
from runs.providers.studio import StudioProvider  # noqa: E402


class Instant:
    """Answers at once."""

    name, simulated, base_url, kinds = "instant", True, "", frozenset({"text"})

    def __init__(self, concurrency: int) -> None:
        self.concurrency = concurrency

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def generate(self, request: Request) -> Outcome:
        return Outcome(assets=(Asset("text", "text/plain", request.key.encode()),), cost_usd=0.0)


def cpu() -> tuple[float, float]:
    mine, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return mine.ru_utime + mine.ru_stime, children.ru_utime + children.ru_stime


def measure(title: str, provider: Any, stage: str, versions: list[str], jobs: int, scorers: tuple[str, ...], **changes: Any) -> None:
    ws = kit.workspace(Path(tempfile.mkdtemp(prefix="bench-")))
    plan = kit.plan(ws, provider, stage, versions=versions, series=max(1, jobs // 6), cases=3, scorers=scorers, **changes)
    (mine, children), began = cpu(), time.perf_counter()
    result = run(ws, plan, provider, Options(pricing=Pricing(free=True)))
    wall, (mine_after, children_after) = time.perf_counter() - began, cpu()
    n = len(plan.jobs)
    assert result.counts.ok == n
    here, there = (mine_after - mine) / n, (children_after - children) / n
    print(
        f"{title:<44} {n:>5} jobs  {1000 * here:7.2f} ms CPU here  {1000 * there:8.2f} ms in workers  {wall:6.1f} s wall  {n / wall:7.1f}/s"
    )


def main(jobs: int = 600) -> None:
    scripts, shots = ["script/episode@plain", "script/episode@strict"], ["shot/keyframe@plain", "shot/keyframe@sheet"]
    for concurrency in (4, 64, 512):
        measure(f"instant answers, {concurrency} at once", Instant(concurrency), "script", scripts, jobs, ())
    measure("instant answers, 64 at once, two scorers", Instant(64), "script", scripts, jobs, ("cost", "latency"))
    measure("studio scripts, schema and logic", StudioProvider(), "script", scripts, jobs // 4, ("schema", "logic"))
    measure("studio stills 432 x 768", StudioProvider(), "shot", shots, 24, ())
    measure("studio stills 432 x 768, faces scored", StudioProvider(), "shot", shots, 24, ("face_consistency",))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
