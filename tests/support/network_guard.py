"""No test reaches beyond this machine: an audit hook refuses every connection and name look-up that is not loopback.

Installed in the test process by `tests/conftest.py`, and in every Python process that a test starts by `sitecustomize.py`
(this folder is put on PYTHONPATH). What it does not see: programs that are not Python (Chromium, npm) and libraries with
their own sockets (DuckDB's httpfs). `python -I` and `-E` ignore PYTHONPATH.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

LOOPBACK = {"localhost", "::1", "", "0.0.0.0", "::", "::ffff:127.0.0.1", None}
attempts: list[str] = []
"""What was refused in this process; a test that leaves something here fails."""
_state = {"installed": False}


class NetworkBlocked(OSError):
    """A test tried to reach another machine."""


def install() -> None:
    """Refuse from now on; an audit hook cannot be taken away again."""
    if not _state["installed"]:
        _state["installed"] = True
        sys.addaudithook(_hook)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect" or event == "socket.sendto":
        sock, address = args
        if sock.family not in (socket.AF_INET, socket.AF_INET6) or _is_loopback(address[0]):
            return
        # Connecting a datagram socket sends nothing; programs do it to learn their own address. Refused, not counted.
        _refuse(str(address[0]), counted=sock.type != socket.SOCK_DGRAM)
    elif event == "socket.getaddrinfo" and not _is_loopback(args[0]) and not _is_own_name(args[0]):
        _refuse(_text(args[0]), counted=True)


def _refuse(host: str, *, counted: bool) -> None:
    if counted:
        attempts.append(host)
    raise NetworkBlocked(f"tests may only reach loopback, not {host}")


def _text(host: Any) -> Any:
    return host.decode("ascii", "replace") if isinstance(host, bytes) else host


def _is_loopback(host: Any) -> bool:
    host = _text(host)
    return host in LOOPBACK or (isinstance(host, str) and host.startswith("127."))


def _is_own_name(host: Any) -> bool:
    return _text(host) == socket.gethostname()
