"""A run on two nodes, one of them killed half-way, against the same run on this machine alone.

    python tests/bench/cluster.py [GENERATIONS]        2,000 if none are named

Two nodes of one core each, on loopback; the second is sent what it scores, for it is taken for another machine. Scripts of the
embedded studio, scored by `logic`. Printed: whether values, evidence and findings are
the same, jobs and scores that were journalled more than once, and what the cluster took beside the machine alone (two workers each).
Needs Ray; without it, it says so.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/runs/cluster")]
CASES = 20
PROGRAM = "import sys, workbench; sys.argv[0] = 'workbench'; workbench.main()"


def start(ws: Path, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    path = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
    env = {**os.environ, "PYTHONPATH": path, **environment}
    return subprocess.Popen([sys.executable, "-P", "-c", PROGRAM, "--quiet", *arguments], cwd=ws, stdout=subprocess.DEVNULL, env=env)


def counted(ws: Path, run: str) -> tuple[Counter[str], Counter[str], dict[str, Any]]:
    """Return how often each job was generated and scored, and the scores."""
    from runs.journal import files, header, read
    from runs.workspace import Workspace

    made: Counter[str] = Counter()
    scored: Counter[str] = Counter()
    scores: dict[str, Any] = {}
    for path in files(Workspace(ws)):
        if (header(path) or {}).get("run_id") != run:
            continue
        offset = 0
        while (tail := read(path, offset)).offset != offset:
            offset = tail.offset
            for event in (record.event for record in tail.records):
                if event["type"] == "generation":
                    made[event["job_id"]] += 1
                elif event["type"] == "scores":
                    scored[event["job_id"]] += 1
                    scores[event["job_id"]] = event["scores"]
    return made, scored, scores


def main(generations: int = 2000) -> None:
    if find_spec("ray") is None:
        print("Ray is not installed: make cluster")
        return
    import ray_nodes

    token = os.urandom(32).hex()
    repeats = max(1, generations // (2 * CASES))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        ws = Path(folder)
        start(ws, "init", ".").wait()
        versions = ["--version", "script/episode", "--version", "script/episode@plain"]
        asked = ["run", "--suite", "script", *versions, "--limit", str(CASES), "--repeats", str(repeats), "--scorer", "logic"]
        alone, spread = "20261126-000000-aaaaaa", "20261126-000001-bbbbbb"
        began = time.monotonic()
        assert start(ws, *asked, "--run-id", alone, WORKBENCH_WORKERS="2").wait() == 0
        one_machine_s = time.monotonic() - began
        (shelf := ws / "tmp").mkdir()
        with ray_nodes.nodes(2, token, {"TMPDIR": str(shelf)}) as nodes:
            began = time.monotonic()
            environment = {**ray_nodes.ENVIRONMENT, "RAY_AUTH_TOKEN": token}
            process = start(ws, *asked, "--run-id", spread, "--engine", "ray", "--cluster", nodes.address, **environment)
            while process.poll() is None and sum(counted(ws, spread)[1].values()) < repeats * CASES:
                time.sleep(0.5)
            lost_at = sum(counted(ws, spread)[1].values())
            nodes.kill(1)
            assert process.wait() == 0
            sent = sum(path.is_file() and len(path.stem) == 64 for path in shelf.rglob("*"))
            cluster_s = time.monotonic() - began
        one, two = counted(ws, alone), counted(ws, spread)
        again = [sum(n > 1 for n in counter.values()) for counter in two[:2]]
        print(f"{len(one[2])} generations of one machine, {len(two[2])} of two nodes, of which one was killed after {lost_at} were scored")
        print(f"scores the same to the bit: {one[2] == two[2]}   jobs done twice: {again[0]}   scores journalled twice: {again[1]}")
        print(f"artifacts that lay on the shelf of the other machine: {sent}")
        print(f"time of the cluster / of one machine, its start and the lost node included: {cluster_s / one_machine_s:.1f}")
        assert sent > 0 and one[2] == two[2] and again == [0, 0] and len(two[2]) == 2 * CASES * repeats


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
