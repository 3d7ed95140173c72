"""Two real nodes on loopback: what a driver leaves when it is killed, and a run that loses a node half-way."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import farming
import pytest
import ray_nodes
from commands import SCORER, TOKEN, done, run, scores, workbench

from runs.cluster.limits import GRACE_S

pytest.importorskip("ray", reason="Ray is not installed: make cluster")

pytestmark = pytest.mark.slow
CASES = 20


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


@pytest.mark.usefixtures("_joined")
def test_two_drivers_on_two_machines_keep_an_accounts_limits_and_the_clusters_budget(cluster: ray_nodes.Nodes, tmp_path: Path) -> None:
    """Counted at the server: never more at once than the account has, and not a call more than the money suffices for."""
    program = str(Path(__file__).with_name("crowded.py"))
    with farming.farm(delay_s=0.1) as port:
        drivers = [
            subprocess.Popen(
                [sys.executable, program, cluster.address, str(tmp_path / name), str(port), name, "0.20"],
                stdout=subprocess.PIPE, text=True, env={**os.environ, "XDG_STATE_HOME": str(tmp_path / f"state-{name}")},
            )
            for name in ("one", "two")
        ]  # fmt: skip
        told = [done(driver).split() for driver in drivers]
        asked = [sum(farming.asked(port, name).values()) for name in ("one", "two")]
        assert min(asked) > 0 and sum(asked) == 20
        assert [int(words[-1]) for words in told] == asked
        assert "stopped" in told[0] + told[1]
        assert farming.most_at_once(port) == 2


def limiter(cluster: ray_nodes.Nodes) -> int:
    return ray_nodes.named("ray::LimiterActor", cluster.process.pid)


@pytest.mark.usefixtures("_joined")
def test_a_killed_limiter_is_told_what_is_held_and_a_killed_driver_holds_nothing(cluster: ray_nodes.Nodes) -> None:
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
        # The limiter comes up again without its book, and is told by the holder what he has.
        os.kill(killed := limiter(cluster), signal.SIGKILL)
        while limiter(cluster) in {killed, 0}:
            time.sleep(0.1)
        ready, _, _ = select.select([taker.stdout], [], [], GRACE_S + 2)
        assert not ready, "both slots are held"
        holder.kill()
        began = time.monotonic()
        assert taker.stdout.readline() == "has\n"
        assert time.monotonic() - began < 30
        # The dead driver's call may be billed: its 0.6 USD are spent, and with the 0.4 nothing is left.
        assert "USD is used up" in taker.stdout.readline()
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
