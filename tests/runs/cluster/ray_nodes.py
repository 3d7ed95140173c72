"""Nodes of a Ray cluster on loopback, in a process of their own: `python ray_nodes.py 2` prints the address.

Each line on standard input names a node to kill, as a machine dies that loses its power: 1 is the second. The end of standard
input ends all. Every node has one core; so a run of the tests never holds more than two.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NODE = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False, "include_log_monitor": False, "no_monitor": True}
ENVIRONMENT = {
    "RAY_AUTH_MODE": "token", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_memory_monitor_refresh_ms": "0",  # a busy machine is no failure
}  # fmt: skip


@dataclass
class Nodes:
    """A running cluster."""

    address: str
    process: subprocess.Popen[str]

    def kill(self, node: int) -> None:
        """Kill a node and wait until its processes are gone."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{node}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == f"killed {node}\n"


@contextmanager
def nodes(count: int, token: str, environment: Mapping[str, str] | None = None) -> Iterator[Nodes]:
    """Run a cluster."""
    with tempfile.TemporaryDirectory(prefix="wbt-", dir="/tmp") as folder:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).absolute()), str(count), folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, **ENVIRONMENT, "RAY_AUTH_TOKEN": token, **(environment or {})},
        )  # fmt: skip
        try:
            assert process.stdin and process.stdout
            address = process.stdout.readline().strip()
            assert address, "Ray did not start"
            yield Nodes(address, process)
        finally:
            process.stdin.close()
            process.wait(30)


def main() -> None:
    from ray.cluster_utils import Cluster

    # Its address is also left where `ray.init()` would look for it; nobody else makes that folder.
    Path(tempfile.gettempdir(), "ray").mkdir(exist_ok=True)
    cluster = Cluster()
    made = [cluster.add_node(**NODE, **({"temp_dir": sys.argv[2]} if n == 0 else {})) for n in range(int(sys.argv[1]))]
    print(cluster.address, flush=True)
    for line in sys.stdin:
        node = made[int(line)]
        started = [info.process.pid for infos in node.all_processes.values() for info in infos]
        tree = started + children(started)
        for pid in tree:
            os.kill(pid, signal.SIGKILL)
        print(f"killed {line.strip()}", flush=True)
    cluster.shutdown()


def children(pids: list[int]) -> list[int]:
    """Return the processes under some others."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    found, todo = [], list(pids)
    while todo:
        for child in parents.get(todo.pop(), []):
            found.append(child)
            todo.append(child)
    return found


def named(title: str, root: int) -> int:
    """Return the process under another that calls itself so; 0 where there is none."""
    for pid in children([root]):
        try:
            if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(title.encode()):
                return pid
        except OSError:
            continue
    return 0


if __name__ == "__main__":
    main()
