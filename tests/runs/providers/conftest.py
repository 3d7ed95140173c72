from __future__ import annotations

from collections.abc import Iterator

import chat_server
import pytest


@pytest.fixture
def server() -> Iterator[chat_server.ChatServer]:
    """Return a chat server on loopback that answers what the test tells it to."""
    with chat_server.serve() as running:
        yield running
