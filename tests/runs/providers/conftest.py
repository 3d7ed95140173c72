from __future__ import annotations

from collections.abc import Iterator

import chat_server
import pytest
from adapter_kit import KEY
from dashscope_server import DashScope
from kling_server import STATIC, Kling
from vendor_server import serve


@pytest.fixture
def server() -> Iterator[chat_server.ChatServer]:
    """Return a chat server on loopback that answers what the test tells it to."""
    with chat_server.serve() as running:
        yield running


@pytest.fixture
def kling(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kling]:
    """Return a stub of Kling, with its static key set."""
    monkeypatch.setenv("KLING_API_KEY", STATIC)
    monkeypatch.delenv("KLING_ACCESS_KEY", raising=False)
    monkeypatch.delenv("KLING_SECRET_KEY", raising=False)
    with serve(Kling()) as running:
        yield running


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[DashScope]:
    """Return a stub of DashScope, with its key set."""
    monkeypatch.setenv("DASHSCOPE_API_KEY", KEY)
    with serve(DashScope()) as running:
        yield running
