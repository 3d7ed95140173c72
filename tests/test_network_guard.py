"""The guard that keeps tests on this machine, itself tested."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading

import network_guard
import pytest


def test_another_machine_is_refused_before_a_packet_leaves() -> None:
    with pytest.raises(network_guard.NetworkBlocked), socket.socket() as s:
        s.connect(("192.0.2.1", 80))
    with pytest.raises(network_guard.NetworkBlocked):
        socket.getaddrinfo("api.openai.com", 443)
    assert network_guard.attempts == ["192.0.2.1", "api.openai.com"]
    network_guard.attempts.clear()  # this test asked for it; any other that leaves something here fails


def test_loopback_works() -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        thread = threading.Thread(target=server.accept)
        thread.start()
        client.connect(server.getsockname())
        thread.join()
    assert socket.getaddrinfo("localhost", 80)


def test_python_children_are_guarded_too() -> None:
    code = "import socket; socket.create_connection(('192.0.2.1', 80), 2)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "NetworkBlocked" in done.stderr


def test_no_key_of_the_machine_reaches_a_test() -> None:
    assert not [n for n in os.environ if n.endswith("_API_KEY")]
