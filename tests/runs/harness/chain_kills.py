"""Kill a chain over all stages at random moments and go on with it, again and again; count at the server. Used by a test and a bench."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import farming

from runs import query
from runs.workspace import Workspace


@dataclass
class Tally:
    """What was seen: kills that met a living process, submissions by job and stage, and what the log holds."""

    kills: int = 0
    chains: int = 0
    jobs: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    twice: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)


def killed(ws: Workspace, port: int, kills: int, *, each: int, seed: int = 1, longest_s: float = 3.0) -> Tally:
    """Run fresh chains in `ws`, kill each up to `each` times and finish it, until `kills` kills are made."""
    rng, tally = random.Random(seed), Tally()
    while tally.kills < kills:
        tally.chains += 1
        space = f"chain-{tally.chains}"
        text = (ws.evals / "chains" / "pilot.yaml").read_text("utf-8")
        lines = [line for line in text.splitlines() if not line.startswith("seed:")]
        # Another seed is another chain: other jobs, nothing to take over.
        (ws.evals / "chains" / "pilot.yaml").write_text("\n".join([lines[0], f"seed: {tally.chains}", *lines[1:]]) + "\n", "utf-8")
        mine = 0
        while mine < each and tally.kills < kills:
            child = _child(ws, port, space)
            time.sleep(rng.uniform(0, longest_s))
            alive = child.poll() is None
            child.kill()
            child.communicate()
            if not alive:
                break
            mine += 1
            tally.kills += 1
        out, err = _child(ws, port, space).communicate(timeout=120)
        assert out.startswith("ended"), (out, err)
        assert out.count(":finished:") == 6, out
        _count(ws, port, space, tally)
    return tally


def _child(ws: Workspace, port: int, space: str) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(Path(__file__).parent), *[p for p in sys.path if p]])
    command = [sys.executable, "-P", str(Path(__file__).with_name("chain_child.py")), str(ws.root), str(port), space]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path})
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n", child.communicate()
    return child


def _count(ws: Workspace, port: int, space: str, tally: Tally) -> None:
    """Compare what the server was asked for with what the log holds of the jobs it was asked for."""
    asked = farming.asked(port, space)
    generations = query.generations(ws).set_index("job_id")
    ours = generations[generations.index.isin(asked)]
    assert set(ours.index) == set(asked), "something that was asked for is not in the log"
    tally.jobs += len(asked)
    tally.statuses.update(ours["status"])
    for job, calls in asked.items():
        stage = str(ours.loc[job, "stage"])
        tally.calls[stage] += calls
        tally.twice[stage] += calls > 1
