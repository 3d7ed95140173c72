from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Worker processes import what they are told to call by its module's name.
sys.path.insert(0, str(Path(__file__).parent))

import farming
import kit

from runs.workspace import Workspace


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where a farm answers."""
    with farming.farm() as port:
        yield port


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """A small production."""
    return kit.workspace(tmp_path)


@pytest.fixture(autouse=True, scope="module")
def _no_worker_is_left() -> Iterator[None]:
    from runs.pool import close_shared

    yield
    close_shared()
