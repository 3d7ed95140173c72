"""A template folder, and a renderer whose bounds hostile templates reach soon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from template_folder import Templates

from prompts.render import Renderer


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    """Return an empty template folder inside a workspace."""
    return Templates(tmp_path / "workspace" / "prompts")


@pytest.fixture(scope="session")
def renderer() -> Iterator[Renderer]:
    """Return a renderer with small bounds."""
    with Renderer(seconds=0.5, output_bytes=100_000, memory_bytes=256 << 20, patience=60) as shared:
        yield shared
