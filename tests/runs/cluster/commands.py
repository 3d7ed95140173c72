"""The command line in processes of its own, a scorer that takes its time, and what a run's journals say of scores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TOKEN = "ab12" * 16
SCORER = """
import os, time
from hashlib import sha256
from evals.score import Metric, Score

class Slow:
    name, version, scope, stages, cpu_bound = "slow", "1", "series", frozenset({"script"}), True
    metrics = (Metric("slow", "up", "", worst=0.0),)
    def score(self, group):
        time.sleep(0.1 * len(group))
        if witness := os.environ.get("WITNESS"):
            with open(witness, "a") as file:
                file.writelines(f"{s.media[0].path}\\n" for s in group if s.media)
        digests = [sha256(s.text().encode()).hexdigest() for s in group]
        return [[Score("slow", "slow", "1", int(d[:8], 16) / 7, "ok", d, {"all": sorted(digests), "who": s.case_id})]
                for s, d in zip(group, digests)]

def build():
    return Slow()
"""


def workbench(*arguments: str, cwd: Path, token: str = TOKEN) -> subprocess.Popen[str]:
    program = "import sys, workbench; sys.argv[0] = 'workbench'; workbench.main()"
    return subprocess.Popen(
        [sys.executable, "-P", "-c", program, *arguments], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "RAY_AUTH_TOKEN": token},
    )  # fmt: skip


def done(process: subprocess.Popen[str], seconds: float = 200) -> str:
    out, _ = process.communicate(timeout=seconds)
    assert process.returncode == 0, out
    return out


def scores(ws: Path, run: str) -> list[dict[str, Any]]:
    """Return what a run's journals say of scores, newest writing included."""
    found = []
    for path in (ws / "runs/journals").glob("*.jsonl"):
        for line in path.read_bytes().splitlines():
            if b'"scores"' in line and run.encode() in line:
                event = json.loads(line)
                found += [e for e in (event, event.get("event")) if isinstance(e, dict) and e.get("type") == "scores"]
    return found


def run(limit: int, *names: str) -> list[str]:
    versions = ["--version", "script/episode", "--version", "script/episode@plain"]
    scorers = [part for name in names or ("logic", "slow") for part in ("--scorer", name)]
    return ["run", "--suite", "script", *versions, *scorers, "--allow-scorer-files", "--limit", str(limit), "--repeats", "1", "--seed", "3"]
