"""Become a driver of a Ray cluster: one that runs already, or one of this machine alone, started for the occasion.

    cluster = connect(EngineSettings(name="ray", address="10.0.0.5:6379"))
    cluster.node, cluster.cpus          # this machine's node, and how many cores the whole cluster has
    cluster.close()

Who can talk to a Ray cluster can run programs on it. So our own listens on loopback only and wants a token that nobody else
knows, and another machine's is only joined with a token (`ray get-auth-token --generate`, the same on all nodes) unless
`RAY_AUTH_MODE` says otherwise.
"""

from __future__ import annotations

import contextlib
import importlib
import ipaddress
import logging
import os
import secrets as random_secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runs import secrets
from runs.errors import EngineError
from runs.settings import EngineSettings

NAMESPACE = "microdrama-workbench"
REACH_S = 5.0
ANSWER_S = 30.0
START_S = 120.0
STORE_BYTES = 80 << 20
"""Object store of a cluster of our own: nothing travels there, and Ray asks for no less."""
LONGEST_TEMP = 24
"""Characters of a folder under which Ray's sockets can still be named: the system allows 107, and Ray needs 70."""
LOOPBACK_ONLY = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Ray's switch for a node that is reached by this machine alone: all of its servers listen on 127.0.0.1."""
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_LOG_TO_STDERR": "0"}
# A node of our own goes when we go, however that happens: its standard input ends. Its folder is the one that it works in.
_NODE = """
import os, shutil, sys, threading
threading.Thread(target=lambda: (sys.stdin.buffer.read(), shutil.rmtree(os.getcwd(), True), os._exit(1)), daemon=True).start()
from ray.scripts.scripts import main
main()
"""


@dataclass(slots=True)
class Cluster:
    """A connection of this process, which is one driver of the cluster. `close` ends it and what was started for it."""

    address: str
    node: str
    cpus: float
    _own: subprocess.Popen[bytes] | None = None
    _folder: Path | None = field(default=None)

    def close(self) -> None:
        """Leave the cluster; end it if it is our own."""
        import ray

        ray.shutdown()
        _end(self._own, self._folder)


def connect(settings: EngineSettings) -> Cluster:
    """Join the cluster of the settings, or start one of this machine where they name none.

    Raises:
        EngineError: Ray is not installed, nobody answers, the token or the version is not the cluster's.
    """
    own, folder, address = None, None, settings.address
    os.environ.update(QUIET)
    _authenticate(settings)
    if not address or _is_loopback(address):
        os.environ.update(LOOPBACK_ONLY)  # read when Ray is imported
    _imported()
    if not address:
        own, folder, address = _start(settings)
    try:
        _reach(address)
        return _joined(address, own, folder)
    except BaseException:
        _end(own, folder)
        raise


def _imported() -> Any:
    try:
        import ray
    except ImportError as error:
        raise EngineError(
            f"Ray cannot be imported: {error}.", hint="Install it: pip install 'microdrama-workbench[cluster]', or take --engine local."
        ) from None
    return ray


def _authenticate(settings: EngineSettings) -> None:
    """Find the token that all nodes share; make one for a cluster of our own."""
    token = secrets.secret(settings.token_env) or ""
    if "RAY_AUTH_MODE" in os.environ:
        if token:
            os.environ["RAY_AUTH_TOKEN"] = token
        return
    if not settings.address:
        token = token or random_secrets.token_hex(32)
    if token:
        os.environ.update({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token})
    elif (Path.home() / ".ray" / "auth_token").is_file() or os.environ.get("RAY_AUTH_TOKEN_PATH"):
        os.environ["RAY_AUTH_MODE"] = "token"
    elif not _is_loopback(settings.address):
        raise EngineError(
            f"There is no token for the cluster at {settings.address}: without one anybody on its network can run programs on it.",
            hint=f"Make one with `ray get-auth-token --generate`, give all nodes the same, and name it in {settings.token_env}.",
        )


def _is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _reach(address: str) -> None:
    """See within seconds that a cluster answers; Ray itself would go on trying for minutes."""
    gcs: Any = importlib.import_module("ray._raylet").GcsClient  # what `ray health-check` asks

    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), REACH_S).close()
    except (OSError, ValueError) as error:
        raise EngineError(
            f"No cluster at {address}: {error}.",
            hint="Begin one with `ray start --head`, or leave the address out for one of this machine.",
        ) from None
    answered: list[BaseException | None] = []

    def ask() -> None:
        try:
            gcs(address=address)
            answered.append(None)
        except BaseException as failed:  # noqa: BLE001 - handed over to the thread that waits
            answered.append(failed)

    # A thread that is left behind where no answer comes: the call cannot be told to give up.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(ANSWER_S)
    if not answered:
        raise EngineError(
            f"What listens at {address} does not answer as a Ray cluster.", hint="Is it the port that `ray start --head` printed?"
        )
    if answered[0] is not None:
        raise _explained(address, answered[0])


def _joined(address: str, own: subprocess.Popen[bytes] | None, folder: Path | None) -> Cluster:
    import ray

    if ray.is_initialized():
        raise EngineError("This process is connected to a Ray cluster already.", hint="Call ray.shutdown() first.")
    with tempfile.TemporaryDirectory() as empty, contextlib.chdir(empty):
        # Ray puts the current folder on the path of every worker, and a workspace has folders of our packages' names.
        # What dies is told by the crew, in rows or in a line; Ray would print pages of advice beside it.
        logging.getLogger("ray").setLevel(logging.CRITICAL)
        try:
            ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False)
        except (RuntimeError, ConnectionError, ValueError, ray.exceptions.RayError) as error:
            raise _explained(address, error) from None
    return Cluster(address, ray.get_runtime_context().get_node_id(), ray.cluster_resources().get("CPU", 1.0), own, folder)


def _explained(address: str, error: BaseException) -> EngineError:
    text = " ".join(str(secrets.redact(str(error))).split())
    if "ersion mismatch" in text:
        return EngineError(f"The cluster at {address} has other versions: {text}.", hint="Install the same Ray and Python on all nodes.")
    if "uthenticat" in text or "oken" in text:
        return EngineError(
            f"The cluster at {address} does not take our token.", hint="All nodes and drivers need the same; see docs/cluster.md."
        )
    return EngineError(
        f"Cannot join the cluster at {address}: {text[:200]}", hint=f"This machine must be one of its nodes: ray start --address={address}"
    )


def _start(settings: EngineSettings) -> tuple[subprocess.Popen[bytes], Path, str]:
    """Start a node of this machine, as small as Ray can be, and wait for its address."""
    folder = Path(tempfile.mkdtemp(prefix="wb-", dir=None if len(tempfile.gettempdir()) <= LONGEST_TEMP else "/tmp"))  # noqa: S108 (made anew)
    with (folder / "node.log").open("wb") as log:
        node = subprocess.Popen(
            [
                sys.executable, "-P", "-c", _NODE, "start", "--head", "--block", "--port=0", f"--temp-dir={folder / 'ray'}",
                f"--num-cpus={settings.workers or os.cpu_count() or 1}", f"--object-store-memory={STORE_BYTES}", "--no-monitor",
                "--include-dashboard=false", "--include-log-monitor=false", "--disable-usage-stats",
            ],
            stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True, cwd=folder,
        )  # fmt: skip
    file = folder / "ray" / "ray_current_cluster"
    deadline = time.monotonic() + START_S
    try:
        while not (file.exists() and (address := file.read_text().strip())):
            if node.poll() is not None or time.monotonic() > deadline:
                raise EngineError(f"Ray does not start on this machine: {_last_words(folder / 'node.log')}")
            time.sleep(0.05)
    except BaseException:
        _end(node, folder)
        raise
    return node, folder, address


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "Error" in line), lines[-1] if lines else "it says nothing")[:300]


def _end(node: subprocess.Popen[bytes] | None, folder: Path | None) -> None:
    if node is not None:
        node.kill()  # whatever belongs to it is ended by the reaper that Ray has put beside it
        node.wait()
        if node.stdin:
            node.stdin.close()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
