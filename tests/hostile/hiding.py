"""Cases that break one bound each: what the measuring itself is tested with."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

EATS = "import sys; x = b'x' * (600 << 20); print(len(x), flush=True); sys.stdin.read()"


def _writes(ws: Path) -> None:
    (ws.parents[1] / "elsewhere.txt").write_text("x")


def _reads(ws: Path) -> None:
    len((ws.parents[1] / "outside" / "secret.txt").read_text())


def _starts(_: Path) -> None:
    os.system("true")


def _calls(_: Path) -> None:
    socket.create_connection(("192.0.2.1", 80), timeout=0.1)


def _eats(_: Path) -> None:
    len(b"x" * (600 << 20))


def _feeds(_: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", EATS], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    KEPT.append(child)


def _burns(_: Path) -> None:
    until = time.process_time() + 1.2
    while time.process_time() < until:
        pass


KEPT: list[subprocess.Popen[bytes]] = []
CASES: dict[str, tuple[Callable[[Path], object], str]] = {
    "harmless": (lambda _: "fine", ""), "writes": (_writes, ""), "reads": (_reads, ""), "starts": (_starts, ""), "calls": (_calls, ""),
    "eats": (_eats, ""),
    "burns": (_burns, ""), "harmless again": (lambda _: "fine", ""), "feeds a child": (_feeds, ""),
}  # fmt: skip
