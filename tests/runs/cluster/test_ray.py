"""Two real nodes on loopback: what a driver leaves when it is killed, and a run that loses a node half-way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray_nodes

pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[cluster]'")

pytestmark = pytest.mark.slow
TOKEN = "ab12" * 16
CASES = 20
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


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file in which workers of the cluster write what they read."""
    return tmp_path_factory.mktemp("cluster") / "witness"


@pytest.fixture(scope="module")
def cluster(witness: Path) -> Iterator[ray_nodes.Nodes]:
    with ray_nodes.nodes(2, TOKEN, {"WITNESS": str(witness)}) as running:
        yield running


@pytest.fixture
def _joined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes of the test join the cluster."""
    for name, value in {**ray_nodes.ENVIRONMENT, "RAY_AUTH_TOKEN": TOKEN}.items():
        monkeypatch.setenv(name, value)


def workbench(*arguments: str, cwd: Path, token: str = TOKEN) -> subprocess.Popen[str]:
    program = "import sys, workbench; sys.argv[0] = 'workbench'; workbench.main()"
    return subprocess.Popen(
        [sys.executable, "-P", "-c", program, *arguments], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "RAY_AUTH_TOKEN": token},
    )  # fmt: skip


def done(process: subprocess.Popen[str], seconds: float = 90) -> str:
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


@pytest.mark.usefixtures("_joined")
def test_slots_and_money_of_a_killed_driver_are_given_to_the_next(cluster: ray_nodes.Nodes) -> None:
    program = str(Path(__file__).with_name("driver.py"))
    holder, taker = (
        subprocess.Popen([sys.executable, program, cluster.address, what], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for what in ("hold", "take")
    )
    try:
        assert holder.stdout and taker.stdout and taker.stdin
        assert holder.stdout.readline() == "holds\n"
        taker.stdin.write("\n")
        taker.stdin.flush()
        assert taker.stdout.readline() == "waits\n"
        time.sleep(0.5)
        assert taker.poll() is None
        holder.kill()
        began = time.monotonic()
        assert taker.stdout.readline() == "has\n"
        assert time.monotonic() - began < 10
        # The dead driver's call may be billed: its 0.6 USD are spent, and with the 0.4 nothing is left.
        assert "cluster's budget of 1.0 USD is used up: 1.0000 USD spent" in taker.stdout.readline()
        assert taker.wait(20) == 0
    finally:
        for process in (holder, taker):
            process.kill()
            process.wait()


@pytest.mark.usefixtures("_joined")
def test_another_token_is_refused_in_a_line(cluster: ray_nodes.Nodes, tmp_path: Path) -> None:
    done(workbench("init", ".", cwd=tmp_path))
    process = workbench(*run(1, "logic"), "--engine", "ray", "--cluster", cluster.address, cwd=tmp_path, token="cd34" * 16)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and "does not take our token" in out and "Traceback" not in out
    assert not list(tmp_path.glob("runs/journals/*.jsonl")), "nothing was begun"


def run(limit: int, *names: str) -> list[str]:
    versions = ["--version", "script/episode", "--version", "script/episode@plain"]
    scorers = [part for name in names or ("logic", "slow") for part in ("--scorer", name)]
    return ["run", "--suite", "script", *versions, *scorers, "--allow-scorer-files", "--limit", str(limit), "--repeats", "1", "--seed", "3"]


@pytest.mark.usefixtures("_joined")
def test_a_run_that_loses_a_node_half_way_gives_the_tables_of_one_machine(cluster: ray_nodes.Nodes, tmp_path: Path, witness: Path) -> None:
    done(workbench("init", ".", cwd=tmp_path))
    (tmp_path / "evals/scorers").mkdir(exist_ok=True)
    (tmp_path / "evals/scorers/slow.py").write_text(SCORER)
    alone, spread = "20261126-000000-aaaaaa", "20261126-000001-bbbbbb"
    done(workbench(*run(CASES), "--run-id", alone, cwd=tmp_path))
    process = workbench(*run(CASES), "--run-id", spread, "--engine", "ray", "--cluster", cluster.address, cwd=tmp_path)
    while len(scores(tmp_path, spread)) < CASES // 2:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.1)
    cluster.kill(1)
    done(process)
    by_run = [{event["job_id"]: event["scores"] for event in scores(tmp_path, name)} for name in (alone, spread)]
    assert len(by_run[0]) == 2 * CASES
    assert by_run[0] == by_run[1], "values, evidence and findings to the bit"
    assert set(Counter(event["job_id"] for event in scores(tmp_path, spread)).values()) == {1}
    near = [Path(line).is_relative_to(tmp_path) for line in witness.read_text().splitlines()]
    assert any(near) and not all(near), "one node reads the media store, the other is sent what it needs"
